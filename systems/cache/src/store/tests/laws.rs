//! A shard does as the model does; under a cap it may have less, never else, and never more bytes.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::model::{Bag, Entry, Model, Value};
use crate::store::{
    Deadline, Item, Key, Millis, NewValue, Policy, Seed, Shard, Stored, index::FREQUENCY_MAX,
};

const KEYS: u16 = 60;
const SHARDS: usize = 64;

#[derive(Clone, Debug)]
enum Step {
    Set { key: u16, value: Value, deadline: Option<u64>, keep: bool, owned: bool },
    Edit { key: u16, extra: usize, cut: usize },
    Push { key: u16, extra: usize, cut: usize },
    SetDeadline { key: u16, deadline: Option<u64> },
    Remove { key: u16 },
    Take { key: u16 },
    Find { key: u16, in_place: bool },
    Pass { millis: u64 },
    Tick { budget: usize },
    Clear,
}

fn value() -> impl Strategy<Value = Value> {
    let bytes = |range: std::ops::Range<usize>| {
        (range, any::<u8>()).prop_map(|(len, byte)| vec![byte; len])
    };
    prop_oneof![
        8 => bytes(0..40).prop_map(Value::Bytes),
        3 => bytes(100..1_500).prop_map(Value::Bytes),
        1 => bytes(16_000..40_000).prop_map(Value::Bytes),
        2 => bytes(0..300).prop_map(Value::Bag),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..KEYS;
    let deadline = || proptest::option::weighted(0.4, prop_oneof![1_u64..200, 1_u64..300_000]);
    prop_oneof![
        90 => (key(), value(), deadline(), prop::bool::weighted(0.1), any::<bool>()).prop_map(
            |(key, value, deadline, keep, owned)| Step::Set { key, value, deadline, keep, owned }
        ),
        6 => (key(), 0_usize..60, 0_usize..60)
            .prop_map(|(key, extra, cut)| Step::Edit { key, extra, cut }),
        6 => (key(), 0_usize..60, 0_usize..60)
            .prop_map(|(key, extra, cut)| Step::Push { key, extra, cut }),
        8 => (key(), deadline()).prop_map(|(key, deadline)| Step::SetDeadline { key, deadline }),
        6 => key().prop_map(|key| Step::Remove { key }),
        4 => key().prop_map(|key| Step::Take { key }),
        40 => (key(), any::<bool>()).prop_map(|(key, in_place)| Step::Find { key, in_place }),
        6 => prop_oneof![0_u64..50, 0_u64..100_000].prop_map(|millis| Step::Pass { millis }),
        4 => (1_usize..50).prop_map(|budget| Step::Tick { budget }),
        // Rare, or nothing grows.
        1 => Just(Step::Clear),
    ]
}

/// A shard and what it should be.
struct Pair {
    shard: Shard<Bag>,
    model: Model,
    seed: Seed,
    now: Millis,
    /// Whether items may be missing.
    evicts: bool,
}

impl Pair {
    fn new(max_bytes: usize, policy: Policy) -> Pair {
        let seed = Seed::new(7);
        // One of many, whose counters of slots are small beside the smallest cap.
        let shard = Shard::among(SHARDS, max_bytes, policy, seed.clone());
        let now = Millis(1_700_000_000_000);
        Pair { shard, model: Model::default(), seed, now, evicts: max_bytes != 0 }
    }

    fn at(&self, deadline: Option<u64>) -> Deadline {
        deadline.map_or(Deadline::None, |millis| Deadline::At(Millis(self.now.0 + millis)))
    }

    fn run(&mut self, step: &Step) {
        let now = self.now;
        let name = |key: &u16| format!("key:{key}:{}", "x".repeat(usize::from(*key) % 7));
        match step {
            Step::Set { key, value, deadline, keep, owned } => {
                let deadline = if *keep { Deadline::Keep } else { self.at(*deadline) };
                self.set(name(key).as_bytes(), value, deadline, *owned);
            }
            Step::Edit { key, extra, cut } => self.edit(name(key).as_bytes(), *extra, *cut),
            Step::Push { key, extra, cut } => self.push(name(key).as_bytes(), *extra, *cut),
            Step::SetDeadline { key, deadline } => {
                let (name, deadline) = (name(key), self.at(*deadline));
                let key = Key::new(name.as_bytes(), &self.seed);
                if self.shard.set_deadline(&key, deadline, now) {
                    self.model.set_deadline(name.as_bytes(), deadline);
                } else {
                    self.lost(name.as_bytes());
                }
            }
            Step::Remove { key } => {
                let name = name(key);
                let was_there = self.shard.remove(&Key::new(name.as_bytes(), &self.seed), now);
                let expected = self.model.0.remove(name.as_bytes()).is_some();
                assert!(was_there == expected || (self.evicts && expected));
            }
            Step::Take { key } => self.take(name(key).as_bytes()),
            Step::Find { key, in_place } => self.find(name(key).as_bytes(), *in_place),
            Step::Pass { millis } => {
                self.now.0 += millis;
                self.model.pass(self.now);
            }
            Step::Tick { budget } => {
                self.shard.tick(now, *budget);
            }
            Step::Clear => {
                self.shard.clear();
                self.model.0.clear();
            }
        }
    }

    /// An item is not there, which is right or an eviction.
    fn lost(&mut self, key: &[u8]) {
        assert!(self.model.0.remove(key).is_none() || self.evicts, "an item is lost");
    }

    fn set(&mut self, name: &[u8], value: &Value, deadline: Deadline, owned: bool) {
        let key = Key::new(name, &self.seed);
        let new = match value {
            Value::Bag(bytes) => NewValue::Object(Box::new(Bag(bytes.clone()))),
            Value::Bytes(bytes) if owned => NewValue::Large(Bytes::copy_from_slice(bytes)),
            Value::Bytes(bytes) => NewValue::Bytes(bytes),
        };
        // A deadline is kept only if the item is.
        let was_there = self.shard.peek(&key, self.now).is_some();
        if !was_there {
            self.lost(name);
        }
        match self.shard.set(&key, new, deadline, self.now) {
            Ok(stored) => {
                assert!(stored == Stored::New || was_there);
                if stored == Stored::New && *value != Value::Bag(Vec::new()) {
                    self.lost(name);
                }
                self.model.set(name, value.clone(), deadline);
            }
            Err(_) => {
                assert!(self.evicts, "no room without a cap");
                if self.shard.peek(&key, self.now).is_none() {
                    self.lost(name);
                }
            }
        }
    }

    fn edit(&mut self, name: &[u8], extra: usize, cut: usize) {
        let key = Key::new(name, &self.seed);
        let change = |bytes: &mut Vec<u8>| {
            bytes.extend_from_slice(&vec![b'+'; extra]);
            bytes.drain(..cut.min(bytes.len()));
        };
        let edited = self.shard.edit(&key, extra, self.now, |buffer| {
            let mut bytes = buffer.to_vec();
            change(&mut bytes);
            buffer.clear();
            buffer.extend_from_slice(&bytes);
        });
        match (edited, self.model.0.get_mut(name)) {
            (Ok(Some(())), Some((Value::Bytes(bytes), _))) => change(bytes),
            (Ok(None), Some((Value::Bag(_), _)) | None) => {}
            (Ok(None), Some(_)) => self.lost(name),
            (Err(_), Some(_)) if self.evicts => {
                if self.shard.peek(&key, self.now).is_none() {
                    self.lost(name);
                }
            }
            (edited, entry) => panic!("{edited:?} for {entry:?}"),
        }
    }

    fn push(&mut self, name: &[u8], extra: usize, cut: usize) {
        let key = Key::new(name, &self.seed);
        let change = |bytes: &mut Vec<u8>| {
            bytes.extend_from_slice(&vec![b'+'; extra]);
            bytes.drain(..cut.min(bytes.len()));
        };
        let changed = self.shard.object_mut(&key, self.now, |bag| change(&mut bag.0)).is_some();
        match self.model.0.get_mut(name) {
            Some((Value::Bag(bytes), _)) if changed => {
                change(bytes);
                if bytes.is_empty() {
                    self.model.0.remove(name);
                }
            }
            Some((Value::Bag(_), _)) => self.lost(name),
            _ => assert!(!changed),
        }
    }

    fn take(&mut self, name: &[u8]) {
        let key = Key::new(name, &self.seed);
        let seen = self.shard.peek(&key, self.now).map(|item| (Value::of(&item), item.deadline));
        let taken = self.shard.take(&key, self.now);
        assert_eq!(taken.as_ref().map(|taken| taken.deadline), seen.as_ref().map(|seen| seen.1));
        assert!(self.shard.peek(&key, self.now).is_none());
        match (seen, self.model.0.remove(name)) {
            (Some(seen), expected) => assert_eq!(Some(seen), expected),
            (None, expected) => assert!(expected.is_none() || self.evicts),
        }
    }

    /// Either way, and each leaves the same traces.
    fn find(&mut self, name: &[u8], in_place: bool) {
        let key = Key::new(name, &self.seed);
        let told = |item: Item<'_, Bag>| ((Value::of(&item), item.deadline), item.frequency);
        let before = self.shard.stats();
        let frequency = self.shard.peek(&key, self.now).map(|item| item.frequency);
        let found = match in_place {
            true => self.shard.find_with(&key, self.now, told),
            false => self.shard.find(&key, self.now).map(told),
        };
        let after = self.shard.stats();
        let hits = u64::from(found.is_some());
        assert_eq!((after.hits - before.hits, after.misses - before.misses), (hits, 1 - hits));
        match found {
            Some((entry, hits)) => {
                assert_eq!(Some(&entry), self.model.0.get(name));
                assert_eq!(Some(hits), frequency.map(|before| (before + 1).min(FREQUENCY_MAX)));
            }
            None => {
                assert_eq!(frequency, None);
                // What has expired is gone now, if it was still there.
                let known = after.items + (after.expired - before.expired);
                assert_eq!(known, before.items);
                self.lost(name);
            }
        }
    }

    /// All that the shard says it has, by its scan.
    fn scanned(&self) -> BTreeMap<Vec<u8>, Entry> {
        let mut items = BTreeMap::new();
        let mut cursor = 0;
        loop {
            cursor = self.shard.scan(cursor, 3, self.now, |item| {
                items.insert(item.key.to_vec(), (Value::of(&item), item.deadline));
            });
            if cursor == 0 {
                return items;
            }
        }
    }

    fn check(&mut self) {
        let scanned = self.scanned();
        if self.evicts {
            self.model.0.retain(|key, _| scanned.contains_key(key));
        }
        assert_eq!(scanned, self.model.0);
        let stats = self.shard.stats();
        assert!(stats.items as usize >= scanned.len());
        let slots = (0..16_384).step_by(SHARDS);
        let slots: usize = slots.map(|slot| self.shard.len_of_slot(slot)).sum();
        assert_eq!(slots, self.shard.len());
        let random = self.shard.random(self.now.0 ^ stats.hits, self.now);
        assert_eq!(random.is_none(), scanned.is_empty());
        assert!(stats.live_bytes <= stats.log_bytes);
    }
}

fn check(steps: &[Step], max_bytes: usize, policy: Policy) {
    let mut pair = Pair::new(max_bytes, policy);
    for (at, step) in steps.iter().enumerate() {
        pair.run(step);
        if at % 16 == 0 {
            pair.check();
        }
    }
    pair.check();
    // Everything with a deadline goes by itself.
    pair.now.0 += 400_000;
    pair.model.pass(pair.now);
    while pair.shard.tick(pair.now, 1_000) > 0 {}
    pair.check();
    assert_eq!(pair.shard.len(), pair.model.0.len());
    assert_eq!(pair.shard.stats().volatile_items, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn without_a_cap_nothing_is_lost(steps in prop::collection::vec(step(), 1..400)) {
        check(&steps, 0, Policy::S3_FIFO);
    }

    #[test]
    fn under_a_cap_nothing_is_wrong(
        steps in prop::collection::vec(step(), 1..400),
        max_bytes in 30_000_usize..300_000,
        policy in 0..Policy::ALL.len(),
    ) {
        check(&steps, max_bytes, Policy::ALL[policy]);
    }
}
