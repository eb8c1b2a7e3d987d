//! Live progress, as numbers and as the words beside k6's progress bars.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use plimsoll_runtime::{
    clock::Instant,
    duration::{fixed, go_string},
};

use crate::{
    executors::{Budget, Windows, Work},
    live::{Extent, Live, ScenarioRun},
};

/// Where the whole test is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Making the planned VUs.
    #[default]
    Initializing,
    Setup,
    Scenarios,
    Teardown,
    Done,
}

impl Stage {
    pub(crate) fn store(self, live: &Live) {
        live.stage.store(self as u8, Relaxed);
    }

    fn load(live: &Live) -> Stage {
        match live.stage.load(Relaxed) {
            0 => Stage::Initializing,
            1 => Stage::Setup,
            2 => Stage::Scenarios,
            3 => Stage::Teardown,
            _ => Stage::Done,
        }
    }
}

/// The whole test.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TestProgress {
    pub stage: Stage,
    /// Since the VUs were ready, until the end of teardown.
    pub elapsed: Duration,
    /// Of all scenarios with graceful stop; `None` when only a stop ends it.
    pub max_duration: Option<Duration>,
    pub vus_initialized: u64,
    pub vus_planned: u64,
}

/// What a scenario is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScenarioState {
    /// Before its start time.
    Waiting,
    Running,
    Done,
}

/// One scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioProgress {
    pub name: String,
    pub executor: &'static str,
    pub state: ScenarioState,
    /// Since its own start, at most its duration and graceful stop.
    pub elapsed: Duration,
    /// Without graceful stop; `None` when only a stop ends it.
    pub duration: Option<Duration>,
    /// Until it starts.
    pub starts_in: Duration,
    /// 0.0..=1.0
    pub progress: f64,
    pub vus_active: u64,
    /// Made for it before the start.
    pub vus_planned: u64,
    pub iterations_completed: u64,
    pub iterations_interrupted: u64,
    pub iterations_dropped: u64,
    /// For executors with a number of iterations, and for a pace with an end.
    pub iterations_total: Option<u64>,
    /// Iterations per second that the schedule asks for now; open models only.
    pub rate: Option<f64>,
    /// Whether it ended as its schedule says. k6 marks it with `✓`, the others with `✗`.
    pub succeeded: bool,
    /// The words right of the bar, by column: k6 pads each column over all scenarios.
    pub columns: Vec<String>,
}

impl Live {
    pub(crate) fn test_progress(&self, now: Instant) -> TestProgress {
        let now = self.ended.get().copied().unwrap_or(now);
        TestProgress {
            stage: Stage::load(self),
            elapsed: self.origin.get().map(|origin| now.since(*origin)).unwrap_or_default(),
            max_duration: self.max_duration,
            vus_initialized: self.figures().vus_initialized,
            vus_planned: self.planned_vus,
        }
    }

    pub(crate) fn progress(&self, now: Instant, stopped: bool) -> Vec<ScenarioProgress> {
        let working = self.scenarios.iter().filter(|run| run.plan.has_work());
        working.map(|run| of(run, now, stopped)).collect()
    }
}

fn of(run: &ScenarioRun, now: Instant, stopped: bool) -> ScenarioProgress {
    let plan = &run.plan;
    let extent = Extent::of(plan);
    let began = run.began.get().copied();
    let finished = run.finished.get().copied();
    let state = match (began, finished) {
        (_, Some(_)) => ScenarioState::Done,
        (Some(began), None) if began <= now => ScenarioState::Running,
        _ => ScenarioState::Waiting,
    };
    let until = finished.unwrap_or(now);
    let elapsed = began.map(|began| until.since(began)).unwrap_or_default();
    let completed = run.sum(|t| &t.completed);
    let is_over = extent.duration.is_some_and(|duration| elapsed >= duration);
    let progress = match &plan.sizing.work {
        // The last arrival may be due before the end.
        Work::Open(_) | Work::Paced(_) if finished.is_some() && !stopped => 1.0,
        Work::Closed { budget: Budget::PerVu(_), .. } if is_over => 1.0,
        _ => extent.progress(elapsed, completed),
    };
    let rate = rate(run, elapsed);
    let planned = match &plan.sizing.work {
        Work::Paced(paced) => paced.schedule.planned(),
        _ => None,
    };
    let mut row = ScenarioProgress {
        name: plan.scenario.name.clone(),
        executor: plan.scenario.executor.name(),
        state,
        elapsed,
        duration: extent.duration,
        starts_in: began.map_or(plan.scenario.start_time, |began| began.since(now)),
        progress,
        vus_active: run.sum(|t| &t.active),
        vus_planned: plan.sizing.planned_vus,
        iterations_completed: completed,
        iterations_interrupted: run.sum(|t| &t.interrupted),
        iterations_dropped: run.sum(|t| &t.dropped),
        iterations_total: extent.iterations.or(planned),
        rate,
        succeeded: finished.is_some() && progress >= 1.0,
        columns: Vec::new(),
    };
    row.columns = columns(&row, run);
    row
}

