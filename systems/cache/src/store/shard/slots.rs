//! How many items each slot of a shard has.

use plimsoll_wire::resp::SLOTS;

#[derive(Clone, Debug)]
pub(in crate::store) struct SlotCounts {
    counts: Vec<u32>,
    /// Low bits that all slots of the shard share.
    shared_bits: u32,
}

impl SlotCounts {
    /// For one of `shards` shards, a power of two.
    pub(super) fn new(shards: usize) -> SlotCounts {
        let shared_bits = shards.trailing_zeros();
        SlotCounts { counts: vec![0; usize::from(SLOTS) >> shared_bits], shared_bits }
    }

    /// Where slots are not counted.
    pub(super) fn none() -> SlotCounts {
        SlotCounts { counts: Vec::new(), shared_bits: 0 }
    }

    pub(in crate::store) fn bytes(&self) -> usize {
        self.counts.len() * size_of::<u32>()
    }

    pub(super) fn get(&self, slot: u16) -> usize {
        self.counts.get(usize::from(slot) >> self.shared_bits).map_or(0, |count| *count as usize)
    }

    pub(super) fn add(&mut self, slot: u16) {
        if let Some(count) = self.counts.get_mut(usize::from(slot) >> self.shared_bits) {
            *count += 1;
        }
    }

    pub(super) fn subtract(&mut self, slot: u16) {
        if let Some(count) = self.counts.get_mut(usize::from(slot) >> self.shared_bits) {
            *count -= 1;
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
    }
}
