//! The engine with a runner that only sleeps: every executor's counts, and every way of ending.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests may")]

mod books;
mod closed;
mod ending;
mod fake;
mod open;
mod paced;
mod samples;
