//! What is written is read again; what is changed is found, wherever it is.

mod meanwhile;

use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    commands::Keyspace,
    store::{Config, Deadline, NewValue, Policy, Store, ValueRef},
    values::{Hash, List, Object, Set, SortedSet},
};

const NOW: Millis = Millis(1_700_000_000_000);

fn store(shards: usize, seed: u64) -> Store {
    Store::new(&Config { shards, max_bytes: 0, policy: Policy::NO_EVICTION, seed })
}

fn saved(keyspace: &Keyspace) -> Vec<u8> {
    let mut file = Vec::new();
    let done = write(keyspace, &mut file, NOW, &Walk::default()).unwrap();
    assert_eq!(done.bytes, file.len() as u64);
    file
}

fn load(file: &[u8], now: Millis) -> Result<(Store, Loaded), LoadError> {
    let store = store(4, 9);
    let loaded = read(&store, file, file.len() as u64, now, |_| true)?;
    Ok((store, loaded))
}

/// An item in words: its value, its deadline, its frequency.
type Shown = (String, Option<Millis>, u8);

fn show(value: ValueRef<'_>) -> String {
    let lines = |mut lines: Vec<String>| {
        lines.sort();
        lines.join(",")
    };
    match value {
        ValueRef::Bytes(bytes) => bytes.escape_ascii().to_string(),
        ValueRef::Large(bytes) => bytes.escape_ascii().to_string(),
        ValueRef::Object(Object::List(list)) => {
            let elements: Vec<String> =
                list.iter().map(|element| element.escape_ascii().to_string()).collect();
            format!("list {}", elements.join(","))
        }
        ValueRef::Object(Object::Set(set)) => {
            let members = set.iter().map(|member| member.escape_ascii().to_string()).collect();
            format!("set {}", lines(members))
        }
        ValueRef::Object(Object::Hash(hash)) => {
            let pair = |(field, value): (&[u8], &[u8])| {
                format!("{}={}", field.escape_ascii(), value.escape_ascii())
            };
            format!("hash {}", lines(hash.iter().map(pair).collect()))
        }
        ValueRef::Object(Object::SortedSet(members)) => {
            let scored =
                |(member, score): (&[u8], f64)| format!("{}={score:?}", member.escape_ascii());
            format!("zset {}", lines(members.iter().map(scored).collect()))
        }
    }
}

fn shown(store: &Store, now: Millis) -> BTreeMap<Vec<u8>, Shown> {
    let mut items = BTreeMap::new();
    let mut cursor = 0;
    loop {
        cursor = store.scan(cursor, 100, now, |item| {
            let shown = (show(item.value), item.deadline, item.frequency);
            items.insert(item.key.to_vec(), shown);
        });
        if cursor == 0 {
            return items;
        }
    }
}

fn put(store: &Store, key: &[u8], value: NewValue<'_>, deadline: Deadline) {
    let key = store.key(key);
    store.lock_for(&key).set(&key, value, deadline, NOW).unwrap();
}

fn object(object: Object) -> NewValue<'static> {
    NewValue::Object(Box::new(object))
}

/// A collection of that many members of each kind, in turn.
fn collection(kind: usize, members: usize) -> Object {
    let names = (0..members).map(|number| format!("member {number:06}"));
    match kind % 4 {
        0 => {
            let mut list = List::new();
            names.for_each(|name| list.push_back(name.as_bytes()));
            Object::List(list)
        }
        1 => {
            let mut set = Set::new();
            names.for_each(|name| _ = set.insert(name.as_bytes()));
            Object::Set(set)
        }
        2 => {
            let mut hash = Hash::new();
            names.for_each(|name| _ = hash.set(name.as_bytes(), b"value"));
            Object::Hash(hash)
        }
        _ => {
            let mut sorted_set = SortedSet::new();
            let scores = (0..members).map(|number| number as f64 / 3.0);
            names
                .zip(scores)
                .for_each(|(name, score)| _ = sorted_set.insert(name.as_bytes(), score));
            Object::SortedSet(sorted_set)
        }
    }
}

