//! A whole run, from the first VU to the last interval.

use std::{sync::Arc, time::Duration};

use plimsoll_metrics::{threshold::ThresholdGroup, Registry, Totals};

use crate::{
    config::RunConfig,
    control::{Control, StopReason},
    hub::Observer,
    runner::{RunError, Runner},
};

pub struct RunSetup<R: Runner> {
    pub config: RunConfig,
    pub runner: Arc<R>,
    pub registry: Registry,
    pub thresholds: Vec<ThresholdGroup>,
    pub control: Arc<Control>,
    pub observer: Box<dyn Observer>,
    /// Whether some output needs each sample.
    pub keep_samples: bool,
}

/// What a run ends with; totals are there however it ended.
pub struct Finished {
    pub totals: Totals,
    /// From the first scenario's start to the end of the last iteration, teardown excluded.
    pub duration: Duration,
    pub stopped: Option<StopReason>,
    pub error: Option<RunError>,
    pub test_failed: bool,
}

/// Blocks until the run is over.
pub fn run<R: Runner>(setup: RunSetup<R>) -> Finished {
    todo!("{}", setup.keep_samples)
}
