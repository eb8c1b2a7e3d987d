//! The figures that are compared: one value per run.

use super::Run;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Figure {
    /// Requests per second.
    Rate,
    /// Share of requests that failed.
    Failed,
    /// Percentiles of the service time.
    P50,
    P95,
    P99,
    /// The 99th percentile of the response time of iterations.
    ResponseP99,
}

/// How a figure's differences are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// As a ratio: 10 % more.
    Ratio,
    /// In percentage points: shares may be zero.
    Points,
}

impl Figure {
    /// Few on purpose: each further one makes it harder for all of them to be told from chance.
    pub const ALL: [Figure; 6] =
        [Figure::Rate, Figure::Failed, Figure::P50, Figure::P95, Figure::P99, Figure::ResponseP99];

    pub fn name(self) -> &'static str {
        match self {
            Figure::Rate => "rate",
            Figure::Failed => "failed",
            Figure::P50 => "p50",
            Figure::P95 => "p95",
            Figure::P99 => "p99",
            Figure::ResponseP99 => "response_p99",
        }
    }

    /// `1/s`, `share` or `ms`
    pub fn unit(self) -> &'static str {
        match self {
            Figure::Rate => "1/s",
            Figure::Failed => "share",
            _ => "ms",
        }
    }

    pub fn scale(self) -> Scale {
        match self {
            Figure::Failed => Scale::Points,
            _ => Scale::Ratio,
        }
    }

    /// Whether more of it is better.
    pub fn more_is_better(self) -> bool {
        self == Figure::Rate
    }

    /// Its value of one run; `None` when the run has none.
    pub fn of(self, run: &Run) -> Option<f64> {
        let load = &run.load;
        let percentile = |times: &plimsoll_metrics::Histogram, p| {
            (!times.is_empty()).then(|| times.percentile(p))
        };
        match self {
            Figure::Rate => (run.seconds() > 0.0).then(|| load.requests / run.seconds()),
            Figure::Failed => (load.requests > 0.0).then(|| load.failed / load.requests),
            Figure::P50 => percentile(&load.service, 50.0),
            Figure::P95 => percentile(&load.service, 95.0),
            Figure::P99 => percentile(&load.service, 99.0),
            Figure::ResponseP99 => percentile(&load.response, 99.0),
        }
    }

    /// Requests that a run needs so that the figure is more than its few largest values.
    pub fn requests_needed(self) -> u64 {
        /// Values beyond a percentile.
        const BEYOND: u64 = 100;
        match self {
            Figure::Rate => 1,
            Figure::Failed => BEYOND,
            Figure::P50 => 2 * BEYOND,
            Figure::P95 => 20 * BEYOND,
            Figure::P99 | Figure::ResponseP99 => 100 * BEYOND,
        }
    }
}
