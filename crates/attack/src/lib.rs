//! Load without a script: targets, the runners that send them, their results and reports.

pub mod report;
pub mod results;
