//! CPU and memory of processes: of the service under load and of the load generator itself.
//!
//! [`process::Process`] takes a sample of a process when asked, [`watch::ProcessWatch`] turns successive
//! samples into utilization. Nothing here sleeps or owns a thread: the caller says when. Texts
//! from `/proc` are read by the pure functions of [`procfs`].

pub mod own;
pub mod process;
pub mod procfs;
pub mod watch;

pub use process::{Process, ProcessError, ProcessSample, Scope};
pub use watch::{ProcessUsage, ProcessWatch};
