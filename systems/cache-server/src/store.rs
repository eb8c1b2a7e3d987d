//! The store of a server: keys hold strings or collections.

pub use plimsoll_cache::store::{
    Candidates, Config, Deadline, Full, Gone, Key, Listener, Mark, Millis, Order, Payload, Policy,
    Seed, Stats, Stored,
};

use crate::values::Object;

/// All items.
pub type Store = plimsoll_cache::store::Store<Object>;
/// A part of them.
pub type Shard = plimsoll_cache::store::Shard<Object>;
/// An item where it is.
pub type Item<'a> = plimsoll_cache::store::Item<'a, Object>;
/// A value where it is.
pub type ValueRef<'a> = plimsoll_cache::store::ValueRef<'a, Object>;
/// A value to store.
pub type NewValue<'a> = plimsoll_cache::store::NewValue<'a, Object>;
/// A value that was taken out.
pub type OwnedValue = plimsoll_cache::store::OwnedValue<Object>;

impl Payload for Object {
    fn bytes(&self) -> usize {
        Object::bytes(self)
    }

    fn is_empty(&self) -> bool {
        Object::is_empty(self)
    }

    fn shed(&mut self, budget: usize) -> usize {
        Object::shed(self, budget)
    }
}
