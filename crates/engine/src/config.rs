//! Scenarios as values: what the options of a script or the flags of a command say.

use std::{collections::BTreeMap, time::Duration};

use plimsoll_metrics::TagSet;

use crate::segment::Segment;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    pub duration: Duration,
    /// VUs, or iterations per time unit.
    pub target: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Executor {
    SharedIterations { vus: u64, iterations: u64, max_duration: Duration },
    PerVuIterations { vus: u64, iterations: u64, max_duration: Duration },
    ConstantVus { vus: u64, duration: Duration },
    RampingVus { start_vus: u64, stages: Vec<Stage>, graceful_ramp_down: Duration },
    ConstantArrivalRate { rate: u64, time_unit: Duration, duration: Duration, pre_allocated_vus: u64, max_vus: u64 },
    RampingArrivalRate { start_rate: u64, time_unit: Duration, stages: Vec<Stage>, pre_allocated_vus: u64, max_vus: u64 },
    ExternallyControlled { vus: u64, max_vus: u64, duration: Duration },
}

impl Executor {
    /// k6's name, e.g. `constant-vus`.
    pub fn name(&self) -> &'static str {
        match self {
            Executor::SharedIterations { .. } => "shared-iterations",
            Executor::PerVuIterations { .. } => "per-vu-iterations",
            Executor::ConstantVus { .. } => "constant-vus",
            Executor::RampingVus { .. } => "ramping-vus",
            Executor::ConstantArrivalRate { .. } => "constant-arrival-rate",
            Executor::RampingArrivalRate { .. } => "ramping-arrival-rate",
            Executor::ExternallyControlled { .. } => "externally-controlled",
        }
    }
}

/// A named workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub name: String,
    pub executor: Executor,
    pub start_time: Duration,
    pub graceful_stop: Duration,
    /// The function of the script; `default` when none is named.
    pub exec: String,
    pub env: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
}

/// Everything the engine needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct RunConfig {
    pub scenarios: Vec<Scenario>,
    pub segment: Segment,
    /// Tags of every sample (`--tag`).
    pub run_tags: TagSet,
    pub min_iteration_duration: Duration,
    /// Worker threads; 0 = one per core.
    pub workers: usize,
    pub no_setup: bool,
    pub no_teardown: bool,
    /// Starts paused, until `Control::resume`.
    pub paused: bool,
    /// System tags that the engine sets itself: whether `scenario` and `group` are wanted.
    pub tag_scenario: bool,
    pub tag_group: bool,
}
