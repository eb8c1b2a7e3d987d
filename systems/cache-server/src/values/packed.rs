//! Short byte strings one after the other in one block: what small collections are made of.
//!
//! An entry is its length, its bytes and its length again, so that it can be walked from both
//! sides. Free room may stand at the front: taking from the front and pushing to it moves nothing.

use super::{allocated, varint};

/// Dead bytes at the front below which nothing is moved.
const FRONT_SLACK: usize = 64;

/// Entries are addressed by where they begin, counted from the first one; such a place is good until
/// the next change.
#[derive(Clone, Debug, Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    /// Free bytes at the front.
    start: usize,
    count: u32,
}

impl Packed {
    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes that the entries take.
    pub(super) fn used(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Bytes that are allocated.
    pub(super) fn heap_bytes(&self) -> usize {
        allocated(self.bytes.capacity())
    }

    pub(super) fn iter(&self) -> Entries<'_> {
        Entries { bytes: self.live() }
    }

    /// What an entry of `length` bytes takes.
    pub(super) fn entry_size(length: usize) -> usize {
        length + 2 * varint::size(length)
    }

    /// The entry that begins at `place`.
    pub(super) fn at(&self, place: usize) -> Option<&[u8]> {
        Entries { bytes: self.live().get(place..)? }.next()
    }

    /// Where the entry of that index begins; the end of all for the index after the last.
    pub(super) fn place(&self, index: usize) -> Option<usize> {
        let mut entries = self.iter();
        if index > self.len() {
            None
        } else if index <= self.len() / 2 {
            entries.skip_front(index);
            Some(self.used() - entries.bytes.len())
        } else {
            entries.skip_back(self.len() - index);
            Some(entries.bytes.len())
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        self.at(self.place(index)?)
    }

    pub(super) fn push_back(&mut self, value: &[u8]) {
        self.insert(self.used(), value);
    }

    pub(super) fn push_front(&mut self, value: &[u8]) {
        let size = Packed::entry_size(value.len());
        if self.start < size {
            // Room for as much again, so that pushing to the front costs no move each time.
            let gap = size + (self.used() / 2).min(4096);
            self.reserve(gap);
            let (from, end) = (self.start, self.bytes.len());
            self.bytes.resize(end + gap, 0);
            self.bytes.copy_within(from..end, from + gap);
            self.start += gap;
        }
        self.start -= size;
        write_entry(&mut self.bytes[self.start..self.start + size], value);
        self.count += 1;
    }

    /// Puts an entry before the one that begins at `place`.
    pub(super) fn insert(&mut self, place: usize, value: &[u8]) {
        let size = Packed::entry_size(value.len());
        let at = self.start + place;
        self.resize_hole(at, 0, size);
        write_entry(&mut self.bytes[at..at + size], value);
        self.count += 1;
    }

    /// Overwrites the entry that begins at `place`.
    pub(super) fn replace(&mut self, place: usize, value: &[u8]) {
        let Some(old) = self.at(place) else { return };
        let (old, new) = (Packed::entry_size(old.len()), Packed::entry_size(value.len()));
        let at = self.start + place;
        self.resize_hole(at, old, new);
        write_entry(&mut self.bytes[at..at + new], value);
        self.shrink();
    }

    /// Removes up to `count` entries from `place` on.
    pub(super) fn remove(&mut self, place: usize, count: usize) {
        let Some(bytes) = self.live().get(place..) else { return };
        let mut rest = Entries { bytes };
        let removed = rest.skip_front(count);
        let size = bytes.len() - rest.bytes.len();
        self.count -= removed as u32;
        if place == 0 {
            self.start += size;
            if self.count == 0 || (self.start > FRONT_SLACK && self.start > self.used()) {
                self.bytes.drain(..self.start);
                self.start = 0;
            }
        } else {
            let at = self.start + place;
            self.bytes.drain(at..at + size);
        }
        self.shrink();
    }

    /// Removes the last `count` entries.
    pub(super) fn truncate_back(&mut self, count: usize) {
        let mut rest = self.iter();
        let removed = rest.skip_back(count);
        let left = rest.bytes.len();
        self.count -= removed as u32;
        self.bytes.truncate(self.start + left);
        self.shrink();
    }

    /// Moves the entries from `place` on to a block of their own.
    pub(super) fn split_off(&mut self, place: usize) -> Packed {
        let rest = Entries { bytes: self.live().get(place..).unwrap_or_default() };
        let count = rest.clone().count() as u32;
        let tail = Packed { bytes: rest.bytes.to_vec(), start: 0, count };
        self.count -= count;
        self.bytes.truncate(self.start + place.min(self.used()));
        self.shrink();
        tail
    }

    /// Appends all entries of `other`.
    pub(super) fn append(&mut self, other: &Packed) {
        self.reserve(other.used());
        self.bytes.extend_from_slice(other.live());
        self.count += other.count;
    }

    fn live(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Makes the `old` bytes at `at` be `new` many.
    fn resize_hole(&mut self, at: usize, old: usize, new: usize) {
        let end = self.bytes.len();
        if new > old {
            self.reserve(new - old);
            self.bytes.resize(end + new - old, 0);
        }
        self.bytes.copy_within(at + old..end, at + new);
        self.bytes.truncate(end + new - old);
    }

    /// Room grows by an eighth: doubling would be most of what a small collection costs.
    fn reserve(&mut self, more: usize) {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            let wanted = allocated(needed + needed / 8);
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
    }

    fn shrink(&mut self) {
        if self.bytes.capacity() > 2 * self.bytes.len() + FRONT_SLACK {
            self.bytes.shrink_to(allocated(self.bytes.len() + self.bytes.len() / 8));
        }
    }
}

fn write_entry(out: &mut [u8], value: &[u8]) {
    let head = varint::size(value.len());
    varint::write(out, value.len());
    out[head..head + value.len()].copy_from_slice(value);
    varint::write_back(&mut out[head + value.len()..], value.len());
}

/// Entries from either side.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries<'a> {
    bytes: &'a [u8],
}

impl<'a> Entries<'a> {
    /// Bytes of the entries still to come.
    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    /// Passes over up to `count` entries; how many there were.
    pub(super) fn skip_front(&mut self, count: usize) -> usize {
        (0..count).take_while(|_| self.next().is_some()).count()
    }

    /// As [`Entries::skip_front`], from the end.
    pub(super) fn skip_back(&mut self, count: usize) -> usize {
        (0..count).take_while(|_| self.next_back().is_some()).count()
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, head) = varint::read(self.bytes)?;
        let value = self.bytes.get(head..head + length)?;
        self.bytes = self.bytes.get(length + 2 * head..)?;
        Some(value)
    }
}

impl DoubleEndedIterator for Entries<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let (length, head) = varint::read_back(self.bytes)?;
        let end = self.bytes.len().checked_sub(head)?;
        let from = end.checked_sub(length)?;
        let value = self.bytes.get(from..end)?;
        self.bytes = self.bytes.get(..from.checked_sub(head)?)?;
        Some(value)
    }
}
