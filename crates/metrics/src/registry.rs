//! Names of metrics and series, shared by all workers. Taken once per series and worker, never per sample.

use std::sync::Arc;

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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricDef {
    pub id: MetricId,
    pub name: Arc<str>,
    pub kind: MetricKind,
    pub contains: Contains,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesDef {
    pub id: SeriesId,
    pub metric: MetricId,
    pub tags: TagSet,
}

/// Why a metric could not be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    #[error("invalid metric name: '{0}'")]
    Name(String),
    #[error("metric '{name}' already exists but with type {existing:?}, instead of {asked:?}")]
    Kind { name: String, existing: MetricKind, asked: MetricKind },
}

/// Limit on the number of series, see [`Registry::new`].
pub const SERIES_LIMIT: usize = 100_000;

/// Metrics and series of one run; a clone is a handle to the same registry.
#[derive(Clone)]
pub struct Registry {}

impl Registry {
    /// `series_limit`: past it, new tag sets lose `url` and `name` first, then every tag, and
    /// [`Registry::folded`] counts them.
    pub fn new(series_limit: usize) -> Registry {
        todo!("{series_limit}")
    }

    /// Registers a metric, or returns the id of the one of that name and kind.
    pub fn metric(&self, name: &str, kind: MetricKind, contains: Contains) -> Result<MetricId, MetricError> {
        todo!("{name}{kind:?}{contains:?}")
    }

    pub fn find(&self, name: &str) -> Option<MetricDef> {
        todo!("{name}")
    }

    /// The definition of a registered metric.
    pub fn def(&self, id: MetricId) -> MetricDef {
        todo!("{id:?}")
    }

    /// All metrics, in order of registration.
    pub fn metrics(&self) -> Vec<MetricDef> {
        todo!()
    }

    /// The series of `metric` with `tags`, made when it is new and the limit allows it. Locks.
    pub fn series(&self, metric: MetricId, tags: &TagSet) -> SeriesId {
        todo!("{metric:?}{tags:?}")
    }

    pub fn series_def(&self, id: SeriesId) -> SeriesDef {
        todo!("{id:?}")
    }

    /// Series that were folded into coarser ones since the limit was reached.
    pub fn folded(&self) -> u64 {
        todo!()
    }
}
