//! What `capacity` and `scale` share: something that can be loaded again and again, trials of it, and what
//! goes on around them.
//!
//! [`targets`] and [`scripts`] make a [`bench`](bench::Bench) of what the flags name. A [`trial`] is one run of
//! the engine over it, whose seconds are gathered as they pass.

pub(in crate::commands) mod bench;
mod closed;
pub(in crate::commands) mod figures;
mod gather;
mod in_flight;
pub(in crate::commands) mod interrupt;
pub(in crate::commands) mod level;
pub(in crate::commands) mod probe;
pub(in crate::commands) mod screen;
pub(in crate::commands) mod scripts;
pub(in crate::commands) mod shell;
pub(in crate::commands) mod signals;
mod spread;
pub(in crate::commands) mod targets;
pub(in crate::commands) mod trial;

use std::time::Duration;

/// After each trial, so that the service is at rest again.
pub(in crate::commands) const REST: Duration = Duration::from_millis(500);