/// Something of everything: short and long strings, small and large collections.
fn sample(large: usize) -> Keyspace {
    let store = store(2, 1);
    for number in 0..500_u32 {
        let key = format!("key {number}");
        let deadline = match number % 3 {
            0 => Deadline::None,
            1 => Deadline::At(Millis(NOW.0 + 1)),
            _ => Deadline::At(Millis(NOW.0 + 100_000 + u64::from(number))),
        };
        put(&store, key.as_bytes(), NewValue::Bytes(&vec![b'v'; number as usize % 60]), deadline);
    }
    put(&store, b"", NewValue::Bytes(b"no key"), Deadline::None);
    put(&store, b"large", NewValue::Bytes(&vec![b'l'; large]), Deadline::None);
    for kind in 0..4 {
        put(
            &store,
            format!("small {kind}").as_bytes(),
            object(collection(kind, 3)),
            Deadline::None,
        );
        let key = format!("big {kind}");
        put(
            &store,
            key.as_bytes(),
            object(collection(kind, (large / 200).max(30))),
            Deadline::None,
        );
    }
    let key = store.key(b"key 3");
    for _ in 0..2 {
        store.lock_for(&key).find(&key, NOW);
    }
    Keyspace::new(store)
}

#[test]
fn what_is_saved_is_loaded() {
    let keyspace = sample(1 << 21);
    let file = saved(&keyspace);
    let (store, loaded) = load(&file, NOW).unwrap();
    assert_eq!(loaded.items, 510);
    assert_eq!((loaded.saved_at, loaded.expired, loaded.bytes), (NOW, 0, file.len() as u64));
    let (found, expected) = (shown(&store, NOW), shown(keyspace.store(), NOW));
    assert_eq!(found.len(), expected.len());
    for (key, value) in &expected {
        assert!(found.get(key) == Some(value), "{}", key.escape_ascii());
    }
    assert_eq!(found[&b"key 3"[..]].2, 2);
}

#[test]
fn what_has_expired_is_left_out() {
    let file = saved(&sample(100));
    let (store, loaded) = load(&file, Millis(NOW.0 + 1)).unwrap();
    assert_eq!((loaded.items, loaded.expired), (510 - 167, 167));
    assert_eq!(store.len(), 510 - 167);
}

#[test]
fn an_empty_store_is_a_file_too() {
    let file = saved(&Keyspace::new(store(1, 1)));
    assert_eq!(file.len(), 24 + 16);
    let (store, loaded) = load(&file, NOW).unwrap();
    assert_eq!((store.len(), loaded.items), (0, 0));
}

#[test]
fn what_is_not_a_file_of_ours_is_refused() {
    for foreign in [
        &b""[..],
        b"P",
        b"PLIMCACHE",
        b"REDIS0011\xfa\x09redis-ver\x057.0.15",
        b"\0\0\0\0\0\0\0\0\0",
    ] {
        let is_ours = foreign.starts_with(b"P");
        let error = load(foreign, NOW).map(|_| ()).unwrap_err();
        match error {
            LoadError::Foreign => assert!(!is_ours),
            LoadError::Damaged { offset: 8 | 1, .. } => assert!(is_ours),
            error => panic!("{error}"),
        }
    }
    let mut file = saved(&sample(100));
    file[8] = 2;
    assert!(matches!(load(&file, NOW), Err(LoadError::Version { found: 2, known: 1 })));
}

/// Each byte changed, and the file cut at each byte: found every time, at a place within the file.
#[test]
fn damage_is_found_wherever_it_is() {
    let store = store(1, 1);
    for number in 0..20_u32 {
        put(&store, &number.to_le_bytes(), NewValue::Bytes(b"value"), Deadline::None);
    }
    put(&store, b"set", object(collection(1, 3)), Deadline::None);
    let file = saved(&Keyspace::new(store));
    assert!(load(&file, NOW).is_ok());
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        check_damage(&damaged, at);
        check_damage(&file[..at], at);
    }
    check_damage(&[&file[..], b"\0"].concat(), file.len());
}

fn check_damage(file: &[u8], at: usize) {
    match load(file, NOW) {
        Err(LoadError::Damaged { offset, .. }) => {
            assert!(offset <= file.len() as u64, "{offset} for a damage at {at}");
        }
        Err(LoadError::Foreign) => assert!(at < 8),
        Err(LoadError::Version { .. }) => assert!((8..10).contains(&at)),
        Err(error) => panic!("{error} for a damage at {at}"),
        Ok(_) => panic!("nothing found of a damage at {at}"),
    }
}

