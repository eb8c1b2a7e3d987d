//! The caches, each as its documentation has it used: keys and values of bytes, any number of threads.

use bytes::Bytes;
use plimsoll_cache::Cache;

use super::trace::VALUE_BYTES;

/// Their names, in the order of all tables.
pub(super) const NAMES: [&str; 3] = ["plimsoll", "moka", "quick_cache"];

pub(super) trait Candidate: Sync {
    /// The value of a key, as a caller gets it.
    fn get(&self, key: &[u8]) -> Option<Bytes>;

    fn insert(&self, key: &[u8], value: Bytes);

    fn len(&self) -> usize;

    /// Asks for an object and fetches it if it is not there; whether it was.
    fn request(&self, key: &[u8]) -> bool {
        let is_hit = self.get(key).is_some();
        if !is_hit {
            self.insert(key, value());
        }
        is_hit
    }
}

/// A value as an origin would give it: an allocation of its own.
pub(super) fn value() -> Bytes {
    Bytes::copy_from_slice(&[b'v'; VALUE_BYTES])
}

/// The cache of this name with room for so many items.
pub(super) fn with_items(name: &str, items: usize) -> Option<Box<dyn Candidate>> {
    Some(match name {
        "plimsoll" => Box::new(ours_for(items)),
        "moka" => Box::new(moka::sync::Cache::<Box<[u8]>, Bytes>::new(items as u64)),
        "quick_cache" => Box::new(quick_cache::sync::Cache::<Box<[u8]>, Bytes>::new(items)),
        _ => return None,
    })
}

/// The cache of this name with room to spare for so many items.
pub(super) fn with_room(name: &str, items: usize) -> Option<Box<dyn Candidate>> {
    match name {
        "plimsoll" => Some(Box::new(ours(items * 300))),
        _ => with_items(name, 2 * items),
    }
}

/// A cache of ours with room for `items` items within a hundredth: found by trying, as the cap is one on
/// bytes of all kinds.
fn ours_for(items: usize) -> Cache {
    let mut bytes = items * 110;
    for _ in 0..8 {
        let cache = ours(bytes);
        // As many newcomers as it takes to fill it, some of them twice, so that all its parts are in use.
        (0..3 * items as u32).for_each(|object| {
            cache.request(&super::trace::key(object));
            if object % 8 == 0 {
                cache.request(&super::trace::key(object / 2));
            }
        });
        let held = Candidate::len(&cache);
        if held.abs_diff(items) * 100 <= items {
            break;
        }
        bytes = (bytes as f64 * items as f64 / held as f64) as usize;
    }
    ours(bytes)
}

/// A cache of ours with this cap, and the same hash function each time.
fn ours(bytes: usize) -> Cache {
    Cache::builder(bytes).seed(11).build()
}

impl Candidate for Cache {
    fn get(&self, key: &[u8]) -> Option<Bytes> {
        Cache::get(self, key)
    }

    fn insert(&self, key: &[u8], value: Bytes) {
        Cache::insert(self, key, value);
    }

    fn len(&self) -> usize {
        Cache::len(self)
    }
}

impl Candidate for moka::sync::Cache<Box<[u8]>, Bytes> {
    fn get(&self, key: &[u8]) -> Option<Bytes> {
        moka::sync::Cache::get(self, key)
    }

    fn insert(&self, key: &[u8], value: Bytes) {
        moka::sync::Cache::insert(self, key.into(), value);
    }

    fn len(&self) -> usize {
        self.run_pending_tasks();
        self.entry_count() as usize
    }
}

impl Candidate for quick_cache::sync::Cache<Box<[u8]>, Bytes> {
    fn get(&self, key: &[u8]) -> Option<Bytes> {
        quick_cache::sync::Cache::get(self, key)
    }

    fn insert(&self, key: &[u8], value: Bytes) {
        quick_cache::sync::Cache::insert(self, key.into(), value);
    }

    fn len(&self) -> usize {
        quick_cache::sync::Cache::len(self)
    }
}
