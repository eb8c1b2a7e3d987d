//! The keys of one shard of which something is remembered, bounded in number.

use std::collections::{HashMap, VecDeque};

use super::entry::{Entry, Fill, Fresh};
use crate::store::Millis;

/// Old answers that one new one clears away.
const CLEARED: usize = 2;

type ByHash<T> = HashMap<u64, T, foldhash::fast::FixedState>;

/// What is known by the hash of a key: exact to the key, but for two of one shard whose 64-bit hashes are equal.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// May be many; the fills beside them are not.
    fresh: ByHash<Fresh>,
    fills: ByHash<Fill>,
    /// Answers that have an end, oldest first: some are no longer in `fills`.
    answers: VecDeque<(Millis, u64)>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.fresh.len() + self.fills.len()
    }

    pub(super) fn get(&self, hash: u64) -> Entry {
        let fresh = self.fresh.get(&hash).copied();
        Entry { fresh, fill: self.fills.get(&hash).copied().unwrap_or_default() }
    }

    pub(super) fn put(&mut self, hash: u64, entry: Entry) {
        match entry.fresh {
            Some(fresh) => self.fresh.insert(hash, fresh),
            None => self.fresh.remove(&hash),
        };
        match entry.fill {
            Fill::None => self.fills.remove(&hash),
            fill => self.fills.insert(hash, fill),
        };
    }

    /// Remembers an answer until its end, or until `limit` newer ones have come.
    pub(super) fn put_answer(&mut self, hash: u64, entry: Entry, now: Millis, limit: usize) {
        let (Fill::Failed { until, .. } | Fill::Absent { until }) = entry.fill else {
            return self.put(hash, entry);
        };
        for _ in 0..CLEARED {
            let is_over = |(until, _): &mut (Millis, u64)| *until <= now;
            let Some((until, hash)) = (match self.answers.len() >= limit {
                true => self.answers.pop_front(),
                false => self.answers.pop_front_if(is_over),
            }) else {
                break;
            };
            self.forget_answer(hash, until);
        }
        self.answers.push_back((until, hash));
        self.put(hash, entry);
    }

    fn forget_answer(&mut self, hash: u64, end: Millis) {
        let entry = self.get(hash);
        if let Fill::Failed { until, .. } | Fill::Absent { until } = entry.fill
            && until == end
        {
            self.put(hash, Entry { fill: Fill::None, ..entry });
        }
    }

    /// A client has changed the key: what was known of it is no longer so.
    pub(super) fn changed(&mut self, hash: u64) {
        self.fresh.remove(&hash);
        match self.fills.get_mut(&hash) {
            Some(Fill::Running { is_overtaken, .. }) => *is_overtaken = true,
            Some(_) => {
                self.fills.remove(&hash);
            }
            None => {}
        }
    }

    /// Its item is gone, but nobody said anything about the key.
    pub(super) fn left(&mut self, hash: u64) {
        self.fresh.remove(&hash);
    }
}
