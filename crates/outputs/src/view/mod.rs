//! A run for people to look at: the same numbers for a page that follows it live, for pages of
//! finished runs and for the report.
//!
//! [`digest`] reduces what a run recorded in an interval, [`model`] keeps what a page shows and writes
//! it as JSON, [`RunView`] is both together.

mod digest;
pub mod live;
mod model;
pub mod page;
mod replay;
mod run;
mod sparse;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use model::{Layer, POINTS_LIMIT, RunMeta};
pub use run::{RunView, runs_json};
pub use sparse::RELATIVE_ERROR;
