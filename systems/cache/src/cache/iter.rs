//! What concerns many items: walking over them, and removing those that match.

use std::{thread, vec};

use bytes::Bytes;

use super::{Cache, FREED_PER_PART, Value};

/// Items that one step of a walk looks at, under one hold of a lock.
const STEP: usize = 64;

impl<V: Value> Cache<V> {
    /// Walks over all items, in no order, some at a time: a lock is held for one step and never
    /// between two. An item that is there all the while is met at least once; where others come and go
    /// meanwhile it may be met twice. Leaves no trace in the statistics or the eviction.
    ///
    /// ```
    /// use plimsoll_cache::Cache;
    ///
    /// let cache: Cache<String> = Cache::new(1 << 20);
    /// cache.insert("a", "1".to_owned());
    /// cache.insert("b", "2".to_owned());
    /// let mut items: Vec<_> = cache.iter().collect();
    /// items.sort();
    /// assert_eq!(items, [("a".into(), "1".to_owned()), ("b".into(), "2".to_owned())]);
    /// ```
    pub fn iter(&self) -> Iter<'_, V> {
        Iter { cache: self, cursor: Some(0), step: Vec::new().into_iter() }
    }

    /// Removes all items whose key begins with `prefix`; how many. Looks at every item of the cache.
    /// What fetches of such keys that are under way bring is not kept.
    ///
    /// ```
    /// use plimsoll_cache::Cache;
    ///
    /// let cache: Cache<String> = Cache::new(1 << 20);
    /// for key in ["user:7:name", "user:7:mail", "user:70:name"] {
    ///     cache.insert(key, "value".to_owned());
    /// }
    /// assert_eq!(cache.invalidate_prefix("user:7:"), 2);
    /// assert!(cache.contains("user:70:name"));
    /// ```
    pub fn invalidate_prefix(&self, prefix: impl AsRef<[u8]>) -> usize {
        let prefix = prefix.as_ref();
        self.remove_where(|key| key.starts_with(prefix), |key, _| key.starts_with(prefix))
    }

    /// Removes all items that match; how many. Looks at every item of the cache, step by step as
    /// [`Cache::iter`]; an item that comes meanwhile may stay. What fetches that are under way bring is
    /// not kept, whatever their key, as it cannot be looked at before. `matches` runs under a lock, see
    /// [`Cache`].
    ///
    /// ```
    /// use plimsoll_cache::Cache;
    ///
    /// let cache: Cache<String> = Cache::new(1 << 20);
    /// cache.insert("a", String::new());
    /// cache.insert("b", "something".to_owned());
    /// assert_eq!(cache.invalidate_where(|_, value| value.is_empty()), 1);
    /// assert!(!cache.contains("a") && cache.contains("b"));
    /// ```
    pub fn invalidate_where(&self, matches: impl Fn(&[u8], &V::Borrowed) -> bool) -> usize {
        self.remove_where(|_| true, |key, value| matches(key, value))
    }

    /// Removes all items and frees their memory, some at a time. What fetches that are under way bring is
    /// not kept. The counters stay.
    pub fn clear(&self) {
        for shard in 0..self.inner.store.shards() {
            let mut locked = self.inner.store.lock(shard);
            self.inner.flights.overtake_where(shard, |_| true);
            locked.clear();
            while locked.tidy(FREED_PER_PART) {
                drop(locked);
                thread::yield_now();
                locked = self.inner.store.lock(shard);
            }
        }
    }

    fn remove_where(
        &self,
        fetches: impl Fn(&[u8]) -> bool,
        items: impl Fn(&[u8], &V::Borrowed) -> bool,
    ) -> usize {
        let store = &self.inner.store;
        let mut found: Vec<Box<[u8]>> = Vec::new();
        let mut removed = 0;
        for shard in 0..store.shards() {
            let mut cursor = 0;
            loop {
                let now = self.inner.clock.now();
                let mut locked = store.lock(shard);
                if cursor == 0 {
                    self.inner.flights.overtake_where(shard, &fetches);
                }
                cursor = locked.scan(cursor, STEP, now, |item| {
                    if V::lend(item.value).is_some_and(|value| items(item.key, value)) {
                        found.push(item.key.into());
                    }
                });
                for key in found.drain(..) {
                    removed += usize::from(locked.remove(&store.key(&key), now));
                }
                if cursor == 0 {
                    break;
                }
            }
        }
        removed
    }
}

impl<'c, V: Value> IntoIterator for &'c Cache<V> {
    type Item = (Bytes, V);
    type IntoIter = Iter<'c, V>;

    fn into_iter(self) -> Iter<'c, V> {
        self.iter()
    }
}

/// The items of a [`Cache`]: see [`Cache::iter`].
#[derive(Debug)]
pub struct Iter<'c, V: Value> {
    cache: &'c Cache<V>,
    /// Where the next step begins; `None` behind the last one.
    cursor: Option<u64>,
    step: vec::IntoIter<(Bytes, V)>,
}

impl<V: Value> Iterator for Iter<'_, V> {
    type Item = (Bytes, V);

    fn next(&mut self) -> Option<(Bytes, V)> {
        loop {
            if let Some(item) = self.step.next() {
                return Some(item);
            }
            let cursor = self.cursor?;
            let inner = &self.cache.inner;
            let mut step = Vec::new();
            let next = inner.store.scan(cursor, STEP, inner.clock.now(), |item| {
                let value = V::restore(item.value);
                step.extend(value.map(|value| (Bytes::copy_from_slice(item.key), value)));
            });
            self.cursor = (next != 0).then_some(next);
            self.step = step.into_iter();
        }
    }
}
