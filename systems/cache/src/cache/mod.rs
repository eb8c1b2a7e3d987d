//! The cache inside a program: [`Cache`], values of one type over the store, with nothing between
//! but a lock per shard.

mod builder;
mod clock;
mod fetch;
mod flight;
mod iter;
mod statistics;
#[cfg(test)]
mod tests;
mod value;

pub use builder::Builder;
pub use fetch::{FetchError, Fetched};
pub use iter::Iter;
pub use statistics::Statistics;
pub use value::{Nothing, Shared, Value};

use std::{
    fmt,
    sync::{Arc, MutexGuard},
    thread,
    time::Duration,
};

use bytes::Bytes;

use crate::store::{
    Deadline, Key, Millis, NewValue, OwnedValue, Payload as _, Shard, Store, ValueRef,
};
use clock::Clock;
use flight::Flights;
use statistics::Counters;

/// Entries of the timer wheel that a write looks at for what has expired: more than it adds.
const EXPIRED_PER_WRITE: usize = 2;
/// The same of one hold of the lock where expired items are removed on demand.
const EXPIRED_PER_STEP: usize = 256;
/// Values of more bytes have room made for them in parts, with the lock given up in between.
const LARGE_BYTES: usize = 16 << 10;
/// Items that one part looks at.
const ITEMS_PER_PART: usize = 256;
/// Parts of one write: others may take the room as it is made.
const PARTS_MAX: usize = 1 << 16;
/// What is freed of a cache that was cleared under one hold of a lock, in items.
const FREED_PER_PART: usize = 2_048;

/// A cache under a hard cap on its bytes, shared by as many threads and tasks as hold a clone of it.
///
/// Keys are bytes: anything that is `AsRef<[u8]>`, such as strings; of a number its `to_be_bytes`.
/// Values are of one type, [`Bytes`] unless another is named: see [`Value`] for those kept as bytes,
/// [`Shared`] for any other.
///
/// ```
/// use bytes::Bytes;
/// use plimsoll_cache::Cache;
///
/// let cache: Cache = Cache::new(64 << 20);
/// cache.insert("page:/", Bytes::from_static(b"<h1>Hello</h1>"));
/// assert_eq!(cache.get("page:/").as_deref(), Some(&b"<h1>Hello</h1>"[..]));
/// assert_eq!(cache.read("page:/", |page| page.len()), Some(14));
/// assert!(cache.invalidate("page:/"));
/// assert_eq!(cache.get("page:/"), None);
/// ```
///
/// # Memory
///
/// Everything counts under the cap, index and bookkeeping included, so that the process grows by no
/// more than that. Keys and values kept as bytes lie one behind the other: an item takes some 20
/// bytes beside its own, and no allocation. The cap is divided evenly between the shards, so the
/// largest item that can be kept is a little smaller than one shard's part.
///
/// # Blocking
///
/// Apart from [`Cache::get_or_fetch_blocking`] and [`Cache::get_or_insert_with`] no method waits for
/// anything but a shard's lock, so all others can be called from asynchronous code. A lock is held for
/// about a microsecond, for some hundreds where a long value is copied or needs room. Closures given to
/// [`Cache::read`] and [`Cache::invalidate_where`] run under it: they must be short and must not use
/// the cache, which would wait for itself.
pub struct Cache<V: Value = Bytes> {
    inner: Arc<Inner<V>>,
}

struct Inner<V: Value> {
    store: Store<V::Object>,
    flights: Flights<V>,
    clock: Clock,
    /// Time to live of what is inserted without one.
    ttl: Option<Duration>,
    counters: Counters,
}

impl<V: Value> Cache<V> {
    /// A cache of at most `max_bytes` with S3-FIFO eviction, whose items live until they are evicted.
    /// As [`Cache::builder`] for the least cap.
    pub fn new(max_bytes: usize) -> Cache<V> {
        Cache::builder(max_bytes).build()
    }

