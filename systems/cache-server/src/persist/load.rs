//! From a file to the store.

use std::io::Read;

use ::bytes::Bytes;

use super::{
    LoadError, Loaded,
    bytes::Cursor,
    elements,
    format::{Block, Next, Reader},
    item::{Head, Record},
};
use crate::{
    store::{Deadline, Full, Millis, NewValue, Store},
    values::Object,
};

/// Strings from this length on stay in the buffer that they were read into; their block has nothing
/// else in it.
const ADOPTED_BYTES_MIN: usize = 1 << 20;

/// Puts the items of a file of `length` bytes into the store. After each block `goes_on` hears how far it is,
/// and can end it. Takes no more memory beside the store's than the longest block and the largest collection.
///
/// # Errors
/// See [`LoadError`].
pub fn read(
    store: &Store,
    input: impl Read,
    length: u64,
    now: Millis,
    mut goes_on: impl FnMut(&Loaded) -> bool,
) -> Result<Loaded, LoadError> {
    let mut reader = Reader::begin(input, length)?;
    let loaded = Loaded { saved_at: reader.saved_at, ..Loaded::default() };
    let mut load = Load { store, now, loaded, items: 0, open: None };
    loop {
        match reader.next()? {
            Next::Block(block) => load.take(&block)?,
            Next::End { items } if items != load.items || load.open.is_some() => {
                let what = "its end mark has another number of items than it has itself";
                return Err(LoadError::Damaged { offset: reader.offset(), what });
            }
            Next::End { .. } => {
                load.loaded.bytes = length;
                return Ok(load.loaded);
            }
        }
        load.loaded.bytes = reader.offset();
        if !goes_on(&load.loaded) {
            return Err(LoadError::Cancelled);
        }
    }
}

struct Load<'s> {
    store: &'s Store,
    now: Millis,
    loaded: Loaded,
    /// Items met, those that have expired included.
    items: u64,
    /// The collection whose parts are coming.
    open: Option<Open>,
}

struct Open {
    key: Vec<u8>,
    head: Head,
    object: Box<Object>,
    elements: u64,
}

/// Why a record cannot be taken.
enum Refused {
    /// What about it is not as it should be.
    Record(&'static str),
    Full,
}

impl From<Full> for Refused {
    fn from(_: Full) -> Refused {
        Refused::Full
    }
}

const CUT: Refused = Refused::Record("an item is not what it says it is");
const STRAY: Refused = Refused::Record("a part of a collection is not where it belongs");

impl Load<'_> {
    fn take(&mut self, block: &Block) -> Result<(), LoadError> {
        let mut cursor = Cursor::new(&block.payload);
        while !cursor.is_at_end() {
            match self.take_record(&block.payload, &mut cursor) {
                Ok(()) => {}
                Err(Refused::Full) => return Err(LoadError::Full),
                Err(Refused::Record(what)) => {
                    let offset = block.offset + cursor.at() as u64;
                    return Err(LoadError::Damaged { offset, what });
                }
            }
        }
        Ok(())
    }

    fn take_record(&mut self, payload: &Bytes, cursor: &mut Cursor<'_>) -> Result<(), Refused> {
        match Record::read(cursor).ok_or(CUT)? {
            Record::Item { .. } if self.open.is_some() => Err(STRAY),
            Record::Item { head, key, in_parts: true } => {
                let object = Box::new(head.collection.ok_or(CUT)?.empty());
                self.open = Some(Open { key: key.to_vec(), head, object, elements: 0 });
                Ok(())
            }
            Record::Item { head, key, in_parts: false } => match head.collection {
                None => self.take_string(payload, cursor, head, key),
                Some(collection) => {
                    let mut object = collection.empty();
                    let count = cursor.number().ok_or(CUT)?;
                    elements::read_into(&mut object, cursor, count).ok_or(CUT)?;
                    self.put_object(key, head, Box::new(object))
                }
            },
            Record::Part { count } => {
                let open = self.open.as_mut().ok_or(STRAY)?;
                open.elements = open.elements.saturating_add(count);
                elements::read_into(&mut open.object, cursor, count).ok_or(CUT)
            }
            Record::End { count } => {
                let open = self.open.take().ok_or(STRAY)?;
                if open.elements != count {
                    return Err(Refused::Record("a part of a collection is missing"));
                }
                self.put_object(&open.key, open.head, open.object)
            }
            Record::Void => self.open.take().map(drop).ok_or(STRAY),
        }
    }

    fn take_string(
        &mut self,
        payload: &Bytes,
        cursor: &mut Cursor<'_>,
        head: Head,
        key: &[u8],
    ) -> Result<(), Refused> {
        let value = cursor.string().ok_or(CUT)?;
        let is_adopted = value.len() >= ADOPTED_BYTES_MIN && cursor.is_at_end();
        let value = if is_adopted {
            NewValue::Large(payload.slice_ref(value))
        } else {
            NewValue::Bytes(value)
        };
        self.put(key, head, value)
    }

    fn put_object(&mut self, key: &[u8], head: Head, object: Box<Object>) -> Result<(), Refused> {
        if object.is_empty() {
            return Err(Refused::Record("a collection is empty"));
        }
        self.put(key, head, NewValue::Object(object))
    }

    fn put(&mut self, key: &[u8], head: Head, value: NewValue<'_>) -> Result<(), Refused> {
        self.items += 1;
        if head.deadline.is_some_and(|deadline| deadline <= self.now) {
            self.loaded.expired += 1;
            return Ok(());
        }
        let deadline = head.deadline.map_or(Deadline::None, Deadline::At);
        let key = self.store.key(key);
        let mut shard = self.store.lock_for(&key);
        shard.set(&key, value, deadline, self.now)?;
        shard.set_frequency(&key, head.frequency);
        self.loaded.items += 1;
        Ok(())
    }
}
