//! What the load does to machines: hosts, processes, cgroups and services, sampled once a second, and the
//! load generator itself.
//!
//! A [`probe::Subject`] is what a user names; on the sampler's thread it becomes a [`probe::Probe`],
//! which puts its figures into [`readings::Readings`] at every tick. Texts of the kernel are read by
//! pure functions.

pub mod agent;
pub mod cgroups;
pub mod host;
pub mod increase;
mod kernel_file;
pub mod metric;
mod monitor;
pub mod own;
mod pace;
pub mod probe;
pub mod process;
pub mod processes;
pub mod procfs;
pub mod readings;
mod sampler;
pub mod services;
mod sockets;
pub mod subject;
pub mod watch;

pub use increase::Increase;
pub use metric::{Metric, Unit};
pub use monitor::{INTERVAL, INTERVAL_MIN, Monitor, MonitorError, Settings, own_host, start};
pub use probe::{Probe, ProbeError, Reading, Subject};
pub use process::{Process, ProcessError, ProcessSample, Scope};
pub use readings::Readings;
pub use subject::SubjectError;
pub use watch::{ProcessUsage, ProcessWatch};