    /// A cache of at most `max_bytes` with other settings. The least cap is
    /// [`Builder::BYTES_MIN`]; a lower one becomes that.
    pub fn builder(max_bytes: usize) -> Builder<V> {
        Builder::new(max_bytes)
    }

    /// The value of a key. Bytes are copied, unless they are long: [`Cache::read`] copies none. A
    /// [`Shared`] value is shared.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<V> {
        self.found(key.as_ref(), V::restore).flatten()
    }

    /// What `read` makes of the value of a key, where it is: without a copy. Runs under a lock, see
    /// [`Cache`].
    pub fn read<R>(
        &self,
        key: impl AsRef<[u8]>,
        read: impl FnOnce(&V::Borrowed) -> R,
    ) -> Option<R> {
        self.found(key.as_ref(), |kept| V::lend(kept).map(read)).flatten()
    }

    fn found<R>(&self, key: &[u8], then: impl FnOnce(ValueRef<'_, V::Object>) -> R) -> Option<R> {
        let key = self.inner.store.key(key);
        let now = self.inner.clock.now();
        let mut shard = self.inner.store.lock_for(&key);
        shard.find_with(&key, now, |item| then(item.value))
    }

    /// Whether there is an item of this key; leaves no trace in the statistics or the eviction.
    pub fn contains(&self, key: impl AsRef<[u8]>) -> bool {
        let key = self.inner.store.key(key.as_ref());
        let now = self.inner.clock.now();
        self.inner.store.lock_for(&key).peek(&key, now).is_some()
    }

    /// Writes an item with the time to live that the builder was given, over what is there. A fetch
    /// of this key that is under way will not replace it.
    ///
    /// Whether it is kept. It is not when it is too large for a shard or when the policy evicts
    /// nothing and there is no room; then the key has no item.
    pub fn insert(&self, key: impl AsRef<[u8]>, value: V) -> bool {
        self.inner.insert(key.as_ref(), &value, self.inner.ttl)
    }

    /// As [`Cache::insert`], for this long; forever with `None`. Nothing is kept for no time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use plimsoll_cache::Cache;
    ///
    /// let sessions: Cache<String> = Cache::new(1 << 20);
    /// sessions.insert_with_ttl("session:7", "ann".to_owned(), Duration::from_secs(1800));
    /// sessions.insert_with_ttl("session:root", "root".to_owned(), None);
    /// assert_eq!(sessions.get("session:7").as_deref(), Some("ann"));
    /// ```
    pub fn insert_with_ttl(
        &self,
        key: impl AsRef<[u8]>,
        value: V,
        ttl: impl Into<Option<Duration>>,
    ) -> bool {
        self.inner.insert(key.as_ref(), &value, ttl.into())
    }

    /// Has an item live this long from now on; forever with `None`. Whether there is one.
    pub fn set_ttl(&self, key: impl AsRef<[u8]>, ttl: impl Into<Option<Duration>>) -> bool {
        let key = self.inner.store.key(key.as_ref());
        let (deadline, now) = self.inner.clock.deadline(ttl.into());
        self.inner.store.lock_for(&key).set_deadline(&key, deadline, now)
    }

    /// Removes an item; whether there was one. What a fetch of this key that is under way brings
    /// is not kept.
    pub fn invalidate(&self, key: impl AsRef<[u8]>) -> bool {
        let key = self.inner.store.key(key.as_ref());
        let now = self.inner.clock.now();
        let mut shard = self.inner.store.lock_for(&key);
        self.inner.flights.overtake(self.inner.shard_of(&key), key.bytes());
        shard.remove(&key, now)
    }

    /// As [`Cache::invalidate`], and returns the value.
    pub fn take(&self, key: impl AsRef<[u8]>) -> Option<V> {
        let key = self.inner.store.key(key.as_ref());
        let now = self.inner.clock.now();
        let mut shard = self.inner.store.lock_for(&key);
        self.inner.flights.overtake(self.inner.shard_of(&key), key.bytes());
        let taken = shard.take(&key, now)?;
        drop(shard);
        match &taken.value {
            OwnedValue::Bytes(bytes) => V::restore(ValueRef::Large(bytes)),
            OwnedValue::Object(object) => V::restore(ValueRef::Object(object)),
        }
    }

    /// Removes what has expired, for a cache that is not written to for long: each write removes
    /// some by itself. How many items it removed.
    pub fn remove_expired(&self) -> usize {
        let mut removed = 0;
        for shard in 0..self.inner.store.shards() {
            loop {
                let now = self.inner.clock.now();
                let expired = self.inner.store.lock(shard).tick(now, EXPIRED_PER_STEP);
                removed += expired;
                if expired < EXPIRED_PER_STEP {
                    break;
                }
            }
        }
        removed
    }

    /// Items, those included that have expired and were not met yet.
    pub fn len(&self) -> usize {
        self.inner.store.len()
    }

    /// Whether there is no item, as [`Cache::len`] counts them.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets the cap, of at least [`Builder::BYTES_MIN`]. What is over a lower one leaves step by step
    /// with the next writes.
    pub fn set_max_bytes(&self, max_bytes: usize) {
        self.inner.store.set_max_bytes(max_bytes.max(Builder::<V>::BYTES_MIN));
    }

    /// Counters since the beginning, and gauges.
    pub fn statistics(&self) -> Statistics {
        let store = &self.inner.store;
        let max_bytes = store.lock(0).max_bytes() * store.shards();
        self.inner.counters.with(&store.stats(), max_bytes as u64)
    }
}

