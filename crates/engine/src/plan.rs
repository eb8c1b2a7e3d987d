//! From scenarios to VU slots: which VU, on which worker, belongs to which scenario when.
//!
//! VUs are numbered 0.. in one pool; number `i` lives on worker `i % workers`. A slot of a scenario
//! reserves its number from its first to its last moment, and numbers are reused by slots that do not
//! overlap in time, so the pool is as large as the most VUs that are ever wanted at once.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    sync::Arc,
    time::Duration,
};

use plimsoll_runtime::duration::go_string;

use crate::{
    config::{FOREVER, RunConfig, Scenario, VUS_LIMIT},
    describe::describe,
    executors::{self, Sizing, Work},
    runner::{RunError, RunErrorKind},
    segment::Segment,
};

/// One scenario's part of the plan.
#[derive(Clone, Debug)]
pub struct PlannedScenario {
    pub scenario: Scenario,
    pub sizing: Sizing,
    /// The pool's VU of each slot.
    pub slots: Arc<[usize]>,
    /// As in k6's header: `30 looping VUs for 10s (gracefulStop: 30s)`.
    pub description: String,
}

impl PlannedScenario {
    /// Whether this instance has anything to do for it.
    pub fn has_work(&self) -> bool {
        self.sizing.planned_vus + self.sizing.unplanned_vus > 0
    }

    /// When its last iteration is interrupted, since the run's start.
    pub fn end(&self) -> Duration {
        let last = self.interruptions().last().copied().unwrap_or_default();
        self.scenario.start_time.saturating_add(last)
    }

    /// The moments, since the scenario's start, at which running iterations are interrupted, in order.
    pub(crate) fn interruptions(&self) -> Vec<Duration> {
        let duration = self.sizing.duration.unwrap_or(FOREVER);
        let mut moments: Vec<Duration> = match &self.sizing.work {
            Work::Closed { windows, .. } => {
                (0..self.slots.len()).flat_map(|slot| windows.of(slot)).map(|w| w.kill).collect()
            }
            Work::Open(_) | Work::Paced(_) => {
                vec![duration.saturating_add(self.scenario.graceful_stop)]
            }
            Work::External { .. } => vec![duration],
        };
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}

/// All that is known about a run before it starts.
#[derive(Clone, Debug)]
pub struct Plan {
    /// By start time, then name.
    pub scenarios: Vec<PlannedScenario>,
    /// VUs made before the start.
    pub planned_vus: u64,
    /// With those that may be made while it runs.
    pub max_vus: u64,
    /// With graceful stop; `None` when only a stop ends it.
    pub max_duration: Option<Duration>,
    pub segment: Segment,
}

impl Plan {
    pub fn new(config: &RunConfig) -> Plan {
        let mut order: Vec<&Scenario> = config.scenarios.iter().collect();
        order.sort_by_key(|s| (s.start_time, &s.name));
        let sized: Vec<(&Scenario, Sizing)> =
            order.into_iter().map(|s| (s, executors::size(s, &config.segment))).collect();
        let (slots, pool) = assign(&sized);
        let scenarios: Vec<PlannedScenario> = sized
            .into_iter()
            .zip(slots)
            .map(|((scenario, sizing), slots)| PlannedScenario {
                description: describe(scenario, &sizing, &config.segment),
                scenario: scenario.clone(),
                sizing,
                slots: slots.into(),
            })
            .collect();
        let working = || scenarios.iter().filter(|s| s.has_work());
        let max_duration = if working().any(|s| s.sizing.duration.is_none()) {
            None
        } else {
            Some(working().map(PlannedScenario::end).max().unwrap_or_default())
        };
        let planned_vus = pool as u64;
        let max_vus = planned_vus + unplanned_at_once(&scenarios);
        Plan { planned_vus, max_vus, max_duration, segment: config.segment.clone(), scenarios }
    }

    /// # Errors
    /// When the run would need more than [`VUS_LIMIT`] VUs.
    pub fn check(&self) -> Result<(), RunError> {
        if self.max_vus <= VUS_LIMIT {
            return Ok(());
        }
        let message = format!(
            "the scenarios need more than {VUS_LIMIT} VUs in this instance, which is the limit; \
             divide the test with --execution-segment"
        );
        Err(RunError { kind: RunErrorKind::Config, message, hint: None })
    }

