//! WATCH: who watches which key, and how often a watched key was changed.
//!
//! Exact to the key, but for two keys of one shard whose 64-bit hashes are equal. A key that nobody
//! watches costs a write one load of a counter.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use plimsoll_wire::resp::Command;

use super::{error::Error, held::Held, key_rule::KeyRule};
use crate::store::{Key, Millis};

/// Most keys that one client may watch.
pub const WATCHED_LIMIT: usize = 1 << 16;

/// The watched keys of all shards.
#[derive(Debug)]
pub(super) struct Watches {
    shards: Box<[ShardWatches]>,
}

/// Changed only while the shard itself is locked, but for what leaves it.
#[derive(Debug, Default)]
struct ShardWatches {
    /// As many as `table` has.
    keys: AtomicUsize,
    table: Mutex<HashMap<u64, Watched>>,
}

#[derive(Debug, Default)]
struct Watched {
    watchers: usize,
    changes: u64,
}

impl Watches {
    pub(super) fn new(shards: usize) -> Watches {
        Watches { shards: (0..shards).map(|_| ShardWatches::default()).collect() }
    }

    /// A key of a locked shard has changed.
    #[inline]
    pub(super) fn changed(&self, shard: usize, hash: u64) {
        let Some(shard) = self.shards.get(shard) else { return };
        // A watcher has counted itself under the lock that the caller holds.
        if shard.keys.load(Ordering::Relaxed) == 0 {
            return;
        }
        shard.with(|table| {
            if let Some(watched) = table.get_mut(&hash) {
                watched.changes += 1;
            }
        });
    }
}

impl ShardWatches {
    fn with<R>(&self, change: impl FnOnce(&mut HashMap<u64, Watched>) -> R) -> R {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut table);
        self.keys.store(table.len(), Ordering::Relaxed);
        result
    }

    fn changes(&self, hash: u64) -> Option<u64> {
        self.with(|table| table.get(&hash).map(|watched| watched.changes))
    }
}

/// The keys that one client watches; no longer when it is dropped.
#[derive(Debug)]
pub struct Watching {
    watches: Arc<Watches>,
    keys: Vec<WatchedKey>,
}

#[derive(Debug)]
struct WatchedKey {
    key: Box<[u8]>,
    shard: usize,
    hash: u64,
    changes: u64,
    existed: bool,
}

impl Watching {
    pub(super) fn new(watches: Arc<Watches>) -> Watching {
        Watching { watches, keys: Vec::new() }
    }

    /// Watches the keys of a WATCH as well, whose shards are locked.
    pub(super) fn watch(
        &mut self,
        command: Command<'_>,
        held: &mut Held<'_>,
        now: Millis,
    ) -> Result<(), Error> {
        for place in KeyRule::ALL.places(command) {
            let Some(bytes) = command.get(place) else { break };
            if self.keys.iter().any(|watched| *watched.key == *bytes) {
                continue;
            }
            if self.keys.len() >= WATCHED_LIMIT {
                return Err(Error::text("ERR too many keys are watched"));
            }
            let key = held.store().key(bytes);
            let shard = held.index(&key);
            let existed = held.of(&key).peek(&key, now).is_some();
            self.add(&key, shard, existed);
        }
        Ok(())
    }

    /// Watches a key of the shard of that index, which is locked.
    pub(crate) fn add(&mut self, key: &Key<'_>, shard: usize, existed: bool) {
        let Some(watches) = self.watches.shards.get(shard) else { return };
        let hash = key.hash();
        let changes = watches.with(|table| {
            let watched = table.entry(hash).or_default();
            watched.watchers += 1;
            watched.changes
        });
        self.keys.push(WatchedKey { key: key.bytes().into(), shard, hash, changes, existed });
    }

    /// Whether a command has changed a watched key since. Of those that have left by themselves it
    /// knows nothing.
    pub(crate) fn is_changed(&self) -> bool {
        self.keys.iter().any(|watched| {
            let shard = self.watches.shards.get(watched.shard);
            shard.and_then(|shard| shard.changes(watched.hash)) != Some(watched.changes)
        })
    }

    /// The shards of the watched keys, for locking them.
    pub(super) fn shards(&self) -> impl Iterator<Item = usize> {
        self.keys.iter().map(|watched| watched.shard)
    }

    /// Whether a watched key was changed, or has expired or been evicted since. Their shards are
    /// locked.
    pub(super) fn is_broken(&self, held: &mut Held<'_>, now: Millis) -> bool {
        self.is_changed()
            || self.keys.iter().any(|watched| {
                let key = held.store().key(&watched.key);
                watched.existed && held.of(&key).peek(&key, now).is_none()
            })
    }

    /// Watches nothing any more.
    pub fn clear(&mut self) {
        for watched in self.keys.drain(..) {
            let Some(shard) = self.watches.shards.get(watched.shard) else { continue };
            shard.with(|table| {
                if let Some(entry) = table.get_mut(&watched.hash) {
                    entry.watchers -= 1;
                    if entry.watchers == 0 {
                        table.remove(&watched.hash);
                    }
                }
            });
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.clear();
    }
}
