//! Compaction: live records of segments with much dead space slide together, in order of age.

use super::walk::{Hand, Step, Walk};
use crate::store::{Millis, Payload, Shard, log::Queue};

/// Segments that one step looks at for one that is worth it.
const LOOKED_AT: usize = 32;

impl<O: Payload> Shard<O> {
    /// Goes on by one record, in a segment of which one part in `parts` is dead; the bytes walked, or
    /// `None` when no such segment was found at once.
    pub(super) fn compact_step(&mut self, parts: usize) -> Option<usize> {
        if !self.find_source(parts) {
            return None;
        }
        // Items that have expired slide as well: to remove them is not the compaction's.
        match self.step(Walk::Compaction, Millis(0)) {
            Step::Passed(bytes) => Some(bytes),
            Step::Live(met) => {
                self.slide(&met, met.frequency, true);
                Some(met.len)
            }
        }
    }

    fn find_source(&mut self, parts: usize) -> bool {
        for _ in 0..LOOKED_AT {
            let hand = *self.hand(Walk::Compaction);
            // What the eviction walks stays where it is: nothing may slide to behind its back.
            let is_free = hand.segment != 0 && !self.is_walked(hand.segment);
            if is_free && (hand.offset > 0 || self.is_worth_it(hand.segment, parts)) {
                return true;
            }
            let next = match hand.segment {
                0 => 0,
                segment => self.log.newer(segment),
            };
            let segment = match next {
                0 => self.other_oldest(hand.segment),
                next => next,
            };
            *self.hand(Walk::Compaction) = Hand { segment, offset: 0 };
        }
        false
    }

    /// The oldest segment of the queue that `segment` is not in, or of its own when the other is
    /// empty.
    fn other_oldest(&self, segment: u32) -> u32 {
        let is_main = segment != 0 && self.log.queue_of(segment) == Queue::Main;
        let (small, main) = (self.log.oldest(Queue::Small), self.log.oldest(Queue::Main));
        if (is_main && small != 0) || main == 0 { small } else { main }
    }

    fn is_worth_it(&self, segment: u32, parts: usize) -> bool {
        let is_newest = self.log.newest(self.log.queue_of(segment)) == segment;
        let dead = self.log.dead(segment);
        let older = self.log.older(segment);
        let fits_before = older != 0 && self.log.filled(segment) - dead <= self.log.room(older);
        !is_newest && (dead * parts >= self.log.capacity(segment) || fits_before)
    }
}
