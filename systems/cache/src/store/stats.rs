//! What a shard has done and what it holds.

use std::ops::AddAssign;

/// Counters since the start (or since they were reset) and gauges of one shard, or of all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Look-ups that found an item.
    pub hits: u64,
    /// Look-ups that found none.
    pub misses: u64,
    /// Items whose time was over, once they were met.
    pub expired: u64,
    /// Items that left to make room.
    pub evicted: u64,
    /// Writes that found no room.
    pub refused: u64,
    /// Items now.
    pub items: u64,
    /// Items with a deadline now.
    pub volatile_items: u64,
    /// Bytes counted under the cap: everything below.
    pub used_bytes: u64,
    /// Most that `used_bytes` has been.
    pub peak_bytes: u64,
    /// Segments of the log, whole, dead space included.
    pub log_bytes: u64,
    /// Of `log_bytes`: records of items that are there.
    pub live_bytes: u64,
    /// Where the items are.
    pub index_bytes: u64,
    /// Large values and collections.
    pub boxed_bytes: u64,
    /// When they expire.
    pub expiry_bytes: u64,
    /// What is remembered of those that have left, for the policy.
    pub ghost_bytes: u64,
    /// What has left and is yet to be freed.
    pub garbage_bytes: u64,
    /// Counters of slots, and the memory that is kept for the next segment.
    pub fixed_bytes: u64,
}

impl AddAssign for Stats {
    fn add_assign(&mut self, other: Stats) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.expired += other.expired;
        self.evicted += other.evicted;
        self.refused += other.refused;
        self.items += other.items;
        self.volatile_items += other.volatile_items;
        self.used_bytes += other.used_bytes;
        self.peak_bytes += other.peak_bytes;
        self.log_bytes += other.log_bytes;
        self.live_bytes += other.live_bytes;
        self.index_bytes += other.index_bytes;
        self.boxed_bytes += other.boxed_bytes;
        self.expiry_bytes += other.expiry_bytes;
        self.ghost_bytes += other.ghost_bytes;
        self.garbage_bytes += other.garbage_bytes;
        self.fixed_bytes += other.fixed_bytes;
    }
}
