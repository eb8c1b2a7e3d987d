//! Durations of one kind: a histogram, and their sum without rounding.

use std::time::Duration;

use plimsoll_metrics::Histogram;

const NANOS_PER_MS: f64 = 1e6;

/// Samples that must lie beyond a percentile for it to say more than the largest ones do.
pub const SAMPLES_BEYOND_MIN: u64 = 10;

/// Durations, as a histogram of milliseconds; percentiles have its error, a thousandth at most.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    histogram: Histogram,
    /// Nanoseconds, so that the order of merges cannot be seen in it.
    total: u128,
}

/// What a report says of durations. All are 0 without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub count: u64,
    pub total: Duration,
    pub min: Duration,
    pub mean: Duration,
    pub p50: Duration,
    pub p90: Duration,
    pub p95: Duration,
    pub p99: Duration,
    pub max: Duration,
}

impl Latencies {
    /// Durations that a run record has, in milliseconds.
    pub(crate) fn of_millis(histogram: Histogram) -> Latencies {
        let total = (histogram.sum() * NANOS_PER_MS).round() as u128;
        Latencies { histogram, total }
    }

    #[inline]
    pub fn record(&mut self, duration: Duration) {
        let nanos = duration.as_nanos();
        self.total = self.total.saturating_add(nanos);
        self.histogram.record(nanos as f64 / NANOS_PER_MS);
    }

    /// Adds all durations of `other`.
    pub fn merge(&mut self, other: &Latencies) {
        self.histogram.merge(&other.histogram);
        self.total = self.total.saturating_add(other.total);
    }

    pub fn count(&self) -> u64 {
        self.histogram.count()
    }

    pub fn is_empty(&self) -> bool {
        self.histogram.is_empty()
    }

    /// `p` in 0..=100.
    pub fn percentile(&self, p: f64) -> Duration {
        from_millis(self.histogram.percentile(p))
    }

    /// Whether enough of them lie beyond percentile `p`.
    pub fn supports(&self, p: f64) -> bool {
        let beyond = (100.0 - p) / 100.0 * self.count() as f64;
        // 5 % of 200 are 10, but not in floats.
        beyond + 1e-6 >= SAMPLES_BEYOND_MIN as f64
    }

    pub fn summary(&self) -> Summary {
        let mean = self.total.checked_div(u128::from(self.count())).unwrap_or(0);
        Summary {
            count: self.count(),
            total: from_nanos(self.total),
            min: from_millis(self.histogram.min()),
            mean: from_nanos(mean),
            p50: self.percentile(50.0),
            p90: self.percentile(90.0),
            p95: self.percentile(95.0),
            p99: self.percentile(99.0),
            max: from_millis(self.histogram.max()),
        }
    }

    pub(crate) fn histogram(&self) -> &Histogram {
        &self.histogram
    }
}

pub(crate) fn from_millis(millis: f64) -> Duration {
    Duration::from_nanos((millis * NANOS_PER_MS).round() as u64)
}

fn from_nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
