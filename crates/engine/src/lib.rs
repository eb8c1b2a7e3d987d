//! Schedules iterations of virtual users: scenarios, executors, pacing, life cycle and accounting.
//!
//! The engine knows no protocol and no script language: what an iteration does is behind
//! [`runner::Runner`]. Worker threads share nothing but a few atomics; each owns its VUs.
//!
//! [`plan`] says before the start which VUs there are and what each does when (with [`executors`]
//! and [`pace`], pure); [`drive`] does it on each worker; [`hub`] merges what the workers recorded; [`run`] is the
//! whole life of a test.

pub mod abort;
pub mod config;
pub mod control;
mod describe;
pub mod drive;
pub mod executors;
pub mod hub;
mod live;
pub mod pace;
pub mod plan;
pub mod progress;
pub mod run;
pub mod runner;
pub mod segment;
pub mod worker;
