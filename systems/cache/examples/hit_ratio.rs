//! Hit ratios of the store's policies beside plain simulations of S3-FIFO and LRU that hold as many
//! items, on zipf traces with and without scans.
//!
//! `cargo run --release -p plimsoll-cache --example hit_ratio -- [objects] [requests]`

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    error::Error,
};

use plimsoll_cache::{
    store::{Deadline, Key, Millis, NewValue, Policy, Seed, Shard},
    values::Object,
};

const NOW: Millis = Millis(1_700_000_000_000);
const VALUE: [u8; 64] = [b'v'; 64];
/// Requests of a scan, each for an object that is never asked for again.
const SCAN: u64 = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> =
        std::env::args().skip(1).map(|arg| arg.parse()).collect::<Result<_, _>>()?;
    let objects = numbers.first().copied().unwrap_or(200_000);
    let requests = numbers.get(1).copied().unwrap_or(4_000_000);
    println!("{objects} objects, {requests} requests, room for about a tenth of the objects");
    println!("trace            items   s3-fifo  simulated   sieve    LRU");
    for scans in [false, true] {
        for skew in [0.7, 0.8, 0.9, 1.0, 1.1] {
            let trace = trace(objects, requests, skew, scans);
            // A tenth of what all objects would take, as the store accounts.
            let max_bytes = bytes_of(objects) / 10;
            let (s3_fifo, items) = ours(&trace, max_bytes, Policy::S3_FIFO);
            let (sieve, _) = ours(&trace, max_bytes, Policy::SIEVE);
            let simulated = hit_ratio(&trace, &mut S3Fifo::new(items));
            let lru = hit_ratio(&trace, &mut Lru::new(items));
            let name = if scans { "zipf, scans" } else { "zipf" };
            println!(
                "{name:<12} {skew:.1} {items:>7}   {:>6.2}%    {:>6.2}%  {:>6.2}% {:>6.2}%",
                s3_fifo * 100.0,
                simulated * 100.0,
                sieve * 100.0,
                lru * 100.0,
            );
        }
    }
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

trait Cache {
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
    shard: Shard<Object>,
    seed: Seed,
}

impl Ours {
    fn new(max_bytes: usize, policy: Policy) -> Ours {
        let seed = Seed::new(11);
        Ours { shard: Shard::new(max_bytes, policy, seed.clone()), seed }
    }

    fn insert(&mut self, object: u64) {
        let name = format!("object:{object:09}");
        let key = Key::new(name.as_bytes(), &self.seed);
        // With no room it is fetched again next time.
        self.shard.set(&key, NewValue::Bytes(&VALUE), Deadline::None, NOW).ok();
    }
}

impl Cache for Ours {
    fn request(&mut self, object: u64) -> bool {
        let name = format!("object:{object:09}");
        let key = Key::new(name.as_bytes(), &self.seed);
        let is_hit = self.shard.find(&key, NOW).is_some();
        if !is_hit {
            self.insert(object);
        }
        is_hit
    }
}

/// S3-FIFO as its paper has it, by items.
struct S3Fifo {
    capacity: usize,
    small: VecDeque<u64>,
    main: VecDeque<u64>,
    ghost: VecDeque<u64>,
    in_ghost: HashSet<u64>,
    frequency: HashMap<u64, u8>,
}

impl S3Fifo {
    fn new(capacity: usize) -> S3Fifo {
        S3Fifo {
            capacity,
            small: VecDeque::new(),
            main: VecDeque::new(),
            ghost: VecDeque::new(),
            in_ghost: HashSet::new(),
            frequency: HashMap::new(),
        }
    }

    fn evict(&mut self) {
        if self.small.len() * 10 >= self.capacity {
            self.evict_from_small();
        } else {
            self.evict_from_main();
        }
    }

    fn evict_from_small(&mut self) {
        while let Some(object) = self.small.pop_front() {
            if self.frequency.get(&object).copied().unwrap_or(0) > 1 {
                self.frequency.insert(object, 0);
                self.main.push_back(object);
                continue;
            }
            self.frequency.remove(&object);
            self.ghost.push_back(object);
            self.in_ghost.insert(object);
            while self.ghost.len() > self.capacity * 9 / 10 {
                if let Some(forgotten) = self.ghost.pop_front() {
                    self.in_ghost.remove(&forgotten);
                }
            }
            return;
        }
    }

    fn evict_from_main(&mut self) {
        while let Some(object) = self.main.pop_front() {
            let frequency = self.frequency.get(&object).copied().unwrap_or(0);
            if frequency == 0 {
                self.frequency.remove(&object);
                return;
            }
            self.frequency.insert(object, frequency - 1);
            self.main.push_back(object);
        }
    }
}

impl Cache for S3Fifo {
    fn request(&mut self, object: u64) -> bool {
        if let Some(frequency) = self.frequency.get_mut(&object) {
            *frequency = (*frequency + 1).min(3);
            return true;
        }
        while self.small.len() + self.main.len() >= self.capacity {
            self.evict();
        }
        let queue = if self.in_ghost.remove(&object) { &mut self.main } else { &mut self.small };
        queue.push_back(object);
        self.frequency.insert(object, 0);
        false
    }
}

struct Lru {
    capacity: usize,
    clock: u64,
    by_time: BTreeMap<u64, u64>,
    times: HashMap<u64, u64>,
}

impl Lru {
    fn new(capacity: usize) -> Lru {
        Lru { capacity, clock: 0, by_time: BTreeMap::new(), times: HashMap::new() }
    }
}

impl Cache for Lru {
    fn request(&mut self, object: u64) -> bool {
        self.clock += 1;
        let before = self.times.insert(object, self.clock);
        if let Some(before) = before {
            self.by_time.remove(&before);
        }
        self.by_time.insert(self.clock, object);
        if self.times.len() > self.capacity
            && let Some((_, oldest)) = self.by_time.pop_first()
        {
            self.times.remove(&oldest);
        }
        before.is_some()
    }
}

/// Objects by rank, at a zipf law of this skew. With scans every fifth request is of a scan.
fn trace(objects: u64, requests: u64, skew: f64, scans: bool) -> Vec<u64> {
    let mut sum = 0.0;
    let cumulative: Vec<f64> = (1..=objects)
        .map(|rank| {
            sum += (rank as f64).powf(-skew);
            sum
        })
        .collect();
    let mut state = 88_172_645_463_325_252_u64;
    let mut trace = Vec::with_capacity(requests as usize);
    let mut scanned = objects;
    while (trace.len() as u64) < requests {
        if scans && (trace.len() as u64) % (5 * SCAN) == 4 * SCAN {
            trace.extend(scanned..scanned + SCAN);
            scanned += SCAN;
            continue;
        }
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let point = (state >> 11) as f64 / (1_u64 << 53) as f64 * sum;
        trace.push(cumulative.partition_point(|total| *total < point) as u64);
    }
    trace
}
