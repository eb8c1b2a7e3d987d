//! The hub's side: aggregates since the start of the run, per metric and per sub-metric.

use std::time::Duration;

use crate::{
    interval::Interval,
    registry::{MetricDef, Registry},
    sink::Sink,
    tags::TagSet,
    threshold::ThresholdGroup,
};

/// A metric or sub-metric with its aggregate.
pub struct Entry {
    pub metric: MetricDef,
    /// `name` or `name{tag:value}`.
    pub name: String,
    /// Empty for the metric itself.
    pub tags: TagSet,
    pub sink: Sink,
    /// Whether any sample came.
    pub seen: bool,
    pub thresholds: Vec<ThresholdState>,
}

pub struct ThresholdState {
    pub threshold: crate::threshold::Threshold,
    pub last_failed: bool,
}

/// Memory depends on the number of metrics, sub-metrics, checks and groups, never on time.
pub struct Totals {}

impl Totals {
    /// `groups` must have been checked against the registry's metrics. Sub-metrics exist even
    /// without samples. `http_req_duration{expected_response:true}` is always there.
    pub fn new(registry: Registry, groups: &[ThresholdGroup]) -> Totals {
        todo!("{groups:?}{}", registry.folded())
    }

    pub fn absorb(&mut self, interval: &Interval) {
        todo!("{interval:?}")
    }

    /// Evaluates every threshold; returns the keys with `abort_on_fail` that failed after their delay.
    pub fn evaluate(&mut self, elapsed: Duration) -> Vec<String> {
        todo!("{elapsed:?}")
    }

    /// Metrics with samples and sub-metrics, in order of registration.
    pub fn entries(&self) -> &[Entry] {
        todo!()
    }

    pub fn entry(&self, name: &str) -> Option<&Entry> {
        todo!("{name}")
    }

    /// Per-series totals of `checks`: `(tags with group and check, passes, fails)`, in order of first sight.
    pub fn checks(&self) -> Vec<(TagSet, u64, u64)> {
        todo!()
    }

    /// The aggregate of `metric` over series whose `tag` has each value, for the full summary
    /// (`group`, `scenario`). Values in order of first sight.
    pub fn breakdown(&self, tag: &str) -> Vec<(String, Vec<Entry>)> {
        todo!("{tag}")
    }
}
