//! How a cache is made.

use std::{fmt, marker::PhantomData, sync::Arc, thread, time::Duration};

use plimsoll_runtime::random::Random;

use super::{
    Cache, Inner, Value,
    clock::{Clock, Tell},
    flight::Flights,
    statistics::Counters,
};
use crate::store::{Config, Millis, Policy, Store};

/// Shards for each core: so many that two threads seldom want the same one.
const SHARDS_PER_CORE: usize = 4;

const BYTES_MIN: usize = 1 << 20;

/// Settings of a [`Cache`] that is to be made.
///
/// ```
/// use std::time::Duration;
/// use plimsoll_cache::{Cache, store::Policy};
///
/// let cache: Cache<String> = Cache::builder(16 << 20)
///     .policy(Policy::SIEVE)
///     .time_to_live(Duration::from_secs(60))
///     .shards(8)
///     .build();
/// assert!(cache.insert("key", "value".to_owned()));
/// ```
pub struct Builder<V: Value> {
    max_bytes: usize,
    policy: Policy,
    ttl: Option<Duration>,
    shards: Option<usize>,
    seed: Option<u64>,
    tell: Option<Tell>,
    value: PhantomData<fn() -> V>,
}

impl<V: Value> Builder<V> {
    /// The least cap of a cache, and of a shard where their number was not given: 1 MiB.
    pub const BYTES_MIN: usize = BYTES_MIN;

    pub(super) fn new(max_bytes: usize) -> Builder<V> {
        Builder {
            max_bytes: max_bytes.max(BYTES_MIN),
            policy: Policy::S3_FIFO,
            ttl: None,
            shards: None,
            seed: None,
            tell: None,
            value: PhantomData,
        }
    }

    /// What leaves when there is no room: [`Policy::S3_FIFO`] unless given. With
    /// [`Policy::NO_EVICTION`] nothing does, and inserts fail instead.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Builder<V> {
        Builder { policy, ..self }
    }

    /// How long items live that are inserted without a time of their own: forever unless given.
    /// Counted in whole milliseconds.
    #[must_use]
    pub fn time_to_live(self, ttl: Duration) -> Builder<V> {
        Builder { ttl: Some(ttl), ..self }
    }

    /// In how many parts the cache is locked: a power of two up to 1024 is made of it. Four for each
    /// core unless given, as far as each has 1 MiB; one with much less can keep nothing. More shards
    /// are in each other's way less, fewer keep larger items.
    #[must_use]
    pub fn shards(self, shards: usize) -> Builder<V> {
        Builder { shards: Some(shards), ..self }
    }

    /// Fixes the hash function, which is otherwise one that nobody can predict: for runs that are
    /// to be repeated.
    #[must_use]
    pub fn seed(self, seed: u64) -> Builder<V> {
        Builder { seed: Some(seed), ..self }
    }

    /// Has items expire by this clock instead of the wall clock: for tests. It must not go back.
    ///
    /// ```
    /// use std::{sync::{Arc, atomic::{AtomicU64, Ordering::Relaxed}}, time::Duration};
    /// use plimsoll_cache::{Cache, store::Millis};
    ///
    /// let millis = Arc::new(AtomicU64::new(0));
    /// let clock = Arc::clone(&millis);
    /// let cache: Cache<String> = Cache::builder(1 << 20)
    ///     .time_to_live(Duration::from_secs(5))
    ///     .clock(move || Millis(clock.load(Relaxed)))
    ///     .build();
    /// cache.insert("key", "value".to_owned());
    /// millis.store(4_999, Relaxed);
    /// assert!(cache.contains("key"));
    /// millis.store(5_000, Relaxed);
    /// assert!(!cache.contains("key"));
    /// ```
    #[must_use]
    pub fn clock(self, tell: impl Fn() -> Millis + Send + Sync + 'static) -> Builder<V> {
        Builder { tell: Some(Box::new(tell)), ..self }
    }

    /// The cache, empty.
    pub fn build(self) -> Cache<V> {
        let seed = self.seed.unwrap_or_else(|| Random::from_entropy().next_u64());
        let shards = self.shards.unwrap_or_else(|| shards_for(self.max_bytes));
        let (max_bytes, policy) = (self.max_bytes, self.policy);
        let store = Store::without_slots(&Config { shards, max_bytes, policy, seed });
        let flights = Flights::new(store.shards());
        let clock = Clock::new(self.tell);
        let inner = Inner { store, flights, clock, ttl: self.ttl, counters: Counters::default() };
        Cache { inner: Arc::new(inner) }
    }
}

fn shards_for(max_bytes: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let fitting = (max_bytes / BYTES_MIN).max(1);
    // The largest power of two among those that fit, as the store rounds up.
    (SHARDS_PER_CORE * cores).next_power_of_two().min(1 << fitting.ilog2())
}

impl<V: Value> fmt::Debug for Builder<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Builder")
            .field("max_bytes", &self.max_bytes)
            .field("policy", &self.policy)
            .field("ttl", &self.ttl)
            .field("shards", &self.shards)
            .finish_non_exhaustive()
    }
}
