//! S3-FIFO (Yang et al., SOSP 2023): a small queue for newcomers, which leave it for the main queue
//! when they were hit more than once, and for the ghost otherwise; a main queue that spares once per
//! hit; a ghost of as many keys as the main queue has when it is full, whose keys come back to it.
//!
//! Queues are weighed in bytes, and the small one has a tenth.

use super::walk::{Step, Walk};
use crate::store::{Millis, Payload, Shard, log::Queue};

/// Hits from which on a newcomer goes to the main queue.
const PROMOTED_FROM: u8 = 2;

impl<O: Payload> Shard<O> {
    /// Walks one record of the small queue, which is not empty; the bytes walked.
    pub(super) fn evict_from_small(&mut self, now: Millis, is_last_resort: bool) -> usize {
        self.start_at_oldest(Walk::Small, Queue::Small);
        let spare = |hits| (hits >= PROMOTED_FROM && !is_last_resort).then_some(0);
        match self.walk(Walk::Small, now, Self::promote, spare) {
            Step::Passed(bytes) => bytes,
            Step::Live(met) => {
                // Not of those that it has now: it fills by what comes back out of the ghost, and a
                // ghost as short as a main queue that is still empty would let nothing come back.
                self.ghost.set_keys(self.index.len() / 10 * 9);
                self.ghost.insert(met.hash);
                self.drop_met(&met);
                met.len
            }
        }
    }

    /// Walks one record of the main queue, which is not empty; the bytes walked.
    pub(super) fn evict_from_main(&mut self, now: Millis, is_last_resort: bool) -> usize {
        self.start_at_oldest(Walk::Main, Queue::Main);
        let spare = |hits: u8| hits.checked_sub(1).filter(|_| !is_last_resort);
        match self.walk(Walk::Main, now, Self::promote, spare) {
            Step::Passed(bytes) => bytes,
            Step::Live(met) => {
                self.drop_met(&met);
                met.len
            }
        }
    }

    fn start_at_oldest(&mut self, walk: Walk, queue: Queue) {
        let oldest = self.log.oldest(queue);
        let hand = self.hand(walk);
        if hand.segment == 0 {
            hand.segment = oldest;
            hand.offset = 0;
        }
    }
}
