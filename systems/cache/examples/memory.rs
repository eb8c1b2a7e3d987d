//! Bytes per item over key and value, and the time of the store alone, on one thread.
//!
//! `cargo run --release -p plimsoll-cache --example memory -- 10000000 32 [milliseconds to live]`

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::{error::Error, fs, time::Duration};

use plimsoll_cache::{
    Nothing,
    store::{Config, Deadline, Millis, NewValue, Policy, Stats, Store},
};
use plimsoll_runtime::clock::thread_cpu_time;

/// As the program has it: what an allocator leaves over of its pages counts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NOW: Millis = Millis(1_700_000_000_000);
const KEY_BYTES: u64 = 16;
const SHARDS: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> =
        std::env::args().skip(1).map(|arg| arg.parse()).collect::<Result<_, _>>()?;
    let items = numbers.first().copied().unwrap_or(1_000_000);
    let value_bytes = numbers.get(1).copied().unwrap_or(32);
    let deadline = numbers.get(2).map(|millis| Millis(NOW.0 + millis));

    let config = Config { shards: SHARDS, max_bytes: 0, policy: Policy::S3_FIFO, seed: 42 };
    let store: Store<Nothing> = Store::new(&config);
    let before = resident()?;
    let value = vec![b'v'; value_bytes as usize];
    let written = timed(items, |number| {
        let name = name(number);
        let key = store.key(&name);
        // Lives differ, as they do in use.
        let deadline =
            deadline.map_or(Deadline::None, |at| Deadline::At(Millis(at.0 + number % 60_000)));
        store.lock_for(&key).set(&key, NewValue::Bytes(&value), deadline, NOW).is_ok()
    });
    let grown = resident()? - before;
    let raw = items * (KEY_BYTES + value_bytes);
    let stats = store.stats();
    print_memory(items, raw, grown, &stats);

    let read = timed(items, |number| {
        let name = name(mixed(number) % items);
        let key = store.key(&name);
        store.lock_for(&key).find(&key, NOW).is_some()
    });
    print_time("set", items, written);
    print_time("get", items, read);
    Ok(())
}

fn print_memory(items: u64, raw: u64, grown: u64, stats: &Stats) {
    let per_item = |bytes: u64| bytes as f64 / items as f64;
    println!("items {}, key and value {:.1} bytes each", stats.items, per_item(raw));
    println!("resident  {:>7.2} bytes per item over them", per_item(grown) - per_item(raw));
    println!("accounted {:>7.2}", per_item(stats.used_bytes) - per_item(raw));
    println!("  log     {:>7.2}", per_item(stats.log_bytes) - per_item(raw));
    println!("  index   {:>7.2}", per_item(stats.index_bytes));
    println!("  expiry  {:>7.2}", per_item(stats.expiry_bytes));
}

fn print_time(what: &str, items: u64, (succeeded, time): (u64, Duration)) {
    println!(
        "{what} {:.0} ns of CPU, {succeeded} succeeded",
        time.as_nanos() as f64 / items as f64
    );
}

/// How many succeeded, and the CPU time of all.
fn timed(items: u64, mut each: impl FnMut(u64) -> bool) -> (u64, Duration) {
    let before = thread_cpu_time();
    let succeeded = (0..items).filter(|number| each(*number)).count() as u64;
    (succeeded, thread_cpu_time() - before)
}

/// A key of [`KEY_BYTES`] bytes.
fn name(number: u64) -> [u8; KEY_BYTES as usize] {
    let mut name = *b"key:000000000000";
    let mut left = number;
    for digit in name.iter_mut().rev().take(12) {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    name
}

fn mixed(number: u64) -> u64 {
    number
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(31)
        .wrapping_mul(0xd6e8_feb8_6659_fd93)
        >> 16
}

/// Resident memory of this process, in bytes.
fn resident() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).ok_or("no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1024)
}
