//! Keys that come from an origin: which are being fetched, which it has not, and until when those that
//! it gave are fresh.
//!
//! Everything is decided under the lock of the key's shard. A read that finds nothing begins a fill or joins
//! the one that runs, and waits; there is never more than one per key. A write or a removal of the key by
//! a client meanwhile overtakes the fill: what it brings is dropped, and who still waits begins another.
//! While there is no source, a read costs one look at a flag, and a write one at a counter.

mod command;
mod entry;
mod finish;
mod table;
#[cfg(test)]
mod tests;

use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use super::{call::Block, error::Error, held::Held};
use crate::store::{Key, Millis};

pub(super) use command::TABLE;
use entry::{Entry, Fill};
pub use entry::{Failure, Fresh};
pub use finish::Fetched;
use table::Table;

/// Most keys of which it is known until when they are fresh. What the origin gives beyond that is kept only
/// while it is fresh.
const FRESH_LIMIT: usize = 1 << 20;
/// Most keys of which it is remembered that the origin has them not, or failed.
const ANSWERS_LIMIT: usize = 1 << 18;

/// Most keys of a command that waits for some of them: it looks at all of them each time that one has come.
const KEYS_LIMIT: usize = 1 << 10;

/// Fetches keys.
pub trait Source: Send + Sync {
    /// Begins to fetch a key, for [`Keyspace::finish`](super::Keyspace::finish) to end. Runs under
    /// the lock of the key's shard: short, and without taking another one.
    fn begin(&self, key: &[u8], id: u64, urgency: Urgency, now: Millis) -> Begun;
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
}

impl FillCounts {
    pub(crate) fn reset(&self) {
        for count in [&self.stale, &self.overtaken] {
            count.store(0, Ordering::Relaxed);
        }
    }
}

/// The fills of all shards.
pub struct Fills {
    is_on: AtomicBool,
    source: RwLock<Option<Arc<dyn Source>>>,
    last_id: AtomicU64,
    shards: Box<[ShardFills]>,
    pub counts: FillCounts,
}

/// Changed only while the shard itself is locked, but for [`Fills::flushed`].
#[derive(Debug, Default)]
struct ShardFills {
    /// As many as `table` has entries.
    entries: AtomicUsize,
    table: Mutex<Table>,
}

/// What a read of one key has to do first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Nothing: what is there is served, or that nothing is.
    Ready,
    Wait {
        until: Millis,
        is_new: bool,
    },
    Refused(Failure),
}

impl Fills {
    pub(super) fn new(shards: usize) -> Fills {
        Fills {
            is_on: AtomicBool::new(false),
            source: RwLock::new(None),
            last_id: AtomicU64::new(0),
            shards: (0..shards).map(|_| ShardFills::default()).collect(),
            counts: FillCounts::default(),
        }
    }

    /// Where keys come from, from now on; `None` for nowhere. Fills that run end as they would.
    pub fn set_source(&self, source: Option<Arc<dyn Source>>) {
        let is_on = source.is_some();
        *self.source.write().unwrap_or_else(PoisonError::into_inner) = source;
        self.is_on.store(is_on, Ordering::SeqCst);
    }

