//! What a metric is and what a series is.

use std::{fmt, sync::Arc};

use crate::tags::TagSet;

/// Index of a metric in its [`Registry`]; the built-in ones come first, in [`crate::builtin`]'s order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId(pub u32);

/// Index of a series (one metric with one tag set) in its [`Registry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub u32);

/// How samples of a metric are aggregated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricKind {
    Counter,
    Gauge,
    Rate,
    Trend,
}

/// What the values of a metric are: decides how they are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contains {
    Default,
    /// milliseconds
    Time,
    /// bytes
    Data,
}

impl MetricKind {
    /// k6's word.
    pub fn name(self) -> &'static str {
        match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Rate => "rate",
            MetricKind::Trend => "trend",
        }
    }
}

impl Contains {
    /// k6's word.
    pub fn name(self) -> &'static str {
        match self {
            Contains::Default => "default",
            Contains::Time => "time",
            Contains::Data => "data",
        }
    }
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Contains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the samples of a metric come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The load: k6's metrics.
    Load,
    /// The load: metrics that k6 does not have. They stay out of k6-shaped outputs.
    Own,
    /// A script or whoever else names metrics.
    Custom,
    /// What is watched beside the load: hosts, processes, services.
    Watched,
}

/// A metric's name and what its samples are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricDef {
    pub id: MetricId,
    pub name: Arc<str>,
    pub kind: MetricKind,
    pub contains: Contains,
    pub origin: Origin,
}

/// One metric with one set of tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesDef {
    pub id: SeriesId,
    pub metric: MetricId,
    pub tags: TagSet,
}
