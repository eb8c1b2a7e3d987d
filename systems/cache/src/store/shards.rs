//! All shards of a node: which one a slot is in, and what concerns them all.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, TryLockError,
    atomic::{AtomicBool, Ordering},
};

use super::{Config, Item, Key, Mark, Millis, Payload, Policy, Seed, Shard, Stats, marks::Marks};

/// What the caches of one core hold, about.
const LARGE_BYTES: u64 = 1 << 20;

/// On cache lines of its own, by twos as processors load them: so threads that have locked different shards
/// write to no line that the other one reads.
#[repr(align(128))]
struct Apart<T>(T);

/// The store that all threads share. Whoever needs several shards locks them in ascending order.
pub struct Store<O> {
    shards: Box<[Apart<Mutex<Shard<O>>>]>,
    /// Those of the shards, to be read without their locks.
    marks: Box<[Arc<Marks>]>,
    is_large: AtomicBool,
    seed: Seed,
}

impl<O: Payload> Store<O> {
    /// An empty one, whose slots are Redis's.
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
        let shards: Vec<Shard<O>> = (0..count)
            .map(|_| Shard::among(count, config.max_bytes / count, config.policy, seed.clone()))
            .collect();
        let marks = shards.iter().map(|shard| Arc::clone(shard.log.marks())).collect();
        Store {
            shards: shards.into_iter().map(|shard| Apart(Mutex::new(shard))).collect(),
            marks,
            is_large: AtomicBool::new(false),
            seed,
        }
    }

    /// A key of this store.
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
        let Apart(shard) = &self.shards[shard & (self.shards.len() - 1)];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a copy that was taken of a key's item by [`Shard::peek_marked`] is still what the store
    /// has, its deadline aside. Takes no lock.
    #[inline]
    pub fn is_current(&self, slot: u16, mark: Mark) -> bool {
        self.marks.get(self.shard_of(slot)).is_some_and(|marks| marks.is_current(mark))
    }

    /// Locks a shard if nobody else has locked it now; indexes wrap around.
    pub fn try_lock(&self, shard: usize) -> Option<MutexGuard<'_, Shard<O>>> {
        let Apart(shard) = &self.shards[shard & (self.shards.len() - 1)];
        match shard.try_lock() {
            Ok(shard) => Some(shard),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
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

    /// Whether the caches of a core cannot hold most of what it has, as [`Store::weigh`] saw last.
    #[inline]
    pub fn is_large(&self) -> bool {
        self.is_large.load(Ordering::Relaxed)
    }

    /// Looks whether the store [`Store::is_large`].
    pub fn weigh(&self) {
        // Records alone: the memory that shards begin with is more than that, and is hardly looked at.
        let live: u64 = (0..self.shards()).map(|shard| self.lock(shard).stats().live_bytes).sum();
        self.is_large.store(live > LARGE_BYTES, Ordering::Relaxed);
    }

    /// Items, those included that have expired and were not met yet.
    pub fn len(&self) -> usize {
        (0..self.shards()).map(|shard| self.lock(shard).len()).sum()
    }

    /// Whether there is no item, as [`Store::len`] counts them.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of all shards together. Takes one lock after the other.
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

    /// What leaves from now on when the cap is reached.
    pub fn set_policy(&self, policy: Policy) {
        for shard in 0..self.shards() {
            self.lock(shard).set_policy(policy);
        }
    }

    /// Removes all items. Takes one lock after the other.
    pub fn clear(&self) {
        for shard in 0..self.shards() {
            self.lock(shard).clear();
        }
    }
}
