//! Any sequence of operations, beside a map that does the same.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Time, millis};
use crate::Cache;

#[derive(Clone, Debug)]
enum Act {
    Insert(u8, u16),
    InsertFor(u8, u16, u16),
    SetTtl(u8, Option<u16>),
    Get(u8),
    Take(u8),
    Invalidate(u8),
    InvalidatePrefix(u8),
    Fetch(u8, u16),
    RemoveExpired,
    Pass(u16),
    Clear,
}

fn act() -> impl Strategy<Value = Act> {
    use Act::*;
    let (key, value, time) = (0_u8..40, any::<u16>(), 0_u16..500);
    prop_oneof![
        8 => (key.clone(), value).prop_map(|(key, value)| Insert(key, value)),
        8 => (key.clone(), value, time.clone())
            .prop_map(|(key, value, time)| InsertFor(key, value, time)),
        3 => (key.clone(), proptest::option::of(time.clone()))
            .prop_map(|(key, time)| SetTtl(key, time)),
        8 => key.clone().prop_map(Get),
        2 => key.clone().prop_map(Take),
        2 => key.clone().prop_map(Invalidate),
        1 => (0_u8..4).prop_map(InvalidatePrefix),
        4 => (key, value).prop_map(|(key, value)| Fetch(key, value)),
        1 => Just(RemoveExpired),
        6 => time.prop_map(Pass),
        1 => Just(Clear),
    ]
}

fn name(key: u8) -> String {
    format!("{}:{key}", key % 4)
}

/// A value whose length differs, so that not every write is in place.
fn content(value: u16) -> String {
    format!("{value:x}").repeat(usize::from(value % 5))
}

/// A value, and the moment from which on it is not there.
type Model = BTreeMap<u8, (String, u64)>;

fn check(acts: &[Act]) {
    let time = Time::new();
    let cache: Cache<String> = time.builder().time_to_live(millis(300)).build();
    let mut model = Model::new();
    for act in acts {
        let now = time.now();
        model.retain(|_, (_, deadline)| *deadline > now);
        step(act, &cache, &mut model, &time);
    }
    let now = time.now();
    model.retain(|_, (_, deadline)| *deadline > now);
    let mut items: Vec<_> = cache.iter().collect();
    items.sort_unstable();
    let mut expected: Vec<_> =
        model.iter().map(|(key, (value, _))| (name(*key).into(), value.clone())).collect();
    expected.sort_unstable();
    assert_eq!(items, expected);
}

fn step(act: &Act, cache: &Cache<String>, model: &mut Model, time: &Time) {
    let now = time.now();
    let value_of = |model: &Model, key: &u8| model.get(key).map(|(value, _)| value.clone());
    match act {
        Act::Insert(key, value) => {
            assert!(cache.insert(name(*key), content(*value)));
            model.insert(*key, (content(*value), now + 300));
        }
        Act::InsertFor(key, value, ttl) => {
            let is_kept = cache.insert_with_ttl(name(*key), content(*value), millis((*ttl).into()));
            assert_eq!(is_kept, *ttl > 0);
            model.remove(key);
            if is_kept {
                model.insert(*key, (content(*value), now + u64::from(*ttl)));
            }
        }
        Act::SetTtl(key, ttl) => {
            let is_there = cache.set_ttl(name(*key), ttl.map(|ttl| millis(ttl.into())));
            assert_eq!(is_there, model.contains_key(key));
            if let Some((_, deadline)) = model.get_mut(key) {
                *deadline = ttl.map_or(u64::MAX, |ttl| now + u64::from(ttl));
            }
        }
        Act::Get(key) => assert_eq!(cache.get(name(*key)), value_of(model, key)),
        Act::Take(key) => {
            assert_eq!(cache.take(name(*key)), model.remove(key).map(|(value, _)| value));
        }
        Act::Invalidate(key) => {
            assert_eq!(cache.invalidate(name(*key)), model.remove(key).is_some());
        }
        Act::InvalidatePrefix(rest) => {
            let before = model.len();
            model.retain(|key, _| key % 4 != *rest);
            assert_eq!(cache.invalidate_prefix(format!("{rest}:")), before - model.len());
        }
        Act::Fetch(key, value) => {
            let fetch = || Ok::<_, String>(content(*value));
            let got = cache.get_or_fetch_blocking(name(*key), fetch).unwrap();
            let (expected, _) = model.entry(*key).or_insert((content(*value), now + 300));
            assert_eq!(got, *expected);
        }
        Act::RemoveExpired => {
            cache.remove_expired();
        }
        Act::Pass(millis) => time.pass((*millis).into()),
        Act::Clear => {
            cache.clear();
            model.clear();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_cache_is_a_map_with_deadlines(acts in proptest::collection::vec(act(), 0..200)) {
        check(&acts);
    }
}
