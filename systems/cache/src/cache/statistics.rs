//! What a cache has done and what it holds.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::Stats;

/// Counters since the cache was made, and gauges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Look-ups that found an item; those of fetches included.
    pub hits: u64,
    /// Look-ups that found none.
    pub misses: u64,
    /// Items that left to make room.
    pub evicted: u64,
    /// Items that were met after their time and removed.
    pub expired: u64,
    /// Writes for which there was no room.
    pub refused: u64,
    /// Fetches that were begun.
    pub fetches: u64,
    /// Of these: that brought an error.
    pub fetches_failed: u64,
    /// Look-ups that waited for somebody else's fetch instead of beginning one.
    pub fetches_joined: u64,
    /// Items now, those included that have expired and were not met yet.
    pub items: u64,
    /// Bytes counted under the cap, bookkeeping included.
    pub used_bytes: u64,
    /// The cap.
    pub max_bytes: u64,
}

impl Statistics {
    /// Hits among all look-ups, 0 to 1; 0 when there were none.
    pub fn hit_ratio(&self) -> f64 {
        let all = self.hits + self.misses;
        if all == 0 { 0.0 } else { self.hits as f64 / all as f64 }
    }
}

/// What the store does not count.
#[derive(Debug, Default)]
pub(super) struct Counters {
    fetches: AtomicU64,
    fetches_failed: AtomicU64,
    fetches_joined: AtomicU64,
}

impl Counters {
    pub(super) fn fetch(&self) {
        self.fetches.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fetch_failed(&self) {
        self.fetches_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fetch_joined(&self) {
        self.fetches_joined.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn with(&self, store: &Stats, max_bytes: u64) -> Statistics {
        Statistics {
            hits: store.hits,
            misses: store.misses,
            evicted: store.evicted,
            expired: store.expired,
            refused: store.refused,
            fetches: self.fetches.load(Ordering::Relaxed),
            fetches_failed: self.fetches_failed.load(Ordering::Relaxed),
            fetches_joined: self.fetches_joined.load(Ordering::Relaxed),
            items: store.items,
            used_bytes: store.used_bytes,
            max_bytes,
        }
    }
}