    /// k6's header line: `(100.00%) 1 scenario, 30 max VUs, 40s max duration (incl. graceful stop)`.
    pub fn headline(&self) -> String {
        let percent = self.segment.share() * 100.0;
        let count = self.scenarios.len();
        let plural = if count == 1 { "" } else { "s" };
        let duration = match self.max_duration {
            Some(duration) => go_string(duration),
            None => "infinite".to_owned(),
        };
        format!(
            "({percent:.2}%) {count} scenario{plural}, {} max VUs, {duration} max duration (incl. graceful stop)",
            self.max_vus
        )
    }
}

/// Most unplanned VUs that the scenarios may want at one time.
fn unplanned_at_once(scenarios: &[PlannedScenario]) -> u64 {
    let at = |moment: Duration| -> u64 {
        let wants = |s: &&PlannedScenario| {
            s.sizing.unplanned_vus > 0 && s.scenario.start_time <= moment && moment < s.end()
        };
        scenarios.iter().filter(wants).map(|s| s.sizing.unplanned_vus).sum()
    };
    scenarios.iter().map(|s| at(s.scenario.start_time)).max().unwrap_or(0)
}

/// A slot's claim on a VU.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    from: Duration,
    scenario: usize,
    slot: usize,
    to: Duration,
}

/// First fit: numbers by scenario and slot, and the size of the pool.
fn assign(sized: &[(&Scenario, Sizing)]) -> (Vec<Vec<usize>>, usize) {
    let mut claims = Vec::new();
    for (scenario, (config, sizing)) in sized.iter().enumerate() {
        let slots = usize::try_from(sizing.planned_vus).unwrap_or(usize::MAX);
        claims.extend((0..slots).map(|slot| claim(config, sizing, scenario, slot)));
    }
    claims.sort_unstable();
    let mut slots: Vec<Vec<usize>> =
        sized.iter().map(|(_, s)| vec![0; usize::try_from(s.planned_vus).unwrap_or(0)]).collect();
    let mut free = BTreeSet::new();
    let mut taken: BinaryHeap<Reverse<(Duration, usize, usize)>> = BinaryHeap::new();
    let mut pool = 0;
    for claim in claims {
        while let Some(Reverse((to, scenario, index))) = taken.peek().copied() {
            // At one moment k6 counts scenario after scenario, what starts before what ends.
            if (to, scenario) >= (claim.from, claim.scenario) {
                break;
            }
            taken.pop();
            free.insert(index);
        }
        let index = free.pop_first().unwrap_or_else(|| {
            pool += 1;
            pool - 1
        });
        taken.push(Reverse((claim.to, claim.scenario, index)));
        if let Some(place) = slots.get_mut(claim.scenario).and_then(|s| s.get_mut(claim.slot)) {
            *place = index;
        }
    }
    (slots, pool)
}

