//! The records of a block.
//!
//! ```text
//! item   tag u8  [deadline u64 (ms)]  key  value
//! part   tag u8  count  elements
//! end    tag u8  count
//! void   tag u8
//! ```
//! A tag's lowest four bits say what it is, the next two how often the item was asked for of late, and
//! the last two whether it has a deadline and whether its elements follow in parts. Such an item is
//! followed by its parts and nothing else, then by an end with the number of elements in them, or
//! by a void: then it is to be forgotten.

use super::{
    bytes::{Cursor, push_number, push_string},
    elements::Collection,
};
use crate::store::{Item, Millis, ValueRef};

const KIND: u8 = 0b1111;
const FREQUENCY_SHIFT: u32 = 4;
const FREQUENCY: u8 = 0b11;
const HAS_DEADLINE: u8 = 1 << 6;
const IN_PARTS: u8 = 1 << 7;

const STRING: u8 = 0;
const LIST: u8 = 1;
const SET: u8 = 2;
const HASH: u8 = 3;
const SORTED_SET: u8 = 4;
const PART: u8 = 8;
const END: u8 = 9;
const VOID: u8 = 10;

/// What an item is, without its key and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// `None` for a string.
    pub(super) collection: Option<Collection>,
    pub(super) deadline: Option<Millis>,
    pub(super) frequency: u8,
}

impl Head {
    pub(super) fn of(item: &Item<'_>) -> Head {
        let collection = match item.value {
            ValueRef::Bytes(_) | ValueRef::Large(_) => None,
            ValueRef::Object(object) => Some(Collection::of(object)),
        };
        Head { collection, deadline: item.deadline, frequency: item.frequency & FREQUENCY }
    }

    /// Appends the record up to the key.
    pub(super) fn push(&self, out: &mut Vec<u8>, key: &[u8], in_parts: bool) {
        let mut tag = match self.collection {
            None => STRING,
            Some(Collection::List) => LIST,
            Some(Collection::Set) => SET,
            Some(Collection::Hash) => HASH,
            Some(Collection::SortedSet) => SORTED_SET,
        };
        tag |= self.frequency << FREQUENCY_SHIFT;
        tag |= if self.deadline.is_some() { HAS_DEADLINE } else { 0 };
        tag |= if in_parts { IN_PARTS } else { 0 };
        out.push(tag);
        if let Some(Millis(deadline)) = self.deadline {
            out.extend_from_slice(&deadline.to_le_bytes());
        }
        push_string(out, key);
    }
}

/// A part: its elements are to follow.
pub(super) fn push_part(out: &mut Vec<u8>, count: u64) {
    out.push(PART);
    push_number(out, count);
}

/// All parts are there.
pub(super) fn push_end(out: &mut Vec<u8>, count: u64) {
    out.push(END);
    push_number(out, count);
}

/// What was written of the item is not to be taken.
pub(super) fn push_void(out: &mut Vec<u8>) {
    out.push(VOID);
}

/// A record, up to where its value or its elements begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record<'a> {
    Item { head: Head, key: &'a [u8], in_parts: bool },
    Part { count: u64 },
    End { count: u64 },
    Void,
}

impl<'a> Record<'a> {
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Option<Record<'a>> {
        let tag = cursor.byte()?;
        let collection = match tag & KIND {
            STRING => None,
            LIST => Some(Collection::List),
            SET => Some(Collection::Set),
            HASH => Some(Collection::Hash),
            SORTED_SET => Some(Collection::SortedSet),
            _ => {
                return Some(match tag {
                    PART => Record::Part { count: cursor.number()? },
                    END => Record::End { count: cursor.number()? },
                    VOID => Record::Void,
                    _ => return None,
                });
            }
        };
        let deadline = match tag & HAS_DEADLINE {
            0 => None,
            _ => Some(Millis(u64::from_le_bytes(cursor.array()?))),
        };
        let in_parts = tag & IN_PARTS != 0;
        if in_parts && collection.is_none() {
            return None;
        }
        let frequency = tag >> FREQUENCY_SHIFT & FREQUENCY;
        let key = cursor.string()?;
        Some(Record::Item { head: Head { collection, deadline, frequency }, key, in_parts })
    }
}
