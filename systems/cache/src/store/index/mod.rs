//! The index: from a key's hash to the places of the records that may be its.
//!
//! A table of buckets of one cache line each, grown by linear hashing: one bucket at a time is
//! split, so that no write pays for a large table. With `level` and `split`, the table has
//! `2^level + split` buckets; those below `split` and from `2^level` on are addressed with one bit
//! more of the hash. An entry keeps the bits by which it is split for as long as the table can grow,
//! so that splitting reads no record. A bucket that is full flows over into buckets of a second table.
//!
//! A hit costs one line of the index and the record, unless the entry is in an overflow bucket or
//! another entry has the same tag.

mod bucket;
mod grow;
mod pages;
mod scan;
#[cfg(test)]
mod tests;

use bucket::TAG_BITS;
pub(super) use bucket::{Entry, FREQUENCY_MAX};
use pages::Pages;
use plimsoll_runtime::prefetch::prefetch;

use super::log::Place;

/// The table never has fewer than two to the power of this many buckets; these bits of the hash
/// are in no tag.
const LEVEL_MIN: u32 = 4;
/// Bits of the hash that the index knows: those of the smallest table and of the tag.
pub(super) const HASH_BITS: u32 = LEVEL_MIN + TAG_BITS;

#[derive(Clone, Debug)]
pub(super) struct Index {
    buckets: Pages,
    /// Bucket 0 of these is never used, as 0 is no link.
    overflow: Pages,
    /// First of the overflow buckets that are free, chained.
    free_overflow: u32,
    level: u32,
    split: usize,
    items: usize,
    /// How often buckets were joined.
    joins: u64,
    /// For entries that are being redistributed.
    moving: Vec<Entry>,
}

/// A bucket of either table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Table(usize),
    Overflow(u32),
}

/// Where an entry is. Valid until the index is next changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    home: usize,
    at: At,
    entry: usize,
}

impl Index {
    pub(super) fn new() -> Index {
        Index {
            buckets: Pages::with_len(1 << LEVEL_MIN),
            overflow: Pages::with_len(1),
            free_overflow: 0,
            level: LEVEL_MIN,
            split: 0,
            items: 0,
            joins: 0,
            moving: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.items
    }

    pub(super) fn bytes(&self) -> usize {
        self.buckets.bytes() + self.overflow.bytes()
    }

    /// Counts up whenever entries may have come to be where a scan was already.
    pub(super) fn joins(&self) -> u64 {
        self.joins
    }

    /// An empty index in place of this one, for whom it is one more join.
    pub(super) fn emptied(&self) -> Index {
        Index { joins: self.joins + 1, ..Index::new() }
    }

    /// Frees a page of an index that is used no more; `false` when there is none left.
    pub(super) fn shed(&mut self) -> bool {
        self.buckets.shed() || self.overflow.shed()
    }

    /// The first entry with the tag of `hash` whose place `pick` makes something of.
    #[inline]
    pub(super) fn find<R>(
        &self,
        hash: u64,
        mut pick: impl FnMut(Place) -> Option<R>,
    ) -> Option<(Cell, R)> {
        let (home, tag) = (self.home(hash), tag(hash));
        let mut at = At::Table(home);
        loop {
            let bucket = self.bucket(at);
            for index in bucket.with_tag(tag) {
                if let Some(picked) = pick(bucket.entries[index].place()) {
                    return Some((Cell { home, at, entry: index }, picked));
                }
            }
            if bucket.overflow == 0 {
                return None;
            }
            at = At::Overflow(bucket.overflow);
        }
    }

    /// As [`Index::find`], and counts a hit of what is found: how many there are now.
    #[inline]
    pub(super) fn hit<R>(
        &mut self,
        hash: u64,
        mut pick: impl FnMut(Place) -> Option<R>,
    ) -> Option<(u8, R)> {
        let tag = tag(hash);
        let mut at = At::Table(self.home(hash));
        loop {
            let bucket = self.bucket_mut(at);
            for index in bucket.with_tag(tag) {
                if let Some(picked) = pick(bucket.entries[index].place()) {
                    return Some((bucket.entries[index].touch(), picked));
                }
            }
            if bucket.overflow == 0 {
                return None;
            }
            at = At::Overflow(bucket.overflow);
        }
    }

    /// The bucket in which a hash is looked for first.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        prefetch(self.buckets.get(self.home(hash)));
    }

