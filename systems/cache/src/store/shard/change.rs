//! Changing items where they are: strings, collections, deadlines.

use bytes::{Bytes, BytesMut};

use super::{Found, Shard};
use crate::store::{
    Deadline, Full, Key, Millis, NewValue, Payload,
    eviction::{Need, PACE_RECORDS},
    log::{Kind, Queue, record_len},
};

/// A buffer for edited strings that has become longer is not kept.
const SCRATCH_BYTES_MAX: usize = 64 << 10;

impl<O: Payload> Shard<O> {
    /// Changes the bytes of a string in place; `None` when there is none of this key (it may have
    /// been evicted to make room) or a collection. The deadline stays. `extra` is how many bytes
    /// `change` may add.
    ///
    /// # Errors
    /// [`Full`], before `change` runs.
    pub fn edit<R>(
        &mut self,
        key: &Key<'_>,
        extra: usize,
        now: Millis,
        change: impl FnOnce(&mut BytesMut) -> R,
    ) -> Result<Option<R>, Full> {
        let Some(mut found) = self.locate(key, now) else { return Ok(None) };
        self.index.touch(found.cell);
        if extra > 0 {
            let Some(again) = self.make_space_to_grow(key, found, extra, now)? else {
                return Ok(None);
            };
            found = again;
        }
        let record = self.log.record(found.place);
        match record.kind() {
            Kind::Object => Ok(None),
            Kind::Inline => Ok(Some(self.edit_inline(key, found, now, change))),
            Kind::Large => Ok(self.edit_large(found, record.handle(), now, change)),
        }
    }

    /// Makes room for a string that grows; it, unless it had to leave for it.
    fn make_space_to_grow(
        &mut self,
        key: &Key<'_>,
        found: Found,
        extra: usize,
        now: Millis,
    ) -> Result<Option<Found>, Full> {
        let record = self.log.record(found.place);
        let (inside, outside) = match record.kind() {
            Kind::Object => return Ok(Some(found)),
            Kind::Large if self.boxes.has_room(record.handle(), extra) => (0, 0),
            // The buffer is copied for one twice as long.
            Kind::Large => (0, 2 * (self.boxes.weight(&record) + extra)),
            Kind::Inline => self.weigh_string(record.value.len() + extra),
        };
        let record = record_len(key.bytes().len(), inside, record.is_timed());
        let queue = self.log.queue_of(found.place.segment());
        self.make_space(&Need { queue, record, outside }, now)?;
        Ok(self.locate(key, now))
    }

    fn edit_inline<R>(
        &mut self,
        key: &Key<'_>,
        found: Found,
        now: Millis,
        change: impl FnOnce(&mut BytesMut) -> R,
    ) -> R {
        let mut buffer = std::mem::take(&mut self.scratch);
        let value = self.log.record(found.place).value;
        let len = value.len();
        buffer.clear();
        buffer.extend_from_slice(value);
        let answer = change(&mut buffer);
        if buffer.len() == len {
            self.log.write_value(found.place, Kind::Inline, &buffer);
        } else {
            let queue = self.log.queue_of(found.place.segment());
            self.put(key, Some(found), NewValue::Bytes(&buffer), Deadline::Keep, queue, now);
        }
        if buffer.capacity() <= SCRATCH_BYTES_MAX {
            self.scratch = buffer;
        }
        answer
    }

    fn edit_large<R>(
        &mut self,
        found: Found,
        handle: u32,
        now: Millis,
        change: impl FnOnce(&mut BytesMut) -> R,
    ) -> Option<R> {
        let before = self.boxes.weight(&self.log.record(found.place));
        let bytes = self.boxes.remove_large(handle)?;
        // Copied only while a reply with these bytes is on its way.
        let mut buffer = bytes.try_into_mut().unwrap_or_else(|bytes| BytesMut::from(&bytes[..]));
        let answer = change(&mut buffer);
        let capacity = buffer.capacity();
        let handle = self.boxes.add_large(Bytes::from(buffer), capacity);
        self.log.write_value(found.place, Kind::Large, &handle.to_le_bytes());
        let after = self.boxes.weight(&self.log.record(found.place));
        self.log.reweigh(found.place, before, after);
        self.settle(now, PACE_RECORDS);
        Some(answer)
    }

    /// Changes a collection; `None` when there is none of this key (or a string). It is counted
    /// anew afterwards, and removed when it is empty.
    pub fn object_mut<R>(
        &mut self,
        key: &Key<'_>,
        now: Millis,
        change: impl FnOnce(&mut O) -> R,
    ) -> Option<R> {
        let found = self.locate(key, now)?;
        let record = self.log.record(found.place);
        if record.kind() != Kind::Object {
            return None;
        }
        self.index.touch(found.cell);
        let handle = record.handle();
        let before = self.boxes.weight(&record);
        let answer = self.boxes.change_object(handle, change)?;
        let after = self.boxes.weight(&self.log.record(found.place));
        self.log.reweigh(found.place, before, after);
        if self.boxes.object(handle).is_some_and(O::is_empty) {
            self.discard(key, found, now);
        } else if after > before {
            self.settle(now, PACE_RECORDS);
        }
        Some(answer)
    }

    /// Makes room for bytes that a collection is about to grow by. Any item may leave, the collection
    /// as well.
    ///
    /// # Errors
    /// [`Full`].
    pub fn make_room(&mut self, bytes: usize, now: Millis) -> Result<(), Full> {
        self.make_space(&Need { queue: Queue::Main, record: 0, outside: bytes }, now)
    }

    /// Changes when an item expires; whether there is one. Where this makes a record longer it may
    /// take a segment over the cap, which the next writes free.
    pub fn set_deadline(&mut self, key: &Key<'_>, deadline: Deadline, now: Millis) -> bool {
        let Some(found) = self.locate(key, now) else { return false };
        match deadline {
            Deadline::At(at) if !self.log.record(found.place).is_timed() => {
                self.lengthen(key, found, at, now);
            }
            _ => self.write_term(key.hash(), found.place, deadline, now),
        }
        true
    }
}
