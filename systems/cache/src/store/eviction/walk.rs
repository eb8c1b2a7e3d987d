//! Walking segments record by record, and what becomes of those that are met.

use crate::store::{
    Candidates, Gone, Millis, Payload, Shard,
    index::Cell,
    log::{Place, Queue},
};

/// Who walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Walk {
    Small = 0,
    Main = 1,
    Compaction = 2,
}

/// The next record of a walk; segment 0 is none.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hand {
    pub(super) segment: u32,
    pub(super) offset: usize,
}

/// Where the walks are. Those of eviction by S3-FIFO are in the oldest segment of their queue.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::store) struct Hands(pub(super) [Hand; 3]);

/// A live record that a walk has met.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    /// Of its key.
    pub(super) hash: u64,
    pub(super) cell: Cell,
    pub(super) place: Place,
    pub(super) len: usize,
    /// Bytes that it holds outside of the log.
    pub(super) outside: usize,
    pub(super) frequency: u8,
    pub(super) is_expired: bool,
    pub(super) has_deadline: bool,
}

/// What a walk came across.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// This many dead bytes, or none and the end of a segment.
    Passed(usize),
    Live(Met),
}

/// Moves a record to where it is kept, with that frequency: [`Shard::promote`] or [`Shard::slide`].
pub(super) type Keep<O> = fn(&mut Shard<O>, &Met, u8, bool) -> bool;

impl<O: Payload> Shard<O> {
    /// Walks one record. What has expired leaves; what may not be evicted is kept, and so is, while memory
    /// is left, what `spare` gives a frequency for its own. A record that comes back is to be evicted.
    pub(super) fn walk(
        &mut self,
        walk: Walk,
        now: Millis,
        keep: Keep<O>,
        spare: impl FnOnce(u8) -> Option<u8>,
    ) -> Step {
        let met = match self.step(walk, now) {
            Step::Passed(bytes) => return Step::Passed(bytes),
            Step::Live(met) => met,
        };
        if met.is_expired {
            self.drop_met(&met);
        } else if self.policy.candidates != Candidates::All && !met.has_deadline {
            keep(self, &met, met.frequency, true);
        } else if !spare(met.frequency).is_some_and(|frequency| keep(self, &met, frequency, false))
        {
            return Step::Live(met);
        }
        Step::Passed(met.len)
    }

    pub(super) fn hand(&mut self, walk: Walk) -> &mut Hand {
        &mut self.hands.0[walk as usize]
    }

    pub(super) fn is_walked(&self, segment: u32) -> bool {
        let hands = &self.hands.0;
        hands[Walk::Small as usize].segment == segment
            || hands[Walk::Main as usize].segment == segment
    }

    /// Goes on by one record. A segment that was walked to its end is freed: by then its records have
    /// moved or left.
    pub(super) fn step(&mut self, walk: Walk, now: Millis) -> Step {
        let hand = *self.hand(walk);
        let is_over = hand.offset >= self.log.filled(hand.segment);
        if is_over || self.log.is_spent(hand.segment) {
            self.release(hand.segment);
            return Step::Passed(0);
        }
        let place = Place::new(hand.segment, hand.offset);
        let record = self.log.record(place);
        self.hands.0[walk as usize].offset += record.len;
        if record.is_dead() {
            return Step::Passed(record.len);
        }
        let hash = self.seed.hash(record.key);
        let found = self.index.find_place(hash, place);
        debug_assert!(found.is_some(), "a live record that the index does not know");
        let Some(cell) = found else { return Step::Passed(record.len) };
        Step::Live(Met {
            hash,
            cell,
            place,
            len: record.len,
            outside: self.boxes.weight(&record),
            frequency: self.index.entry(cell).frequency(),
            is_expired: record.is_expired(now),
            has_deadline: record.deadline().is_some(),
        })
    }

    /// Frees a segment; walks that are in it go on with the next.
    pub(in crate::store) fn release(&mut self, segment: u32) {
        let newer = self.log.newer(segment);
        for hand in &mut self.hands.0 {
            if hand.segment == segment {
                *hand = Hand { segment: newer, offset: 0 };
            }
        }
        self.log.release(segment);
    }

    /// Moves a record to the newest end of the main queue. Without `must` it does so only if memory
    /// is left; whether it did.
    pub(super) fn promote(&mut self, met: &Met, frequency: u8, must: bool) -> bool {
        if !must && !self.log.has_room(Queue::Main, met.len) && !self.has_segment_left(met.len) {
            return false;
        }
        let place = self.log.move_to_newest(met.place, Queue::Main, met.outside);
        self.index.update(met.cell, place, frequency);
        true
    }

    /// Moves a record out of its segment without a change of its age. As [`Shard::promote`].
    pub(super) fn slide(&mut self, met: &Met, frequency: u8, must: bool) -> bool {
        let segment = met.place.segment();
        if !must && !self.log.has_room_before(segment, met.len) && !self.has_segment_left(met.len) {
            return false;
        }
        let place = self.log.move_before(met.place, met.outside);
        self.index.update(met.cell, place, frequency);
        true
    }

    fn has_segment_left(&self, len: usize) -> bool {
        self.max_bytes == 0
            || self.committed() + self.log.segment_bytes().max(len) <= self.max_bytes
    }

    pub(super) fn drop_met(&mut self, met: &Met) {
        let why = if met.is_expired { Gone::Expired } else { Gone::Evicted };
        self.leave(met.cell, met.place, why);
    }
}
