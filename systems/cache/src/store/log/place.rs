//! Where a record is: a segment and an offset in it, in 38 bits.

const OFFSET_BITS: u32 = 20;
const SEGMENT_BITS: u32 = 18;

/// Bits of a place; 0 is no place, as segments are numbered from 1.
pub(in crate::store) const PLACE_BITS: u32 = OFFSET_BITS + SEGMENT_BITS;
/// Largest segment, unless a single record is larger, which has one of its own from offset 0 on.
pub(in crate::store) const SEGMENT_BYTES_MAX: usize = 1 << OFFSET_BITS;
/// Most segments of a shard: 256 GB of the largest.
pub(in crate::store) const SEGMENTS_MAX: usize = (1 << SEGMENT_BITS) - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Place(u64);

impl Place {
    pub(in crate::store) fn new(segment: u32, offset: usize) -> Place {
        debug_assert!(segment != 0 && offset < SEGMENT_BYTES_MAX);
        Place(u64::from(segment) << OFFSET_BITS | offset as u64)
    }

    /// From what [`Place::bits`] gave.
    pub(in crate::store) fn from_bits(bits: u64) -> Place {
        Place(bits & ((1 << PLACE_BITS) - 1))
    }

    pub(in crate::store) fn bits(self) -> u64 {
        self.0
    }

    pub(in crate::store) fn segment(self) -> u32 {
        (self.0 >> OFFSET_BITS) as u32
    }

    pub(in crate::store) fn offset(self) -> usize {
        self.0 as usize & (SEGMENT_BYTES_MAX - 1)
    }
}
