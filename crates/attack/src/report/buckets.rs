//! Counts between bounds that the user gives: `[0,2ms,4ms,6ms]`.

use std::time::Duration;

use super::latencies::from_millis;
use plimsoll_metrics::Histogram;

/// Bounds that may be given.
pub const BOUNDS_LIMIT: usize = 1_000;

/// Text that is no list of bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("buckets {text:?}: {why}, as in [0,2ms,4ms,6ms]")]
pub struct BucketsError {
    text: String,
    why: &'static str,
}

/// Hits counted by the greatest bound that is not above their response time. The first bound is 0,
/// the last bucket has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    bounds: Vec<Duration>,
    counts: Vec<u64>,
}

impl Buckets {
    /// Reads `[0,2ms,4ms,6ms]`, without counts; a first bound above 0 gets a 0 before it.
    /// `parse` reads one duration, such as `2ms`.
    ///
    /// # Errors
    /// When brackets are missing, or bounds are no durations, do not ascend or are too many.
    pub fn parse(
        text: &str,
        parse: impl Fn(&str) -> Option<Duration>,
    ) -> Result<Buckets, BucketsError> {
        let wrong = |why| BucketsError { text: text.to_owned(), why };
        let list = text.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let list = list.ok_or_else(|| wrong("durations in brackets are needed"))?;
        let mut bounds = Vec::new();
        for bound in list.split(',') {
            let bound = parse(bound.trim());
            bounds.push(bound.ok_or_else(|| wrong("durations are needed"))?);
        }
        if bounds.first().is_some_and(|bound| !bound.is_zero()) {
            bounds.insert(0, Duration::ZERO);
        }
        if bounds.len() > BOUNDS_LIMIT {
            return Err(wrong("there are too many"));
        }
        if !bounds.is_sorted_by(|a, b| a < b) {
            return Err(wrong("they must ascend"));
        }
        Ok(Buckets { counts: vec![0; bounds.len()], bounds })
    }

    pub(super) fn add(&mut self, value: Duration, count: u64) {
        let at = self.bounds.partition_point(|&bound| bound <= value).saturating_sub(1);
        if let Some(cell) = self.counts.get_mut(at) {
            *cell = cell.saturating_add(count);
        }
    }

    /// Adds what a histogram of milliseconds holds, each bucket of it where its middle lies.
    pub(super) fn add_histogram(&mut self, histogram: &Histogram) {
        for bucket in histogram.buckets() {
            self.add(from_millis(bucket.low + (bucket.high - bucket.low) / 2.0), bucket.count);
        }
    }

    /// Adds counts of the same bounds; others are left.
    pub(super) fn merge(&mut self, other: &Buckets) {
        if self.bounds == other.bounds {
            for (ours, theirs) in self.counts.iter_mut().zip(&other.counts) {
                *ours = ours.saturating_add(*theirs);
            }
        }
    }

    /// Lower bound and count of each, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (Duration, u64)> {
        self.bounds.iter().copied().zip(self.counts.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Buckets, BucketsError> {
        Buckets::parse(text, |text| {
            if text == "0" {
                return Some(Duration::ZERO);
            }
            text.strip_suffix("ms")?.parse().ok().map(Duration::from_millis)
        })
    }

    #[test]
    fn bounds_are_lower_ones() {
        let mut buckets = parse("[0, 2ms,4ms]").unwrap();
        for micros in [0, 1_999, 2_000, 3_999, 4_000, 9_000_000] {
            buckets.add(Duration::from_micros(micros), 1);
        }
        assert_eq!(buckets.iter().map(|(_, count)| count).collect::<Vec<_>>(), [2, 2, 2]);
        assert_eq!(parse("[2ms]").unwrap().iter().count(), 2);
    }

    #[test]
    fn nonsense_is_told() {
        for text in ["", "0,1ms", "[]", "[1ms,1ms]", "[2ms,1ms]", "[a]", "[0,]"] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.ends_with("as in [0,2ms,4ms,6ms]"), "{error}");
        }
    }
}
