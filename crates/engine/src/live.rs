//! What workers, hub and display share of a running test: counters on cache lines of their own.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use plimsoll_metrics::{TagSet, Timestamp};
use plimsoll_runtime::clock::Instant;

use crate::{
    control::Figures,
    drive::open::OpenShared,
    executors::{Budget, Work},
    plan::{Plan, PlannedScenario},
    runner::ScenarioContext,
    segment::Striping,
};

const SECOND: Duration = Duration::from_secs(1);

/// Keeps what one worker writes off the cache lines of the others.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

/// One worker's count of one scenario's iterations. Only that worker writes.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Tally {
    pub(crate) completed: Count,
    pub(crate) interrupted: Count,
    pub(crate) dropped: Count,
    pub(crate) active: Count,
    /// VUs that it has or had; paced scenarios only.
    pub(crate) made: Count,
}

/// A counter with one writer, so that counting needs no locked instruction.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(more), Relaxed);
    }

    pub(crate) fn subtract(&self, less: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_sub(less), Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// One scenario while it runs, over all workers.
pub(crate) struct ScenarioRun {
    pub(crate) plan: PlannedScenario,
    pub(crate) tallies: Arc<[Tally]>,
    /// Iterations started: the next one's number in this instance.
    pub(crate) started: Arc<AtomicU64>,
    /// Iterations taken from a shared budget.
    pub(crate) claimed: AtomicU64,
    /// From the own iteration's number to that in the whole test.
    pub(crate) numbers: Striping,
    pub(crate) open: OpenShared,
    /// Whether the log has been told of too few VUs; paced scenarios only.
    pub(crate) warned: AtomicBool,
    pub(crate) workers_left: AtomicUsize,
    pub(crate) began: OnceLock<Instant>,
    pub(crate) finished: OnceLock<Instant>,
}

impl ScenarioRun {
    pub(crate) fn new(plan: PlannedScenario, workers: usize, test: &Plan) -> ScenarioRun {
        let base = test.segment.striping();
        let numbers = match &plan.sizing.work {
            Work::Open(arrivals) => arrivals.striping().clone(),
            Work::Closed { budget: Budget::Shared(_), .. } | Work::Paced(_) => {
                base.by_vus(plan.scenario.vus())
            }
            _ => base.clone(),
        };
        ScenarioRun {
            tallies: (0..workers).map(|_| Tally::default()).collect(),
            started: Arc::default(),
            claimed: AtomicU64::new(0),
            numbers,
            open: OpenShared::new(&plan, workers),
            warned: AtomicBool::new(false),
            workers_left: AtomicUsize::new(workers),
            began: OnceLock::new(),
            finished: OnceLock::new(),
            plan,
        }
    }

    /// What its VUs see, from the moment its start is known.
    pub(crate) fn context(
        &self,
        run_tags: &TagSet,
        tagged: bool,
        start: Instant,
    ) -> ScenarioContext {
        let scenario = self.plan.scenario.clone();
        let mut tags =
            run_tags.extended(scenario.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())));
        if tagged {
            tags = tags.with("scenario", &scenario.name);
        }
        let extent = Extent::of(&self.plan);
        let tallies = Arc::clone(&self.tallies);
        ScenarioContext {
            scenario,
            tags,
            started: start,
            iterations: Arc::clone(&self.started),
            progress: Box::new(move |now| extent.progress(now.since(start), completed(&tallies))),
        }
    }

    pub(crate) fn sum(&self, count: impl Fn(&Tally) -> &Count) -> u64 {
        // A worker's subtraction may be seen before another's addition, never its own.
        self.tallies.iter().map(|tally| count(tally).get()).fold(0, u64::wrapping_add)
    }
}

fn completed(tallies: &[Tally]) -> u64 {
    tallies.iter().map(|tally| tally.completed.get()).sum()
}

/// What a scenario's progress is measured against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) duration: Option<Duration>,
    pub(crate) iterations: Option<u64>,
}

