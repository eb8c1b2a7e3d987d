//! Hit ratios of the store's policies beside plain simulations of S3-FIFO and LRU that hold as many items, on
//! zipf traces with and without scans. Servers that are named get the same traces over RESP, and as many bytes.
//!
//! `cargo run --release -p plimsoll-cache --example hit_ratio -- [objects] [requests] [NAME=PORT ...]`

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

mod served;
mod simulated;
mod trace;

use std::error::Error;

use plimsoll_cache::{
    Nothing,
    store::{Deadline, Key, Millis, NewValue, Policy, Seed, Shard},
};

use crate::{
    served::Served,
    simulated::{Lru, S3Fifo},
    trace::trace,
};

const NOW: Millis = Millis(1_700_000_000_000);
pub(crate) const VALUE: [u8; 64] = [b'v'; 64];
const SKEWS: [f64; 5] = [0.7, 0.8, 0.9, 1.0, 1.1];

fn main() -> Result<(), Box<dyn Error>> {
    let (mut numbers, mut servers) = (Vec::new(), Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            Some((name, port)) => servers.push(Served::connect(name, port.parse()?)?),
            None => numbers.push(argument.parse()?),
        }
    }
    let objects = numbers.first().copied().unwrap_or(200_000);
    let requests = numbers.get(1).copied().unwrap_or(4_000_000);
    // A tenth of what all objects would take, as the store accounts.
    let max_bytes = bytes_of(objects) / 10;
    println!("{objects} objects, {requests} requests of which the first half warms up,");
    println!("room for a tenth of the objects as the store keeps them: {max_bytes} bytes");
    print!("trace            items   s3-fifo  simulated   sieve    LRU");
    for server in &servers {
        print!(" | {:>11}    items  s3-fifo     LRU", server.name);
    }
    println!();
    for has_scans in [false, true] {
        for skew in SKEWS {
            let trace = trace(objects, requests, skew, has_scans);
            let name = if has_scans { "zipf, scans" } else { "zipf" };
            print!("{name:<12} {skew:.1}");
            print_store(&trace, max_bytes);
            for server in &mut servers {
                print_served(server, &trace, max_bytes)?;
            }
            println!();
        }
    }
    if !servers.is_empty() {
        println!(
            "behind a server's hit ratio: simulations that hold as many items as it did at the end;"
        );
        println!("the clock of Redis's LRU counts seconds, and all of a replay passes in a few");
    }
    Ok(())
}

fn print_store(trace: &[u64], max_bytes: usize) {
    let (s3_fifo, items) = ours(trace, max_bytes, Policy::S3_FIFO);
    let (sieve, _) = ours(trace, max_bytes, Policy::SIEVE);
    let simulated = hit_ratio(trace, &mut S3Fifo::new(items));
    let lru = hit_ratio(trace, &mut Lru::new(items));
    print!(
        " {items:>7}   {:>6.2}%    {:>6.2}%  {:>6.2}% {:>6.2}%",
        s3_fifo * 100.0,
        simulated * 100.0,
        sieve * 100.0,
        lru * 100.0,
    );
}

fn print_served(
    server: &mut Served,
    trace: &[u64],
    max_bytes: usize,
) -> Result<(), Box<dyn Error>> {
    server.begin(max_bytes)?;
    let ratio = server.hit_ratio(trace)?;
    let items = server.items()?;
    let simulated = hit_ratio(trace, &mut S3Fifo::new(items));
    let lru = hit_ratio(trace, &mut Lru::new(items));
    print!(
        " | {:>10.2}% {items:>8}  {:>6.2}% {:>6.2}%",
        ratio * 100.0,
        simulated * 100.0,
        lru * 100.0
    );
    Ok(())
}

fn bytes_of(objects: u64) -> usize {
    let mut shard = Ours::new(0, Policy::S3_FIFO);
    (0..objects).for_each(|object| shard.insert(object));
    shard.shard.stats().used_bytes as usize
}

/// The hit ratio, and the items that there was room for.
fn ours(trace: &[u64], max_bytes: usize, policy: Policy) -> (f64, usize) {
    let mut cache = Ours::new(max_bytes, policy);
    let ratio = hit_ratio(trace, &mut cache);
    (ratio, cache.shard.len())
}

pub(crate) trait Cache {
    /// Asks for an object and fetches it if it is not there; whether it was.
    fn request(&mut self, object: u64) -> bool;
}

/// Hits among the second half of the requests: the first one warms up.
fn hit_ratio(trace: &[u64], cache: &mut impl Cache) -> f64 {
    let (first, second) = trace.split_at(trace.len() / 2);
    first.iter().for_each(|object| {
        cache.request(*object);
    });
    second.iter().filter(|object| cache.request(**object)).count() as f64 / second.len() as f64
}

struct Ours {
    shard: Shard<Nothing>,
    seed: Seed,
}

impl Ours {
    fn new(max_bytes: usize, policy: Policy) -> Ours {
        let seed = Seed::new(11);
        Ours { shard: Shard::new(max_bytes, policy, seed.clone()), seed }
    }

    fn insert(&mut self, object: u64) {
        let name = key(object);
        let key = Key::new(name.as_bytes(), &self.seed);
        // With no room it is fetched again next time.
        self.shard.set(&key, NewValue::Bytes(&VALUE), Deadline::None, NOW).ok();
    }
}

impl Cache for Ours {
    fn request(&mut self, object: u64) -> bool {
        let name = key(object);
        let key = Key::new(name.as_bytes(), &self.seed);
        let is_hit = self.shard.find(&key, NOW).is_some();
        if !is_hit {
            self.insert(object);
        }
        is_hit
    }
}

/// As clients name it.
pub(crate) fn key(object: u64) -> String {
    format!("object:{object:09}")
}
