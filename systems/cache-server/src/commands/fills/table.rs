//! The keys of one shard of which something is remembered, bounded in number and in bytes.

use std::collections::VecDeque;

use super::{
    by_hash::{ByHash, SHRUNK_BELOW},
    entry::{Entry, Fill},
    known::{Known, Validator},
};
use crate::store::Millis;

/// Old answers that one new one clears away.
const CLEARED: usize = 2;
/// What an answer takes in the queue.
const ANSWER_BYTES: usize = size_of::<(Millis, u64)>();
/// Places that the queue begins with at most.
const ANSWERS_MIN: usize = 16;
/// Of the bytes, one part in so many is for answers alone: however many items there are, an origin is not asked
/// again and again for what it has not.
const ANSWERS_SHARE: usize = 8;

/// What one table may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct TableLimits {
    /// Answers that the origin has a key not, or failed.
    pub(super) answers: usize,
    /// Of all of it, in bytes. Fills that run are remembered in any case, and so is the newest answer.
    pub(super) bytes: usize,
}

/// What is known by the hash of a key: exact to the key, but for two of one shard whose 64-bit hashes are equal.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Items that the origin gave. May be many; the fills beside them are not.
    known: ByHash<Known>,
    fills: ByHash<Fill>,
    /// Answers that have an end, oldest first: some are no longer in `fills`.
    answers: VecDeque<(Millis, u64)>,
    /// Beside the maps: of what is in `known`.
    known_bytes: usize,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.known.len() + self.fills.len()
    }

    /// Memory, all of it.
    pub(super) fn bytes(&self) -> usize {
        let answers = self.answers.capacity() * ANSWER_BYTES;
        self.known.bytes() + self.known_bytes + self.fills.bytes() + answers
    }

    pub(super) fn get(&self, hash: u64) -> Entry {
        let fresh = self.known.get(hash).map(|known| known.fresh);
        Entry { fresh, fill: self.fills.get(hash).copied().unwrap_or_default() }
    }

    /// What tells the item that is there from others.
    pub(super) fn validator(&self, hash: u64) -> Option<&Validator> {
        self.known.get(hash)?.validator.as_ref()
    }

    /// Whether there is room to know of one more item, or of another version of one.
    pub(super) fn has_room(&self, hash: u64, known: &Known, limits: &TableLimits) -> bool {
        let old = self.known.get(hash);
        let growth = if old.is_some() { 0 } else { self.known.growth() };
        let bytes = self.bytes() + growth + known.bytes();
        bytes - old.map_or(0, Known::bytes) <= limits.bytes - limits.bytes / ANSWERS_SHARE
    }

    /// What is known of the item that is there now.
    pub(super) fn set_known(&mut self, hash: u64, known: Option<Known>) {
        let bytes = known.as_ref().map_or(0, Known::bytes);
        let old = match known {
            Some(known) => self.known.insert(hash, known),
            None => self.known.remove(hash),
        };
        self.known_bytes = self.known_bytes + bytes - old.map_or(0, |old| old.bytes());
    }

    pub(super) fn set_fill(&mut self, hash: u64, fill: Fill) {
        match fill {
            Fill::None => self.fills.remove(hash),
            fill => self.fills.insert(hash, fill),
        };
    }

    /// Remembers an answer until its end, or until as many newer ones have come as there may be.
    pub(super) fn put_answer(&mut self, hash: u64, fill: Fill, now: Millis, limits: &TableLimits) {
        let (Fill::Failed { until, .. } | Fill::Absent { until }) = fill else {
            return self.set_fill(hash, fill);
        };
        while self.answers.len() >= limits.answers || !self.has_room_for_answer(limits) {
            // Of bytes there are enough for many once there are enough for one: see `ByHash`.
            let Some((until, hash)) = self.answers.pop_front() else { break };
            self.forget_answer(hash, until);
        }
        for _ in 0..CLEARED {
            let is_over = |(until, _): &mut (Millis, u64)| *until <= now;
            let Some((until, hash)) = self.answers.pop_front_if(is_over) else { break };
            self.forget_answer(hash, until);
        }
        // The newest one is remembered in any case, for those who wait for it.
        self.answers.push_back((until, hash));
        let (count, places) = (self.answers.len(), self.answers.capacity());
        if places > ANSWERS_MIN && count < places / SHRUNK_BELOW {
            self.answers.shrink_to(2 * count);
        }
        self.set_fill(hash, fill);
    }

    fn has_room_for_answer(&self, limits: &TableLimits) -> bool {
        let places = self.answers.capacity();
        let more = if self.answers.len() < places { 0 } else { places.max(ANSWERS_MIN) };
        self.bytes() + self.fills.growth() + more * ANSWER_BYTES <= limits.bytes
    }

    fn forget_answer(&mut self, hash: u64, end: Millis) {
        if let Fill::Failed { until, .. } | Fill::Absent { until } = self.get(hash).fill
            && until == end
        {
            self.set_fill(hash, Fill::None);
        }
    }

    /// A client has changed the key: what was known of it is no longer so.
    pub(super) fn changed(&mut self, hash: u64) {
        self.set_known(hash, None);
        match self.fills.get_mut(hash) {
            Some(Fill::Running { is_overtaken, .. }) => *is_overtaken = true,
            Some(_) => {
                self.fills.remove(hash);
            }
            None => {}
        }
    }

    /// Its item is gone, but nobody said anything about the key.
    pub(super) fn left(&mut self, hash: u64) {
        self.set_known(hash, None);
    }
}
