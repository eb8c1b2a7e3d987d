//! What came of each hit: the value, and the forms in which it is written and read.
//!
//! [`open`] finds out the format of an input and gives a [`Source`]; [`Merged`] makes one of several.
//! Damage in an input is a step of its source, never an error: what is whole is used. docs/results.md
//! has the formats.

pub mod binary;
pub mod csv;
mod gob;
mod hit;
mod input;
pub mod json;
mod merge;
mod open;
mod source;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use hit::Hit;
pub use merge::{Merged, Ordered, WINDOW_BYTES, WINDOW_HITS};
pub use open::{Format, OpenError, Opened, open};
pub use source::{Damage, Source, Step};

use std::time::Duration;

/// Bytes of a line of JSON or CSV: a hit with its body. What is longer is read as several lines.
pub const LINE_LIMIT: usize = 32 << 20;

/// Whole nanoseconds; more than 584 years become that.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
