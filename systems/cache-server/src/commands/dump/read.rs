//! From the dump format to values, an entry at a time.

use std::{borrow::Cow, ops::Range};

use super::{packed, reader::Reader};
use crate::{
    commands::{number, steps::cost},
    values::{Hash, List, Object, Set, SortedSet},
};

/// What it costs to add an entry, in entries that are looked at.
const ENTRY_COST: usize = 2;

/// The first byte of a value: its type, and how it is written.
mod form {
    pub(super) const STRING: u8 = 0;
    pub(super) const LIST: u8 = 1;
    pub(super) const SET: u8 = 2;
    pub(super) const SORTED_SET_OF_TEXTS: u8 = 3;
    pub(super) const HASH: u8 = 4;
    pub(super) const SORTED_SET: u8 = 5;
    pub(super) const LIST_ZIPLIST: u8 = 10;
    pub(super) const SET_INTEGERS: u8 = 11;
    pub(super) const SORTED_SET_ZIPLIST: u8 = 12;
    pub(super) const HASH_ZIPLIST: u8 = 13;
    pub(super) const LIST_ZIPLISTS: u8 = 14;
    pub(super) const HASH_LISTPACK: u8 = 16;
    pub(super) const SORTED_SET_LISTPACK: u8 = 17;
    pub(super) const LIST_BLOCKS: u8 = 18;
    pub(super) const SET_LISTPACK: u8 = 20;

    /// Those that are so many entries or blocks, one after the other.
    pub(super) const COUNTED: [u8; 7] =
        [LIST, SET, SORTED_SET_OF_TEXTS, HASH, SORTED_SET, LIST_ZIPLISTS, LIST_BLOCKS];
}

/// A value that is being read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Bytes of it that are read.
    at: usize,
    /// Entries that are still to come, or blocks of them.
    left: usize,
    pub(super) restored: Restored,
}

#[derive(Debug, Default)]
pub(super) enum Restored {
    #[default]
    Nothing,
    /// A string, by where it stands.
    Place(Range<usize>),
    /// A string that stands there in another form.
    Text(Vec<u8>),
    Object(Object),
}

impl Reading {
    /// Reads on, for about `budget` entries; what is left of that, which is something once all is read.
    /// `None` when it is no value, is empty, or has members twice.
    pub(super) fn step(&mut self, value: &[u8], budget: usize) -> Option<usize> {
        let mut left = budget;
        if self.at == 0 {
            let read = self.begin(value)?;
            left = left.saturating_sub(cost(read));
        }
        let form = *value.first()?;
        let mut reader = Reader::new(value.get(self.at..)?);
        while left > 0 && self.left > 0 {
            let before = reader.left();
            let Restored::Object(object) = &mut self.restored else { return None };
            read_one(object, form, &mut reader)?;
            self.left -= 1;
            left = left.saturating_sub(ENTRY_COST * cost(before - reader.left()));
        }
        self.at = value.len() - reader.left();
        if left == 0 {
            return Some(0);
        }
        let is_filled = match &self.restored {
            Restored::Nothing => false,
            Restored::Place(_) | Restored::Text(_) => true,
            Restored::Object(object) => !object.is_empty(),
        };
        (reader.is_at_end() && is_filled).then_some(left)
    }

