//! The highest rate at which a service keeps its objectives, as a search over trials.
//!
//! A [`Trial`] is one stretch of load at one rate; [`judge`] says what it shows: kept, not kept,
//! undecided, or invalid because the generator was the limit. [`Search`] decides from all trials so
//! far which comes next. Both are pure, so a search can be stored, resumed and simulated.

mod confirm;
mod crossing;
mod finding;
mod judge;
mod known;
mod lateness;
mod order;
mod posterior;
mod search;
mod settings;
mod trial;

pub use finding::{End, Finding};
pub use judge::{CPU_SHARE_MAX, Cause, Clause, Judgement, Outcome, Score, judge};
pub use lateness::{LATENESS_MS, LATENESS_SHARE, lateness_limit};
pub use order::{Kind, Order, Recorded};
pub use search::{Search, Step};
pub use settings::Settings;
pub(crate) use trial::warm_up;
pub use trial::{Generator, Second, Trial};
