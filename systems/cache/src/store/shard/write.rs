//! Writing items, and the ways in which they leave.

use bytes::Bytes;

use super::{Found, Shard};
use crate::store::{
    Deadline, Full, Gone, Key, Millis, NewValue, OwnedValue, Payload, Stored, Taken,
    eviction::{Need, PACE_RECORDS},
    expiry::Term,
    index::Cell,
    log::{Draft, Kind, Place, Queue, record_len},
};

impl<O: Payload> Shard<O> {
    /// Writes an item. An object that is empty removes the key.
    ///
    /// # Errors
    /// [`Full`]; what was there stays, unless the attempt to make room has evicted it.
    pub fn set(
        &mut self,
        key: &Key<'_>,
        value: NewValue<'_, O>,
        deadline: Deadline,
        now: Millis,
    ) -> Result<Stored, Full> {
        if matches!(&value, NewValue::Object(object) if object.is_empty()) {
            return Ok(if self.remove(key, now) { Stored::Replaced } else { Stored::New });
        }
        let old = self.locate(key, now);
        if let (Some(found), NewValue::Bytes(bytes)) = (old, &value)
            && self.overwrite(key, found, bytes, deadline, now)
        {
            return Ok(Stored::Replaced);
        }
        let need = self.need(key, old, &value, deadline);
        self.make_space(&need, now)?;
        let old = old.and_then(|_| self.locate(key, now));
        Ok(self.put(key, old, value, deadline, need.queue, now))
    }

    /// Writes an item that was taken from another key. It must not be lost, so it is written in any case: it
    /// may take a segment over the cap, which the next writes free. Whoever wants it refused where memory is
    /// full makes room before it is taken.
    pub fn set_taken(&mut self, key: &Key<'_>, taken: Taken<O>, now: Millis) -> Stored {
        let deadline = taken.deadline.map_or(Deadline::None, Deadline::At);
        self.set_in_room(key, NewValue::from(taken.value), deadline, now)
    }

    /// Writes an item that is not empty and for which [`Shard::make_room`] has made room, in any case: it may
    /// take a segment over the cap, which the next writes free.
    pub fn set_in_room(
        &mut self,
        key: &Key<'_>,
        value: NewValue<'_, O>,
        deadline: Deadline,
        now: Millis,
    ) -> Stored {
        let old = self.locate(key, now);
        if let (Some(found), NewValue::Bytes(bytes)) = (old, &value)
            && self.overwrite(key, found, bytes, deadline, now)
        {
            return Stored::Replaced;
        }
        let need = self.need(key, old, &value, deadline);
        self.make_space(&need, now).ok();
        let old = old.and_then(|_| self.locate(key, now));
        self.put(key, old, value, deadline, need.queue, now)
    }

    /// What a value needs that is written in place of what was found.
    fn need(
        &mut self,
        key: &Key<'_>,
        old: Option<Found>,
        value: &NewValue<'_, O>,
        deadline: Deadline,
    ) -> Need {
        let (inside, outside) = self.weigh(value);
        let timed = deadline != Deadline::None;
        let record = record_len(key.bytes().len(), inside, timed);
        let queue = match old {
            Some(found) => self.log.queue_of(found.place.segment()),
            None => self.queue_of_new(key.hash()),
        };
        Need { queue, record, outside }
    }

    /// Overwrites a string with one of the same length; whether that was possible.
    fn overwrite(
        &mut self,
        key: &Key<'_>,
        found: Found,
        bytes: &[u8],
        deadline: Deadline,
        now: Millis,
    ) -> bool {
        let record = self.log.record(found.place);
        let has_room = record.is_timed() || !matches!(deadline, Deadline::At(_));
        if record.kind() != Kind::Inline || record.value.len() != bytes.len() || !has_room {
            return false;
        }
        self.log.write_value(found.place, Kind::Inline, bytes);
        self.index.touch(found.cell);
        self.write_term(key.hash(), found.place, deadline, now);
        true
    }

    /// Changes the deadline of a record that has room for one.
    pub(super) fn write_term(&mut self, hash: u64, place: Place, deadline: Deadline, now: Millis) {
        let old = self.term(place);
        let Some((term, is_new)) = self.term_after(old, deadline) else { return };
        if term != old {
            self.log.write_deadline(place, term.deadline, term.round);
            self.count_volatile(old, term);
        }
        if is_new {
            self.arm(hash, term, now);
        }
    }

    /// The term that a write leads to; `None` when it stays.
    fn term_after(&mut self, old: Term, deadline: Deadline) -> Option<(Term, bool)> {
        match deadline {
            Deadline::Keep => None,
            Deadline::None => Some(self.next_term(old, None)),
            Deadline::At(at) => Some(self.next_term(old, Some(at.min(Millis::MAX)))),
        }
    }

    fn count_volatile(&mut self, old: Term, new: Term) {
        self.volatile -= usize::from(old.deadline.is_some());
        self.volatile += usize::from(new.deadline.is_some());
    }

