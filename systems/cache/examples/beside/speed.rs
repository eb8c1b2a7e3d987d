//! Operations per second of CPU time and of the clock on the wall, with one and two threads.

use std::{sync::Barrier, thread, time::Duration};

use plimsoll_cache::Cache;
use plimsoll_runtime::clock::{Instant, thread_cpu_time};

use super::{
    Outcome, Settings,
    caches::{self, Candidate, NAMES},
    trace::{KEY_BYTES, key, trace},
};

/// Skew of what is asked for.
const SKEW: f64 = 0.9;

/// What all threads did: millions of operations per second of CPU time and of the clock.
#[derive(Clone, Copy)]
struct Speed {
    cpu: f64,
    wall: f64,
}

type Keys = Vec<[u8; KEY_BYTES]>;

pub(super) fn run(settings: &Settings) -> Outcome {
    let objects = trace(settings.objects, settings.requests, SKEW, false);
    let keys: Keys = objects.iter().map(|object| key(*object)).collect();
    let all = settings.objects as usize;
    println!("\nmillions of operations per second of CPU (and of the clock), zipf {SKEW}, medians");
    for threads in [1, 2] {
        let of = |what: &str| format!("{what}, {threads} thread(s)");
        table(&of("get, all there"), settings, |name| {
            let cache = filled(caches::with_room(name, all), settings.objects)?;
            Ok(measure(&keys, threads, |key| cache.get(key).is_some()))
        })?;
        table(&of("get or insert, a tenth fits"), settings, |name| {
            let cache = filled(caches::with_items(name, all / 10), settings.objects)?;
            Ok(measure(&keys, threads, |key| cache.request(key)))
        })?;
        table(&of("insert, a tenth fits"), settings, |name| {
            let cache = filled(caches::with_items(name, all / 10), settings.objects)?;
            Ok(measure(&keys, threads, |key| {
                cache.insert(key, caches::value());
                true
            }))
        })?;
        let ours: Cache = Cache::builder(all * 300).seed(11).build();
        (0..settings.objects)
            .for_each(|object| Candidate::insert(&ours, &key(object), caches::value()));
        let speed = median(settings.rounds, || {
            Ok(measure(&keys, threads, |key| {
                ours.read(key, |value| value[0] == b'v') == Some(true)
            }))
        })?;
        print("read in place, all there", "plimsoll", speed);
    }
    Ok(())
}

/// One row for each cache, measured in turn.
fn table(title: &str, settings: &Settings, measure: impl Fn(&str) -> Outcome<Speed>) -> Outcome {
    for name in NAMES {
        print(title, name, median(settings.rounds, || measure(name))?);
    }
    Ok(())
}

fn print(title: &str, name: &str, speed: Speed) {
    println!("{title:<42} {name:<12} {:>7.2} ({:.2})", speed.cpu, speed.wall);
}

fn median(rounds: usize, mut measure: impl FnMut() -> Outcome<Speed>) -> Outcome<Speed> {
    let mut speeds = (0..rounds.max(1)).map(|_| measure()).collect::<Outcome<Vec<Speed>>>()?;
    speeds.sort_by(|one, other| one.cpu.total_cmp(&other.cpu));
    Ok(speeds[speeds.len() / 2])
}

fn filled(cache: Option<Box<dyn Candidate>>, objects: u32) -> Outcome<Box<dyn Candidate>> {
    let cache = cache.ok_or("no such cache")?;
    (0..objects).for_each(|object| cache.insert(&key(object), caches::value()));
    Ok(cache)
}

/// Each thread goes once through all keys, from a place of its own on.
fn measure(keys: &Keys, threads: usize, operation: impl Fn(&[u8]) -> bool + Sync) -> Speed {
    let together = Barrier::new(threads);
    let one = |thread: usize| {
        let (before, after) = keys.split_at(keys.len() / threads * thread);
        together.wait();
        let (cpu, wall) = (thread_cpu_time(), Instant::now());
        let hits = after.iter().chain(before).filter(|key| operation(&key[..])).count();
        std::hint::black_box(hits);
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
