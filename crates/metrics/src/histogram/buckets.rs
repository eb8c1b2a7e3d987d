//! Counts by bucket, in small pages that are made when first touched.

/// A bucket's number; buckets of greater values have greater numbers.
pub(super) type Key = u32;

/// Bits of a value below its bucket's resolution: 52 of mantissa less the ten kept.
const DROPPED_BITS: u32 = 42;

/// Keys have 1 bit of sign, 11 of exponent and 10 of mantissa.
pub(super) const KEY_LIMIT: Key = 1 << (64 - DROPPED_BITS);

const PAGE_BITS: u32 = 6;
const PAGE_SIZE: usize = 1 << PAGE_BITS;
const SIGN: u64 = 1 << 63;

/// Eight octaves: pages nearer to each other than that do not push each other out.
const RECENT_PAGES: usize = 128;

/// How much more room than used for one interval is kept for the next.
const SPARE_FACTOR: usize = 4;

/// Greater than every page's number.
const NO_PAGE: u32 = u32::MAX;

/// Bits of a float in an order that follows its value.
fn ordered(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn from_ordered(ordered: u64) -> f64 {
    f64::from_bits(if ordered & SIGN == 0 { !ordered } else { ordered & !SIGN })
}

/// The bucket of a finite value.
#[inline]
pub(super) fn key(value: f64) -> Key {
    (ordered(value) >> DROPPED_BITS) as Key
}

/// The least and the greatest value of a bucket.
pub(super) fn bounds(key: Key) -> (f64, f64) {
    let low = u64::from(key) << DROPPED_BITS;
    (from_ordered(low), from_ordered(low | ((1 << DROPPED_BITS) - 1)))
}

/// The value that stands for all of a bucket.
pub(super) fn representative(key: Key) -> f64 {
    let (low, high) = bounds(key);
    let middle = low + (high - low) / 2.0;
    // The buckets around zero hold nothing but zero and subnormal numbers.
    if middle.abs() < f64::MIN_POSITIVE { 0.0 } else { middle }
}

/// Sparse counts. One page spans 1/16 of an octave, so latencies from 1 us to 60 s take at most
/// 416 pages (208 KiB), usually some tens.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    /// `(number of the page, its position in pages)`, by number.
    index: Vec<(u32, u32)>,
    pages: Vec<[u64; PAGE_SIZE]>,
    /// Entries of `index` used lately, by the low bits of their number: saves nearly all searches.
    /// Empty until the first value.
    recent: Vec<(u32, u32)>,
}

impl Buckets {
    /// Adds `count` times `value`, which must be finite.
    #[inline]
    pub(super) fn add(&mut self, value: f64, count: u64) {
        self.add_key(key(value), count);
    }

    #[inline]
    pub(super) fn add_key(&mut self, key: Key, count: u64) {
        let number = key >> PAGE_BITS;
        let position = match self.recent.get(number as usize % RECENT_PAGES) {
            Some(&(recent, position)) if recent == number => position,
            _ => self.find(number),
        };
        let slot = key as usize & (PAGE_SIZE - 1);
        if let Some(cell) =
            self.pages.get_mut(position as usize).and_then(|page| page.get_mut(slot))
        {
            *cell = cell.saturating_add(count);
        }
    }

    /// The position of a page, made when it is not there.
    #[cold]
    fn find(&mut self, number: u32) -> u32 {
        let position = match self.index.binary_search_by_key(&number, |&(n, _)| n) {
            Ok(at) => self.index.get(at).map_or(0, |&(_, position)| position),
            Err(at) => {
                let position = self.pages.len() as u32;
                self.pages.push([0; PAGE_SIZE]);
                self.index.insert(at, (number, position));
                position
            }
        };
        if self.recent.is_empty() {
            self.recent.resize(RECENT_PAGES, (NO_PAGE, 0));
        }
        if let Some(recent) = self.recent.get_mut(number as usize % RECENT_PAGES) {
            *recent = (number, position);
        }
        position
    }

    pub(super) fn merge(&mut self, other: &Buckets) {
        for &(number, theirs) in &other.index {
            let Some(theirs) = other.pages.get(theirs as usize) else { continue };
            let position = self.find(number);
            if let Some(ours) = self.pages.get_mut(position as usize) {
                for (cell, count) in ours.iter_mut().zip(theirs) {
                    *cell = cell.saturating_add(*count);
                }
            }
        }
    }

    /// Empties it, keeping as much memory as it lately had use for: histograms are used again by
    /// whatever series comes, so one second with wide values would else in time make all of them
    /// large.
    pub(super) fn clear(&mut self) {
        let used = self.pages.len();
        self.index.clear();
        self.pages.clear();
        if self.pages.capacity() > used * SPARE_FACTOR {
            self.pages.shrink_to(used * 2);
        }
        self.recent.fill((NO_PAGE, 0));
    }

    /// Pages that fit without another allocation.
    pub(super) fn capacity(&self) -> usize {
        self.pages.capacity()
    }

    /// Buckets that are not empty, in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, u64)> {
        self.index.iter().flat_map(|&(number, position)| {
            let page = self.pages.get(position as usize).map_or(&[][..], |page| &page[..]);
            let first = number << PAGE_BITS;
            page.iter()
                .zip(first..)
                .filter(|(count, _)| **count > 0)
                .map(|(count, key)| (key, *count))
        })
    }
}
