//! The store: items by key under a byte cap, with deadlines to the millisecond.
//!
//! A [`Store`] is a row of [`Shard`]s, each behind a mutex of its own with its own memory, so that
//! shards share nothing but the cap they were given a part of. Time and randomness come from the
//! caller. `O` is what a key can hold besides a string.

mod boxes;
mod eviction;
mod expiry;
mod garbage;
mod index;
mod item;
mod key;
mod log;
mod marks;
mod policy;
mod shard;
mod shards;
mod stats;
#[cfg(test)]
mod tests;

pub use item::{
    Deadline, Full, Gone, Item, Listener, Millis, NewValue, OwnedValue, Payload, Stored, Taken,
    ValueRef,
};
pub use key::{Key, Seed};
pub use marks::Mark;
pub use policy::{Candidates, Order, Policy};
pub use shard::Shard;
pub use shards::Store;
pub use stats::Stats;

/// Tables grow by pages of so many bytes, so that growing copies nothing. Of what the program's allocator
/// takes from the system for several of them at a time, these leave the least over; as it asks for huge
/// pages, what they left would be resident.
const PAGE_BYTES: usize = 56 << 10;

/// How to build a [`Store`].
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Rounded up to a power of two, at most [`Config::SHARDS_MAX`].
    pub shards: usize,
    /// Cap of all shards together, in bytes; 0 is none. Each shard has an equal part.
    pub max_bytes: usize,
    /// What leaves when the cap is reached.
    pub policy: Policy,
    /// Makes the hashes of keys unpredictable.
    pub seed: u64,
}

impl Config {
    /// Most shards: each still has 16 of the 16384 slots.
    pub const SHARDS_MAX: usize = 1024;
}
