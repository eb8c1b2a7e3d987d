//! What a search ends with.

use crate::stats::Interval;

/// Why it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both sides are confirmed and close enough.
    Converged,
    /// Time was over; what is known so far is given.
    Budget,
    /// The service keeps its objectives as far as the generator can tell: it may do more.
    Ceiling,
    /// The objectives are not kept at any rate worth a trial.
    Floor,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub end: End,
    /// The highest rate at which the objectives were kept, per second.
    pub capacity: Option<f64>,
    /// Where the objectives are just kept, at 95 %, from all trials near the answer together.
    pub interval: Option<Interval>,
    /// The lowest rate above it at which they were not.
    pub first_failing: Option<f64>,
    /// Long trials at the capacity that kept them, of how many.
    pub confirmations: (usize, usize),
    /// Long trials at the first failing rate that did not, of how many.
    pub refutations: (usize, usize),
    /// Rates that passed above one that failed: the service is not steady, or has two minds.
    pub non_monotone: Vec<f64>,
    /// The highest rate that was kept right after an overload; below the capacity it is hysteresis.
    pub descending: Option<f64>,
    /// Whether the service recovered at 90 % after 120 %; `None` when that was not tried.
    pub recovered: Option<bool>,
}