    /// Appends a record for a key, for which there is room, in place of that at `old`.
    pub(super) fn put(
        &mut self,
        key: &Key<'_>,
        old: Option<Found>,
        value: NewValue<'_, O>,
        deadline: Deadline,
        queue: Queue,
        now: Millis,
    ) -> Stored {
        let old_term = old.map_or(Term::default(), |found| self.term(found.place));
        let (term, is_new) = self.term_after(old_term, deadline).unwrap_or((old_term, false));
        let mut buffer = Bytes::new();
        let (_, outside) = self.weigh(&value);
        let body = self.box_up(value, &mut buffer);
        let draft = Draft {
            kind: body.kind(),
            round: term.round,
            deadline: term.deadline,
            key: key.bytes(),
            value: body.bytes(),
        };
        self.count_volatile(old_term, term);
        let stored = match old {
            Some(found) => {
                let record = self.log.record(found.place);
                let (kind, handle) = (record.kind(), record.handle());
                let old_outside = self.boxes.weight(&record);
                self.supersede(found, old_outside, &draft, outside);
                let old = self.unbox(kind, handle);
                self.throw_away(old);
                Stored::Replaced
            }
            None => {
                let place = self.log.append(queue, &draft, outside);
                self.index.insert(key.hash(), place, 0);
                self.slots.add(key.slot());
                Stored::New
            }
        };
        if is_new {
            self.arm(key.hash(), term, now);
        }
        self.settle(now, PACE_RECORDS);
        stored
    }

    /// Appends a record in place of an older one of its key, which weighed `old_outside` outside of
    /// the log; what is there stays.
    fn supersede(&mut self, old: Found, old_outside: usize, draft: &Draft<'_>, outside: usize) {
        let segment = old.place.segment();
        self.log.kill(old.place, old_outside);
        let place = self.log.append(self.log.queue_of(segment), draft, outside);
        self.index.touch(old.cell);
        self.index.update(old.cell, place, self.index.entry(old.cell).frequency());
        self.release_if_spent(segment);
    }

    /// Replaces a record by one with room for a deadline.
    pub(super) fn lengthen(&mut self, key: &Key<'_>, found: Found, at: Millis, now: Millis) {
        let queue = self.log.queue_of(found.place.segment());
        let record = record_len(key.bytes().len(), self.log.record(found.place).value.len(), true);
        // A deadline is given even where nothing can be written any more.
        self.make_space(&Need { queue, record, outside: 0 }, now).ok();
        let Some(found) = self.locate(key, now) else { return };
        let old = self.term(found.place);
        let (term, is_new) = self.next_term(old, Some(at.min(Millis::MAX)));
        let record = self.log.record(found.place);
        let outside = self.boxes.weight(&record);
        let (kind, value) = (record.kind(), Bytes::copy_from_slice(record.value));
        let (round, deadline) = (term.round, term.deadline);
        let draft = Draft { kind, round, deadline, key: key.bytes(), value: &value };
        self.supersede(found, outside, &draft, outside);
        self.count_volatile(old, term);
        if is_new {
            self.arm(key.hash(), term, now);
        }
        self.settle(now, PACE_RECORDS);
    }

    /// Removes an item; whether there was one.
    pub fn remove(&mut self, key: &Key<'_>, now: Millis) -> bool {
        let Some(found) = self.locate(key, now) else { return false };
        self.discard(key, found, now);
        true
    }

    /// Removes what was found.
    pub(super) fn discard(&mut self, key: &Key<'_>, found: Found, now: Millis) {
        let value = self.detach(found.cell, found.place, key.slot());
        self.throw_away(value);
        self.release_if_spent(found.place.segment());
        self.settle(now, PACE_RECORDS);
    }

    /// Removes an item and hands it out. Large values and collections are moved, not copied.
    pub fn take(&mut self, key: &Key<'_>, now: Millis) -> Option<Taken<O>> {
        let found = self.locate(key, now)?;
        let record = self.log.record(found.place);
        let deadline = record.deadline();
        let inline = match record.kind() {
            Kind::Inline => Bytes::copy_from_slice(record.value),
            Kind::Large | Kind::Object => Bytes::new(),
        };
        let boxed = self.detach(found.cell, found.place, key.slot());
        self.release_if_spent(found.place.segment());
        self.settle(now, PACE_RECORDS);
        Some(Taken { value: boxed.unwrap_or(OwnedValue::Bytes(inline)), deadline })
    }

    /// Removes an item that goes by itself, and tells of it. Its segment stays.
    pub(in crate::store) fn leave(&mut self, cell: Cell, place: Place, why: Gone) {
        match why {
            Gone::Expired => self.counters.expired += 1,
            Gone::Evicted => self.counters.evicted += 1,
        }
        let key = self.log.record(place).key;
        if let Some(listener) = &mut self.listener {
            listener(key, why);
        }
        let slot = self.seed.counted_slot(key);
        let value = self.detach(cell, place, slot);
        self.throw_away(value);
    }

    /// Drops an object that is in no item as one that was: bit by bit when it is large. Until then it
    /// counts under the cap.
    pub fn drop_bit_by_bit(&mut self, object: Box<O>) {
        self.garbage.add_object(object);
    }

    /// Drops what an item had outside of the log, or begins to.
    fn throw_away(&mut self, value: Option<OwnedValue<O>>) {
        if let Some(OwnedValue::Object(object)) = value {
            self.garbage.add_object(object);
        }
    }

    /// Removes an item; what it had outside of the log.
    fn detach(&mut self, cell: Cell, place: Place, slot: u16) -> Option<OwnedValue<O>> {
        let record = self.log.record(place);
        let (kind, handle) = (record.kind(), record.handle());
        let outside = self.boxes.weight(&record);
        self.volatile -= usize::from(record.deadline().is_some());
        self.index.remove(cell);
        self.log.kill(place, outside);
        self.slots.subtract(slot);
        self.unbox(kind, handle)
    }

    pub(in crate::store) fn release_if_spent(&mut self, segment: u32) {
        if self.log.is_spent(segment) {
            self.release(segment);
        }
    }
}
