//! Which records have changed, for those who keep a copy of one.
//!
//! A shard has a few counters, and each place of its log belongs to one of them. What overwrites, moves
//! or removes a record counts on, under the shard's lock. So whoever has copied a value under that lock
//! and later finds, without it, the counter where it was, has what the record still says: a write is
//! answered only when it has counted, and whoever asks after that answer sees the count.

use std::sync::atomic::{AtomicU64, Ordering};

use super::log::Place;

const COUNTS_BITS: u32 = 8;
/// Counters of a shard: enough for a changed record seldom to be taken for another one.
const COUNTS: usize = 1 << COUNTS_BITS;
/// Spreads places over the counters.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The counters of one shard.
#[derive(Debug)]
pub(super) struct Marks {
    counts: Box<[AtomicU64; COUNTS]>,
}

/// What a record's counter said when a copy of it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    at: usize,
    count: u64,
}

impl Marks {
    pub(super) fn new() -> Marks {
        Marks { counts: Box::new([const { AtomicU64::new(0) }; COUNTS]) }
    }

    fn at(place: Place) -> usize {
        (place.bits().wrapping_mul(SPREAD) >> (u64::BITS - COUNTS_BITS)) as usize
    }

    /// The record at this place changes. Only under the shard's lock, so that no count is lost.
    #[inline]
    pub(super) fn pass(&self, place: Place) {
        count_on(&self.counts[Marks::at(place)]);
    }

    /// Every record goes.
    pub(super) fn pass_all(&self) {
        self.counts.iter().for_each(count_on);
    }

    /// For a copy that is taken under the shard's lock.
    pub(super) fn of(&self, place: Place) -> Mark {
        let at = Marks::at(place);
        Mark { at, count: self.counts[at].load(Ordering::Relaxed) }
    }

    #[inline]
    pub(super) fn is_current(&self, mark: Mark) -> bool {
        self.counts.get(mark.at).is_some_and(|count| count.load(Ordering::Acquire) == mark.count)
    }
}

#[inline]
fn count_on(count: &AtomicU64) {
    count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
}
