//! The run as seen from outside and from scripts: stop, abort, pause, and live figures.

use std::sync::atomic::AtomicU64;

/// Shared by the hub, the workers, the signal handler and the script layer.
#[derive(Default)]
pub struct Control {}

/// Live figures, summed over workers when read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub iterations_completed: u64,
    pub iterations_interrupted: u64,
    pub iterations_dropped: u64,
    pub vus_active: u64,
    pub vus_initialized: u64,
}

/// Why a run ended before its schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Ctrl-C, SIGTERM
    Signal,
    /// `test.abort(message)`
    ScriptAbort(String),
    /// thresholds with `abortOnFail`, their keys
    Thresholds(Vec<String>),
    /// an exception in a VU's init, or the like
    Error(crate::runner::RunError),
}

impl Control {
    pub fn new() -> Control {
        Control::default()
    }

    /// Stops the run gracefully: no new iterations, running ones are interrupted as k6 does for
    /// this reason, teardown runs. The first reason stays.
    pub fn stop(&self, reason: StopReason) {
        todo!("{reason:?}")
    }

    /// Ends the run at once, without teardown.
    pub fn abort(&self) {
        todo!()
    }

    pub fn is_stopping(&self) -> bool {
        todo!()
    }

    /// Cheap: read by the script layer's interrupt handler.
    pub fn is_aborted(&self) -> bool {
        todo!()
    }

    pub fn pause(&self) {
        todo!()
    }

    pub fn resume(&self) {
        todo!()
    }

    /// `test.fail(message)`: the run goes on, the exit code changes.
    pub fn mark_failed(&self) {
        todo!()
    }

    pub fn figures(&self) -> Figures {
        todo!("{:?}", AtomicU64::new(0))
    }
}