/// Iterations per second that the scenario's schedule asks for so long after its start; `None` for a
/// closed model.
fn rate(run: &ScenarioRun, elapsed: Duration) -> Option<f64> {
    match &run.plan.sizing.work {
        Work::Open(arrivals) => Some(arrivals.rate(elapsed)),
        Work::Paced(paced) => Some(paced.schedule.rate(elapsed)),
        Work::Closed { .. } | Work::External { .. } => None,
    }
}

fn columns(row: &ScenarioProgress, run: &ScenarioRun) -> Vec<String> {
    if row.state == ScenarioState::Waiting {
        return vec!["waiting".to_owned(), fixed(row.starts_in, run.plan.scenario.start_time)];
    }
    let planned = row.vus_planned;
    let vus = match &run.plan.sizing.work {
        Work::Closed { windows: Windows::Same(_), .. } => format!("{planned} VUs"),
        Work::Open(_) => {
            let unplanned = run.plan.sizing.unplanned_vus;
            let made = planned + run.open.unplanned_made(unplanned);
            let most = planned + unplanned;
            format!("{}/{} VUs", padded(row.vus_active, most), padded(made, most))
        }
        Work::Paced(_) => {
            let made = run.sum(|t| &t.made);
            let most = planned + run.plan.sizing.unplanned_vus;
            format!("{}/{made} workers", padded(row.vus_active, made.min(most)))
        }
        _ => format!("{}/{planned} VUs", padded(row.vus_active, planned)),
    };
    let mut columns = vec![vus, elapsed_of(row, &run.plan.sizing.work)];
    let done = row.iterations_completed;
    match &run.plan.sizing.work {
        Work::Closed { budget: Budget::Shared(total), .. } => {
            columns.push(format!("{}/{total} shared iters", padded(done, *total)));
        }
        Work::Closed { budget: Budget::PerVu(each), .. } => {
            let total = row.iterations_total.unwrap_or(0);
            columns.push(format!("{}/{total} iters, {each} per VU", padded(done, total)));
        }
        Work::Open(arrivals) => {
            let most = format!("{:.2}", arrivals.rate_max() * arrivals.share());
            let rate = row.rate.unwrap_or(0.0);
            columns.push(format!("{rate:0width$.2} iters/s", width = most.len()));
        }
        Work::Paced(_) => columns.push(format!("{:.2} hits/s", row.rate.unwrap_or(0.0))),
        // k6 prints a column of one blank.
        Work::External { .. } => columns.push(" ".to_owned()),
        Work::Closed { budget: Budget::Unlimited, .. } => {}
    }
    columns
}

/// `done` with as many digits as `total`.
fn padded(done: u64, total: u64) -> String {
    format!("{done:0width$}", width = total.to_string().len())
}

/// `01.0s/20s`, `00m01.0s/10m0s`, and only the duration when it is over.
fn elapsed_of(row: &ScenarioProgress, work: &Work) -> String {
    let Some(duration) = row.duration else {
        return fixed(row.elapsed, row.elapsed);
    };
    let elapsed = fixed(row.elapsed, duration);
    match work {
        Work::Closed { budget: Budget::Shared(_), .. } => {
            format!("{elapsed}/{}", go_string(duration))
        }
        _ if row.elapsed >= duration => go_string(duration),
        Work::Closed { windows: Windows::PerSlot(_), .. } => {
            format!("{elapsed}/{}", fixed(duration, duration))
        }
        _ => format!("{elapsed}/{}", go_string(duration)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_as_wide_as_their_total() {
        assert_eq!(padded(2, 10), "02");
        assert_eq!(padded(12, 7), "12");
    }
}
