//! A histogram of few bytes: counts by buckets 2.5 % wide. One for each point of the axis of time.

/// A bucket's upper bound by its lower one.
const GROWTH: f64 = 1.025;

/// Milliseconds. The first bucket has everything up to it.
const LEAST: f64 = 1e-3;

/// The last one has everything above 66 minutes.
pub(super) const BUCKETS: usize = 896;

/// Largest relative error of a percentile: half of a bucket's width, rounded up. Below a microsecond
/// the error is at most that microsecond.
pub const RELATIVE_ERROR: f64 = 0.0125;

/// Where the bucket's number is in a cell; the bits below are its count.
const COUNT_BITS: u32 = 54;
const COUNT_MAX: u64 = (1 << COUNT_BITS) - 1;

/// Counts of values in milliseconds, mergeable in any order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sparse {
    /// Buckets that are not empty, in ascending order: number and count in one word.
    cells: Vec<u64>,
    count: u64,
    sum: f64,
    /// Infinity when empty; likewise `max`.
    min: f64,
    max: f64,
}

impl Default for Sparse {
    fn default() -> Self {
        Sparse { cells: Vec::new(), count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

/// The bucket of a value.
fn bucket_of(value: f64) -> u64 {
    // Negative numbers and NaN, which no latency is, are 0 after the conversion.
    let steps = (value / LEAST).ln() / GROWTH.ln();
    (steps.ceil() as u64).min(BUCKETS as u64 - 1)
}

/// The greatest value of a bucket, in milliseconds.
pub(super) fn upper_bound(bucket: usize) -> f64 {
    LEAST * GROWTH.powf(bucket as f64)
}

/// The value that stands for all of a bucket.
fn middle(bucket: u64) -> f64 {
    if bucket == 0 { LEAST } else { LEAST * GROWTH.powf(bucket as f64 - 0.5) }
}

impl Sparse {
    /// Adds every value of a histogram.
    pub(super) fn add(&mut self, histogram: &plimsoll_metrics::Histogram) {
        if histogram.is_empty() {
            return;
        }
        for (value, count) in histogram.values() {
            self.add_to(bucket_of(value), count);
        }
        self.extend(histogram.count(), histogram.sum(), histogram.min(), histogram.max());
    }

    pub(super) fn merge(&mut self, other: &Sparse) {
        if other.count == 0 {
            return;
        }
        if self.cells.is_empty() {
            self.cells.clone_from(&other.cells);
        } else {
            for (bucket, count) in other.buckets() {
                self.add_to(bucket, count);
            }
        }
        self.extend(other.count, other.sum, other.min, other.max);
    }

    fn extend(&mut self, count: u64, sum: f64, min: f64, max: f64) {
        self.count = self.count.saturating_add(count);
        self.sum += sum;
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }

    fn add_to(&mut self, bucket: u64, count: u64) {
        match self.cells.binary_search_by_key(&bucket, |cell| cell >> COUNT_BITS) {
            Ok(at) => {
                if let Some(cell) = self.cells.get_mut(at) {
                    let room = COUNT_MAX - (*cell & COUNT_MAX);
                    *cell += count.min(room);
                }
            }
            Err(at) => self.cells.insert(at, bucket << COUNT_BITS | count.min(COUNT_MAX)),
        }
    }

    /// Bucket and count of those that are not empty, in ascending order.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        self.cells.iter().map(|cell| (cell >> COUNT_BITS, cell & COUNT_MAX))
    }

    /// Gives memory back that it has no use for: points are many, and most never change again.
    pub(super) fn settle(&mut self) {
        self.cells.shrink_to_fit();
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// None when empty; likewise `max` and `percentiles`.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    pub(super) fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }

    /// Of `ranks` in 0..=100, ascending: interpolated between the two nearest ranks, as the summary's
    /// are. The smallest and the greatest value are exact.
    pub(super) fn percentiles<const N: usize>(&self, ranks: [f64; N]) -> Option<[f64; N]> {
        if self.count == 0 {
            return None;
        }
        let last = (self.count - 1) as f64;
        Some(ranks.map(|rank| {
            let rank = rank.clamp(0.0, 100.0) / 100.0 * last;
            let (low, high) = (self.ranked(rank.floor() as u64), self.ranked(rank.ceil() as u64));
            low + (high - low) * (rank - rank.floor())
        }))
    }

    fn ranked(&self, rank: u64) -> f64 {
        if rank == 0 {
            return self.min;
        }
        if rank + 1 >= self.count {
            return self.max;
        }
        let mut passed = 0;
        for (bucket, count) in self.buckets() {
            passed += count;
            if passed > rank {
                return middle(bucket).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::Histogram;
    use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn sparse(values: &[f64]) -> Sparse {
        let mut histogram = Histogram::new();
        values.iter().for_each(|&value| histogram.record(value));
        let mut sparse = Sparse::default();
        sparse.add(&histogram);
        sparse
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        // Milliseconds, from a microsecond to an hour.
        prop::collection::vec((-3.0..6.55).prop_map(|exponent| 10f64.powf(exponent)), 1..400)
    }

    proptest! {
        #[test]
        fn percentiles_are_within_the_stated_error(values in values(), rank in 0.0..100.0) {
            let mut exact = Histogram::new();
            values.iter().for_each(|&value| exact.record(value));
            let expected = exact.percentile(rank);
            let [found] = sparse(&values).percentiles([rank]).unwrap();
            prop_assert!((found / expected - 1.0).abs() <= RELATIVE_ERROR, "{found} {expected}");
        }

        #[test]
        fn merging_keeps_every_value(one in values(), other in values()) {
            let mut merged = sparse(&one);
            merged.merge(&sparse(&other));
            let all = sparse(&[one, other].concat());
            prop_assert_eq!(&merged.cells, &all.cells);
            let counted: u64 = merged.buckets().map(|(_, count)| count).sum();
            prop_assert_eq!((merged.count(), counted), (all.count(), all.count()));
            prop_assert_eq!((merged.min, merged.max), (all.min, all.max));
            prop_assert!((merged.sum / all.sum - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn values_out_of_range_are_kept_in_the_outer_buckets() {
        let odd = sparse(&[-1.0, 0.0, 1e-9, 1e12]);
        assert_eq!(odd.buckets().collect::<Vec<_>>(), [(0, 3), (BUCKETS as u64 - 1, 1)]);
        assert_eq!(odd.percentiles([0.0, 100.0]), Some([-1.0, 1e12]));
        assert_eq!(Sparse::default().percentiles([50.0]), None);
        assert!(upper_bound(BUCKETS - 2) > 3_600_000.0);
    }
}
