//! The caches, each as its documentation has it used: keys of bytes, values of bytes that are had for
//! reading, any number of threads.

use std::{hint::black_box, sync::Arc};

use bytes::Bytes;
use foldhash::quality::RandomState;
use plimsoll_cache::{Cache, Value};

use super::trace::{VALUE_BYTES, key, trace};

/// Their names, in the order of all tables.
pub(super) const NAMES: [&str; 3] = ["plimsoll", "moka", "quick_cache"];

pub(super) const VALUE: [u8; VALUE_BYTES] = [b'v'; VALUE_BYTES];

/// With a fast hash function in place of its own slow one, as its documentation advises; the other two
/// have one anyway.
type Moka = moka::sync::Cache<Box<[u8]>, Arc<[u8]>, RandomState>;
type Quick = quick_cache::sync::Cache<Box<[u8]>, Arc<[u8]>>;

pub(super) trait Candidate: Sync {
    /// Has the value of a key in hand; whether it is there.
    fn get(&self, key: &[u8]) -> bool;

    /// Makes a value, as an origin would, and inserts it.
    fn insert(&self, key: &[u8]);

    /// Items.
    fn len(&self) -> usize;

    /// Asks for an object and inserts it if it is not there; whether it was.
    fn request(&self, key: &[u8]) -> bool {
        let is_hit = self.get(key);
        if !is_hit {
            self.insert(key);
        }
        is_hit
    }
}

/// The cache of this name with room for so many items; ours with a cap of so many bytes.
pub(super) fn with_room(name: &str, items: usize, bytes: usize) -> Option<Box<dyn Candidate>> {
    Some(match name {
        "plimsoll" => Box::new(ours::<Bytes>(bytes)),
        "moka" => {
            let builder = moka::sync::Cache::builder().max_capacity(items as u64);
            Box::new(builder.build_with_hasher(RandomState::default()))
        }
        "quick_cache" => Box::new(Quick::new(items)),
        _ => return None,
    })
}

/// The cache of this name with room for all of so many items, and not much to spare.
pub(super) fn with_room_for_all(name: &str, items: usize) -> Option<Box<dyn Candidate>> {
    with_room(name, items + items / 16, items * 300)
}

/// The cap, in bytes, at which ours holds so many items within a two-hundredth when a tenth of what is
/// asked for fits: found by trying, as everything counts under it.
pub(super) fn bytes_for(items: usize) -> usize {
    let trace = trace(10 * items as u32, 10 * items, 0.9, false);
    let mut bytes = items * 105;
    for _ in 0..8 {
        let cache = ours::<Bytes>(bytes);
        trace.iter().for_each(|object| {
            cache.request(&key(*object));
        });
        let held = Candidate::len(&cache);
        if held.abs_diff(items) * 200 <= items {
            break;
        }
        bytes = (bytes as f64 * items as f64 / held.max(1) as f64) as usize;
    }
    bytes
}

/// A cache of ours, with the same hash function each time.
pub(super) fn ours<V: Value>(bytes: usize) -> Cache<V> {
    Cache::builder(bytes).seed(11).build()
}

impl Candidate for Cache {
    fn get(&self, key: &[u8]) -> bool {
        black_box(Cache::get(self, key)).is_some()
    }

    fn insert(&self, key: &[u8]) {
        Cache::insert(self, key, Bytes::copy_from_slice(&VALUE));
    }

    fn len(&self) -> usize {
        Cache::len(self)
    }
}

impl Candidate for Moka {
    fn get(&self, key: &[u8]) -> bool {
        black_box(Moka::get(self, key)).is_some()
    }

    fn insert(&self, key: &[u8]) {
        Moka::insert(self, key.into(), Arc::from(VALUE));
    }

    fn len(&self) -> usize {
        self.run_pending_tasks();
        self.entry_count() as usize
    }
}

impl Candidate for Quick {
    fn get(&self, key: &[u8]) -> bool {
        black_box(Quick::get(self, key)).is_some()
    }

    fn insert(&self, key: &[u8]) {
        Quick::insert(self, key.into(), Arc::from(VALUE));
    }

    fn len(&self) -> usize {
        Quick::len(self)
    }
}
