//! Expiry: whoever asks for an item finds it expired to the millisecond; the wheel finds those that
//! nobody asks for.
//!
//! An entry of the wheel is what the index knows of a key's hash, and a round of four bits. It names
//! no place, so that moving a record costs nothing. The entry of an item is the one of the round in
//! its record, and lies at or before its deadline: a later deadline leaves the entry where it is, an
//! earlier one starts a round with an entry of its own. Entries of other rounds are stale; when they
//! could be more than the others, some are looked at with each new one.

mod wheel;

pub(super) use wheel::Wheel;

use super::{
    Gone, Millis, Payload, Shard,
    index::{Cell, HASH_BITS},
    log::Place,
};

const ROUND_BITS: u32 = 4;
const _: () = assert!(HASH_BITS + ROUND_BITS == 32, "an entry of the wheel has 32 bits");

/// Entries that may be stale whatever the number of items.
const STALE_MIN: usize = 1024;
/// Entries that are looked at for each new one while too many may be stale.
const SWEPT_PER_ENTRY: usize = 4;

/// What a record says of its expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) deadline: Option<Millis>,
    pub(super) round: u8,
}

impl<O: Payload> Shard<O> {
    /// The term of an item whose deadline becomes `deadline`, and whether it needs an entry of its
    /// own in the wheel.
    pub(super) fn next_term(&mut self, old: Term, deadline: Option<Millis>) -> (Term, bool) {
        let covered = match (old.deadline, deadline) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(old), Some(new)) => new >= old,
        };
        if covered {
            return (Term { deadline, ..old }, false);
        }
        self.rounds = (self.rounds + 1) & ((1 << ROUND_BITS) - 1);
        (Term { deadline, round: self.rounds }, true)
    }

    /// Adds the entry of a term that needs one. Last in a write, as it may remove other items.
    pub(super) fn arm(&mut self, hash: u64, term: Term, now: Millis) {
        let Some(deadline) = term.deadline else { return };
        self.wheel.insert(entry(hash, term.round), deadline.0, now.0);
        if self.wheel.len() > 2 * self.volatile + STALE_MIN {
            self.wheel.sweep();
            for _ in 0..SWEPT_PER_ENTRY {
                let Some(entry) = self.wheel.pop_due() else { break };
                self.look_at(entry, now);
            }
        }
    }

    /// Removes what has expired, looking at `budget` entries at most; how many it removed.
    pub fn tick(&mut self, now: Millis, budget: usize) -> usize {
        let before = self.counters.expired;
        for _ in 0..budget {
            let Some(entry) = self.wheel.pop(now.0) else { break };
            self.look_at(entry, now);
        }
        self.settle(now, budget);
        (self.counters.expired - before) as usize
    }

    /// Removes the items of an entry that have expired; puts it back for the next of those that have
    /// not, if there are any: one entry at most for the one that came out.
    fn look_at(&mut self, entry: u32, now: Millis) {
        let hash = u64::from(entry >> ROUND_BITS);
        let round = (entry & ((1 << ROUND_BITS) - 1)) as u8;
        while let Some((cell, place)) = self.find_expired(hash, round, now) {
            self.leave(cell, place, Gone::Expired);
            self.release_if_spent(place.segment());
        }
        let mut next: Option<Millis> = None;
        self.index.find(hash, |place| -> Option<()> {
            let record = self.log.record(place);
            if let Some(deadline) = record.deadline().filter(|_| record.round() == round) {
                next = Some(next.map_or(deadline, |next| next.min(deadline)));
            }
            None
        });
        if let Some(deadline) = next {
            self.wheel.insert(entry, deadline.0, now.0);
        }
    }

    fn find_expired(&self, hash: u64, round: u8, now: Millis) -> Option<(Cell, Place)> {
        self.index.find(hash, |place| {
            let record = self.log.record(place);
            (record.round() == round && record.is_expired(now)).then_some(place)
        })
    }
}

fn entry(hash: u64, round: u8) -> u32 {
    let known = hash & ((1 << HASH_BITS) - 1);
    (known as u32) << ROUND_BITS | u32::from(round)
}
