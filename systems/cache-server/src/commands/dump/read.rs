//! From the dump format to values.

use super::{packed, reader::Reader};
use crate::{
    commands::number,
    store::NewValue,
    values::{Hash, List, Object, Set, SortedSet},
};

/// The value of a payload; `None` when it is none, is empty, or has members twice.
pub(super) fn read(payload: &[u8]) -> Option<NewValue<'static>> {
    let mut reader = Reader::new(payload);
    let object = match reader.byte()? {
        0 => {
            let string = reader.string()?.into_owned();
            return reader.is_at_end().then(|| NewValue::Large(string.into()));
        }
        1 => list(strings(&mut reader, 1)?),
        2 => set(strings(&mut reader, 1)?)?,
        3 => sorted_set(&mut reader, old_score)?,
        4 => hash(strings(&mut reader, 2)?)?,
        5 => sorted_set(&mut reader, |reader| Some(f64::from_le_bytes(reader.array()?)))?,
        10 => list(packed::ziplist(&reader.string()?)?),
        11 => set(packed::integers(&reader.string()?)?)?,
        12 => packed_sorted_set(packed::ziplist(&reader.string()?)?)?,
        13 => hash(packed::ziplist(&reader.string()?)?)?,
        14 => list(blocks(&mut reader, |reader| packed::ziplist(&reader.string()?))?),
        16 => hash(packed::listpack(&reader.string()?)?)?,
        17 => packed_sorted_set(packed::listpack(&reader.string()?)?)?,
        18 => list(blocks(&mut reader, block)?),
        20 => set(packed::listpack(&reader.string()?)?)?,
        _ => return None,
    };
    (reader.is_at_end() && !object.is_empty()).then(|| NewValue::Object(Box::new(object)))
}

/// A number of strings, or of pairs of them.
fn strings(reader: &mut Reader<'_>, each: usize) -> Option<Vec<Vec<u8>>> {
    let count = reader.length()?.checked_mul(each)?;
    let mut strings = Vec::new();
    for _ in 0..count {
        strings.push(reader.string()?.into_owned());
    }
    Some(strings)
}

/// Blocks of a list.
fn blocks(
    reader: &mut Reader<'_>,
    read: impl Fn(&mut Reader<'_>) -> Option<Vec<Vec<u8>>>,
) -> Option<Vec<Vec<u8>>> {
    let mut elements = Vec::new();
    for _ in 0..reader.length()? {
        elements.append(&mut read(reader)?);
    }
    Some(elements)
}

/// A block that says what it is: one large element, or a packed one.
fn block(reader: &mut Reader<'_>) -> Option<Vec<Vec<u8>>> {
    match reader.length()? {
        1 => Some(vec![reader.string()?.into_owned()]),
        2 => packed::listpack(&reader.string()?),
        _ => None,
    }
}

fn list(elements: Vec<Vec<u8>>) -> Object {
    let mut list = List::new();
    elements.iter().for_each(|element| list.push_back(element));
    Object::List(list)
}

fn set(members: Vec<Vec<u8>>) -> Option<Object> {
    let mut set = Set::new();
    members.iter().all(|member| set.insert(member)).then_some(Object::Set(set))
}

fn hash(entries: Vec<Vec<u8>>) -> Option<Object> {
    let mut hash = Hash::new();
    let (pairs, rest) = entries.as_chunks::<2>();
    let is_new = pairs.iter().all(|[field, value]| hash.set(field, value));
    (is_new && rest.is_empty()).then_some(Object::Hash(hash))
}

fn sorted_set(
    reader: &mut Reader<'_>,
    score: impl Fn(&mut Reader<'_>) -> Option<f64>,
) -> Option<Object> {
    let mut members = SortedSet::new();
    for _ in 0..reader.length()? {
        let member = reader.string()?;
        let score = score(reader).filter(|score| !score.is_nan())?;
        if members.insert(&member, score).is_some() {
            return None;
        }
    }
    Some(Object::SortedSet(members))
}

/// A score as text behind one byte, which is its length or stands for what has no digits.
fn old_score(reader: &mut Reader<'_>) -> Option<f64> {
    match reader.byte()? {
        253 => None,
        254 => Some(f64::INFINITY),
        255 => Some(f64::NEG_INFINITY),
        length => number::float(reader.take(usize::from(length))?),
    }
}

fn packed_sorted_set(entries: Vec<Vec<u8>>) -> Option<Object> {
    let mut members = SortedSet::new();
    let (pairs, rest) = entries.as_chunks::<2>();
    let is_new = pairs.iter().all(|[member, score]| {
        number::float(score).is_some_and(|score| members.insert(member, score).is_none())
    });
    (is_new && rest.is_empty()).then_some(Object::SortedSet(members))
}
