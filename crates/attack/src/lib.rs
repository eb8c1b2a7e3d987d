//! Load without a script: targets, the runners that send them, their results and reports.

mod dropped;
pub mod hits;
pub mod http;
mod in_time;
mod opening;
mod per_thread;
pub mod redis;
pub mod report;
pub mod results;
pub mod targets;
pub mod writer;
