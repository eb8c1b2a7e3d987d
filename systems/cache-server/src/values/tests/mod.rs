//! Each collection against the plainest one of the standard library, across all its forms.

mod hash;
mod list;
mod set;
mod sorted_set;

use proptest::prelude::*;

/// How large the objects get: some stay packed, some do not.
const STEPS: std::ops::Range<usize> = 1..1200;

/// Names few enough to be hit again; some too long to stay packed.
fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0u16..400).prop_map(|number| format!("m{number}").into_bytes()),
        3 => (-300i64..300).prop_map(|number| number.to_string().into_bytes()),
        1 => (0usize..200).prop_map(|length| vec![b'x'; length]),
    ]
}

/// A walk in which `change` happens between two steps visits all that were there all the time.
fn check_walk(mut step: impl FnMut(u64, &mut Vec<Vec<u8>>) -> u64, kept: &[Vec<u8>]) {
    let (mut cursor, mut seen) = (0, Vec::new());
    for _ in 0..100_000 {
        cursor = step(cursor, &mut seen);
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(cursor, 0, "the walk ends");
    for name in kept {
        assert!(seen.contains(name), "{} was passed over", name.escape_ascii());
    }
}

#[test]
fn empty_objects_are_small() {
    use super::{Hash, List, Object, Set, SortedSet};
    for (object, name, encoding) in [
        (Object::Hash(Hash::new()), "hash", "listpack"),
        (Object::List(List::new()), "list", "listpack"),
        (Object::Set(Set::new()), "set", "intset"),
        (Object::SortedSet(SortedSet::new()), "zset", "listpack"),
    ] {
        assert_eq!((object.type_name(), object.encoding()), (name, encoding));
        assert!(object.is_empty() && object.bytes() <= 128, "{} bytes", object.bytes());
    }
}

#[test]
fn a_large_object_is_freed_bit_by_bit() {
    use super::{Hash, List, Object, Set, SortedSet};
    let (mut hash, mut list) = (Hash::new(), List::new());
    let (mut set, mut sorted_set) = (Set::new(), SortedSet::new());
    for number in 0..20_000 {
        let name = format!("member {number}");
        hash.set(name.as_bytes(), b"value");
        list.push_back(name.as_bytes());
        set.insert(name.as_bytes());
        sorted_set.insert(name.as_bytes(), f64::from(number));
    }
    for mut object in
        [Object::Hash(hash), Object::List(list), Object::Set(set), Object::SortedSet(sorted_set)]
    {
        let (mut bytes, mut steps) = (object.bytes(), 0);
        while object.shed(16) == 0 {
            assert!(object.bytes() < bytes, "{} bytes", object.type_name());
            bytes = object.bytes();
            steps += 1;
        }
        // A list goes block by block, of some hundred elements each.
        assert!(steps > 1 && object.bytes() < 8 << 10, "{} left", object.bytes());
    }
}
