//! What a series' samples are folded into, by kind of metric.

use crate::{histogram::Histogram, registry::MetricKind};

/// The aggregate of some samples of one metric.
#[derive(Clone, Debug)]
pub enum Sink {
    Counter { sum: f64 },
    /// `at`: the newest sample wins a merge.
    Gauge { value: f64, min: f64, max: f64, at: u64, seen: bool },
    Rate { trues: u64, total: u64 },
    Trend(Histogram),
}

impl Sink {
    pub fn new(kind: MetricKind) -> Sink {
        match kind {
            MetricKind::Counter => Sink::Counter { sum: 0.0 },
            MetricKind::Gauge => Sink::Gauge { value: 0.0, min: 0.0, max: 0.0, at: 0, seen: false },
            MetricKind::Rate => Sink::Rate { trues: 0, total: 0 },
            MetricKind::Trend => Sink::Trend(Histogram::new()),
        }
    }
}
