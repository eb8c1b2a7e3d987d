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
    /// Hashes these bytes.
    #[inline]
    pub fn new(bytes: &'a [u8], seed: &Seed) -> Key<'a> {
        let hash = seed.hash(bytes);
        let slot = if seed.has_slots { resp::slot(bytes) } else { slot_of(hash) };
        Key { bytes, hash, slot }
    }

    /// The key itself.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Equal for equal keys of one store.
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
    /// Whether slots are Redis's.
    has_slots: bool,
}

impl Seed {
    /// For a store whose slots are Redis's.
    pub fn new(seed: u64) -> Seed {
        Seed { start: seed.rotate_left(32), shared: SharedSeed::from_u64(seed), has_slots: true }
    }

    /// For a store whose slots nobody asks for: they come from the hash, which costs less than to
    /// read the key again.
    pub fn without_slots(seed: u64) -> Seed {
        Seed { has_slots: false, ..Seed::new(seed) }
    }

    pub(super) fn has_slots(&self) -> bool {
        self.has_slots
    }

    /// The slot of a key by which items are counted; any where they are not.
    pub(super) fn counted_slot(&self, key: &[u8]) -> u16 {
        if self.has_slots { resp::slot(key) } else { 0 }
    }

    /// 64 bits, all of them well mixed.
    #[inline]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.start, &self.shared);
        hasher.write(bytes);
        hasher.finish()
    }
}

/// Mixed anew, as the index and the ghost of a shard have the bits of the hash for themselves.
fn slot_of(hash: u64) -> u16 {
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as u16
}

const _: () = assert!(resp::SLOTS == 1 << (64 - 50), "as many as there are slots");
