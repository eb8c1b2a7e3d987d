//! Resident memory beside the cap, through a churn of values of mixed sizes.
//!
//! `cargo run --release -p plimsoll-cache --example churn -- [cap in MB] [writes] [policy]`

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::{error::Error, fs, time::Duration};

use plimsoll_cache::{
    Nothing,
    store::{Config, Deadline, Millis, NewValue, Policy, Store},
};
use plimsoll_runtime::clock::thread_cpu_time;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SHARDS: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let argument = |at: usize| std::env::args().nth(at);
    let cap: usize = argument(1).map_or(Ok(256), |arg| arg.parse())? << 20;
    let writes: u64 = argument(2).map_or(Ok(3_000_000), |arg| arg.parse())?;
    let name = argument(3).unwrap_or("s3-fifo".to_owned());
    let policy = Policy::by_name(&name).ok_or("no such policy")?;

    let before = resident()?;
    let store: Store<Nothing> =
        Store::new(&Config { shards: SHARDS, max_bytes: cap, policy, seed: 42 });
    let payload = vec![b'v'; 256 << 10];
    let (mut longest, mut refused, mut peak) = (Duration::ZERO, 0, 0);
    for number in 0..writes {
        let chance = mixed(number);
        // The mix drifts, so that what fitted before does not fit any more.
        let scale = 1 + (number * 8 / writes) as usize % 4;
        let len = match chance % 1_000 {
            0 => 100_000 * scale.min(2),
            1..20 => 5_000 * scale,
            20..200 => 300 * scale,
            other => other as usize / 8 * scale,
        };
        let name = format!("key:{}", mixed(number ^ 0x5555) % (writes / 4));
        let key = store.key(name.as_bytes());
        let start = thread_cpu_time();
        let written = store.lock_for(&key).set(
            &key,
            NewValue::Bytes(&payload[..len]),
            Deadline::None,
            Millis(0),
        );
        longest = longest.max(thread_cpu_time() - start);
        refused += u64::from(written.is_err());
        if number % 10_000 == 0 {
            peak = peak.max(resident()?);
        }
    }
    let stats = store.stats();
    let of_cap = |bytes: u64| bytes as f64 / cap as f64;
    println!("{stats:?}");
    println!("resident / cap {:.3}", of_cap(resident()?.saturating_sub(before)));
    println!("peak     / cap {:.3}", of_cap(peak.saturating_sub(before)));
    println!("counted  / cap {:.3}", of_cap(stats.used_bytes));
    println!("longest write {longest:?} of CPU, {refused} refused");
    Ok(())
}

fn mixed(number: u64) -> u64 {
    let once = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    once.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 16
}

/// Resident memory of this process, in bytes.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).ok_or("no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1024)
}
