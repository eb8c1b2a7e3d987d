//! Places by hash, in many small hash tables: it grows by splitting one of them, so that no write
//! pays for all that is there.
//!
//! Linear hashing: of `n` tables, those below `n - 2^level` and from `2^level` on are told apart by
//! one bit more than the others. A table never has more than about twice the mean.

use hashbrown::HashTable;

/// Mean number of entries above which a table is split. Twice as many just fit in a table of 1024
/// buckets, and half as many fill the next smaller one as well.
const MEAN_MAX: usize = 440;
/// Mean number of entries below which two tables are joined: far enough from splitting.
const MEAN_MIN: usize = MEAN_MAX / 4;
/// Entries for which room is always kept.
const KEPT: usize = 56;
/// What it costs to copy a table, in entries of a collection: some kilobytes in one piece.
const COPY_COST: usize = 32;

/// The hash stands beside the place, so that growing reads no entry.
#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    at: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Index {
    first: HashTable<Slot>,
    more: Vec<HashTable<Slot>>,
    len: usize,
    /// Bytes of all tables.
    bytes: usize,
}

impl Index {
    pub(super) fn new() -> Index {
        Index { first: HashTable::new(), more: Vec::new(), len: 0, bytes: 0 }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes + self.more.capacity() * size_of::<HashTable<Slot>>()
    }

    /// The first place of that hash for which `is_it` holds.
    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let table = self.table(self.number(hash))?;
        let is_it = |slot: &Slot| slot.hash == hash && is_it(slot.at);
        table.find(spread(hash), is_it).map(|slot| slot.at)
    }

    pub(super) fn insert(&mut self, hash: u32, at: u32) {
        self.change(self.number(hash), |table| {
            table.insert_unique(spread(hash), Slot { hash, at }, rehash);
        });
        self.len += 1;
        if self.len > self.tables() * MEAN_MAX {
            self.split();
        }
    }

    /// An entry has another place.
    pub(super) fn relocate(&mut self, hash: u32, from: u32, to: u32) {
        let number = self.number(hash);
        if let Some(table) = self.table_mut(number)
            && let Some(slot) = table.find_mut(spread(hash), |slot| slot.at == from)
        {
            slot.at = to;
        }
    }

    pub(super) fn remove(&mut self, hash: u32, at: u32) {
        let mut is_removed = false;
        self.change(self.number(hash), |table| {
            if let Ok(found) = table.find_entry(spread(hash), |slot| slot.at == at) {
                found.remove();
                is_removed = true;
            }
            if table.capacity() > KEPT && table.len() * 4 < table.capacity() {
                table.shrink_to(table.len() * 2, rehash);
            }
        });
        self.len -= usize::from(is_removed);
        if self.tables() > 1 && self.len < self.tables() * MEAN_MIN {
            self.join();
        }
    }

    /// Frees the last table; `false` when none is left. What it held is not found any more.
    pub(super) fn shed(&mut self) -> bool {
        let table = match self.more.pop() {
            Some(table) => table,
            None => std::mem::take(&mut self.first),
        };
        self.bytes -= table.allocation_size();
        self.len -= table.len();
        table.allocation_size() > 0
    }

    /// Goes on with a copy of `source`; what is left of the budget, which is something once it is whole.
    pub(super) fn copy_from(&mut self, source: &Index, budget: usize) -> usize {
        let mut left = budget;
        self.more.reserve_exact(source.more.len().saturating_sub(self.more.len()));
        while left > 0
            && let Some(table) = source.more.get(self.more.len())
        {
            self.add_copied(table);
            self.more.push(table.clone());
            left = left.saturating_sub(COPY_COST);
        }
        // The first table comes last.
        if left > 0 && self.len < source.len {
            self.add_copied(&source.first);
            self.first = source.first.clone();
        }
        left
    }

    fn add_copied(&mut self, table: &HashTable<Slot>) {
        self.len += table.len();
        self.bytes += table.allocation_size();
    }

    fn tables(&self) -> usize {
        1 + self.more.len()
    }

    /// The number of the table that a hash belongs to. Tables are told apart by the upper bits, as a
    /// table finds its places by the lower ones.
    #[inline]
    fn number(&self, hash: u32) -> usize {
        if self.more.is_empty() {
            return 0;
        }
        let level = self.tables().ilog2();
        let bits = hash.reverse_bits() as usize;
        let low = bits & ((1 << level) - 1);
        if low < self.tables() - (1 << level) { bits & ((2 << level) - 1) } else { low }
    }

    fn table(&self, number: usize) -> Option<&HashTable<Slot>> {
        match number.checked_sub(1) {
            None => Some(&self.first),
            Some(at) => self.more.get(at),
        }
    }

    fn table_mut(&mut self, number: usize) -> Option<&mut HashTable<Slot>> {
        match number.checked_sub(1) {
            None => Some(&mut self.first),
            Some(at) => self.more.get_mut(at),
        }
    }

    /// Changes one table and keeps the count of bytes.
    fn change(&mut self, number: usize, change: impl FnOnce(&mut HashTable<Slot>)) {
        let Some(table) = self.table_mut(number) else { return };
        let before = table.allocation_size();
        change(table);
        let after = table.allocation_size();
        self.bytes = self.bytes + after - before;
    }

    /// Divides the table whose turn it is.
    fn split(&mut self) {
        let level = self.tables().ilog2();
        let mut new = HashTable::new();
        self.change(self.tables() - (1 << level), |old| {
            new.reserve(old.len() / 2, rehash);
            let is_moved = |slot: &mut Slot| slot.hash.reverse_bits() >> level & 1 == 1;
            for slot in old.extract_if(is_moved) {
                new.insert_unique(spread(slot.hash), slot, rehash);
            }
            old.shrink_to(0, rehash);
        });
        self.bytes += new.allocation_size();
        self.more.push(new);
    }

    /// Puts the last table's entries back into the one that it was split from.
    fn join(&mut self) {
        let Some(last) = self.more.pop() else { return };
        self.bytes -= last.allocation_size();
        let number = self.tables();
        self.change(number - (1 << number.ilog2()), |table| {
            for slot in last {
                table.insert_unique(spread(slot.hash), slot, rehash);
            }
        });
        if self.more.capacity() > 4 * self.more.len() {
            self.more.shrink_to(2 * self.more.len());
        }
    }
}

