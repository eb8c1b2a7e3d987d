//! The rules that schedule iterations: one file per executor, each a pure function from its options
//! to [`Work`]; the few ways of doing work are in [`crate::drive`].

use std::{sync::Arc, time::Duration};

use crate::{
    config::{Executor, Scenario, VUS_LIMIT},
    pace::Schedule,
    segment::Segment,
};

pub mod arrivals;
mod constant_arrival_rate;
mod constant_vus;
mod externally_controlled;
pub mod paced;
mod per_vu_iterations;
mod ramping_arrival_rate;
pub(crate) mod ramping_vus;
mod shared_iterations;

pub use arrivals::Arrivals;
pub use paced::Paced;

/// A time in which a VU slot loops, all three since the scenario's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: Duration,
    /// No iteration starts from here on.
    pub until: Duration,
    /// A running iteration is interrupted here.
    pub kill: Duration,
}

/// When the VU slots of a closed scenario loop.
#[derive(Clone, Debug, PartialEq)]
pub enum Windows {
    Same(Window),
    /// By slot.
    PerSlot(Arc<[Vec<Window>]>),
}

impl Windows {
    /// Of one slot, in order, without overlap.
    pub fn of(&self, slot: usize) -> &[Window] {
        match self {
            Windows::Same(window) => std::slice::from_ref(window),
            Windows::PerSlot(slots) => slots.get(slot).map_or(&[], Vec::as_slice),
        }
    }
}

/// How many iterations a closed scenario has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    Unlimited,
    Shared(u64),
    PerVu(u64),
}

/// What an executor asks of its VUs in this instance.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Each VU starts its next iteration when the last has ended.
    Closed { windows: Windows, budget: Budget },
    /// Iterations start when the schedule says, on any free VU.
    Open(Arrivals),
    /// As open, but an arrival waits for a VU when none is free.
    Paced(Paced),
    /// As many VUs loop as the control says. `None`: until the run is stopped.
    External { vus: u64, duration: Option<Duration> },
}

/// A scenario's work and what it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizing {
    pub work: Work,
    /// VUs made before the run.
    pub planned_vus: u64,
    /// VUs that may be made while it runs.
    pub unplanned_vus: u64,
    /// Without graceful stop; `None` when only a stop ends it.
    pub duration: Option<Duration>,
}

/// The part of `scenario` that is this instance's. More than [`VUS_LIMIT`] VUs are not counted: such
/// a plan is refused.
pub fn size(scenario: &Scenario, segment: &Segment) -> Sizing {
    let mut sizing = unlimited(scenario, segment);
    sizing.planned_vus = sizing.planned_vus.min(VUS_LIMIT + 1);
    sizing.unplanned_vus = sizing.unplanned_vus.min(VUS_LIMIT + 1);
    sizing
}

fn unlimited(scenario: &Scenario, segment: &Segment) -> Sizing {
    let stop = scenario.graceful_stop;
    match &scenario.executor {
        Executor::SharedIterations { vus, iterations, max_duration } => {
            shared_iterations::size(*vus, *iterations, *max_duration, stop, segment)
        }
        Executor::PerVuIterations { vus, iterations, max_duration } => {
            per_vu_iterations::size(*vus, *iterations, *max_duration, stop, segment)
        }
        Executor::ConstantVus { vus, duration } => {
            constant_vus::size(*vus, *duration, stop, segment)
        }
        Executor::RampingVus { start_vus, stages, graceful_ramp_down } => {
            ramping_vus::size(*start_vus, stages, *graceful_ramp_down, stop, segment)
        }
        Executor::ConstantArrivalRate { rate, time_unit, duration, pre_allocated_vus, max_vus } => {
            let arrivals =
                constant_arrival_rate::arrivals(*rate, *time_unit, *duration, *max_vus, segment);
            open(arrivals, *pre_allocated_vus, *max_vus, segment)
        }
        Executor::RampingArrivalRate {
            start_rate,
            time_unit,
            stages,
            pre_allocated_vus,
            max_vus,
        } => {
            let arrivals =
                ramping_arrival_rate::arrivals(*start_rate, *time_unit, stages, *max_vus, segment);
            open(arrivals, *pre_allocated_vus, *max_vus, segment)
        }
        Executor::ExternallyControlled { vus, max_vus, duration } => {
            externally_controlled::size(*vus, *max_vus, *duration, segment)
        }
        Executor::Paced { pace, spacing, duration, vus, max_vus, rotate } => {
            let schedule =
                Schedule::new(pace, *spacing, *duration, segment.striping().by_vus(*max_vus));
            paced::size(schedule, *vus, *max_vus, *rotate, segment)
        }
    }
}

fn open(arrivals: Arrivals, pre_allocated_vus: u64, max_vus: u64, segment: &Segment) -> Sizing {
    let planned_vus = segment.striping().count(pre_allocated_vus);
    let most = segment.striping().count(max_vus.max(pre_allocated_vus));
    let duration = Some(arrivals.duration());
    Sizing {
        work: Work::Open(arrivals),
        planned_vus,
        unplanned_vus: most.saturating_sub(planned_vus),
        duration,
    }
}
