//! Threshold expressions in k6's grammar: parse, check against a metric's kind, evaluate on a sink.

use std::time::Duration;

use crate::{registry::MetricKind, sink::Sink, tags::TagSet};

/// One expression, e.g. `p(95)<200`.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// As the user wrote it.
    pub source: String,
    pub abort_on_fail: bool,
    /// From the start of the run; before it `abort_on_fail` has no effect.
    pub delay_abort_eval: Duration,
}

/// `metric` or `metric{tag:value,...}` with its expressions.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdGroup {
    /// The key as written: also the name of the sub-metric.
    pub key: String,
    pub metric: String,
    pub tags: TagSet,
    pub thresholds: Vec<Threshold>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ThresholdError {
    pub message: String,
    /// Byte offset in the expression or key.
    pub offset: usize,
}

impl Threshold {
    pub fn parse(source: &str) -> Result<Threshold, ThresholdError> {
        todo!("{source}")
    }

    /// Whether the aggregation method exists for metrics of `kind`.
    pub fn check_kind(&self, kind: MetricKind) -> Result<(), ThresholdError> {
        todo!("{kind:?}")
    }

    /// Whether the threshold holds on `sink` after `elapsed`. An empty sink holds, as in k6.
    pub fn holds(&self, sink: &Sink, elapsed: Duration) -> bool {
        todo!("{sink:?}{elapsed:?}")
    }
}

/// Splits a threshold key into metric name and tags.
pub fn parse_key(key: &str) -> Result<(String, TagSet), ThresholdError> {
    todo!("{key}")
}