/// Each block is whole; only their order is not.
#[test]
fn blocks_that_change_places_are_found() {
    let keyspace = sample(1 << 21);
    let file = saved(&keyspace);
    let length = |at: usize| u32::from_le_bytes(*file[at..].first_chunk().unwrap()) as usize + 8;
    let (first, second) = (24, 24 + length(24));
    let third = second + length(second);
    let swapped =
        [&file[..first], &file[second..third], &file[first..second], &file[third..]].concat();
    let dropped = [&file[..first], &file[second..]].concat();
    for file in [swapped, dropped] {
        let error = load(&file, NOW).map(|_| ()).unwrap_err();
        assert!(matches!(error, LoadError::Damaged { offset: 24, .. }), "{error}");
    }
}

#[test]
fn what_does_not_fit_is_refused_or_makes_room() {
    let file = saved(&sample(1 << 20));
    for (policy, fits) in [(Policy::NO_EVICTION, false), (Policy::S3_FIFO, true)] {
        let config = Config { shards: 1, max_bytes: 1 << 20, policy, seed: 1 };
        let store = Store::new(&config);
        match read(&store, &file[..], file.len() as u64, NOW, |_| true) {
            Ok(_) => assert!(fits),
            Err(LoadError::Full) => assert!(!fits || policy == Policy::S3_FIFO),
            Err(error) => panic!("{error}"),
        }
        assert!(store.stats().used_bytes <= 1 << 20);
    }
}

#[test]
fn loading_can_be_cancelled() {
    let file = saved(&sample(100));
    let error = read(&store(1, 1), &file[..], file.len() as u64, NOW, |_| false).unwrap_err();
    assert!(matches!(error, LoadError::Cancelled));
}

#[test]
fn a_walk_can_be_cancelled() {
    let keyspace = sample(100);
    let walk = Walk { is_cancelled: AtomicBool::new(true), ..Walk::default() };
    let error = write(&keyspace, &mut Vec::new(), NOW, &walk).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Interrupted);
}

fn value() -> impl Strategy<Value = Option<Object>> {
    let members = vec(vec(any::<u8>(), 0..80), 1..200);
    (members, 0..5).prop_map(|(members, kind)| {
        Some(match kind {
            0 => return None,
            1 => {
                let mut list = List::new();
                members.iter().for_each(|member| list.push_back(member));
                Object::List(list)
            }
            2 => {
                let mut set = Set::new();
                members.iter().for_each(|member| _ = set.insert(member));
                Object::Set(set)
            }
            3 => {
                let mut hash = Hash::new();
                members.iter().for_each(|member| _ = hash.set(member, member));
                Object::Hash(hash)
            }
            _ => {
                let mut sorted_set = SortedSet::new();
                for (member, score) in members.iter().zip(0..) {
                    sorted_set.insert(member, f64::from(score) * 0.1);
                }
                Object::SortedSet(sorted_set)
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_items_are_loaded_as_they_were(
        items in vec((vec(any::<u8>(), 0..40), value(), vec(any::<u8>(), 0..300), any::<Option<u32>>()), 0..40)
    ) {
        let store = store(2, 1);
        for (key, value, bytes, ttl) in items {
            let deadline = ttl.map_or(Deadline::None, |ttl| {
                Deadline::At(Millis(NOW.0 + 1 + u64::from(ttl)))
            });
            let value = match value {
                None => NewValue::Bytes(&bytes),
                Some(value) => object(value),
            };
            put(&store, &key, value, deadline);
        }
        let keyspace = Keyspace::new(store);
        let (store, loaded) = load(&saved(&keyspace), NOW).unwrap();
        let expected = shown(keyspace.store(), NOW);
        prop_assert_eq!(loaded.items, expected.len() as u64);
        prop_assert_eq!(shown(&store, NOW), expected);
    }

    #[test]
    fn anything_is_loaded_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let mut file = saved(&Keyspace::new(store(1, 1)));
        prop_assert!(load(&bytes, NOW).is_err() || bytes == file);
        file.splice(24..24, bytes.iter().copied());
        prop_assert!(load(&file, NOW).is_err() || bytes.is_empty());
    }
}
