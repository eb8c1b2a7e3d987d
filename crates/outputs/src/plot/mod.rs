//! One self-contained HTML page of response times over time, several runs laid over each other.
//!
//! Memory does not grow with the length of a run: time goes into a bounded number of intervals, which
//! become twice as long when they run out, and single responses are thinned in the same way.

mod page;
mod series;
#[cfg(test)]
mod tests;

pub use page::Page;
pub use series::{DOTS_LIMIT, PlotPoint, PlotRun};
