//! Fetches under way: one per key, whoever else wants the key waits for it.
//!
//! The table of a shard changes only while that shard is locked. So a miss and the begin of its fetch
//! are one step, and so are the end of a fetch and the write of what it brought: a fetch that the table
//! no longer has was overtaken by a write, and brings nothing into the cache.

use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

use super::FetchError;

/// How a fetch has ended, for those who wait.
#[derive(Clone, Debug)]
pub(super) enum Landing<V> {
    Value(V),
    Failed(FetchError),
    /// Whoever fetched has gone: another one has to.
    Abandoned,
}

/// A fetch, and those who wait for it: tasks and threads.
#[derive(Debug)]
pub(super) struct Flight<V> {
    /// `None` while it is under way.
    landing: Mutex<Option<Landing<V>>>,
    threads: Condvar,
    tasks: Notify,
}

impl<V: Clone> Flight<V> {
    fn new() -> Flight<V> {
        Flight { landing: Mutex::new(None), threads: Condvar::new(), tasks: Notify::new() }
    }

    pub(super) fn is_under_way(&self) -> bool {
        locked(&self.landing).is_none()
    }

    /// Ends it. Called once.
    pub(super) fn land(&self, landing: Landing<V>) {
        *locked(&self.landing) = Some(landing);
        self.threads.notify_all();
        self.tasks.notify_waiters();
    }

    /// Waits for the end as a task.
    pub(super) async fn landed(&self) -> Landing<V> {
        let mut told = pin!(self.tasks.notified());
        // From here on nothing is missed: whoever lands later will find this task waiting.
        told.as_mut().enable();
        loop {
            if let Some(landing) = self.landing() {
                return landing;
            }
            told.as_mut().await;
        }
    }

    fn landing(&self) -> Option<Landing<V>> {
        locked(&self.landing).clone()
    }

    /// Waits for the end as a thread.
    pub(super) fn landed_blocking(&self) -> Landing<V> {
        let mut landing = locked(&self.landing);
        loop {
            if let Some(landing) = &*landing {
                return landing.clone();
            }
            landing = self.threads.wait(landing).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The fetches of all shards. Every method is called with the shard in question locked.
#[derive(Debug)]
pub(super) struct Flights<V> {
    shards: Box<[Table<V>]>,
}

type ByKey<V> = HashMap<Box<[u8]>, Arc<Flight<V>>>;

#[derive(Debug)]
struct Table<V> {
    /// Length of the map, so that a write looks no further where nothing is fetched.
    len: AtomicUsize,
    by_key: Mutex<ByKey<V>>,
}

impl<V> Table<V> {
    /// Changes the map and takes note of its length.
    fn change<R>(&self, change: impl FnOnce(&mut ByKey<V>) -> R) -> R {
        let mut by_key = locked(&self.by_key);
        let answer = change(&mut by_key);
        // Ordered by the shard's lock.
        self.len.store(by_key.len(), Ordering::Relaxed);
        answer
    }

    fn is_empty(&self) -> bool {
        self.len.load(Ordering::Relaxed) == 0
    }
}

impl<V: Clone> Flights<V> {
    pub(super) fn new(shards: usize) -> Flights<V> {
        let table = || Table { len: AtomicUsize::new(0), by_key: Mutex::default() };
        Flights { shards: (0..shards).map(|_| table()).collect() }
    }

    /// The fetch of a key, and whether it is new: the caller's to make.
    pub(super) fn board(&self, shard: usize, key: &[u8]) -> (Arc<Flight<V>>, bool) {
        self.shards[shard].change(|by_key| {
            if let Some(flight) = by_key.get(key) {
                return (Arc::clone(flight), false);
            }
            let flight = Arc::new(Flight::new());
            by_key.insert(key.into(), Arc::clone(&flight));
            (flight, true)
        })
    }

    /// Takes a fetch out of the table at its end; whether it was still there.
    pub(super) fn leave(&self, shard: usize, key: &[u8], flight: &Arc<Flight<V>>) -> bool {
        self.shards[shard].change(|by_key| {
            let is_there = by_key.get(key).is_some_and(|known| Arc::ptr_eq(known, flight));
            is_there && by_key.remove(key).is_some()
        })
    }

    /// The key is written: a fetch of it that is under way keeps those who wait, and nobody else.
    #[inline]
    pub(super) fn overtake(&self, shard: usize, key: &[u8]) {
        if !self.shards[shard].is_empty() {
            self.shards[shard].change(|by_key| by_key.remove(key));
        }
    }

    /// As [`Flights::overtake`], for all keys of a shard that match.
    pub(super) fn overtake_where(&self, shard: usize, matches: impl Fn(&[u8]) -> bool) {
        if !self.shards[shard].is_empty() {
            self.shards[shard].change(|by_key| by_key.retain(|key, _| !matches(key)));
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
