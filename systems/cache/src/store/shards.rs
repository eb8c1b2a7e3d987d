//! All shards of a node: which one a slot is in, and what concerns them all.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Config, Item, Key, Millis, Payload, Policy, Seed, Shard, Stats};
use crate::values::Object;

/// The store that all threads share. Whoever needs several shards locks them in ascending order.
pub struct Store<O = Object> {
    shards: Box<[Mutex<Shard<O>>]>,
    seed: Seed,
}

impl<O: Payload> Store<O> {
    pub fn new(config: &Config) -> Store<O> {
        Store::seeded(config, Seed::new(config.seed))
    }

    /// A store without Redis's slots: keys with the same `{hash tag}` are not in the same shard, and
    /// [`Shard::len_of_slot`] is 0.
    pub fn without_slots(config: &Config) -> Store<O> {
        Store::seeded(config, Seed::without_slots(config.seed))
    }

    fn seeded(config: &Config, seed: Seed) -> Store<O> {
        let count = config.shards.clamp(1, Config::SHARDS_MAX).next_power_of_two();
        let shards = (0..count)
            .map(|_| Shard::among(count, config.max_bytes / count, config.policy, seed.clone()))
            .map(Mutex::new)
            .collect();
        Store { shards, seed }
    }

    pub fn key<'a>(&self, bytes: &'a [u8]) -> Key<'a> {
        Key::new(bytes, &self.seed)
    }

    /// A power of two.
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// The index of the shard that a slot is in.
    pub fn shard_of(&self, slot: u16) -> usize {
        usize::from(slot) & (self.shards.len() - 1)
    }

    /// Locks a shard; indexes wrap around.
    pub fn lock(&self, shard: usize) -> MutexGuard<'_, Shard<O>> {
        let shard = &self.shards[shard & (self.shards.len() - 1)];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the shard of a key.
    pub fn lock_for(&self, key: &Key<'_>) -> MutexGuard<'_, Shard<O>> {
        self.lock(self.shard_of(key.slot()))
    }

    /// As [`Shard::scan`], over all shards; 0 begins and ends.
    pub fn scan(
        &self,
        cursor: u64,
        count: usize,
        now: Millis,
        mut each: impl FnMut(Item<'_, O>),
    ) -> u64 {
        let bits = self.shards.len().trailing_zeros();
        let mut shard = cursor as usize & (self.shards.len() - 1);
        let mut inner = cursor >> bits;
        let mut seen = 0;
        while seen < count.max(1) {
            let left = count.max(1) - seen;
            inner = self.lock(shard).scan(inner, left, now, |item| {
                seen += 1;
                each(item);
            });
            if inner == 0 {
                shard += 1;
                if shard == self.shards.len() {
                    return 0;
                }
            } else {
                break;
            }
        }
        (inner << bits) | shard as u64
    }

    /// Items, those included that have expired and were not met yet.
    pub fn len(&self) -> usize {
        (0..self.shards()).map(|shard| self.lock(shard).len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn stats(&self) -> Stats {
        let mut sum = Stats::default();
        for shard in 0..self.shards() {
            sum += self.lock(shard).stats();
        }
        sum
    }

    /// Sets the cap of all shards together, in bytes; 0 is none. What is over a lower cap leaves
    /// step by step with the next writes and ticks.
    pub fn set_max_bytes(&self, max_bytes: usize) {
        for shard in 0..self.shards() {
            self.lock(shard).set_max_bytes(max_bytes / self.shards());
        }
    }

    pub fn set_policy(&self, policy: Policy) {
        for shard in 0..self.shards() {
            self.lock(shard).set_policy(policy);
        }
    }

    pub fn clear(&self) {
        for shard in 0..self.shards() {
            self.lock(shard).clear();
        }
    }
}
