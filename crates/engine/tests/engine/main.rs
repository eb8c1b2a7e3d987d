//! The engine with a runner that only sleeps: every executor's counts, and every way of ending.

mod closed;
mod ending;
mod fake;
mod open;
