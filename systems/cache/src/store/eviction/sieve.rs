//! SIEVE (Zhang et al., NSDI 2024): one queue, and a hand that goes from its oldest item to its
//! newest, spares once what was hit since it last came by, where it is, and evicts the rest.
//!
//! What is spared slides together as the hand passes, so that the segment behind it becomes free.

use super::walk::{Hand, Step, Walk};
use crate::store::{Candidates, Millis, Payload, Shard, log::Queue};

impl<O: Payload> Shard<O> {
    /// Walks one record of the queue, which is not empty; the bytes walked.
    pub(super) fn evict_by_sieve(&mut self, now: Millis, is_last_resort: bool) -> usize {
        let (oldest, newest) = (self.log.oldest(Queue::Main), self.log.newest(Queue::Main));
        let hand = self.hand(Walk::Main);
        // The newest segment is where items arrive: it is walked when it is not that any more.
        if hand.segment == 0 || (hand.segment == newest && oldest != newest) {
            *hand = Hand { segment: oldest, offset: 0 };
        }
        let met = match self.step(Walk::Main, now) {
            Step::Passed(bytes) => return bytes,
            Step::Live(met) => met,
        };
        if met.is_expired {
            self.drop_met(&met);
        } else if self.policy.candidates != Candidates::All && !met.has_deadline {
            self.slide(&met, met.frequency, true);
        } else {
            let is_wanted = met.frequency > 0 && !is_last_resort;
            if !is_wanted || !self.slide(&met, 0, false) {
                self.drop_met(&met);
            }
        }
        met.len
    }
}
