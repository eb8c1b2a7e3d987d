//! Keys that come from an origin: which are being fetched, which it has not, and until when those that
//! it gave are fresh.
//!
//! Everything is decided under the lock of the key's shard. A read that finds nothing begins a fill or joins
//! the one that runs, and waits; there is never more than one per key. A write or a removal of the key by
//! a client meanwhile overtakes the fill: what it brings is dropped, and who still waits begins another.
//! While there is no source, a read costs one look at a flag, and a write one at a counter.

mod by_hash;
mod command;
mod entry;
mod finish;
mod known;
mod reads;
mod table;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use crate::store::{Key, Millis};

pub(super) use command::TABLE;
pub use entry::Failure;
pub use finish::{Fetched, Terms};
pub use known::{Fresh, Validator};
pub(super) use reads::prepare;
use table::{Table, TableLimits};

/// Most keys of which it is remembered that the origin has them not, or failed.
const ANSWERS_LIMIT: usize = 1 << 18;
/// Bytes of what is remembered of keys, until [`Fills::set_bytes_max`] says otherwise.
const BYTES_MAX: usize = 64 << 20;

/// Fetches keys.
pub trait Source: Send + Sync {
    /// Begins to fetch a key, for [`Keyspace::finish`](super::Keyspace::finish) to end. Runs under
    /// the lock of the key's shard: short, and without taking another one.
    fn begin(&self, request: &FillRequest<'_>, now: Millis) -> Begun;
}

/// A key that is to be fetched.
#[derive(Clone, Copy, Debug)]
pub struct FillRequest<'a> {
    /// What is wanted.
    pub key: &'a [u8],
    /// Of the fill.
    pub id: u64,
    /// Who waits for it.
    pub urgency: Urgency,
    /// Of the value that is there: [`Fetched::Unchanged`] if the origin still has that.
    pub validator: Option<&'a Validator>,
}

/// Who waits for a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A command, for this one.
    Now,
    /// Nobody yet, or a command that has others to wait for: some room is left to those who are urgent.
    Later,
}

/// What came of an attempt to begin a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The key is the clients' own.
    NoRule,
    /// It may not be begun now.
    Refused(Failure),
    /// It is under way, and it would be a fault if it had not ended by then.
    Until(Millis),
}

/// What happened, since the start.
#[derive(Debug, Default)]
pub struct FillCounts {
    /// Reads that were given what was not fresh any more.
    pub stale: AtomicU64,
    /// Fills whose key a client changed meanwhile.
    pub overtaken: AtomicU64,
    /// Fills of what was still fresh.
    pub early: AtomicU64,
    /// Values that are kept only while they are fresh, because there was no room to remember more of them.
    pub forgotten: AtomicU64,
}

impl FillCounts {
    pub(crate) fn reset(&self) {
        let FillCounts { stale, overtaken, early, forgotten } = self;
        for count in [stale, overtaken, early, forgotten] {
            count.store(0, Ordering::Relaxed);
        }
    }
}

/// The fills of all shards.
pub struct Fills {
    is_on: AtomicBool,
    /// There has been a source: items that it gave may be there still.
    was_on: AtomicBool,
    source: RwLock<Option<Arc<dyn Source>>>,
    last_id: AtomicU64,
    /// Of what is remembered, all shards together.
    bytes_max: AtomicUsize,
    shards: Box<[ShardFills]>,
    /// What has happened so far.
    pub counts: FillCounts,
}

/// Changed only while the shard itself is locked, but for [`Fills::flushed`].
#[derive(Debug, Default)]
struct ShardFills {
    /// As many as `table` has entries.
    entries: AtomicUsize,
    /// As many as `table` takes.
    bytes: AtomicUsize,
    table: Mutex<Table>,
}

impl Fills {
    pub(super) fn new(shards: usize) -> Fills {
        Fills {
            is_on: AtomicBool::new(false),
            was_on: AtomicBool::new(false),
            source: RwLock::new(None),
            last_id: AtomicU64::new(0),
            bytes_max: AtomicUsize::new(BYTES_MAX),
            shards: (0..shards).map(|_| ShardFills::default()).collect(),
            counts: FillCounts::default(),
        }
    }

    /// Where keys come from, from now on; `None` for nowhere. Fills that run end as they would.
    pub fn set_source(&self, source: Option<Arc<dyn Source>>) {
        let is_on = source.is_some();
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = source;
        self.was_on.fetch_or(is_on, Ordering::SeqCst);
        self.is_on.store(is_on, Ordering::SeqCst);
    }

    /// How many bytes what is remembered of keys may take. What the origin gives beyond that is kept only
    /// while it is fresh.
    pub fn set_bytes_max(&self, bytes: usize) {
        self.bytes_max.store(bytes, Ordering::Relaxed);
    }

    /// Of one shard's table.
    fn limits(&self) -> TableLimits {
        let of_one = |all: usize| (all / self.shards.len().max(1)).max(1);
        TableLimits {
            answers: of_one(ANSWERS_LIMIT),
            bytes: of_one(self.bytes_max.load(Ordering::Relaxed)),
        }
    }

    /// Whether there is a source.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Whether something may be remembered of keys.
    #[inline]
    pub(crate) fn was_on(&self) -> bool {
        self.was_on.load(Ordering::Relaxed)
    }

    /// Keys of which something is remembered.
    pub fn entries(&self) -> usize {
        self.shards.iter().map(|shard| shard.entries.load(Ordering::Relaxed)).sum()
    }

    /// Memory for that, and its limit.
    pub fn bytes(&self) -> (usize, usize) {
        let bytes = self.shards.iter().map(|shard| shard.bytes.load(Ordering::Relaxed)).sum();
        (bytes, self.bytes_max.load(Ordering::Relaxed))
    }

    /// A key of a locked shard has been changed by a client.
    #[inline]
    pub(super) fn changed(&self, shard: usize, hash: u64) {
        let Some(shard) = self.shards.get(shard) else { return };
        if shard.entries.load(Ordering::Relaxed) > 0 {
            shard.with(|table| table.changed(hash));
        }
    }

    /// An item of a locked shard has left by itself. A fill that runs goes on.
    #[inline]
    pub(crate) fn left(&self, shard: usize, key: &Key<'_>) {
        let Some(shard) = self.shards.get(shard) else { return };
        if shard.entries.load(Ordering::Relaxed) > 0 {
            shard.with(|table| table.left(key.hash()));
        }
    }

    /// All keys are about to be removed: what runs now is not to be kept.
    pub(super) fn flushed(&self) {
        for shard in &self.shards {
            // A large table takes a while to go.
            drop(shard.with(std::mem::take));
        }
    }
}

impl ShardFills {
    fn with<R>(&self, change: impl FnOnce(&mut Table) -> R) -> R {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut table);
        self.entries.store(table.len(), Ordering::Relaxed);
        self.bytes.store(table.bytes(), Ordering::Relaxed);
        result
    }
}

impl std::fmt::Debug for Fills {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Fills").field("entries", &self.entries()).finish_non_exhaustive()
    }
}
