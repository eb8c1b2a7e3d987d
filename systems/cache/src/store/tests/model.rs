//! The model: what a shard without eviction is to its users.

use std::collections::BTreeMap;

use crate::store::{Deadline, Item, Millis, Payload, ValueRef};

/// A collection of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bag(pub(super) Vec<u8>);

impl Payload for Bag {
    fn bytes(&self) -> usize {
        size_of::<Bag>() + self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn shed(&mut self, budget: usize) -> usize {
        let freed = self.0.len().min(budget);
        self.0.truncate(self.0.len() - freed);
        budget - freed
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Bytes(Vec<u8>),
    Bag(Vec<u8>),
}

impl Value {
    pub(super) fn of(item: &Item<'_, Bag>) -> Value {
        match item.value {
            ValueRef::Object(bag) => Value::Bag(bag.0.clone()),
            ValueRef::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            ValueRef::Large(bytes) => Value::Bytes(bytes.to_vec()),
        }
    }
}

pub(super) type Entry = (Value, Option<Millis>);

#[derive(Clone, Debug, Default)]
pub(super) struct Model(pub(super) BTreeMap<Vec<u8>, Entry>);

impl Model {
    /// Forgets what has expired.
    pub(super) fn pass(&mut self, now: Millis) {
        self.0.retain(|_, (_, deadline)| deadline.is_none_or(|deadline| now < deadline));
    }

    pub(super) fn set(&mut self, key: &[u8], value: Value, deadline: Deadline) {
        if value == Value::Bag(Vec::new()) {
            self.0.remove(key);
            return;
        }
        let old = self.0.get(key).and_then(|(_, deadline)| *deadline);
        self.0.insert(key.to_vec(), (value, after(old, deadline)));
    }

    pub(super) fn set_deadline(&mut self, key: &[u8], deadline: Deadline) {
        if let Some((_, old)) = self.0.get_mut(key) {
            *old = after(*old, deadline);
        }
    }
}

fn after(old: Option<Millis>, deadline: Deadline) -> Option<Millis> {
    match deadline {
        Deadline::Keep => old,
        Deadline::None => None,
        Deadline::At(at) => Some(at),
    }
}
