//! One shard: a map of its own under a lock of its own.

mod boxed;
mod change;
mod settings;
mod slots;
mod write;

use std::sync::Arc;

use super::{
    Gone, Item, Key, Listener, Mark, Millis, Payload, Policy, Seed, ValueRef,
    boxes::Boxes,
    eviction::{Ghost, Hands},
    expiry::{Term, Wheel},
    garbage::Garbage,
    index::{Cell, FREQUENCY_MAX, Index},
    log::{Kind, Log, Place, Record},
    marks::Marks,
};
use bytes::BytesMut;
use slots::SlotCounts;

/// A part of the store. All methods take the time; an item whose deadline has come is not there,
/// whether or not its memory was given back yet.
pub struct Shard<O> {
    pub(super) index: Index,
    pub(super) log: Log,
    pub(super) boxes: Boxes<O>,
    pub(super) wheel: Wheel,
    pub(super) ghost: Ghost,
    pub(super) hands: Hands,
    pub(super) garbage: Garbage<O>,
    /// The round that was given out last.
    pub(super) rounds: u8,
    /// Items with a deadline.
    pub(super) volatile: usize,
    pub(super) slots: SlotCounts,
    pub(super) seed: Seed,
    pub(super) max_bytes: usize,
    pub(super) policy: Policy,
    listener: Option<Listener>,
    pub(super) counters: Counters,
    pub(super) peak_bytes: usize,
    /// For strings that are edited.
    scratch: BytesMut,
}

/// What an item takes of the index, about.
const INDEX_ENTRY_BYTES: usize = 14;
/// What its deadline takes of the wheel.
const WHEEL_ENTRY_BYTES: usize = 5;

/// What a shard counts up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) expired: u64,
    pub(super) evicted: u64,
    pub(super) refused: u64,
}

/// An item that was found. Valid until the shard is next changed.
#[derive(Clone, Copy, Debug)]
struct Found {
    cell: Cell,
    place: Place,
}

impl<O: Payload> Shard<O> {
    /// A shard of its own, with a cap in bytes; 0 is none.
    pub fn new(max_bytes: usize, policy: Policy, seed: Seed) -> Shard<O> {
        Shard::among(1, max_bytes, policy, seed)
    }

    /// One of `shards` shards, a power of two, between which the slots are divided by their lowest
    /// bits.
    pub(super) fn among(shards: usize, max_bytes: usize, policy: Policy, seed: Seed) -> Shard<O> {
        Shard {
            index: Index::new(),
            log: Log::new(max_bytes, Arc::new(Marks::new())),
            boxes: Boxes::new(),
            wheel: Wheel::new(),
            ghost: Ghost::default(),
            hands: Hands::default(),
            garbage: Garbage::new(),
            rounds: 0,
            volatile: 0,
            slots: if seed.has_slots() { SlotCounts::new(shards) } else { SlotCounts::none() },
            seed,
            max_bytes,
            policy,
            listener: None,
            counters: Counters::default(),
            peak_bytes: 0,
            scratch: BytesMut::new(),
        }
    }

