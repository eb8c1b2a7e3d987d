//! Keys: bytes, their hash and their slot, each computed once per command.

use std::hash::Hasher as _;

use foldhash::{SharedSeed, quality::FoldHasher};
use plimsoll_wire::resp;

/// A key of a command, with all that the store asks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    bytes: &'a [u8],
    hash: u64,
    slot: u16,
}

impl<'a> Key<'a> {
    pub fn new(bytes: &'a [u8], seed: &Seed) -> Key<'a> {
        Key { bytes, hash: seed.hash(bytes), slot: resp::slot(bytes) }
    }

    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Below [`resp::SLOTS`].
    pub fn slot(&self) -> u16 {
        self.slot
    }
}

/// What makes hashes unpredictable to those who choose the keys. One per store, so that a key is
/// hashed once whichever shard it is in.
#[derive(Clone, Debug)]
pub struct Seed {
    start: u64,
    shared: SharedSeed,
}

impl Seed {
    pub fn new(seed: u64) -> Seed {
        Seed { start: seed.rotate_left(32), shared: SharedSeed::from_u64(seed) }
    }

    /// 64 bits, all of them well mixed.
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.start, &self.shared);
        hasher.write(bytes);
        hasher.finish()
    }
}
