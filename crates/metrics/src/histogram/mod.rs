//! A mergeable histogram of `f64` with three significant digits and bounded memory.
//!
//! A bucket is a value's sign, exponent and top ten bits of mantissa, so its width is at most 1/1024
//! of its value and any finite number fits. Up to [`EXACT_LIMIT`] values are kept as they are, so that
//! small runs have exact percentiles. Which of the two holds depends on the count alone, so the order
//! of merges cannot be seen in the result.

mod buckets;
mod codec;
#[cfg(test)]
mod tests;

pub use codec::{DecodeError, ENCODED_LIMIT};

use buckets::{Buckets, representative};

/// Values kept one by one before the histogram turns to buckets.
pub const EXACT_LIMIT: usize = 1024;

/// Largest relative error of a percentile taken from buckets: half of a bucket's width, rounded up.
pub const RELATIVE_ERROR: f64 = 0.001;

/// Values of one series, as counts by magnitude.
#[derive(Clone, Debug)]
pub struct Histogram {
    count: u64,
    sum: f64,
    /// Infinity when empty, so that recording needs no branch; likewise `max`.
    min: f64,
    max: f64,
    /// Every value while `count <= EXACT_LIMIT`, else empty.
    exact: Vec<f64>,
    /// Every value when `count > EXACT_LIMIT`, else empty.
    buckets: Buckets,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram {
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            exact: Vec::new(),
            buckets: Buckets::default(),
        }
    }
}

/// Some neighboring values of a histogram: `low` and `high` are both inclusive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    pub low: f64,
    pub high: f64,
    pub count: u64,
}

impl Histogram {
    pub fn new() -> Histogram {
        Histogram::default()
    }

    /// Adds one value. NaN and infinities are mistakes of the caller and ignored.
    #[inline]
    pub fn record(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        // Turns -0.0 into 0.0, which would have another bucket.
        let value = value + 0.0;
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if self.count <= EXACT_LIMIT as u64 {
            self.exact.push(value);
        } else {
            self.spill();
            self.buckets.add(value, 1);
        }
    }

    /// Adds all values of `other`.
    pub fn merge(&mut self, other: &Histogram) {
        if other.count == 0 {
            return;
        }
        self.count = self.count.saturating_add(other.count);
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        if self.count <= EXACT_LIMIT as u64 {
            self.exact.extend_from_slice(&other.exact);
        } else {
            self.spill();
            for &value in &other.exact {
                self.buckets.add(value, 1);
            }
            self.buckets.merge(&other.buckets);
        }
    }

    /// Moves exact values to buckets.
    #[inline]
    fn spill(&mut self) {
        for value in self.exact.drain(..) {
            self.buckets.add(value, 1);
        }
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.count = 0;
        self.sum = 0.0;
        self.min = f64::INFINITY;
        self.max = f64::NEG_INFINITY;
        self.exact.clear();
        self.buckets.clear();
    }

    /// Whether it has memory for buckets, used or kept by [`Histogram::clear`].
    pub(crate) fn has_bucket_memory(&self) -> bool {
        self.buckets.capacity() > 0
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether percentiles are exact, not rounded to a bucket.
    pub fn is_exact(&self) -> bool {
        self.count <= EXACT_LIMIT as u64
    }

    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// 0 when empty, as k6 has it; likewise `max`, `mean` and `percentile`.
    pub fn min(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.min }
    }

    pub fn max(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.max }
    }

    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }

    /// `p` in 0..=100 (clamped). Linear interpolation between the two nearest ranks, as k6 does.
    pub fn percentile(&self, p: f64) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let rank = p.clamp(0.0, 100.0) / 100.0 * (self.count - 1) as f64;
        let below = rank.floor();
        let low = below as u64;
        let high = rank.ceil() as u64;
        let (low, high) = if self.is_exact() {
            self.exact_ranks(low as usize, high as usize)
        } else {
            (self.bucket_rank(low), self.bucket_rank(high))
        };
        low + (high - low) * (rank - below)
    }

    /// The values of two ranks that are equal or neighbors.
    fn exact_ranks(&self, low: usize, high: usize) -> (f64, f64) {
        let mut values = self.exact.clone();
        if low >= values.len() {
            return (self.max, self.max);
        }
        let (_, &mut at, above) = values.select_nth_unstable_by(low, f64::total_cmp);
        let next = if high == low { at } else { above.iter().copied().fold(self.max, f64::min) };
        (at, next)
    }

    /// The value of a rank, rounded to the middle of its bucket; exact for the first and the last.
    fn bucket_rank(&self, rank: u64) -> f64 {
        if rank == 0 {
            return self.min;
        }
        if rank + 1 >= self.count {
            return self.max;
        }
        let mut passed = 0;
        for (key, count) in self.buckets.iter() {
            passed += count;
            if passed > rank {
                return representative(key).clamp(self.min, self.max);
            }
        }
        self.max
    }

    /// Its values in ascending order: single ones (`low == high`) while [`Histogram::is_exact`].
    pub fn buckets(&self) -> Vec<Bucket> {
        if !self.is_exact() {
            return self
                .buckets
                .iter()
                .map(|(key, count)| {
                    let (low, high) = buckets::bounds(key);
                    Bucket { low, high, count }
                })
                .collect();
        }
        let mut all: Vec<Bucket> = Vec::new();
        for value in self.sorted_exact() {
            match all.last_mut() {
                Some(last) if last.low == value => last.count += 1,
                _ => all.push(Bucket { low: value, high: value, count: 1 }),
            }
        }
        all
    }

    /// Every value and how often it is there, in no order: each by itself while
    /// [`Histogram::is_exact`], then the middle of each bucket.
    pub fn values(&self) -> impl Iterator<Item = (f64, u64)> {
        let middle = |(key, count)| (representative(key).clamp(self.min, self.max), count);
        self.exact.iter().map(|&value| (value, 1)).chain(self.buckets.iter().map(middle))
    }

    fn sorted_exact(&self) -> Vec<f64> {
        let mut values = self.exact.clone();
        values.sort_unstable_by(f64::total_cmp);
        values
    }
}
