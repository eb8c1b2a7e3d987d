//! The elements of collections: all of them at once, or from a cursor on.

use super::bytes::{Cursor, push_string};
use crate::values::{Hash, List, Object, Set, SortedSet};

/// What kind of collection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collection {
    List,
    Set,
    Hash,
    SortedSet,
}

impl Collection {
    pub(super) fn of(object: &Object) -> Collection {
        match object {
            Object::List(_) => Collection::List,
            Object::Set(_) => Collection::Set,
            Object::Hash(_) => Collection::Hash,
            Object::SortedSet(_) => Collection::SortedSet,
        }
    }

    /// One without elements.
    pub(super) fn empty(self) -> Object {
        match self {
            Collection::List => Object::List(List::new()),
            Collection::Set => Object::Set(Set::new()),
            Collection::Hash => Object::Hash(Hash::new()),
            Collection::SortedSet => Object::SortedSet(SortedSet::new()),
        }
    }
}

fn push_pair(out: &mut Vec<u8>, field: &[u8], value: &[u8]) {
    push_string(out, field);
    push_string(out, value);
}

fn push_scored(out: &mut Vec<u8>, member: &[u8], score: f64) {
    push_string(out, member);
    out.extend_from_slice(&score.to_le_bytes());
}

/// Appends all elements.
pub(super) fn push_all(out: &mut Vec<u8>, object: &Object) {
    match object {
        Object::List(list) => list.iter().for_each(|element| push_string(out, element)),
        Object::Set(set) => set.iter().for_each(|member| push_string(out, &member)),
        Object::Hash(hash) => hash.iter().for_each(|(field, value)| push_pair(out, field, value)),
        Object::SortedSet(members) => {
            members.iter().for_each(|(member, score)| push_scored(out, member, score));
        }
    }
}

/// Appends about `count` elements from `cursor` on, where 0 is the beginning; how many they were, and the
/// next cursor, 0 at the end. A list's cursor is an index: it is good while the list is not changed.
pub(super) fn push_some(
    out: &mut Vec<u8>,
    object: &Object,
    cursor: u64,
    count: usize,
) -> (u64, u64) {
    let mut pushed = 0;
    let next = match object {
        Object::List(list) => {
            let from = usize::try_from(cursor).unwrap_or(usize::MAX).min(list.len());
            let to = from.saturating_add(count).min(list.len());
            for element in list.range(from..to) {
                push_string(out, element);
                pushed += 1;
            }
            if to == list.len() { 0 } else { to as u64 }
        }
        Object::Set(set) => set.scan(cursor, count, |member| {
            push_string(out, member);
            pushed += 1;
        }),
        Object::Hash(hash) => hash.scan(cursor, count, |field, value| {
            push_pair(out, field, value);
            pushed += 1;
        }),
        Object::SortedSet(members) => members.scan(cursor, count, |member, score| {
            push_scored(out, member, score);
            pushed += 1;
        }),
    };
    (pushed, next)
}

/// Adds `count` elements to a collection. A member that comes twice has the value that it had last.
pub(super) fn read_into(object: &mut Object, cursor: &mut Cursor<'_>, count: u64) -> Option<()> {
    for _ in 0..count {
        match object {
            Object::List(list) => list.push_back(cursor.string()?),
            Object::Set(set) => _ = set.insert(cursor.string()?),
            Object::Hash(hash) => {
                let field = cursor.string()?;
                hash.set(field, cursor.string()?);
            }
            Object::SortedSet(members) => {
                let member = cursor.string()?;
                let score = f64::from_le_bytes(cursor.array()?);
                members.insert(member, Some(score).filter(|score| !score.is_nan())?);
            }
        }
    }
    Some(())
}
