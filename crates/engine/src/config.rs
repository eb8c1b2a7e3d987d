//! Scenarios as values: what the options of a script or the flags of a command say.

use std::{collections::BTreeMap, time::Duration};

use plimsoll_metrics::TagSet;

use crate::{
    pace::{Pace, Spacing},
    segment::Segment,
};

/// The most VUs of one run: each has a slot and a task from the start, so a slip of the finger must
/// not take all memory.
pub const VUS_LIMIT: u64 = 1_000_000;

/// "Until the run is stopped", as a duration: ten years. `ConstantVus` takes it for its own.
pub const FOREVER: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// A linear part of a ramp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    pub duration: Duration,
    /// VUs, or iterations per time unit.
    pub target: u64,
}

/// The rule that schedules a scenario's iterations, with its options.
#[derive(Clone, Debug, PartialEq)]
pub enum Executor {
    SharedIterations {
        vus: u64,
        iterations: u64,
        max_duration: Duration,
    },
    PerVuIterations {
        vus: u64,
        iterations: u64,
        max_duration: Duration,
    },
    ConstantVus {
        vus: u64,
        duration: Duration,
    },
    RampingVus {
        start_vus: u64,
        stages: Vec<Stage>,
        graceful_ramp_down: Duration,
    },
    ConstantArrivalRate {
        rate: u64,
        time_unit: Duration,
        duration: Duration,
        pre_allocated_vus: u64,
        max_vus: u64,
    },
    RampingArrivalRate {
        start_rate: u64,
        time_unit: Duration,
        stages: Vec<Stage>,
        pre_allocated_vus: u64,
        max_vus: u64,
    },
    ExternallyControlled {
        vus: u64,
        max_vus: u64,
        duration: Duration,
    },
    /// Arrivals that are never given up before the end: one that finds no VU free has another made
    /// at once while there are fewer than `max_vus`, else it starts late. All that are due by the
    /// end are started, within the graceful stop; what is not even then is dropped. k6 has nothing
    /// like it.
    Paced {
        pace: Pace,
        spacing: Spacing,
        /// `None`: until the run is stopped.
        duration: Option<Duration>,
        /// Made before the start.
        vus: u64,
        max_vus: u64,
        /// Whether idle VUs take turns, rather than the one that was busy last going first.
        rotate: bool,
    },
}

impl Executor {
    /// k6's name, e.g. `constant-vus`; `paced` is ours.
    pub fn name(&self) -> &'static str {
        match self {
            Executor::SharedIterations { .. } => "shared-iterations",
            Executor::PerVuIterations { .. } => "per-vu-iterations",
            Executor::ConstantVus { .. } => "constant-vus",
            Executor::RampingVus { .. } => "ramping-vus",
            Executor::ConstantArrivalRate { .. } => "constant-arrival-rate",
            Executor::RampingArrivalRate { .. } => "ramping-arrival-rate",
            Executor::ExternallyControlled { .. } => "externally-controlled",
            Executor::Paced { .. } => "paced",
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

impl Scenario {
    /// VUs as configured for the whole test, the most where there is a range.
    pub(crate) fn vus(&self) -> u64 {
        match &self.executor {
            Executor::SharedIterations { vus, .. }
            | Executor::PerVuIterations { vus, .. }
            | Executor::ConstantVus { vus, .. } => *vus,
            Executor::RampingVus { start_vus, stages, .. } => {
                stages.iter().map(|s| s.target).fold(*start_vus, u64::max)
            }
            Executor::ConstantArrivalRate { max_vus, .. }
            | Executor::RampingArrivalRate { max_vus, .. }
            | Executor::ExternallyControlled { max_vus, .. }
            | Executor::Paced { max_vus, .. } => *max_vus,
        }
    }
}

/// Everything the engine needs to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunConfig {
    pub scenarios: Vec<Scenario>,
    pub segment: Segment,
    /// Tags of every sample (`--tag`).
    pub run_tags: TagSet,
    pub min_iteration_duration: Duration,
    /// How late an arrival of an open or paced scenario may start so as to share a wake-up with
    /// those that come after it. Zero: each one wakes its worker when it is due.
    pub arrival_slack: Duration,
    /// Worker threads; 0 = one per core.
    pub workers: usize,
    pub no_setup: bool,
    pub no_teardown: bool,
    /// Starts paused, until `Control::resume`.
    pub paused: bool,
    /// Whether samples carry the system tag `scenario`.
    pub tag_scenario: bool,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A scenario with k6's defaults.
    pub(crate) fn scenario(name: &str, executor: Executor) -> Scenario {
        Scenario {
            name: name.to_owned(),
            executor,
            start_time: Duration::ZERO,
            graceful_stop: Duration::from_secs(30),
            exec: "default".to_owned(),
            env: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }
}
