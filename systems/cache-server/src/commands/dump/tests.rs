//! What is written is read again, and what Redis wrote is read.

use proptest::{collection::vec, prelude::*};

use super::{read::Reading, *};
use crate::values::{Hash, List, Object, Set, SortedSet};

/// What DUMP writes, without version and checksum.
fn written(value: ValueRef<'_>) -> Vec<u8> {
    let mut steps = Steps::in_one_go();
    assert!(write::step(&mut steps, value));
    let mut bytes = steps.made.finish().concat();
    bytes.truncate(bytes.len() - 8);
    bytes
}

/// What is read in steps of one entry each.
fn read(value: &[u8]) -> Option<Restored> {
    let mut reading = Reading::default();
    while reading.step(value, 1)? == 0 {}
    Some(reading.restored)
}

/// The written form of what is read from `bytes`.
fn again(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(match read(bytes)? {
        Restored::Nothing => return None,
        Restored::Place(place) => written(ValueRef::Bytes(&bytes[place])),
        Restored::Text(text) => written(ValueRef::Bytes(&text)),
        Restored::Object(object) => written(ValueRef::Object(&object)),
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
        let Some(Restored::Object(read)) = read(&bytes) else { panic!("not read") };
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
        let _ = read(&[&[kind], &bytes[..]].concat());
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
        let mut steps = Steps::<Restoring>::in_one_go();
        assert_eq!(restoring::step(&mut steps, &payload), Ok(true));
        let found = match steps.made.restored() {
            Restored::Nothing => 0,
            Restored::Place(place) => place.len(),
            Restored::Text(text) => text.len(),
            Restored::Object(object) => object.len(),
        };
        assert_eq!(found, *length);
        let mut broken = payload;
        broken[1] ^= 1;
        assert!(restoring::step(&mut Steps::in_one_go(), &broken).is_err());
    }
}

const PAYLOADS: &[(&str, usize)] = &[
    ("000568656c6c6f0a006372df766534200a", 5),
    ("00c139300a009d94ea2793fc08b9", 5),
    ("00c313414008616263646566676861e0ff07e124070167680a007628fd45fe339d11", 320),
    (
        "0bc325300408000000052003000120034000000240042000002ca010017011a00802f2052a200900000a00080355ad7506a6f0",
        5,
    ),
    ("02030163016201610a005ea67e5623750bab", 3),
    (
        "1023230000000600816602817602816e02f1c7cf038362696704f4cb04fb711f01000009ff0a00b2e9b890e7b46016",
        3,
    ),
    ("111d1d0000000600816202dffe0281610283312e350481630283696e6604ff0a007356ad6cc2484ad0", 3),
    (
        "120102c33e407e1f7e0000000b000001dfff026401df9c02f1881303f178ec03f2a0860104f3ffff037fff05f4202220210c0000098573686f727406e0466de03c000148ff0a0085060eecd660f06e",
        11,
    ),
];