/// A table takes its tags from the upper bits and its places from the lower ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn rehash(slot: &Slot) -> u64 {
    spread(slot.hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u32) -> u32 {
        (u64::from(number).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 21) as u32
    }

    fn check_holds(index: &Index, numbers: std::ops::Range<u32>) {
        assert_eq!(index.len as u32, numbers.end - numbers.start);
        for number in numbers {
            assert_eq!(index.find(hash(number), |at| at == number), Some(number));
        }
        let tables = std::iter::once(&index.first).chain(&index.more);
        assert_eq!(index.bytes, tables.clone().map(HashTable::allocation_size).sum::<usize>());
        assert_eq!(index.len, tables.map(HashTable::len).sum::<usize>());
    }

    #[test]
    fn grows_and_shrinks_without_loss() {
        let mut index = Index::new();
        for number in 0..50_000 {
            index.insert(hash(number), number);
        }
        check_holds(&index, 0..50_000);
        assert!(index.tables() > 100);
        for number in 0..49_000 {
            index.remove(hash(number), number);
        }
        check_holds(&index, 49_000..50_000);
        assert!(index.tables() < 12, "{}", index.tables());
        index.relocate(hash(49_007), 49_007, 7);
        assert_eq!(index.find(hash(49_007), |_| true), Some(7));
        while index.shed() {}
        assert_eq!((index.bytes, index.len), (0, 0));
    }

    #[test]
    fn no_table_is_far_above_the_mean_and_memory_is_bounded() {
        let mut index = Index::new();
        for number in 0..100_000_u32 {
            index.insert(hash(number), number);
            if number % 1000 == 0 && number > 10_000 {
                let largest = index.more.iter().map(HashTable::len).max().unwrap_or_default();
                assert!(largest < MEAN_MAX * 5 / 2, "{largest} of {number}");
                let each = index.heap_bytes() as f64 / index.len as f64;
                assert!(each < 21.0, "{each} bytes each of {number}");
            }
        }
    }
}
