//! [`Hash`] against a `BTreeMap`.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{super::Hash, STEPS, check_walk, name};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn check(hash: &Hash, model: &Model) {
    assert_eq!(hash.len(), model.len());
    let pairs = hash.iter().map(|(field, value)| (field.to_vec(), value.to_vec()));
    assert_eq!(&pairs.collect::<Model>(), model);
    let by_index = (0..hash.len()).filter_map(|index| hash.nth(index));
    assert!(by_index.eq(hash.iter()));
    assert_eq!(hash.nth(hash.len()), None);
    for (field, value) in model {
        assert_eq!(hash.get(field), Some(&value[..]));
    }
    let payload: usize = model.iter().map(|(field, value)| field.len() + value.len()).sum();
    assert!(hash.heap_bytes() >= payload, "{} bytes hold {payload}", hash.heap_bytes());
    let clone = hash.clone();
    assert!(clone.iter().eq(hash.iter()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_hash_is_a_map(steps in prop::collection::vec((0u8..4, name(), name()), STEPS)) {
        let (mut hash, mut model) = (Hash::new(), Model::new());
        for (kind, field, value) in &steps {
            if *kind == 0 {
                prop_assert_eq!(hash.remove(field), model.remove(field).is_some());
            } else {
                let is_new = model.insert(field.clone(), value.clone()).is_none();
                prop_assert_eq!(hash.set(field, value), is_new);
            }
        }
        check(&hash, &model);
        for field in model.keys() {
            prop_assert!(hash.remove(field) && !hash.contains(field));
        }
        prop_assert!(hash.is_empty());
        prop_assert!(hash.heap_bytes() < 32 << 10, "{} bytes hold nothing", hash.heap_bytes());
    }

    #[test]
    fn a_walk_passes_nothing_over(
        count in 1usize..900,
        step in 1usize..50,
        gone in prop::collection::vec(any::<u16>(), 0..900),
    ) {
        let mut hash = Hash::new();
        for number in 0..count {
            hash.set(format!("{number}").as_bytes(), b"value");
        }
        let gone: Vec<usize> = gone.iter().map(|number| usize::from(*number) % count).collect();
        let kept: Vec<Vec<u8>> =
            (0..count).filter(|number| !gone.contains(number)).map(|n| format!("{n}").into_bytes()).collect();
        let mut gone = gone.into_iter();
        check_walk(|cursor, seen| {
            let next = hash.scan(cursor, step, |field, _| seen.push(field.to_vec()));
            for number in gone.by_ref().take(7) {
                hash.remove(format!("{number}").as_bytes());
                hash.set(format!("new {number}").as_bytes(), b"");
            }
            next
        }, &kept);
    }
}

#[test]
fn a_hash_leaves_its_packed_form_as_redis_does() {
    let mut hash = Hash::new();
    for number in 0..128 {
        hash.set(format!("{number}").as_bytes(), b"1");
    }
    hash.set(b"5", &[b'v'; 64]);
    assert_eq!(hash.encoding(), "listpack");
    let mut long = hash.clone();
    long.set(b"5", &[b'v'; 65]);
    assert_eq!(long.encoding(), "hashtable");
    hash.set(b"another", b"1");
    assert_eq!(hash.encoding(), "hashtable");
    check(&hash, &hash.iter().map(|(field, value)| (field.to_vec(), value.to_vec())).collect());
}
