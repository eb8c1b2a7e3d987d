//! Operations per second of CPU time and of the clock on the wall, with one and two threads.

use std::{hint::black_box, sync::Barrier, thread, time::Duration};

use plimsoll_cache::{Cache, Shared};
use plimsoll_runtime::clock::{Instant, thread_cpu_time};

use super::{
    Outcome, Settings,
    caches::{self, Candidate, NAMES, VALUE},
    trace::{KEY_BYTES, VALUE_BYTES, key, trace},
};

/// Skew of what is asked for.
const SKEW: f64 = 0.9;
const THREADS: [usize; 2] = [1, 2];

/// What all threads did: millions of operations per second of CPU time and of the clock.
#[derive(Clone, Copy)]
struct Speed {
    cpu: f64,
    wall: f64,
}

type Keys = Vec<[u8; KEY_BYTES]>;

/// What is measured: whether all objects fit or a tenth of them, and what is done with each key.
struct Case {
    name: &'static str,
    all_fit: bool,
    operation: fn(&dyn Candidate, &[u8]) -> bool,
}

const CASES: [Case; 3] = [
    Case { name: "get, all fit", all_fit: true, operation: |cache, key| cache.get(key) },
    Case {
        name: "get or insert, a tenth fits",
        all_fit: false,
        operation: |cache, key| cache.request(key),
    },
    Case {
        name: "insert, a tenth fits",
        all_fit: false,
        operation: |cache, key| {
            cache.insert(key);
            true
        },
    },
];

pub(super) fn run(settings: &Settings) -> Outcome {
    let objects = trace(settings.objects, settings.requests, SKEW, false);
    let keys: Keys = objects.iter().map(|object| key(*object)).collect();
    let items = settings.objects as usize;
    let bytes = caches::bytes_for(items / 10);
    println!("\nmillions of operations per second of CPU time (of the clock), zipf {SKEW}");
    println!("{:<40}{:>16}{:>16}{:>16}", "medians", NAMES[0], NAMES[1], NAMES[2]);
    for threads in THREADS {
        for case in &CASES {
            let mut rounds: [Vec<Speed>; NAMES.len()] = Default::default();
            for _ in 0..settings.rounds.max(1) {
                for (speeds, name) in rounds.iter_mut().zip(NAMES) {
                    let cache = match case.all_fit {
                        true => caches::with_room_for_all(name, items),
                        false => caches::with_room(name, items / 10, bytes),
                    };
                    let cache = &*cache.ok_or("no such cache")?;
                    (0..settings.objects).for_each(|object| cache.insert(&key(object)));
                    speeds.push(measure(&keys, threads, |key| (case.operation)(cache, key)));
                }
            }
            print(case.name, threads, &rounds);
        }
        measure_ours(settings, &keys, threads);
    }
    Ok(())
}

/// What our own has beside copies of bytes: bytes where they are, arrays, and values of any type.
fn measure_ours(settings: &Settings, keys: &Keys, threads: usize) {
    let bytes = settings.objects as usize * 300;
    let rounds = |operation: &(dyn Fn(&[u8]) -> bool + Sync)| -> Vec<Speed> {
        (0..settings.rounds.max(1)).map(|_| measure(keys, threads, operation)).collect()
    };
    let ours: Cache = caches::ours(bytes);
    (0..settings.objects).for_each(|object| Candidate::insert(&ours, &key(object)));
    let read = |key: &[u8]| ours.read(key, |value| value[0] == b'v') == Some(true);
    print("read in place, all fit", threads, &[rounds(&read)]);

    let arrays: Cache<[u8; VALUE_BYTES]> = caches::ours(bytes);
    for object in 0..settings.objects {
        arrays.insert(key(object), VALUE);
    }
    let get = |key: &[u8]| black_box(arrays.get(key)).is_some();
    print("get of arrays, all fit", threads, &[rounds(&get)]);

    let shared: Cache<Shared<[u8; VALUE_BYTES]>> = caches::ours(bytes);
    for object in 0..settings.objects {
        shared.insert(key(object), Shared::new(VALUE, 0));
    }
    let get = |key: &[u8]| black_box(shared.get(key)).is_some();
    print("get of shared values, all fit", threads, &[rounds(&get)]);
}

fn print(name: &str, threads: usize, caches: &[Vec<Speed>]) {
    let threads = if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
    let cells = caches.iter().map(|speeds| {
        let median = median(speeds);
        format!("{:>16}", format!("{:.2} ({:.2})", median.cpu, median.wall))
    });
    println!("{:<40}{}", format!("{name}, {threads}"), cells.collect::<String>());
}

/// The one in the middle by CPU time.
fn median(speeds: &[Speed]) -> Speed {
    let mut sorted = speeds.to_vec();
    sorted.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
    sorted[sorted.len() / 2]
}

/// Each thread goes once through all keys, from a place of its own on.
fn measure(keys: &Keys, threads: usize, operation: impl Fn(&[u8]) -> bool + Sync) -> Speed {
    let together = Barrier::new(threads);
    let one = |thread: usize| {
        let (before, after) = keys.split_at(keys.len() / threads * thread);
        together.wait();
        let (cpu, wall) = (thread_cpu_time(), Instant::now());
        let hits = after.iter().chain(before).filter(|key| operation(&key[..])).count();
        black_box(hits);
        (thread_cpu_time() - cpu, wall.elapsed())
    };
    let times: Vec<(Duration, Duration)> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
        running.into_iter().filter_map(|running| running.join().ok()).collect()
    });
    let millions = (keys.len() * threads) as f64 / 1e6;
    let cpu: Duration = times.iter().map(|(cpu, _)| *cpu).sum();
    let wall = times.iter().map(|(_, wall)| *wall).max().unwrap_or_default();
    Speed { cpu: millions / cpu.as_secs_f64(), wall: millions / wall.as_secs_f64() }
}