    /// Reads what stands before the entries; how many bytes. A packed collection, which is small, is read
    /// whole.
    fn begin(&mut self, value: &[u8]) -> Option<usize> {
        let mut reader = Reader::new(value);
        self.restored = match reader.byte()? {
            form::STRING => match reader.string()? {
                Cow::Borrowed(string) => {
                    let end = value.len() - reader.left();
                    Restored::Place(end - string.len()..end)
                }
                Cow::Owned(string) => Restored::Text(string),
            },
            form => Restored::Object(match form {
                form::LIST | form::LIST_ZIPLISTS | form::LIST_BLOCKS => Object::List(List::new()),
                form::SET => Object::Set(Set::new()),
                form::HASH => Object::Hash(Hash::new()),
                form::SORTED_SET | form::SORTED_SET_OF_TEXTS => Object::SortedSet(SortedSet::new()),
                form::LIST_ZIPLIST => list(&packed::ziplist(&reader.string()?)?),
                form::SET_INTEGERS => set(&packed::integers(&reader.string()?)?)?,
                form::SET_LISTPACK => set(&packed::listpack(&reader.string()?)?)?,
                form::SORTED_SET_ZIPLIST => sorted_set(&packed::ziplist(&reader.string()?)?)?,
                form::SORTED_SET_LISTPACK => sorted_set(&packed::listpack(&reader.string()?)?)?,
                form::HASH_ZIPLIST => hash(&packed::ziplist(&reader.string()?)?)?,
                form::HASH_LISTPACK => hash(&packed::listpack(&reader.string()?)?)?,
                _ => return None,
            }),
        };
        if value.first().is_some_and(|form| form::COUNTED.contains(form)) {
            self.left = reader.length()?;
        }
        self.at = value.len() - reader.left();
        Some(self.at)
    }
}

/// Reads an entry, or a block of them.
fn read_one(object: &mut Object, form: u8, reader: &mut Reader<'_>) -> Option<()> {
    match object {
        Object::List(list) => match form {
            form::LIST_ZIPLISTS => push_all(list, &packed::ziplist(&reader.string()?)?),
            // A block that says what it is: one large element, or a packed one.
            form::LIST_BLOCKS => match reader.length()? {
                1 => list.push_back(&reader.string()?),
                2 => push_all(list, &packed::listpack(&reader.string()?)?),
                _ => return None,
            },
            _ => list.push_back(&reader.string()?),
        },
        Object::Set(set) => return set.insert(&reader.string()?).then_some(()),
        Object::Hash(hash) => {
            let field = reader.string()?;
            return hash.set(&field, &reader.string()?).then_some(());
        }
        Object::SortedSet(members) => {
            let member = reader.string()?;
            let score = match form {
                form::SORTED_SET_OF_TEXTS => text_score(reader)?,
                _ => f64::from_le_bytes(reader.array()?),
            };
            let is_new = !score.is_nan() && members.insert(&member, score).is_none();
            return is_new.then_some(());
        }
    }
    Some(())
}

fn push_all(list: &mut List, elements: &[Vec<u8>]) {
    elements.iter().for_each(|element| list.push_back(element));
}

fn list(elements: &[Vec<u8>]) -> Object {
    let mut list = List::new();
    push_all(&mut list, elements);
    Object::List(list)
}

fn set(members: &[Vec<u8>]) -> Option<Object> {
    let mut set = Set::new();
    members.iter().all(|member| set.insert(member)).then_some(Object::Set(set))
}

fn hash(entries: &[Vec<u8>]) -> Option<Object> {
    let mut hash = Hash::new();
    let (pairs, rest) = entries.as_chunks::<2>();
    let is_new = pairs.iter().all(|[field, value]| hash.set(field, value));
    (is_new && rest.is_empty()).then_some(Object::Hash(hash))
}

/// A score as text behind one byte, which is its length or stands for what has no digits.
fn text_score(reader: &mut Reader<'_>) -> Option<f64> {
    match reader.byte()? {
        253 => None,
        254 => Some(f64::INFINITY),
        255 => Some(f64::NEG_INFINITY),
        length => number::float(reader.take(usize::from(length))?),
    }
}

fn sorted_set(entries: &[Vec<u8>]) -> Option<Object> {
    let mut members = SortedSet::new();
    let (pairs, rest) = entries.as_chunks::<2>();
    let is_new = pairs.iter().all(|[member, score]| {
        number::float(score).is_some_and(|score| members.insert(member, score).is_none())
    });
    (is_new && rest.is_empty()).then_some(Object::SortedSet(members))
}
