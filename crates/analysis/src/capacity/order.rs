//! Trials that are asked for, and those that were run.

use std::time::Duration;

use super::judge::{Outcome, Score};

/// What a trial is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Doubling until one side is known from the other.
    Bracket,
    Narrow,
    Confirm,
    /// At 50, 80 and 100 % of the answer, for the load line.
    Hold,
    Overload,
    /// Right after the overload.
    Recover,
}

/// A trial to be run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    pub rate: f64,
    pub length: Duration,
    pub kind: Kind,
}

/// A trial that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub order: Order,
    pub outcome: Outcome,
    pub score: Score,
}
