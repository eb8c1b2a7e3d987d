//! Space-Saving: the heaviest keys of a stream in a fixed amount of memory.
//!
//! A key that is not among those kept takes the place of the lightest one, with its weight as the error
//! that the new one may have. So a kept key has at most its count and at least its count less its error,
//! and every key with more than a `capacity`-th of the whole is kept.

use super::reports::HotKey;
use crate::store::Key;

/// The heaviest keys, with weights.
#[derive(Debug, Default)]
pub(super) struct Summary {
    capacity: usize,
    /// Parts of the hashes of the keys kept. Apart from the rest, because all of them are looked at for
    /// each key that comes.
    tags: Vec<u32>,
    /// In the same order.
    counts: Vec<u64>,
    entries: Vec<Entry>,
    /// No count is less.
    floor: u64,
    /// Where the search for the lightest goes on.
    hand: usize,
}

#[derive(Debug, Default)]
struct Entry {
    key: Vec<u8>,
    hash: u64,
    error: u64,
}

/// Tags that are compared at once.
const STRIDE: usize = 16;

impl Summary {
    /// Forgets all; keeps up to `capacity` keys from now on. Their memory is used again.
    pub(super) fn restart(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.tags.clear();
        self.counts.clear();
        self.entries.truncate(capacity);
        (self.floor, self.hand) = (0, 0);
    }

    pub(super) fn add(&mut self, key: Key<'_>, weight: u64) {
        if weight == 0 || self.capacity == 0 {
            return;
        }
        let known = self.find(key.hash());
        if let Some(count) = known.and_then(|at| self.counts.get_mut(at)) {
            *count += weight;
            return;
        }
        let at = self.counts.len();
        if at < self.capacity {
            self.tags.push(tag(key.hash()));
            self.counts.push(weight);
            if self.entries.len() == at {
                self.entries.push(Entry::default());
            }
            return self.name(at, key, 0);
        }
        let Some(at) = self.lightest() else { return };
        if let (Some(tag_of), Some(count)) = (self.tags.get_mut(at), self.counts.get_mut(at)) {
            *tag_of = tag(key.hash());
            *count = self.floor + weight;
        }
        self.name(at, key, self.floor);
    }

    /// Two keys with the same 64 bits of hash are counted as one.
    fn find(&self, hash: u64) -> Option<usize> {
        let tag = tag(hash);
        let mut start = 0;
        for tags in self.tags.chunks(STRIDE) {
            // Without a way out of the middle, so that they are compared at once.
            if tags.iter().fold(false, |any, other| any | (*other == tag)) {
                let entries = (start..).zip(self.entries.get(start..)?).take(tags.len());
                let mut found = entries.filter(|(_, entry)| entry.hash == hash);
                if let Some((at, _)) = found.next() {
                    return Some(at);
                }
            }
            start += tags.len();
        }
        None
    }

    /// A key with the least weight, which `floor` is then. One of those as light as the last one, as a rule:
    /// all are looked at only when there is none left.
    fn lightest(&mut self) -> Option<usize> {
        let (before, behind) = self.counts.split_at_checked(self.hand)?;
        let is_lightest = |count: &u64| *count == self.floor;
        let next = behind.iter().position(is_lightest).map(|at| self.hand + at);
        let next = next.or_else(|| before.iter().position(is_lightest));
        let at = match next {
            Some(at) => at,
            None => {
                let (at, floor) =
                    self.counts.iter().enumerate().min_by_key(|(_, count)| **count)?;
                self.floor = *floor;
                at
            }
        };
        self.hand = at;
        Some(at)
    }

    fn name(&mut self, at: usize, key: Key<'_>, error: u64) {
        let Some(entry) = self.entries.get_mut(at) else { return };
        entry.key.clear();
        entry.key.extend_from_slice(key.bytes());
        (entry.hash, entry.error) = (key.hash(), error);
    }

    /// Keys kept, each with its hash, its count and the error that the count may have.
    pub(super) fn kept(&self) -> impl Iterator<Item = (&[u8], u64, u64, u64)> {
        let kept = self.counts.iter().zip(&self.entries);
        kept.map(|(count, entry)| (&*entry.key, entry.hash, *count, entry.error))
    }

    /// Keys with what they are thought to weigh, the middle between least and most, times `scale`.
    pub(super) fn hot_keys(&self, scale: f64) -> Vec<HotKey> {
        let middle = |count: u64, error: u64| (count as f64 - error as f64 / 2.0) * scale;
        self.kept()
            .map(|(key, _, count, error)| HotKey { key: key.into(), rate: middle(count, error) })
            .collect()
    }

    /// Keys that weigh at least that for sure, the heaviest first.
    pub(super) fn at_least(&self, weight: u64) -> Vec<(&[u8], u64)> {
        let mut sure: Vec<(&[u8], u64, u64)> = self
            .kept()
            .map(|(key, hash, count, error)| (key, hash, count - error))
            .filter(|(_, _, least)| *least >= weight)
            .collect();
        sure.sort_unstable_by_key(|(_, _, least)| std::cmp::Reverse(*least));
        sure.into_iter().map(|(key, hash, _)| (key, hash)).collect()
    }
}

fn tag(hash: u64) -> u32 {
    hash as u32
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::store::Seed;

    proptest! {
        /// What the module's head promises.
        #[test]
        fn counts_are_within_their_errors(
            stream in prop::collection::vec((0..60_u8, 0..5_u64), 0..600),
            capacity in 1..20_usize,
        ) {
            let seed = Seed::new(1);
            let (mut summary, mut exact) = (Summary::default(), HashMap::new());
            summary.restart(capacity);
            for (name, weight) in &stream {
                summary.add(Key::new(&[*name], &seed), *weight);
                *exact.entry(*name).or_insert(0) += weight;
            }
            let total: u64 = exact.values().sum();
            let kept: HashMap<u8, (u64, u64)> =
                summary.kept().map(|(key, _, count, error)| (key[0], (count, error))).collect();
            prop_assert!(kept.len() <= capacity);
            prop_assert!(kept.values().map(|(count, _)| count).sum::<u64>() <= total);
            for (name, weight) in exact {
                match kept.get(&name) {
                    Some((count, error)) => {
                        prop_assert!(weight <= *count && count - error <= weight);
                    }
                    None => prop_assert!(weight * capacity as u64 <= total),
                }
            }
        }
    }

    #[test]
    fn a_new_window_begins_with_nothing() {
        let seed = Seed::new(1);
        let mut summary = Summary::default();
        for window in 0..3_u8 {
            summary.restart(2);
            for name in 0..5_u8 {
                summary.add(Key::new(&[window, name], &seed), 1);
            }
            assert_eq!(summary.kept().count(), 2);
            assert!(summary.kept().all(|(key, ..)| key[0] == window));
            assert!(summary.at_least(1).len() <= 2);
        }
    }
}
