//! Each collection against the plainest one of the standard library, across all its forms.

mod hash;
mod list;
mod set;
mod sorted_set;
mod together;

use proptest::prelude::*;

use super::{Hash, List, Object, Set, SortedSet};

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

/// One of each kind, of so many entries.
fn objects(entries: u32) -> [Object; 4] {
    let (mut hash, mut list) = (Hash::new(), List::new());
    let (mut set, mut sorted_set) = (Set::new(), SortedSet::new());
    for number in 0..entries {
        let name = format!("member {number}");
        hash.set(name.as_bytes(), b"value");
        list.push_back(name.as_bytes());
        set.insert(name.as_bytes());
        sorted_set.insert(name.as_bytes(), f64::from(number % 100));
    }
    [Object::Hash(hash), Object::List(list), Object::Set(set), Object::SortedSet(sorted_set)]
}

/// All entries, in the order of the object.
fn entries(object: &Object) -> Vec<Vec<u8>> {
    match object {
        Object::Hash(hash) => hash.iter().map(|(field, value)| [field, value].concat()).collect(),
        Object::List(list) => list.iter().map(<[u8]>::to_vec).collect(),
        Object::Set(set) => set.iter().map(|member| member.to_vec()).collect(),
        Object::SortedSet(members) => {
            members.iter().map(|(member, score)| [member, &score.to_le_bytes()].concat()).collect()
        }
    }
}

#[test]
fn a_copy_is_made_bit_by_bit() {
    for count in [0, 1, 100, 20_000] {
        for object in objects(count) {
            let name = object.type_name();
            // Begun as what it is not.
            let mut copy =
                if name == "hash" { Object::List(List::new()) } else { Object::Hash(Hash::new()) };
            let mut steps = 1;
            while copy.copy_from(&object, 500) == 0 {
                steps += 1;
                assert!(steps < 200, "{name} of {count}");
            }
            assert!(count < 1_000 || steps > 3, "{name} in {steps}");
            assert_eq!(entries(&copy), entries(&object), "{name} of {count}");
            assert_eq!(copy.encoding(), object.encoding());
            // It can be worked with.
            if let (Object::Set(set), true) = (&mut copy, count > 0) {
                assert!(set.contains(b"member 0") && set.remove(b"member 0") && set.insert(b"new"));
            }
            if let (Object::SortedSet(members), true) = (&mut copy, count > 0) {
                assert_eq!(members.rank(b"member 0"), Some(0));
                assert_eq!(members.remove(b"member 0"), Some(0.0));
                assert_eq!(members.insert(b"new", 1.0), None);
            }
            while copy.shed(1_000) == 0 {}
        }
    }
}

#[test]
fn a_copy_that_is_not_finished_can_be_freed() {
    for object in objects(20_000) {
        for budget in [1, 1_000, 20_100, 20_400] {
            let mut copy = Object::Set(Set::new());
            copy.copy_from(&object, budget);
            while copy.shed(1_000) == 0 {}
            assert!(copy.bytes() < 16 << 10, "{} left of {}", copy.bytes(), object.type_name());
        }
    }
}

#[test]
fn a_large_object_is_freed_bit_by_bit() {
    for mut object in objects(20_000) {
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
