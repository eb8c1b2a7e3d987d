//! Does one group of runs differ from another?
//!
//! The run is the sample, not the request: requests of one run share its luck, and millions of them give
//! false certainty. Each figure of each run is one value; groups of values are compared by ranks, and
//! what a few runs cannot tell is said to be so.

mod figure;
mod likeness;
mod rule;
mod run;
#[cfg(test)]
mod tests;
mod verdict;

pub use figure::{Figure, Scale};
pub use likeness::{Difference, differences};
pub use rule::{Rule, RuleError};
pub use run::{Load, NotComparable, Run};
pub use verdict::{Change, Row, Settings, Verdict, compare, runs_needed};
