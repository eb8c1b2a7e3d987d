//! SIEVE (Zhang et al., NSDI 2024): one queue, and a hand that goes from its oldest item to its
//! newest, spares once what was hit since it last came by, where it is, and evicts the rest.
//!
//! What is spared slides together as the hand passes, so that the segment behind it becomes free.

use super::walk::{Hand, Step, Walk};
use crate::store::{Millis, Payload, Shard, log::Queue};

impl<O: Payload> Shard<O> {
    /// Walks one record of the queue, which is not empty; the bytes walked.
    pub(super) fn evict_by_sieve(&mut self, now: Millis, is_last_resort: bool) -> usize {
        let (oldest, newest) = (self.log.oldest(Queue::Main), self.log.newest(Queue::Main));
        let hand = self.hand(Walk::Main);
        // The newest segment is where items arrive: it is walked when it is not that any more.
        if hand.segment == 0 || (hand.segment == newest && oldest != newest) {
            *hand = Hand { segment: oldest, offset: 0 };
        }
        let spare = |hits| (hits > 0 && !is_last_resort).then_some(0);
        match self.walk(Walk::Main, now, Self::slide, spare) {
            Step::Passed(bytes) => bytes,
            Step::Live(met) => {
                self.drop_met(&met);
                met.len
            }
        }
    }
}
