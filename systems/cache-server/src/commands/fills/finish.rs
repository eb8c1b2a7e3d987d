//! The end of a fill: what came is stored, unless a client was faster.

use std::{
    sync::{MutexGuard, atomic::Ordering},
    thread,
};

use bytes::Bytes;

use super::{
    ANSWERS_LIMIT, FRESH_LIMIT, Fills, ShardFills,
    entry::{Entry, Failure, Fill, Fresh},
};
use crate::{
    commands::{Changes, EventClass, Keyspace},
    store::{Deadline, Key, Millis, NewValue, Shard},
};

/// How long it is remembered that there was no room for what came.
const NO_ROOM_MILLIS: u64 = 1_000;

/// Room for longer values is made in steps, with the lock given up in between.
const AT_ONCE_BYTES: usize = 256 << 10;
/// Items that one step looks at.
const ITEMS_PER_STEP: usize = 1_024;
/// Steps of one fill: others may take the room as it is made.
const STEPS_MAX: usize = 1 << 16;

/// What came of a fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// To be served until `deadline` at the latest.
    Value { bytes: Bytes, fresh: Fresh, deadline: Millis },
    /// The origin has no such key, and is not asked again until then.
    Absent { until: Millis },
    /// It is not asked again until then.
    Failed { until: Millis, why: Failure },
}

impl Keyspace {
    /// Ends a fill that a [`super::Source`] has begun, and locks the key's shard for it. Whether what came
    /// was taken: not when a client has written or removed the key since. Who waits for the key has to
    /// be woken in either case.
    pub fn finish(
        &self,
        key: &[u8],
        id: u64,
        fetched: Fetched,
        now: Millis,
        changes: &mut Changes,
    ) -> bool {
        let key = self.store().key(key);
        let index = self.store().shard_of(key.slot());
        let Some(place) = self.fills().shards.get(index) else { return false };
        let mut shard = match &fetched {
            Fetched::Value { bytes, .. } if bytes.len() > AT_ONCE_BYTES && place.runs(&key, id) => {
                self.lock_with_room(index, bytes.len(), now)
            }
            _ => self.store().lock(index),
        };
        let Some(entry) = place.end(&key, id) else {
            self.fills().counts.overtaken.fetch_add(1, Ordering::Relaxed);
            return false;
        };
        let limit = |all: usize| (all / self.fills().shards.len()).max(1);
        // No lock of a table is held while the shard changes: what leaves it is told to the table.
        let (entry, event) = match fetched {
            Fetched::Value { bytes, fresh, mut deadline } => {
                let mut fresh = Some(fresh).filter(|fresh| fresh.until < deadline);
                if let Some(known) = fresh
                    && place.entries.load(Ordering::Relaxed) >= limit(FRESH_LIMIT)
                {
                    (fresh, deadline) = (None, known.until);
                }
                match shard.set(&key, NewValue::Large(bytes), Deadline::At(deadline), now) {
                    Ok(_) => {
                        let event = (EventClass::STRING, "set");
                        (Entry { fresh, fill: Fill::None }, Some(event))
                    }
                    Err(_) => {
                        let until = Millis(now.0.saturating_add(NO_ROOM_MILLIS));
                        let why = Failure::NoRoom;
                        (Entry { fill: Fill::Failed { until, why }, ..entry }, None)
                    }
                }
            }
            Fetched::Absent { until } => {
                let event = shard.remove(&key, now).then_some((EventClass::GENERIC, "del"));
                (Entry { fresh: None, fill: Fill::Absent { until } }, event)
            }
            Fetched::Failed { until, why } => {
                (Entry { fill: Fill::Failed { until, why }, ..entry }, None)
            }
        };
        place.with(|table| table.put_answer(key.hash(), entry, now, limit(ANSWERS_LIMIT)));
        if let Some((class, event)) = event {
            self.watches_changed(index, &key);
            changes.record(key.bytes(), class, event);
        }
        true
    }
}

impl Keyspace {
    fn lock_with_room(&self, shard: usize, bytes: usize, now: Millis) -> MutexGuard<'_, Shard> {
        for _ in 0..STEPS_MAX {
            let mut locked = self.store().lock(shard);
            if locked.prepare(bytes, ITEMS_PER_STEP, now) {
                return locked;
            }
            drop(locked);
            // Whoever waits for the lock has it now; a mutex by itself is not that fair.
            thread::yield_now();
        }
        self.store().lock(shard)
    }
}

impl ShardFills {
    /// Whether the fill is still wanted. May have changed once the shard is locked.
    fn runs(&self, key: &Key<'_>, id: u64) -> bool {
        let fill = self.with(|table| table.get(key.hash()).fill);
        matches!(fill, Fill::Running { id: running, is_overtaken: false, .. } if running == id)
    }

    /// Takes the fill out of its entry, which is given back; `None` when it is another one's by now, or
    /// a client has overtaken it.
    fn end(&self, key: &Key<'_>, id: u64) -> Option<Entry> {
        self.with(|table| {
            let entry = table.get(key.hash());
            let Fill::Running { id: running, is_overtaken, .. } = entry.fill else { return None };
            if running != id {
                return None;
            }
            let entry = Entry { fill: Fill::None, ..entry };
            table.put(key.hash(), entry);
            (!is_overtaken).then_some(entry)
        })
    }
}

impl Fills {
    /// The time from which a key is no longer fresh, if that is known: before its deadline. Its shard is
    /// locked.
    pub(crate) fn fresh_until(&self, shard: usize, key: &Key<'_>) -> Option<Millis> {
        let shard = self.shards.get(shard)?;
        if shard.entries.load(Ordering::Relaxed) == 0 {
            return None;
        }
        shard.with(|table| table.get(key.hash())).fresh.map(|fresh| fresh.until)
    }
}