    /// Where the record probably is whose key has this hash: its entry is the first with the tag.
    #[inline]
    pub(super) fn guess(&self, hash: u64) -> Option<Place> {
        let bucket = self.buckets.get(self.home(hash));
        bucket.with_tag(tag(hash)).next().map(|index| bucket.entries[index].place())
    }

    /// The entry of the record at `place`, whose key has this hash.
    pub(super) fn find_place(&self, hash: u64, place: Place) -> Option<Cell> {
        self.find(hash, |other| (other == place).then_some(())).map(|(cell, ())| cell)
    }

    #[inline]
    pub(super) fn entry(&self, cell: Cell) -> Entry {
        self.bucket(cell.at).entries[cell.entry]
    }

    /// Counts a hit; how many there are now.
    #[inline]
    pub(super) fn touch(&mut self, cell: Cell) -> u8 {
        self.bucket_mut(cell.at).entries[cell.entry].touch()
    }

    /// The record has moved, or its hits are counted anew.
    pub(super) fn update(&mut self, cell: Cell, place: Place, frequency: u8) {
        let entry = &mut self.bucket_mut(cell.at).entries[cell.entry];
        *entry = Entry::new(entry.tag(), place, frequency);
    }

    /// Adds an entry; the key must not be there yet.
    pub(super) fn insert(&mut self, hash: u64, place: Place, frequency: u8) {
        self.add(self.home(hash), Entry::new(tag(hash), place, frequency));
        self.items += 1;
        self.grow();
    }

    pub(super) fn remove(&mut self, cell: Cell) {
        self.bucket_mut(cell.at).entries[cell.entry] = Entry::default();
        self.items -= 1;
        if cell.at != At::Table(cell.home) || self.bucket(cell.at).overflow != 0 {
            self.pull_up(cell.home);
        }
        self.shrink();
    }

    /// The bucket that a hash belongs to.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        let hash = hash as usize;
        let low = hash & ((1 << self.level) - 1);
        if low < self.split { hash & ((2 << self.level) - 1) } else { low }
    }

    #[inline]
    fn bucket(&self, at: At) -> &bucket::Bucket {
        match at {
            At::Table(at) => self.buckets.get(at),
            At::Overflow(at) => self.overflow.get(at as usize),
        }
    }

    #[inline]
    fn bucket_mut(&mut self, at: At) -> &mut bucket::Bucket {
        match at {
            At::Table(at) => self.buckets.get_mut(at),
            At::Overflow(at) => self.overflow.get_mut(at as usize),
        }
    }

    /// Puts an entry in the first empty spot of a chain.
    fn add(&mut self, home: usize, entry: Entry) {
        let mut at = At::Table(home);
        loop {
            let bucket = self.bucket_mut(at);
            if let Some(spot) = bucket.entries.iter_mut().find(|entry| entry.is_empty()) {
                *spot = entry;
                return;
            }
            at = match bucket.overflow {
                0 => self.chain_overflow(at),
                next => At::Overflow(next),
            };
        }
    }

    /// Appends an overflow bucket to a chain.
    fn chain_overflow(&mut self, at: At) -> At {
        let number = match self.free_overflow {
            0 => {
                self.overflow.push();
                (self.overflow.len() - 1) as u32
            }
            number => {
                let bucket = self.overflow.get_mut(number as usize);
                self.free_overflow = std::mem::take(&mut bucket.overflow);
                number
            }
        };
        self.bucket_mut(at).overflow = number;
        At::Overflow(number)
    }

    /// Empties the overflow buckets of a chain as far as the buckets before them have room.
    fn pull_up(&mut self, home: usize) {
        let entries = self.take_chain(home);
        entries.iter().for_each(|entry| self.add(home, *entry));
        self.moving = entries;
    }

    /// Takes all entries out of a chain and frees its overflow buckets. The vector is to be given
    /// back to `moving`.
    fn take_chain(&mut self, home: usize) -> Vec<Entry> {
        let mut taken = std::mem::take(&mut self.moving);
        taken.clear();
        let mut at = At::Table(home);
        loop {
            let bucket = std::mem::take(self.bucket_mut(at));
            taken.extend(bucket.entries.iter().filter(|entry| !entry.is_empty()));
            if let At::Overflow(number) = at {
                self.overflow.get_mut(number as usize).overflow = self.free_overflow;
                self.free_overflow = number;
            }
            if bucket.overflow == 0 {
                return taken;
            }
            at = At::Overflow(bucket.overflow);
        }
    }
}

/// The bits of a hash that an entry keeps.
#[inline]
fn tag(hash: u64) -> u64 {
    hash >> LEVEL_MIN & ((1 << TAG_BITS) - 1)
}