fn claim(config: &Scenario, sizing: &Sizing, scenario: usize, slot: usize) -> Claim {
    let (from, to) = match &sizing.work {
        Work::Closed { windows, .. } => {
            let windows = windows.of(slot);
            let from = windows.first().map_or(Duration::ZERO, |w| w.from);
            (from, windows.last().map_or(Duration::ZERO, |w| w.kill))
        }
        Work::Open(arrivals) => {
            (Duration::ZERO, arrivals.duration().saturating_add(config.graceful_stop))
        }
        Work::External { duration, .. } => (Duration::ZERO, duration.unwrap_or(FOREVER)),
        Work::Paced(paced) => {
            let duration = paced.schedule.duration().unwrap_or(FOREVER);
            (Duration::ZERO, duration.saturating_add(config.graceful_stop))
        }
    };
    Claim {
        from: config.start_time.saturating_add(from),
        scenario,
        slot,
        to: config.start_time.saturating_add(to),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{Executor, Stage, tests::scenario};

    fn plan(scenarios: Vec<Scenario>) -> Plan {
        Plan::new(&RunConfig { scenarios, ..RunConfig::default() })
    }

    fn constant(name: &str, vus: u64, start: u64, seconds: u64) -> Scenario {
        let duration = Duration::from_secs(seconds);
        let mut scenario = scenario(name, Executor::ConstantVus { vus, duration });
        scenario.start_time = Duration::from_secs(start);
        scenario.graceful_stop = Duration::from_secs(1);
        scenario
    }

    #[test]
    fn vus_are_reused_by_scenarios_that_do_not_overlap() {
        let plan =
            plan(vec![constant("c", 4, 4, 1), constant("a", 3, 0, 3), constant("b", 2, 0, 4)]);
        let slots: Vec<_> =
            plan.scenarios.iter().map(|s| (s.scenario.name.as_str(), s.slots.to_vec())).collect();
        let expected = [("a", vec![0, 1, 2]), ("b", vec![3, 4]), ("c", vec![0, 1, 2, 5])];
        assert_eq!(slots, expected);
        assert_eq!(plan.planned_vus, 6);
        assert_eq!(
            plan.headline(),
            "(100.00%) 3 scenarios, 6 max VUs, 6s max duration (incl. graceful stop)"
        );
    }

    /// `[duration in seconds, target]` of each stage.
    fn ramping(name: &str, stages: &[[u64; 2]], graceful_stop: u64) -> Scenario {
        let stage = |[seconds, target]: &[u64; 2]| Stage {
            duration: Duration::from_secs(*seconds),
            target: *target,
        };
        let executor = Executor::RampingVus {
            start_vus: 1,
            stages: stages.iter().map(stage).collect(),
            graceful_ramp_down: Duration::from_secs(1),
        };
        let graceful_stop = Duration::from_secs(graceful_stop);
        Scenario { graceful_stop, ..scenario(name, executor) }
    }

    /// As `k6 inspect --execution-requirements` of k6 1.1.0 has it.
    #[test]
    fn ramps_take_what_they_take_in_k6() {
        let check = |scenarios: Vec<Scenario>, vus: u64, seconds: u64| {
            let plan = plan(scenarios);
            let expected = (vus, Some(Duration::from_secs(seconds)));
            assert_eq!((plan.max_vus, plan.max_duration), expected);
        };
        // The third VU is reached at the very end.
        check(vec![ramping("d", &[[2, 3]], 0)], 3, 2);
        check(vec![ramping("d", &[[2, 3], [0, 0], [2, 0]], 30)], 3, 3);
        check(vec![ramping("d", &[[2, 12], [2, 0]], 30)], 12, 5);
        check(vec![ramping("d", &[[2, 12], [2, 1]], 30)], 12, 34);
        // At one moment, scenarios go in order.
        let mut other = constant("e", 3, 0, 2);
        other.graceful_stop = Duration::ZERO;
        check(vec![ramping("d", &[[2, 3]], 1), other.clone()], 6, 3);
        check(vec![ramping("z", &[[2, 3]], 1), other], 5, 3);
    }

    #[test]
    fn too_many_vus_are_refused() {
        assert_eq!(plan(vec![constant("x", 10, 0, 1)]).check(), Ok(()));
        let plan = plan(vec![constant("x", u64::MAX, 0, 1)]);
        assert_eq!(plan.check().map_err(|error| error.kind), Err(RunErrorKind::Config));
    }

    #[test]
    fn unplanned_vus_count_as_possible_ones() {
        let rate = scenario(
            "rate",
            Executor::ConstantArrivalRate {
                rate: 10,
                time_unit: Duration::from_secs(1),
                duration: Duration::from_secs(2),
                pre_allocated_vus: 2,
                max_vus: 5,
            },
        );
        let plan = plan(vec![rate]);
        assert_eq!((plan.planned_vus, plan.max_vus), (2, 5));
    }

    proptest! {
        /// Two slots that want a VU at the same time never have the same one, and the pool is no
        /// larger than the most slots at one time.
        #[test]
        fn a_vu_belongs_to_one_slot_at_a_time(
            wants in proptest::collection::vec((1_u64..6, 0_u64..20, 1_u64..8), 1..8),
        ) {
            let scenarios = wants.iter().enumerate();
            let scenarios = scenarios.map(|(i, (vus, at, s))| constant(&format!("s{i}"), *vus, *at, *s));
            let plan = plan(scenarios.collect());
            let mut most = 0;
            for moment in (0..40).map(Duration::from_secs) {
                let now = plan.scenarios.iter().filter(|s| {
                    s.scenario.start_time <= moment && moment < s.end()
                });
                let mut indices: Vec<usize> = now.flat_map(|s| s.slots.iter().copied()).collect();
                let count = indices.len();
                most = most.max(count);
                indices.sort_unstable();
                indices.dedup();
                prop_assert_eq!(indices.len(), count);
            }
            prop_assert_eq!(plan.planned_vus, most as u64);
        }
    }

    #[test]
    fn a_ramped_down_slot_is_free_for_the_next_scenario() {
        let stages = vec![
            Stage { duration: Duration::from_secs(1), target: 4 },
            Stage { duration: Duration::from_secs(10), target: 0 },
        ];
        let graceful_ramp_down = Duration::ZERO;
        let ramp =
            scenario("ramp", Executor::RampingVus { start_vus: 0, stages, graceful_ramp_down });
        let plan = plan(vec![ramp, constant("after", 2, 9, 1)]);
        assert_eq!(plan.planned_vus, 4);
    }
}
