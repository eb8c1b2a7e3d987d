//! A hash table whose entries stand densely, in blocks: any of them can be drawn by its index, they
//! are walked in order, and growing moves a part of the index only.

use std::{
    hash::{BuildHasher, RandomState},
    sync::OnceLock,
};

use super::{COPIED_BYTES, index::Index};

/// Entries of one block.
const BLOCK: usize = 256;
/// Most entries of one table, by the width of an index. Memory ends long before.
const ENTRIES_LIMIT: usize = u32::MAX as usize;

/// Smaller tables are in the caches of a core.
const WARMED_MIN: usize = 1 << 14;

/// What a table holds.
pub(super) trait Entry {
    fn key(&self) -> &[u8];
    /// Bytes allocated beside the entry itself.
    fn heap_bytes(&self) -> usize;
}

#[derive(Debug)]
pub(super) struct Table<E> {
    blocks: Vec<Vec<E>>,
    index: Index,
    len: usize,
    /// Sum of the entries' own allocations.
    entries_heap: usize,
}

impl<E: Entry + Clone> Clone for Table<E> {
    fn clone(&self) -> Table<E> {
        Table {
            blocks: self.blocks.clone(),
            index: self.index.clone(),
            len: self.len,
            entries_heap: self.entries_heap,
        }
    }
}

impl<E: Entry> Table<E> {
    pub(super) fn new() -> Table<E> {
        Table { blocks: Vec::new(), index: Index::new(), len: 0, entries_heap: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let last = self.blocks.last().map_or(0, Vec::capacity);
        let entries = self.blocks.len().saturating_sub(1) * BLOCK + last;
        entries * size_of::<E>()
            + self.blocks.capacity() * size_of::<Vec<E>>()
            + self.index.heap_bytes()
            + self.entries_heap
    }

    /// Index of the entry with that key.
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        let hash = hash(key);
        let found = self.index.find(hash, |at| self.at(at as usize).key() == key);
        found.map(|at| at as usize)
    }

    /// Reads what [`Table::find`] will read for these keys, and does nothing with it. A core has several of
    /// these under way at once, where finds that are followed by changes come one after the other.
    pub(super) fn warm<'k>(&self, keys: impl ExactSizeIterator<Item = &'k [u8]>) {
        if keys.len() < 2 || self.len < WARMED_MIN {
            return;
        }
        for key in keys {
            let found = self.index.find(hash(key), |_| true);
            let first = found.and_then(|at| self.at(at as usize).key().first());
            std::hint::black_box(first);
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&E> {
        self.blocks.get(index / BLOCK)?.get(index % BLOCK)
    }

    /// Adds an entry whose key is not there yet; its index.
    pub(super) fn push(&mut self, entry: E) -> usize {
        assert!(self.len < ENTRIES_LIMIT, "collection of more than {ENTRIES_LIMIT} entries");
        let hash = hash(entry.key());
        self.entries_heap += entry.heap_bytes();
        let at = self.len;
        self.index.insert(hash, at as u32);
        match self.blocks.last_mut().filter(|block| block.len() < BLOCK) {
            Some(block) => {
                if block.len() == block.capacity() {
                    let more = block.len().max(4).min(BLOCK - block.len());
                    block.reserve_exact(more);
                }
                block.push(entry);
            }
            None => {
                // The first block grows; those after it are made whole.
                let room = if self.blocks.is_empty() { 4 } else { BLOCK };
                let mut block = Vec::with_capacity(room);
                block.push(entry);
                self.blocks.push(block);
            }
        }
        self.len += 1;
        at
    }

    /// Puts an entry of the same key in place of the one at `index`.
    pub(super) fn replace(&mut self, index: usize, entry: E) {
        let heap = entry.heap_bytes();
        if let Some(old) = self.get_mut(index) {
            let before = old.heap_bytes();
            *old = entry;
            self.entries_heap = self.entries_heap + heap - before;
        }
    }

    /// For changes that leave key and allocation as they are.
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut E> {
        self.blocks.get_mut(index / BLOCK)?.get_mut(index % BLOCK)
    }

    /// Removes the entry at `index`; the last one takes its place.
    pub(super) fn swap_remove(&mut self, index: usize) -> Option<E> {
        let removed_hash = hash(self.get(index)?.key());
        let last = self.len - 1;
        self.index.remove(removed_hash, index as u32);
        if index != last {
            let moved_hash = hash(self.at(last).key());
            self.index.relocate(moved_hash, last as u32, index as u32);
        }
        let moved = self.pop()?;
        let removed = match self.get_mut(index) {
            Some(place) => std::mem::replace(place, moved),
            None => moved,
        };
        self.entries_heap -= removed.heap_bytes();
        Some(removed)
    }

    /// Frees up to `budget` entries, the last ones first, and then as many parts of the index; what
    /// is left of the budget. The table is good for nothing else from then on.
    pub(super) fn shed(&mut self, budget: usize) -> usize {
        let mut left = budget;
        while left > 0 {
            match self.pop() {
                Some(entry) => self.entries_heap -= entry.heap_bytes(),
                None if self.index.shed() => {}
                None => break,
            }
            left -= 1;
        }
        left
    }

    /// Goes on with a copy of `source`, about `budget` entries of it; what is left of the budget, which is
    /// something once the copy is whole. Until then nothing is found in it.
    pub(super) fn copy_from(&mut self, source: &Table<E>, budget: usize) -> usize
    where
        E: Clone,
    {
        let mut left = budget;
        self.blocks.reserve_exact(source.blocks.len().saturating_sub(self.blocks.len()));
        while left > 0
            && let Some(block) = source.blocks.get(self.blocks.len())
        {
            let heap = block.iter().map(Entry::heap_bytes).sum::<usize>();
            self.len += block.len();
            self.entries_heap += heap;
            self.blocks.push(block.clone());
            left = left.saturating_sub(block.len().max(heap / COPIED_BYTES));
        }
        if left == 0 { 0 } else { self.index.copy_from(&source.index, left) }
    }

    /// Entries in order, from that index on.
    pub(super) fn iter_from(&self, index: usize) -> impl Iterator<Item = &E> {
        let blocks = self.blocks.get(index / BLOCK..).unwrap_or_default();
        blocks.iter().flatten().skip(index % BLOCK)
    }

    /// Visits up to `count` entries from where `cursor` says (0: the beginning); the cursor of the
    /// next call, 0 at the end.
    ///
    /// The walk goes from the last entry to the first. An entry that is there all the time is
    /// visited, whatever else is added or removed meanwhile: a removal moves an entry only towards
    /// the front, from where it was visited or to where it will be.
    pub(super) fn scan(&self, cursor: u64, count: usize, mut visit: impl FnMut(&E)) -> u64 {
        let cursor = usize::try_from(cursor).unwrap_or(usize::MAX);
        let end = if cursor == 0 { self.len } else { cursor.min(self.len) };
        let start = end.saturating_sub(count.max(1));
        for index in (start..end).rev() {
            visit(self.at(index));
        }
        start as u64
    }

    fn at(&self, index: usize) -> &E {
        &self.blocks[index / BLOCK][index % BLOCK]
    }

    fn pop(&mut self) -> Option<E> {
        let block = self.blocks.last_mut()?;
        let entry = block.pop()?;
        if block.is_empty() {
            self.blocks.pop();
        }
        self.len -= 1;
        Some(entry)
    }
}

/// Keyed anew in each process, so that nobody can choose members that collide.
fn hash(key: &[u8]) -> u32 {
    static KEYS: OnceLock<RandomState> = OnceLock::new();
    KEYS.get_or_init(RandomState::new).hash_one(key) as u32
}
