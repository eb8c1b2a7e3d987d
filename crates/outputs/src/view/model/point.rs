//! What one point of the axis of time knows.

use crate::view::{
    digest::{LATENCIES, Load},
    sparse::Sparse,
};

/// Percentiles that each point has, beside mean and maximum.
pub(super) const RANKS: [f64; 4] = [50.0, 90.0, 95.0, 99.0];

#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Nanoseconds since the Unix epoch.
    pub(super) from: u64,
    pub(super) to: u64,
    /// Counts. Of its gauges only those of VUs, each the last.
    pub(super) load: Load,
    /// The rate asked for, times seconds, and those seconds.
    asked: (f64, f64),
    pub(super) latency: [Latency; LATENCIES.len()],
}

#[derive(Clone, Debug, Default)]
pub(super) struct Latency {
    pub(super) times: Sparse,
    /// At [`RANKS`]; made when the point is complete, since they are asked for more often than that.
    pub(super) percentiles: Option<[f64; RANKS.len()]>,
}

impl Load {
    /// Adds what can be added.
    pub(super) fn add_counts(&mut self, more: &Load) {
        self.done += more.done;
        self.failed += more.failed;
        self.dropped += more.dropped;
        self.iterations += more.iterations;
        self.checks_passed += more.checks_passed;
        self.checks_failed += more.checks_failed;
        self.data_sent += more.data_sent;
        self.data_received += more.data_received;
        self.asked = more.asked.or(self.asked);
        self.vus = more.vus.or(self.vus);
        self.vus_max = more.vus_max.or(self.vus_max);
    }
}

impl Point {
    pub(super) fn new(from: u64) -> Point {
        Point {
            from,
            to: from,
            load: Load::default(),
            asked: (0.0, 0.0),
            latency: Default::default(),
        }
    }

    /// Adds what was recorded from its end up to `to`.
    pub(super) fn add(&mut self, to: u64, load: &Load, latency: &[Sparse; LATENCIES.len()]) {
        let seconds = to.saturating_sub(self.to) as f64 / 1e9;
        self.to = self.to.max(to);
        self.load.add_counts(load);
        if let Some(asked) = load.asked {
            self.asked.0 += asked * seconds;
            self.asked.1 += seconds;
        }
        for (own, more) in self.latency.iter_mut().zip(latency) {
            own.times.merge(more);
        }
    }

    /// Adds the point behind it.
    pub(super) fn merge(&mut self, next: &Point) {
        self.to = self.to.max(next.to);
        self.load.add_counts(&next.load);
        self.asked.0 += next.asked.0;
        self.asked.1 += next.asked.1;
        for (own, more) in self.latency.iter_mut().zip(&next.latency) {
            own.times.merge(&more.times);
        }
    }

    /// Makes what is derived from its samples.
    pub(super) fn settle(&mut self) {
        for latency in &mut self.latency {
            latency.percentiles = latency.times.percentiles(RANKS);
            latency.times.settle();
        }
    }

    pub(super) fn nanos(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    pub(super) fn seconds(&self) -> f64 {
        self.nanos() as f64 / 1e9
    }

    /// Iterations asked for per second: over its time, so that areas stay what was asked.
    pub(super) fn asked(&self) -> Option<f64> {
        let (amount, seconds) = self.asked;
        (seconds > 0.0).then(|| amount / seconds)
    }

    /// A count as a rate; nothing when the point has no length.
    pub(super) fn per_second(&self, count: f64) -> Option<f64> {
        let seconds = self.seconds();
        (seconds > 0.0).then(|| count / seconds)
    }
}