impl Extent {
    pub(crate) fn of(plan: &PlannedScenario) -> Extent {
        let iterations = match &plan.sizing.work {
            Work::Closed { budget: Budget::Shared(iterations), .. } => Some(*iterations),
            Work::Closed { budget: Budget::PerVu(each), .. } => {
                Some(each.saturating_mul(plan.sizing.planned_vus))
            }
            _ => None,
        };
        Extent { duration: plan.sizing.duration, iterations }
    }

    /// 0.0..=1.0
    pub(crate) fn progress(&self, elapsed: Duration, completed: u64) -> f64 {
        if let Some(iterations) = self.iterations {
            return if iterations == 0 {
                1.0
            } else {
                (completed as f64 / iterations as f64).min(1.0)
            };
        }
        match self.duration {
            Some(duration) if !duration.is_zero() => {
                (elapsed.as_secs_f64() / duration.as_secs_f64()).min(1.0)
            }
            Some(_) => 1.0,
            None => 0.0,
        }
    }
}

/// A running test.
pub(crate) struct Live {
    pub(crate) scenarios: Vec<Arc<ScenarioRun>>,
    /// By worker: VUs made so far.
    pub(crate) initialized: Box<[Padded<Count>]>,
    pub(crate) planned_vus: u64,
    pub(crate) max_duration: Option<Duration>,
    pub(crate) stage: AtomicU8,
    /// When setup began.
    pub(crate) origin: OnceLock<Instant>,
    pub(crate) ended: OnceLock<Instant>,
}

impl Live {
    pub(crate) fn figures(&self) -> Figures {
        let sum = |count: fn(&Tally) -> &Count| {
            self.scenarios.iter().map(|scenario| scenario.sum(count)).fold(0, u64::wrapping_add)
        };
        Figures {
            iterations_completed: sum(|t| &t.completed),
            iterations_interrupted: sum(|t| &t.interrupted),
            iterations_dropped: sum(|t| &t.dropped),
            vus_active: sum(|t| &t.active),
            vus_initialized: self.initialized.iter().map(|count| count.0.get()).sum(),
        }
    }

    /// Starts that the schedules of open scenarios asked for until `at`.
    pub(crate) fn asked_by(&self, at: Timestamp) -> f64 {
        let asked = |run: &Arc<ScenarioRun>| {
            let passed = at.0.saturating_sub(run.began.get()?.unix_nanos());
            asked(run, Duration::from_nanos(passed))
        };
        self.scenarios.iter().filter_map(asked).sum()
    }

    /// Starts that were due in the second before `at`; `None` when no scenario that has begun is open.
    /// In a ramp it is this that the starts of that second compare with, not the rate at its end.
    pub(crate) fn asked_within_second(&self, at: Instant) -> Option<f64> {
        let within = |run: &Arc<ScenarioRun>| {
            let began = *run.began.get()?;
            // Of who has ended nothing more is asked.
            let end = run.finished.get().map_or(at, |finished| at.min(*finished)).since(began);
            let start = at.since(began).saturating_sub(SECOND).min(end);
            Some(asked(run, end)? - asked(run, start)?)
        };
        self.scenarios.iter().filter_map(within).reduce(|sum, asked| sum + asked)
    }

    /// As [`Live::asked_by`], whole ones; `None` when one of the paces has random spacing, or leaves out
    /// what finds nobody free.
    pub(crate) fn due_by(&self, at: Timestamp) -> Option<u64> {
        let due = |run: &Arc<ScenarioRun>| match (&run.plan.sizing.work, run.began.get()) {
            (Work::Paced(paced), Some(began)) => {
                let passed = at.0.saturating_sub(began.unix_nanos());
                paced.schedule.due(Duration::from_nanos(passed))
            }
            (Work::Open(_), _) => None,
            _ => Some(0),
        };
        self.scenarios.iter().map(due).sum()
    }
}

/// Starts that a scenario's schedule asks for in its first `passed`; `None` for a closed model.
fn asked(run: &ScenarioRun, passed: Duration) -> Option<f64> {
    match &run.plan.sizing.work {
        Work::Paced(paced) => Some(paced.schedule.asked(passed)),
        Work::Open(arrivals) => Some(arrivals.asked(passed)),
        Work::Closed { .. } | Work::External { .. } => None,
    }
}
