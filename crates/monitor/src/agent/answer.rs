//! What an agent answers to `GET /v1/observations`: JSON, in structs of its own.
//!
//! Series are numbered by the agent, in the order in which they came up, and told once: whoever asks says how
//! many it knows. Likewise ticks: whoever asks names the last that it has. So the agent keeps nothing about
//! its clients. Times are nanoseconds since the Unix epoch by the agent's clock. See docs/watch.md.

use std::{borrow::Cow, collections::BTreeMap};

use plimsoll_metrics::{Contains, MetricKind};
use serde::{Deserialize, Serialize};

/// Where it is served.
pub const PATH: &str = "/v1/observations";

/// Values in one answer, unless a single tick has more: the rest comes with the next.
pub const VALUES_LIMIT: usize = 100_000;

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer<'a> {
    /// Another after the agent was started anew: then all that its clients know of it is void.
    #[serde(borrow)]
    pub session: Cow<'a, str>,
    /// The agent's name.
    #[serde(borrow)]
    pub host: Cow<'a, str>,
    /// When the request had come.
    pub received: u64,
    /// When the answer left.
    pub sent: u64,
    /// Number of the first of `series`.
    pub first_series: usize,
    #[serde(borrow)]
    pub series: Vec<Series<'a>>,
    /// The number of the newest tick that the agent has.
    pub newest: u64,
    /// Ticks asked for that it no longer has.
    pub missed: u64,
    /// Oldest first.
    #[serde(borrow)]
    pub ticks: Vec<Tick<'a>>,
}

/// What a series is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series<'a> {
    #[serde(borrow)]
    pub metric: Cow<'a, str>,
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Content::is_default")]
    pub contains: Content,
    #[serde(borrow)]
    pub tags: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

/// How values of a metric are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Increases since the tick before.
    Counter,
    Gauge,
    Rate,
    /// Levels.
    Trend,
}

/// What the values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    #[default]
    Default,
    /// Milliseconds.
    Time,
    /// Bytes.
    Data,
}

impl Content {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_default(&self) -> bool {
        *self == Content::Default
    }
}

/// What was observed at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tick<'a> {
    /// Each one more than that of the tick before.
    pub number: u64,
    pub at: u64,
    /// Number of the series and value.
    pub values: Vec<(usize, f64)>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Mark<'a>>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark<'a> {
    pub at: u64,
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub text: Cow<'a, str>,
}

impl From<MetricKind> for Kind {
    fn from(kind: MetricKind) -> Kind {
        match kind {
            MetricKind::Counter => Kind::Counter,
            MetricKind::Gauge => Kind::Gauge,
            MetricKind::Rate => Kind::Rate,
            MetricKind::Trend => Kind::Trend,
        }
    }
}

impl From<Kind> for MetricKind {
    fn from(kind: Kind) -> MetricKind {
        match kind {
            Kind::Counter => MetricKind::Counter,
            Kind::Gauge => MetricKind::Gauge,
            Kind::Rate => MetricKind::Rate,
            Kind::Trend => MetricKind::Trend,
        }
    }
}

impl From<Contains> for Content {
    fn from(contains: Contains) -> Content {
        match contains {
            Contains::Default => Content::Default,
            Contains::Time => Content::Time,
            Contains::Data => Content::Data,
        }
    }
}

impl From<Content> for Contains {
    fn from(content: Content) -> Contains {
        match content {
            Content::Default => Contains::Default,
            Content::Time => Contains::Time,
            Content::Data => Contains::Data,
        }
    }
}