    /// The item of a key. Counts a hit, for the statistics and for the eviction, or a miss.
    #[inline]
    pub fn find(&mut self, key: &Key<'_>, now: Millis) -> Option<Item<'_, O>> {
        let Some(found) = self.locate(key, now) else {
            self.counters.misses += 1;
            return None;
        };
        self.counters.hits += 1;
        let frequency = self.index.touch(found.cell);
        Some(self.item_of(self.log.record(found.place), frequency))
    }

    /// What `then` makes of the item of a key. As [`Shard::find`], and costs less.
    #[inline]
    pub fn find_with<R>(
        &mut self,
        key: &Key<'_>,
        now: Millis,
        then: impl FnOnce(Item<'_, O>) -> R,
    ) -> Option<R> {
        let log = &self.log;
        let hit = self.index.hit(key.hash(), |place| {
            let record = log.record_and_value(place);
            (record.key == key.bytes()).then_some(record)
        });
        match hit {
            Some((frequency, record)) if !record.is_expired(now) => {
                self.counters.hits += 1;
                return Some(then(self.item_of(record, frequency)));
            }
            Some(_) => self.expire(key, now),
            None => {}
        }
        self.counters.misses += 1;
        None
    }

    /// Removes an item that has expired.
    #[cold]
    fn expire(&mut self, key: &Key<'_>, now: Millis) {
        let left = self.locate(key, now);
        debug_assert!(left.is_none(), "an item that has expired is found");
    }

    /// The item of a key, without a trace that it was asked for.
    pub fn peek(&self, key: &Key<'_>, now: Millis) -> Option<Item<'_, O>> {
        let (cell, record) = self.lookup(key)?;
        (!record.is_expired(now)).then(|| self.item(record, cell))
    }

    /// The item of a key as [`Shard::peek`] gives it, with what [`Store::is_current`] has to be asked
    /// before a copy of it is used.
    ///
    /// [`Store::is_current`]: super::Store::is_current
    pub fn peek_marked(&self, key: &Key<'_>, now: Millis) -> Option<(Item<'_, O>, Mark)> {
        let (cell, place) = self.index.find(key.hash(), |place| {
            (self.log.record(place).key == key.bytes()).then_some(place)
        })?;
        let record = self.log.record(place);
        let mark = self.log.marks().of(place);
        (!record.is_expired(now)).then(|| (self.item(record, cell), mark))
    }

    /// Sets how often an item was asked for of late, which decides how long it stays; up to 3.
    pub fn set_frequency(&mut self, key: &Key<'_>, frequency: u8) {
        let found = self.lookup(key).map(|(cell, _)| cell);
        if let Some(cell) = found {
            let place = self.index.entry(cell).place();
            self.index.update(cell, place, frequency.min(FREQUENCY_MAX));
        }
    }

    /// Bytes of memory that an item takes: its record, what it holds outside of the log, its places in
    /// the index and the wheel.
    pub fn weight(&self, key: &Key<'_>, now: Millis) -> Option<usize> {
        let (_, record) = self.lookup(key)?;
        let wheel = if record.deadline().is_some() { WHEEL_ENTRY_BYTES } else { 0 };
        let weight = record.len + self.boxes.weight(&record) + INDEX_ENTRY_BYTES + wheel;
        (!record.is_expired(now)).then_some(weight)
    }

    /// Hands out items from where `cursor` points, at least `count` of them unless the end comes
    /// first; 0 begins, and 0 comes back at the end. An item that is there from the first call to
    /// the last is handed out at least once, however much the shard grows or shrinks meanwhile.
    pub fn scan(
        &self,
        cursor: u64,
        count: usize,
        now: Millis,
        mut each: impl FnMut(Item<'_, O>),
    ) -> u64 {
        let mut cursor = cursor;
        let mut seen = 0;
        // Buckets can be empty: few of them are, but a call must end for any cursor.
        for _ in 0..count.max(1).saturating_mul(10) {
            cursor = self.index.scan(cursor, |entry| {
                let record = self.log.record(entry.place());
                seen += 1;
                if !record.is_expired(now) {
                    each(self.item_of(record, entry.frequency()));
                }
            });
            if cursor == 0 || seen >= count {
                break;
            }
        }
        cursor
    }

    /// Counts up when the shard shrinks: a walk by [`Shard::scan`] that finds the same number before and
    /// after is given no item twice.
    pub fn joins(&self) -> u64 {
        self.index.joins()
    }

    /// Any item; `number` is the chance.
    pub fn random(&self, number: u64, now: Millis) -> Option<Item<'_, O>> {
        self.index.random(number, |entry| {
            let record = self.log.record(entry.place());
            (!record.is_expired(now)).then(|| self.item_of(record, entry.frequency()))
        })
    }

    /// Begins to load what a look for this key's index entry will read.
    #[inline]
    pub fn prefetch_entry(&self, hash: u64) {
        self.index.prefetch(hash);
    }

    /// Begins to load the record that the key's index entry leads to. Best when that entry has been
    /// loaded.
    #[inline]
    pub fn prefetch_record(&self, hash: u64) {
        if let Some(place) = self.index.guess(hash) {
            self.log.prefetch(place);
        }
    }

    /// Items, those included that have expired and were not met yet.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is no item, as [`Shard::len`] counts them.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Items of one slot, as [`Shard::len`] counts them.
    pub fn len_of_slot(&self, slot: u16) -> usize {
        self.slots.get(slot)
    }

    /// Where the item of a key is. One that has expired is removed.
    #[inline]
    fn locate(&mut self, key: &Key<'_>, now: Millis) -> Option<Found> {
        let (cell, (place, is_expired)) = self.index.find(key.hash(), |place| {
            let record = self.log.record_and_value(place);
            (record.key == key.bytes()).then(|| (place, record.is_expired(now)))
        })?;
        if is_expired {
            self.leave(cell, place, Gone::Expired);
            self.release_if_spent(place.segment());
            return None;
        }
        Some(Found { cell, place })
    }

    fn lookup(&self, key: &Key<'_>) -> Option<(Cell, Record<'_>)> {
        self.index.find(key.hash(), |place| {
            let record = self.log.record(place);
            (record.key == key.bytes()).then_some(record)
        })
    }

    fn item<'a>(&'a self, record: Record<'a>, cell: Cell) -> Item<'a, O> {
        self.item_of(record, self.index.entry(cell).frequency())
    }

    #[inline]
    fn item_of<'a>(&'a self, record: Record<'a>, frequency: u8) -> Item<'a, O> {
        let value = match record.kind() {
            Kind::Inline => ValueRef::Bytes(record.value),
            Kind::Large | Kind::Object => self.boxed(&record),
        };
        Item { key: record.key, value, deadline: record.deadline(), frequency }
    }

    fn term(&self, place: Place) -> Term {
        let record = self.log.record(place);
        Term { deadline: record.deadline(), round: record.round() }
    }
}
