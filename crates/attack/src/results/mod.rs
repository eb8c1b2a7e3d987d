//! What came of each hit: the value, and the forms in which it is written and read.

pub mod binary;
mod hit;
#[cfg(test)]
pub(crate) mod testing;

pub use hit::Hit;

use std::time::Duration;

/// Whole nanoseconds; more than 584 years become that.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
