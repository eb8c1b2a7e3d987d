//! One number out of a sink: the methods of thresholds.

use std::time::Duration;

use crate::{registry::MetricKind, sink::Sink};

/// How a sink becomes one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aggregation {
    /// Sum of a counter; number of values of a trend.
    Count,
    /// Of a counter per second of the run; share of true values of a rate.
    Rate,
    /// Last value of a gauge.
    Value,
    Avg,
    Min,
    Max,
    Med,
    /// 0..=100
    Percentile(f64),
}

impl Aggregation {
    /// The method of that name; percentiles have a number with theirs.
    pub fn from_name(name: &str) -> Option<Aggregation> {
        use Aggregation::{Avg, Count, Max, Med, Min, Rate, Value};
        [Count, Rate, Value, Avg, Min, Max, Med].into_iter().find(|method| method.name() == name)
    }

    /// Its name without an argument: `p` for every percentile.
    pub fn name(self) -> &'static str {
        match self {
            Aggregation::Count => "count",
            Aggregation::Rate => "rate",
            Aggregation::Value => "value",
            Aggregation::Avg => "avg",
            Aggregation::Min => "min",
            Aggregation::Max => "max",
            Aggregation::Med => "med",
            Aggregation::Percentile(_) => "p",
        }
    }

    /// `None` when the method does not exist for the sink's kind, or a rate has no sample.
    ///
    /// `elapsed` since the start of the run is what counters' rates are taken over.
    pub fn of(self, sink: &Sink, elapsed: Duration) -> Option<f64> {
        Some(match (self, sink) {
            (Aggregation::Count, Sink::Counter { sum }) => *sum,
            (Aggregation::Rate, Sink::Counter { sum }) => {
                let seconds = elapsed.as_secs_f64();
                if seconds > 0.0 { sum / seconds } else { 0.0 }
            }
            (Aggregation::Value, Sink::Gauge { value, .. }) => *value,
            (Aggregation::Min, Sink::Gauge { min, .. }) => *min,
            (Aggregation::Max, Sink::Gauge { max, .. }) => *max,
            (Aggregation::Rate, Sink::Rate { total: 0, .. }) => return None,
            (Aggregation::Rate, Sink::Rate { trues, total }) => *trues as f64 / *total as f64,
            (Aggregation::Count, Sink::Trend(histogram)) => histogram.count() as f64,
            (Aggregation::Avg, Sink::Trend(histogram)) => histogram.mean(),
            (Aggregation::Min, Sink::Trend(histogram)) => histogram.min(),
            (Aggregation::Max, Sink::Trend(histogram)) => histogram.max(),
            (Aggregation::Med, Sink::Trend(histogram)) => histogram.percentile(50.0),
            (Aggregation::Percentile(p), Sink::Trend(histogram)) => histogram.percentile(p),
            _ => return None,
        })
    }

    /// Whether thresholds on metrics of `kind` may use it, by k6's rules.
    pub fn is_threshold_method(self, kind: MetricKind) -> bool {
        match kind {
            MetricKind::Counter => matches!(self, Aggregation::Count | Aggregation::Rate),
            MetricKind::Gauge => self == Aggregation::Value,
            MetricKind::Rate => self == Aggregation::Rate,
            MetricKind::Trend => {
                !matches!(self, Aggregation::Count | Aggregation::Rate | Aggregation::Value)
            }
        }
    }
}
