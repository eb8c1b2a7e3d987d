//! A worker's single samples, for outputs that see each.

use crate::interval::RawSample;

/// What is kept of single samples in one interval.
pub(super) struct Kept {
    samples: Vec<RawSample>,
    /// Between two calls of [`Kept::take`]; more are counted as lost.
    room: usize,
    lost: u64,
    /// Whether some output sees single samples.
    is_wanted: bool,
    /// Whether the next one is kept.
    is_on: bool,
    /// Samples in an interval that are wanted singly.
    limit: usize,
    /// Whether those beyond it are kept too.
    wants_surplus: bool,
    /// In this interval.
    seen: usize,
    is_over: bool,
}

impl Kept {
    pub(super) fn new(is_wanted: bool, room: usize) -> Kept {
        Kept {
            samples: Vec::new(),
            room,
            lost: 0,
            is_wanted,
            is_on: is_wanted,
            limit: usize::MAX,
            wants_surplus: true,
            seen: 0,
            is_over: false,
        }
    }

    pub(super) fn set_limit(&mut self, limit: usize, wants_surplus: bool) {
        self.limit = limit;
        self.wants_surplus = wants_surplus;
    }

    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    pub(super) fn push(&mut self, sample: RawSample) {
        self.seen += 1;
        if self.seen > self.limit && !self.is_over {
            self.pass_limit();
        }
        if !self.is_on {
            return;
        }
        if self.samples.len() < self.room {
            self.samples.push(sample);
        } else {
            self.lost += 1;
        }
    }

    /// From here on the interval's sums stand for its samples.
    #[cold]
    fn pass_limit(&mut self) {
        self.is_over = true;
        if !self.wants_surplus {
            self.samples.clear();
            self.lost = 0;
            self.is_on = false;
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) fn next_interval(&mut self) {
        self.seen = 0;
        self.is_over = false;
        self.is_on = self.is_wanted;
    }

    pub(super) fn take(&mut self) -> (Vec<RawSample>, u64) {
        let lost = std::mem::take(&mut self.lost);
        // Then the memory stays: beyond the limit it is filled up to it in each interval.
        if self.samples.is_empty() {
            return (Vec::new(), lost);
        }
        // As many will come again: growing through every size would touch twice the memory.
        let next = Vec::with_capacity(self.samples.len());
        (std::mem::replace(&mut self.samples, next), lost)
    }

    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }
}
