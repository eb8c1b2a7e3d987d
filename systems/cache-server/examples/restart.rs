//! What a save and a load cost: `cargo run --release -p plimsoll-cache-server --example restart [ITEMS] [FOLDER]`.
//!
//! Items of 16 + 32 bytes and one hash with a tenth as many fields. While they are saved, a client on a thread
//! of its own asks for a key every 100 µs and notes how long each answer took.

#![expect(clippy::print_stdout, reason = "a program")]

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use plimsoll_cache_server::{
    commands::Keyspace,
    persist::{Place, Walk},
    store::{Config, Deadline, Millis, NewValue, Policy, Store},
    values::{Hash, Object},
};
use plimsoll_runtime::{clock::Instant, random::Random};

const NOW: Millis = Millis(1_700_000_000_000);
const SHARDS: usize = 8;
const FILE: &str = "restart.plimsoll";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let items: u64 = arguments.next().map_or(Ok(1_000_000), |items| items.parse())?;
    let folder = arguments.next().map_or_else(std::env::temp_dir, Into::into);
    let place = Place::new(folder, FILE);
    let keyspace = Keyspace::new(filled(items)?);
    let quiet = waits(&keyspace, items, || Ok(()))?;
    println!("while nothing else happens: {quiet}");
    let started = Instant::now();
    let mut saved = None;
    let busy = waits(&keyspace, items, || {
        saved = Some(place.save(&keyspace, NOW, &Walk::default())?);
        Ok(())
    })?;
    let took = started.elapsed();
    let saved = saved.unwrap_or_default();
    println!("save: {}", rate(saved.items, saved.bytes, took));
    println!("while it is saved:          {busy}");
    drop(keyspace);
    let (store, started) = (store(), Instant::now());
    let loaded = place.load(&store, NOW, |_| true)?.unwrap_or_default();
    println!("load: {}", rate(loaded.items, loaded.bytes, started.elapsed()));
    std::fs::remove_file(place.path())?;
    Ok(())
}

fn store() -> Store {
    Store::new(&Config { shards: SHARDS, max_bytes: 0, policy: Policy::NO_EVICTION, seed: 1 })
}

fn name(number: u64) -> String {
    format!("key:{number:012}")
}

fn filled(items: u64) -> Result<Store, plimsoll_cache_server::store::Full> {
    let store = store();
    let put = |name: &str, value| {
        let key = store.key(name.as_bytes());
        store.lock_for(&key).set(&key, value, Deadline::None, NOW)
    };
    for number in 0..items {
        put(&name(number), NewValue::Bytes(&[b'v'; 32]))?;
    }
    let mut hash = Hash::new();
    for number in 0..items / 10 {
        hash.set(name(number).as_bytes(), &[b'v'; 32]);
    }
    put("hash", NewValue::Object(Box::new(Object::Hash(hash))))?;
    Ok(store)
}

fn rate(items: u64, bytes: u64, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    let (items_rate, rate) = (items as f64 / seconds / 1e6, bytes as f64 / seconds / 1e6);
    format!(
        "{items} items, {bytes} bytes in {seconds:.2} s: {items_rate:.2} M items/s, {rate:.0} MB/s"
    )
}

/// How long a client waited for its answers while `work` was done, and a little longer.
fn waits(
    keyspace: &Keyspace,
    items: u64,
    work: impl FnOnce() -> Result<(), Box<dyn std::error::Error>>,
) -> Result<String, Box<dyn std::error::Error>> {
    let is_over = AtomicBool::new(false);
    let (done, mut waits) = std::thread::scope(|scope| {
        let client = scope.spawn(|| ask(keyspace.store(), items, &is_over));
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        (done, client.join().unwrap_or_default())
    });
    done?;
    waits.sort_unstable();
    let at = |part: f64| {
        let place = (waits.len() as f64 * part) as usize;
        waits.get(place.min(waits.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    Ok(format!(
        "{} gets, p50 {:?}, p99 {:?}, p99.9 {:?}, longest {:?}",
        waits.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    ))
}

/// At least 5,000 gets, some tenths of a second.
fn ask(store: &Store, items: u64, is_over: &AtomicBool) -> Vec<Duration> {
    const GETS_MIN: usize = 5_000;
    let mut random = Random::seeded(1);
    let mut waits = Vec::new();
    while !is_over.load(Ordering::Relaxed) || waits.len() < GETS_MIN {
        let name = name(random.next_u64() % items.max(1));
        let key = store.key(name.as_bytes());
        let started = Instant::now();
        let found = store.lock_for(&key).find(&key, NOW).is_some();
        waits.push(started.elapsed());
        assert!(found, "{name} is gone");
        #[expect(clippy::disallowed_methods, reason = "a client of its own pace")]
        std::thread::sleep(Duration::from_micros(100));
    }
    waits
}
