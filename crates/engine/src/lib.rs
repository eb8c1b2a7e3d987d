//! Schedules iterations of virtual users: scenarios, executors, pacing, life cycle and accounting.
//!
//! The engine knows no protocol and no script language: what an iteration does is behind
//! [`runner::Runner`]. Worker threads share nothing but a few atomics; each owns its VUs.

pub mod config;
pub mod control;
pub mod executors;
pub mod hub;
pub mod plan;
pub mod run;
pub mod runner;
pub mod segment;
pub mod worker;