    #[inline]
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Keys of which something is remembered.
    pub fn entries(&self) -> usize {
        self.shards.iter().map(|shard| shard.entries.load(Ordering::Relaxed)).sum()
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

    fn begin(&self, key: &Key<'_>, urgency: Urgency, now: Millis) -> (u64, Begun) {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let source = self.source.read().unwrap_or_else(PoisonError::into_inner);
        let begun = source
            .as_ref()
            .map_or(Begun::NoRule, |source| source.begin(key.bytes(), id, urgency, now));
        (id, begun)
    }

    /// What a read of a key has to do, whose shard is locked.
    fn step(
        &self,
        shard: usize,
        key: &Key<'_>,
        exists: bool,
        urgency: Urgency,
        now: Millis,
    ) -> Step {
        let Some(shard) = self.shards.get(shard) else { return Step::Ready };
        shard.with(|table| {
            let entry = table.get(key.hash());
            match entry.fresh {
                // It has come from a client, or is fresh.
                _ if exists && entry.fresh.is_none_or(|fresh| now < fresh.until) => Step::Ready,
                Some(fresh) if exists => {
                    self.counts.stale.fetch_add(1, Ordering::Relaxed);
                    let is_served = now < fresh.served_until;
                    let urgency = if is_served { Urgency::Later } else { urgency };
                    match self.fill(table, entry, key, urgency, now) {
                        Step::Wait { .. } if is_served => Step::Ready,
                        // Better than an error.
                        Step::Refused(_) => Step::Ready,
                        step => step,
                    }
                }
                _ => self.fill(table, entry, key, urgency, now),
            }
        })
    }

    /// Joins the fill that runs, gives the answer that the last one had, or begins one.
    fn fill(
        &self,
        table: &mut Table,
        entry: Entry,
        key: &Key<'_>,
        urgency: Urgency,
        now: Millis,
    ) -> Step {
        match entry.fill {
            Fill::Running { until, .. } if now < until => Step::Wait { until, is_new: false },
            Fill::Failed { until, why } if now < until => Step::Refused(why),
            Fill::Absent { until } if now < until => Step::Ready,
            // One that runs for too long is a lost one.
            Fill::None | Fill::Running { .. } | Fill::Failed { .. } | Fill::Absent { .. } => {
                let (id, begun) = self.begin(key, urgency, now);
                match begun {
                    Begun::NoRule => Step::Ready,
                    Begun::Refused(why) => Step::Refused(why),
                    Begun::Until(until) => {
                        let fill = Fill::Running { id, until, is_overtaken: false };
                        table.put(key.hash(), Entry { fill, ..entry });
                        Step::Wait { until, is_new: true }
                    }
                }
            }
        }
    }

    /// Begins to fetch a key whatever is there; whether it is being fetched now.
    fn fetch(&self, shard: usize, key: &Key<'_>, now: Millis) -> Result<bool, Failure> {
        let Some(shard) = self.shards.get(shard) else { return Ok(false) };
        shard.with(|table| {
            let entry = table.get(key.hash());
            let fill = match entry.fill {
                running @ Fill::Running { .. } => running,
                _ => Fill::None,
            };
            match self.fill(table, Entry { fill, ..entry }, key, Urgency::Now, now) {
                Step::Ready | Step::Refused(Failure::Busy) => Ok(false),
                Step::Wait { .. } => Ok(true),
                Step::Refused(why) => Err(why),
            }
        })
    }
}

impl ShardFills {
    fn with<R>(&self, change: impl FnOnce(&mut Table) -> R) -> R {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut table);
        self.entries.store(table.len(), Ordering::Relaxed);
        result
    }
}

impl std::fmt::Debug for Fills {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Fills").field("entries", &self.entries()).finish_non_exhaustive()
    }
}

/// Before a command reads keys, whose shards are locked: whether it has to wait for some of them.
///
/// # Errors
/// When one cannot be fetched.
pub(super) fn prepare(
    held: &mut Held<'_>,
    keys: &[Key<'_>],
    mut urgency: Urgency,
    now: Millis,
) -> Result<Option<Block>, Error> {
    let fills = held.fills();
    let (mut wait, mut is_busy) = (None, false);
    for key in keys {
        let exists = match held.of(key).peek(key, now).map(|item| item.deadline) {
            // A client's: what the origin gives has a deadline.
            Some(None) => continue,
            deadline => deadline.is_some(),
        };
        match fills.step(held.index(key), key, exists, urgency, now) {
            Step::Ready => {}
            Step::Wait { until, is_new } => {
                if keys.len() > KEYS_LIMIT {
                    let text =
                        format!("ORIGIN is asked for {KEYS_LIMIT} keys of one command at most");
                    return Err(Error::Text(text.into()));
                }
                if is_new && !exists {
                    // For the statistics: when the command runs, it finds the key.
                    held.of(key).find(key, now);
                }
                wait = wait.max(Some(until));
                urgency = Urgency::Later;
            }
            // The others of this command make room when they end.
            Step::Refused(Failure::Busy) => is_busy = true,
            Step::Refused(why) => return Err(why.into()),
        }
    }
    match wait {
        Some(until) => Ok(Some(Block { until: Some(until) })),
        None if is_busy => Err(Failure::Busy.into()),
        None => Ok(None),
    }
}
