//! Collections: what a key can hold besides a string.
//!
//! Each is one packed block while it is small and a structure for its operations after that. None
//! knows time, keys, commands or locks. Sizes are counted, not estimated by walking.

mod hash;
mod index;
mod list;
mod packed;
mod rank_tree;
mod set;
mod sorted_set;
mod table;
mod together;
mod varint;

pub use hash::Hash;
pub use list::List;
pub use set::{Element, Set};
pub use sorted_set::{Members, SortedSet};
pub use together::TOGETHER;

/// Entries up to which a hash, a set or a sorted set stays packed; Redis's default.
pub const PACKED_ENTRIES: usize = 128;
/// Bytes of an entry up to which a hash, a set or a sorted set stays packed; Redis's default.
pub const PACKED_ENTRY_BYTES: usize = 64;
/// Integers up to which a set of nothing else is a sorted array of them; Redis's default.
pub const INTEGER_SET_ENTRIES: usize = 512;
/// Bytes of one block of a list; Redis's default.
pub const LIST_BLOCK_BYTES: usize = 8 << 10;

/// A collection. One that is empty is not kept: whoever empties it removes the key.
#[derive(Clone, Debug)]
pub enum Object {
    /// Fields with values.
    Hash(Hash),
    /// Elements in an order.
    List(List),
    /// Members without order.
    Set(Set),
    /// Members in the order of their scores.
    SortedSet(SortedSet),
}

impl Object {
    /// Bytes of memory, those of the object itself included.
    pub fn bytes(&self) -> usize {
        let heap = match self {
            Object::Hash(hash) => hash.heap_bytes(),
            Object::List(list) => list.heap_bytes(),
            Object::Set(set) => set.heap_bytes(),
            Object::SortedSet(sorted_set) => sorted_set.heap_bytes(),
        };
        size_of::<Object>() + heap
    }

    /// Fields, elements or members.
    pub fn len(&self) -> usize {
        match self {
            Object::Hash(hash) => hash.len(),
            Object::List(list) => list.len(),
            Object::Set(set) => set.len(),
            Object::SortedSet(sorted_set) => sorted_set.len(),
        }
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Frees about `budget` entries' memory; what is left of the budget, which is something once
    /// almost nothing is left to free. Only for an object that nobody will look into any more: it
    /// bounds how long it takes to drop a large one.
    pub fn shed(&mut self, budget: usize) -> usize {
        match self {
            Object::Hash(hash) => hash.shed(budget),
            Object::List(list) => list.shed(budget),
            Object::Set(set) => set.shed(budget),
            Object::SortedSet(sorted_set) => sorted_set.shed(budget),
        }
    }

    /// Goes on with a copy of `source`, which was begun empty and which nobody has looked into: about
    /// `budget` entries of it. What is left of the budget, which is something once the copy is whole. It
    /// bounds how long it takes to copy a large one at a time.
    pub fn copy_from(&mut self, source: &Object, budget: usize) -> usize {
        match (self, source) {
            (Object::Hash(copy), Object::Hash(hash)) => copy.copy_from(hash, budget),
            (Object::List(copy), Object::List(list)) => copy.copy_from(list, budget),
            (Object::Set(copy), Object::Set(set)) => copy.copy_from(set, budget),
            (Object::SortedSet(copy), Object::SortedSet(sorted_set)) => {
                copy.copy_from(sorted_set, budget)
            }
            (copy, source) => {
                *copy = source.empty();
                copy.copy_from(source, budget)
            }
        }
    }

    /// One of the same kind without entries.
    fn empty(&self) -> Object {
        match self {
            Object::Hash(_) => Object::Hash(Hash::new()),
            Object::List(_) => Object::List(List::new()),
            Object::Set(_) => Object::Set(Set::new()),
            Object::SortedSet(_) => Object::SortedSet(SortedSet::new()),
        }
    }

    /// As `TYPE` names it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Object::Hash(_) => "hash",
            Object::List(_) => "list",
            Object::Set(_) => "set",
            Object::SortedSet(_) => "zset",
        }
    }

    /// As `OBJECT ENCODING` names it.
    pub fn encoding(&self) -> &'static str {
        match self {
            Object::Hash(hash) => hash.encoding(),
            Object::List(list) => list.encoding(),
            Object::Set(set) => set.encoding(),
            Object::SortedSet(sorted_set) => sorted_set.encoding(),
        }
    }
}

/// To copy so many bytes of entries costs as much as to copy a short one.
const COPIED_BYTES: usize = 128;
/// Largest allocation that takes no more than the next multiple of its alignment.
const FINE_BYTES: usize = 128;

/// What an allocation of `bytes` takes: allocators have four sizes for each doubling.
fn allocated(bytes: usize) -> usize {
    let unit = if bytes <= FINE_BYTES { 16 } else { 1 << ((bytes - 1).ilog2() - 2) };
    bytes.next_multiple_of(unit)
}

#[cfg(test)]
mod tests;
