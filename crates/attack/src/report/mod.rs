//! What a report says of many hits: a [`Tally`] counts them, printers show it as text, JSON, bars
//! between bounds, or HdrHistogram's table.

mod buckets;
mod errors;
mod json;
mod latencies;
mod plan;
mod plots;
mod record;
mod table;
mod tally;
#[cfg(test)]
mod tests;
mod text;

pub use buckets::{BOUNDS_LIMIT, Buckets, BucketsError};
pub use errors::{ERROR_TEXT_LIMIT, ERRORS_LIMIT, ErrorSet};
pub use json::json;
pub use latencies::{Latencies, SAMPLES_BEYOND_MIN, Summary};
pub use plots::{hdrplot, hist};
pub use record::RecordTally;
pub use tally::Tally;
pub use text::text;

use plan::Plan;
use tally::ratio;