impl<V: Value> Inner<V> {
    fn shard_of(&self, key: &Key<'_>) -> usize {
        self.store.shard_of(key.slot())
    }

    fn insert(&self, key: &[u8], value: &V, ttl: Option<Duration>) -> bool {
        let key = self.store.key(key);
        let (deadline, now) = self.clock.deadline(ttl);
        let value = value.keep();
        let mut shard = self.lock_with_room(&key, &value, now);
        self.flights.overtake(self.shard_of(&key), key.bytes());
        self.write(&mut shard, &key, value, deadline, now)
    }

    /// Locks the shard of a key where a value is to be written.
    fn lock_with_room(
        &self,
        key: &Key<'_>,
        value: &NewValue<'_, V::Object>,
        now: Millis,
    ) -> MutexGuard<'_, Shard<V::Object>> {
        let bytes = match value {
            NewValue::Bytes(bytes) => bytes.len(),
            NewValue::Large(bytes) => bytes.len(),
            NewValue::Object(object) => object.bytes(),
        };
        let mut shard = self.store.lock_for(key);
        if bytes > LARGE_BYTES {
            for _ in 0..PARTS_MAX {
                if shard.prepare(bytes, ITEMS_PER_PART, now) {
                    break;
                }
                drop(shard);
                // Whoever waits for the lock has it now; a mutex by itself is not that fair.
                thread::yield_now();
                shard = self.store.lock_for(key);
            }
        }
        shard
    }

    /// Writes an item, or removes what is there if that is not possible; whether it is kept.
    fn write(
        &self,
        shard: &mut Shard<V::Object>,
        key: &Key<'_>,
        value: NewValue<'_, V::Object>,
        deadline: Deadline,
        now: Millis,
    ) -> bool {
        let is_kept = deadline != Deadline::At(now) && shard.set(key, value, deadline, now).is_ok();
        if !is_kept {
            shard.remove(key, now);
        }
        if self.clock.is_needed() {
            shard.tick(now, EXPIRED_PER_WRITE);
        }
        is_kept
    }
}

impl<V: Value> Clone for Cache<V> {
    /// Another handle of the same cache.
    fn clone(&self) -> Cache<V> {
        Cache { inner: Arc::clone(&self.inner) }
    }
}

impl<V: Value> fmt::Debug for Cache<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Statistics { items, used_bytes, max_bytes, .. } = self.statistics();
        formatter
            .debug_struct("Cache")
            .field("items", &items)
            .field("used_bytes", &used_bytes)
            .field("max_bytes", &max_bytes)
            .finish()
    }
}
