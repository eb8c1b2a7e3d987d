//! The end of a fill: what came is stored, unless a client was faster.

use std::{
    sync::{MutexGuard, atomic::Ordering},
    thread,
};

use bytes::Bytes;

use super::{
    Fills, ShardFills,
    entry::{Failure, Fill},
    known::{Fresh, Known, Validator},
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
    /// The origin has it.
    Value {
        /// As they are to be stored.
        bytes: Bytes,
        /// How they may be used.
        terms: Terms,
    },
    /// The origin still has what [`super::FillRequest::validator`] stood for.
    Unchanged { terms: Terms },
    /// The origin has no such key, and is not asked again until then.
    Absent { until: Millis },
    /// It is not asked again until then.
    Failed { until: Millis, why: Failure },
}

/// How a value may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Until when it is served as it is.
    pub fresh: Fresh,
    /// When it is dropped, be it fresh or not.
    pub deadline: Millis,
    /// To ask the origin later whether it has changed.
    pub validator: Option<Validator>,
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
        if !place.end(&key, id) {
            self.fills().counts.overtaken.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let (fill, event) = self.take_in(place, &mut shard, &key, fetched, now);
        let limits = self.fills().limits();
        place.with(|table| table.put_answer(key.hash(), fill, now, &limits));
        if let Some((class, event)) = event {
            self.watches_changed(index, &key);
            changes.record(key.bytes(), class, event);
        }
        true
    }

    /// Changes the item as the origin says: what there is of the fill then, and the event that this is. No lock
    /// of a table is held while the shard changes, since what leaves it is told to the table.
    fn take_in(
        &self,
        place: &ShardFills,
        shard: &mut Shard,
        key: &Key<'_>,
        fetched: Fetched,
        now: Millis,
    ) -> (Fill, Option<(EventClass, &'static str)>) {
        match fetched {
            Fetched::Value { bytes, terms } => {
                let (known, deadline) = self.fills().admit(place, key, terms);
                match shard.set(key, NewValue::Large(bytes), Deadline::At(deadline), now) {
                    Ok(_) => {
                        place.with(|table| table.set_known(key.hash(), known));
                        (Fill::None, Some((EventClass::STRING, "set")))
                    }
                    Err(_) => {
                        let until = Millis(now.0.saturating_add(NO_ROOM_MILLIS));
                        (Fill::Failed { until, why: Failure::NoRoom }, None)
                    }
                }
            }
            Fetched::Unchanged { terms } => {
                // Who caches it need not be told. If it has left meanwhile, who wants it begins anew.
                if shard.peek(key, now).is_some() {
                    let (known, deadline) = self.fills().admit(place, key, terms);
                    shard.set_deadline(key, Deadline::At(deadline), now);
                    place.with(|table| table.set_known(key.hash(), known));
                }
                (Fill::None, None)
            }
            Fetched::Absent { until } => {
                let event = shard.remove(key, now).then_some((EventClass::GENERIC, "del"));
                place.with(|table| table.set_known(key.hash(), None));
                (Fill::Absent { until }, event)
            }
            Fetched::Failed { until, why } => (Fill::Failed { until, why }, None),
        }
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

    /// Takes the fill out of its entry; not when it is another one's by now, or a client has overtaken it.
    fn end(&self, key: &Key<'_>, id: u64) -> bool {
        self.with(|table| {
            let Fill::Running { id: running, is_overtaken, .. } = table.get(key.hash()).fill else {
                return false;
            };
            if running != id {
                return false;
            }
            table.set_fill(key.hash(), Fill::None);
            !is_overtaken
        })
    }
}

impl Fills {
    /// What to remember of a value, and when it is to be dropped: where there is no room for more, as soon as it
    /// is no longer fresh.
    fn admit(&self, place: &ShardFills, key: &Key<'_>, terms: Terms) -> (Option<Known>, Millis) {
        let Terms { fresh, deadline, validator } = terms;
        if fresh.until >= deadline && fresh.early_millis == 0 {
            return (None, deadline);
        }
        let known = Known { fresh, validator };
        if place.with(|table| table.has_room(key.hash(), &known, &self.limits())) {
            return (Some(known), deadline);
        }
        self.counts.forgotten.fetch_add(1, Ordering::Relaxed);
        (None, deadline.min(fresh.until))
    }

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
