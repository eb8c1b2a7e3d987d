//! The keys of one shard of which something is remembered, bounded in number.

use std::collections::{HashMap, VecDeque};

use super::entry::{Entry, Fill};
use crate::store::Millis;

/// Old answers that one new one clears away.
const CLEARED: usize = 2;

/// Entries by the hash of their key: exact to the key, but for two of one shard whose 64-bit hashes are equal.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: HashMap<u64, Entry, foldhash::fast::FixedState>,
    /// Answers that have an end, oldest first: some are no longer in `entries`.
    answers: VecDeque<(Millis, u64)>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, hash: u64) -> Entry {
        self.entries.get(&hash).copied().unwrap_or_default()
    }

    pub(super) fn put(&mut self, hash: u64, entry: Entry) {
        if entry.is_empty() {
            self.entries.remove(&hash);
        } else {
            self.entries.insert(hash, entry);
        }
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
        let Some(entry) = self.entries.get(&hash) else { return };
        let fill = match entry.fill {
            Fill::Running { id, until, .. } => Fill::Running { id, until, is_overtaken: true },
            Fill::None | Fill::Failed { .. } | Fill::Absent { .. } => Fill::None,
        };
        self.put(hash, Entry { fresh: None, fill });
    }

    /// Its item is gone, but nobody said anything about the key.
    pub(super) fn left(&mut self, hash: u64) {
        let entry = self.get(hash);
        self.put(hash, Entry { fresh: None, ..entry });
    }
}
