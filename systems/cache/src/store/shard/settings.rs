//! Settings, statistics, and starting anew.

use std::{mem, sync::Arc};

use super::{Counters, Shard};
use crate::store::{
    Listener, Payload, Policy, Stats, boxes::Boxes, eviction::Hands, expiry::Wheel,
    garbage::Remains, log::Log,
};

impl<O: Payload> Shard<O> {
    /// Removes everything, in constant time: the memory is freed bit by bit after that. The counters
    /// stay.
    pub fn clear(&mut self) {
        let marks = Arc::clone(self.log.marks());
        marks.pass_all();
        let index = self.index.emptied();
        let remains = Remains {
            log: mem::replace(&mut self.log, Log::new(self.max_bytes, marks)),
            index: mem::replace(&mut self.index, index),
            boxes: mem::replace(&mut self.boxes, Boxes::new()),
            wheel: mem::replace(&mut self.wheel, Wheel::new()),
            ghost: mem::take(&mut self.ghost),
        };
        self.garbage.add_remains(remains);
        self.hands = Hands::default();
        self.volatile = 0;
        self.slots.clear();
    }

    /// What it has done, and what it holds.
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
            garbage_bytes: self.garbage.bytes() as u64,
            fixed_bytes: (self.slots.bytes() + self.log.spare_bytes()) as u64,
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

    /// The cap in bytes; 0 is none.
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// What leaves from now on when the cap is reached.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        self.hands = Hands::default();
    }

    /// What leaves when the cap is reached.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Whom to tell of items that leave by themselves.
    pub fn set_listener(&mut self, listener: Option<Listener>) {
        self.listener = listener;
    }
}
