//! Walking the whole index with a cursor that is no state of ours.
//!
//! A cursor counts with its lowest bit as the most significant one: the buckets in the order of
//! their numbers' reversed bits. A bucket that was split is two neighbours in that order, where the
//! one bucket was; so what lies before a cursor and what behind it is the same however the table
//! has grown or shrunk since.

use super::{At, Entry, Index};

impl Index {
    /// Hands out the entries of the bucket that `cursor` points at; the next cursor, 0 at the end.
    pub(in crate::store) fn scan(&self, cursor: u64, mut each: impl FnMut(Entry)) -> u64 {
        let low = cursor as usize & ((1 << self.level) - 1);
        let is_split = low < self.split;
        let mask = if is_split { (2 << self.level) - 1 } else { (1 << self.level) - 1 };
        self.chain(cursor as usize & mask, &mut each);
        let mask = mask as u64;
        (cursor | !mask).reverse_bits().wrapping_add(1).reverse_bits()
    }

    /// An entry for which `pick` has something, from a place by chance on.
    pub(in crate::store) fn random<R>(
        &self,
        number: u64,
        mut pick: impl FnMut(Entry) -> Option<R>,
    ) -> Option<R> {
        let buckets = self.buckets.len();
        let first = number as usize % buckets;
        let turn = (number >> 32) as usize;
        let mut entries = Vec::new();
        for bucket in (first..buckets).chain(0..first) {
            self.chain(bucket, &mut |entry| entries.push(entry));
            for at in 0..entries.len() {
                let entry = entries[(turn + at) % entries.len()];
                if let Some(picked) = pick(entry) {
                    return Some(picked);
                }
            }
            entries.clear();
        }
        None
    }

    fn chain(&self, home: usize, each: &mut impl FnMut(Entry)) {
        let mut at = At::Table(home);
        loop {
            let bucket = self.bucket(at);
            bucket.entries.iter().filter(|entry| !entry.is_empty()).for_each(|entry| each(*entry));
            if bucket.overflow == 0 {
                return;
            }
            at = At::Overflow(bucket.overflow);
        }
    }
}
