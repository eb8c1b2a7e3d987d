//! Settings, statistics, and starting anew.

use super::{Counters, Shard};
use crate::store::{
    Listener, Payload, Policy, Stats,
    boxes::Boxes,
    eviction::{Ghost, Hands},
    expiry::Wheel,
    index::Index,
    log::Log,
};

impl<O: Payload> Shard<O> {
    /// Removes everything. The counters stay.
    pub fn clear(&mut self) {
        self.index = Index::new();
        self.log = Log::new(self.max_bytes);
        self.boxes = Boxes::new();
        self.wheel = Wheel::new();
        self.ghost = Ghost::default();
        self.hands = Hands::default();
        self.volatile = 0;
        self.slots.clear();
    }

    pub fn stats(&self) -> Stats {
        let used = self.used();
        Stats {
            hits: self.counters.hits,
            misses: self.counters.misses,
            expired: self.counters.expired,
            evicted: self.counters.evicted,
            refused: self.counters.refused,
            items: self.len() as u64,
            volatile_items: self.volatile as u64,
            used_bytes: used as u64,
            peak_bytes: self.peak_bytes.max(used) as u64,
            log_bytes: self.log.allocated() as u64,
            live_bytes: self.log.live() as u64,
            index_bytes: self.index.bytes() as u64,
            boxed_bytes: self.boxes.bytes() as u64,
            expiry_bytes: self.wheel.bytes() as u64,
            ghost_bytes: self.ghost.bytes() as u64,
        }
    }

    /// Sets the counters to 0.
    pub fn reset_stats(&mut self) {
        self.counters = Counters::default();
        self.peak_bytes = 0;
    }

    /// Sets the cap in bytes; 0 is none. What is over it leaves step by step, with writes and ticks.
    pub fn set_max_bytes(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
        self.log.set_max_bytes(max_bytes);
    }

    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        self.hands = Hands::default();
    }

    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Whom to tell of items that leave by themselves.
    pub fn set_listener(&mut self, listener: Option<Listener>) {
        self.listener = listener;
    }
}
