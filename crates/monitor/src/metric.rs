//! What is recorded, as data: one entry per metric, from which it is registered and documented.

use std::sync::LazyLock;

use plimsoll_metrics::{Contains, MetricId, MetricKind, Registry, registry::MetricError};

use crate::{cgroups, host, processes, services};

/// A metric that a probe of ours records. Levels are trends, one value per tick; amounts are counters
/// that get the increase since the last tick.
#[derive(Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: MetricKind,
    pub contains: Contains,
    pub unit: Unit,
    /// Those it has beside `host`.
    pub tags: &'static [&'static str],
    /// Where the number comes from: a file of the kernel or a question to a service.
    pub source: &'static str,
    pub about: &'static str,
}

/// What one value of a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 0 to 1.
    Share,
    /// CPU time per time: 1 is one core.
    Cores,
    Bytes,
    Milliseconds,
    Seconds,
    Count,
}

impl Unit {
    pub fn name(self) -> &'static str {
        match self {
            Unit::Share => "share",
            Unit::Cores => "cores",
            Unit::Bytes => "bytes",
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
            Unit::Count => "count",
        }
    }
}

impl Metric {
    /// Makes it known, so that thresholds may name it.
    ///
    /// # Errors
    /// When the name belongs to a metric of another kind.
    pub fn register(&self, registry: &Registry) -> Result<MetricId, MetricError> {
        registry.watched_metric(self.name, self.kind, self.contains)
    }
}

/// Every metric that a probe of ours records, in the order of the documentation.
pub fn all() -> &'static [&'static Metric] {
    static ALL: LazyLock<Vec<&'static Metric>> = LazyLock::new(|| {
        [
            host::metrics::ALL,
            processes::metrics::ALL,
            cgroups::metrics::ALL,
            services::postgres::ALL,
            services::redis::ALL,
            services::nginx::ALL,
        ]
        .concat()
    });
    &ALL
}

/// Declares metrics as statics and lists them in `ALL`.
macro_rules! metrics {
    ($($ident:ident $name:literal $kind:ident $unit:ident [$($tag:literal)*] $source:literal $about:literal;)*) => {
        $(pub(crate) static $ident: $crate::metric::Metric = $crate::metric::Metric {
            name: $name,
            kind: plimsoll_metrics::MetricKind::$kind,
            contains: $crate::metric::contains($crate::metric::Unit::$unit),
            unit: $crate::metric::Unit::$unit,
            tags: &[$($tag),*],
            source: $source,
            about: $about,
        };)*

        /// All of this module, in the order of the documentation.
        pub static ALL: &[&$crate::metric::Metric] = &[$(&$ident),*];
    };
}
pub(crate) use metrics;

/// How values of a unit are printed.
pub(crate) const fn contains(unit: Unit) -> Contains {
    match unit {
        Unit::Bytes => Contains::Data,
        Unit::Milliseconds => Contains::Time,
        Unit::Share | Unit::Cores | Unit::Seconds | Unit::Count => Contains::Default,
    }
}

#[cfg(test)]
mod tests;
