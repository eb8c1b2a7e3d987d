//! A bucket: one cache line of seven entries.

use crate::store::log::{PLACE_BITS, Place};

/// Entries of a bucket.
pub(super) const ENTRIES: usize = 7;

const FREQUENCY_BITS: u32 = 2;
const FREQUENCY_SHIFT: u32 = PLACE_BITS;
/// The lowest frequency that is not counted further.
pub(in crate::store) const FREQUENCY_MAX: u8 = (1 << FREQUENCY_BITS) - 1;
const TAG_SHIFT: u32 = FREQUENCY_SHIFT + FREQUENCY_BITS;
pub(super) const TAG_BITS: u32 = 64 - TAG_SHIFT;

/// Where a record is, how often it was hit, and bits of its key's hash; 0 is no entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Entry(u64);

impl Entry {
    pub(super) fn new(tag: u64, place: Place, frequency: u8) -> Entry {
        debug_assert!(tag < 1 << TAG_BITS && frequency <= FREQUENCY_MAX);
        Entry(tag << TAG_SHIFT | u64::from(frequency) << FREQUENCY_SHIFT | place.bits())
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Counts a hit; how many there are now. Once the count is full, nothing is written any more.
    #[inline]
    pub(super) fn touch(&mut self) -> u8 {
        let frequency = self.frequency();
        if frequency == FREQUENCY_MAX {
            return FREQUENCY_MAX;
        }
        self.0 += 1 << FREQUENCY_SHIFT;
        frequency + 1
    }

    #[inline]
    pub(super) fn tag(self) -> u64 {
        self.0 >> TAG_SHIFT
    }

    #[inline]
    pub(in crate::store) fn place(self) -> Place {
        Place::from_bits(self.0)
    }

    #[inline]
    pub(in crate::store) fn frequency(self) -> u8 {
        (self.0 >> FREQUENCY_SHIFT) as u8 & FREQUENCY_MAX
    }
}

/// A bucket of the table, or one more for what did not fit there.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(super) struct Bucket {
    pub(super) entries: [Entry; ENTRIES],
    /// The number of the bucket that this one flows over into; 0 is none.
    pub(super) overflow: u32,
}

const _: () = assert!(size_of::<Bucket>() == 64, "a bucket is one cache line");

impl Bucket {
    /// Which entries have this tag. All are compared before one is looked at: which one it will be cannot
    /// be foreseen, and a wrong guess costs more than all comparisons.
    #[inline]
    pub(super) fn with_tag(&self, tag: u64) -> WithTag {
        let wanted = tag << TAG_SHIFT;
        let mut left = 0;
        for entry in self.entries.iter().rev() {
            left = left << 1 | u32::from((entry.0 ^ wanted) >> TAG_SHIFT == 0);
        }
        if tag == 0 {
            // Empty ones have it as well.
            let empty = |(_, entry): &(usize, &Entry)| entry.is_empty();
            for (index, _) in self.entries.iter().enumerate().filter(empty) {
                left &= !(1 << index);
            }
        }
        WithTag { left }
    }
}

/// Indexes of entries of a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct WithTag {
    /// One bit for each.
    left: u32,
}

impl Iterator for WithTag {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let next = (self.left != 0).then_some(self.left.trailing_zeros() as usize)?;
        self.left &= self.left - 1;
        Some(next)
    }
}
