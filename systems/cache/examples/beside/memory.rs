//! Resident memory per item, each cache in a process of its own.

use std::{env, fs, process::Command};

use super::{
    Outcome,
    caches::{self, NAMES},
    trace::{KEY_BYTES, VALUE_BYTES, key},
};

/// Items that are held.
const ITEMS: u32 = 1_000_000;
const OWN_BYTES: f64 = (KEY_BYTES + VALUE_BYTES) as f64;

/// Bytes per item over key and value, for each cache.
pub(super) type Overheads = [f64; NAMES.len()];

pub(super) fn overheads() -> Outcome<Overheads> {
    let mut overheads = [0.0; NAMES.len()];
    for (overhead, name) in overheads.iter_mut().zip(NAMES) {
        let output = Command::new(env::current_exe()?).args(["--resident", name]).output()?;
        let text = String::from_utf8(output.stdout)?;
        let per_item: f64 =
            text.trim().parse().map_err(|_| format!("the measurement of {name} failed"))?;
        *overhead = per_item - OWN_BYTES;
    }
    Ok(overheads)
}

/// Fills one cache without eviction and prints how many bytes an item makes the process grow by.
pub(super) fn child(name: &str) -> Outcome {
    let before = resident()?;
    let cache = caches::with_room_for_all(name, ITEMS as usize).ok_or("no such cache")?;
    (0..ITEMS).for_each(|object| cache.insert(&key(object)));
    let held = cache.len();
    println!("{}", (resident()? - before) as f64 / held as f64);
    Ok(())
}

pub(super) fn print(overheads: &Overheads) {
    println!("\nresident bytes per item over key and value, {ITEMS} items");
    for (name, overhead) in NAMES.iter().zip(overheads) {
        println!("{name:<12} {overhead:>7.1}");
    }
}

/// Resident memory of this process, in bytes.
fn resident() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).ok_or("no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1024)
}
