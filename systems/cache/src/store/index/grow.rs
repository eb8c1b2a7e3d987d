//! Growth and shrinkage, one bucket per write.

use super::{Entry, HASH_BITS, Index, LEVEL_MIN, bucket::ENTRIES};

/// The table grows above this many entries per four buckets. With linear hashing the buckets that
/// are yet to be split have up to twice the mean, so that a fuller table flows over much.
const GROW_PER_FOUR: usize = 20;
/// The table shrinks below this many entries per four buckets: far enough from growing.
const SHRINK_PER_FOUR: usize = 6;

const _: () = assert!(GROW_PER_FOUR < 4 * ENTRIES && 2 * SHRINK_PER_FOUR < GROW_PER_FOUR);

impl Index {
    /// Splits the bucket whose turn it is, if the table is too full.
    pub(super) fn grow(&mut self) {
        let at_limit = self.level + 1 == HASH_BITS;
        if self.items * 4 <= self.buckets.len() * GROW_PER_FOUR || at_limit {
            return;
        }
        let (old, new) = (self.split, self.buckets.len());
        self.buckets.push();
        let bit = self.level - LEVEL_MIN;
        let entries = self.take_chain(old);
        for entry in &entries {
            let home = if entry.tag() >> bit & 1 == 1 { new } else { old };
            self.add(home, *entry);
        }
        self.moving = entries;
        self.split += 1;
        if self.split == 1 << self.level {
            self.level += 1;
            self.split = 0;
        }
    }

    /// Merges the last bucket into the one that it was split from, if the table is too empty.
    pub(super) fn shrink(&mut self) {
        let is_smallest = self.buckets.len() == 1 << LEVEL_MIN;
        if self.items * 4 >= self.buckets.len() * SHRINK_PER_FOUR || is_smallest {
            return;
        }
        if self.split == 0 {
            self.level -= 1;
            self.split = 1 << self.level;
        }
        self.split -= 1;
        self.joins += 1;
        let entries: Vec<Entry> = self.take_chain(self.buckets.len() - 1);
        self.buckets.pop();
        let home = self.split;
        entries.iter().for_each(|entry| self.add(home, *entry));
        self.moving = entries;
    }
}
