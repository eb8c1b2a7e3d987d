//! What one trial gave.

use plimsoll_metrics::Histogram;

use crate::stats::median;

/// Median deviations from the median beyond which a second stands out: four standard deviations.
const OUTSTANDING: f64 = 6.0;

/// One second of it.
#[derive(Clone, Debug, Default)]
pub struct Second {
    /// Iterations that were to start.
    pub due: f64,
    /// Those that ended, and among them those that failed.
    pub done: f64,
    pub failed: f64,
    /// Iterations that had begun and not ended, the mean over the second; those due and never begun too.
    pub in_flight: f64,
    /// Milliseconds from when each was due, of those that ended.
    pub latency: Histogram,
}

/// How the load generator did: whether it was itself the limit.
#[derive(Clone, Debug, Default)]
pub struct Generator {
    /// CPU used of what it may use, 0..=1.
    pub cpu_share: f64,
    /// Milliseconds by which iterations started late, at the 99th percentile.
    pub lateness_p99: f64,
    /// Anything else that kept it from sending, in words: no file descriptors, no ports.
    pub shortage: Option<String>,
}

/// A stretch of load at one rate, after whatever ramp there was.
#[derive(Clone, Debug, Default)]
pub struct Trial {
    /// Iterations per second that were asked for.
    pub rate: f64,
    pub seconds: Vec<Second>,
    pub generator: Generator,
}

impl Trial {
    /// How many seconds at its start are [warm-up](warm_up).
    pub fn warm_up(&self) -> usize {
        let means: Vec<f64> = self.seconds.iter().map(|second| second.latency.mean()).collect();
        warm_up(&means)
    }
}

/// How many seconds at the start of a run are warm-up, by the mean latency of each: the first, and those
/// after it without a gap that stand out from the second half. At most half of all. What stands out later
/// is the service's own doing and stays.
pub(crate) fn warm_up(means: &[f64]) -> usize {
    let half = means.len() / 2;
    let settled = means.get(half..).unwrap_or_default();
    let Some(usual) = median(settled) else { return 0 };
    let deviations: Vec<f64> = settled.iter().map(|mean| (mean - usual).abs()).collect();
    let limit = usual + OUTSTANDING * median(&deviations).unwrap_or(0.0).max(usual / 10.0);
    let slow = means.iter().skip(1).take_while(|mean| **mean > limit).count();
    (1 + slow).min(half)
}
