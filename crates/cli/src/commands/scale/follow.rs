//! Follows one run of so many at a time, second by second.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use plimsoll_analysis::{
    capacity::Generator,
    scaling::{Run, Stretch},
};
use plimsoll_engine::{
    control::Control,
    hub::Observer,
    progress::{ScenarioProgress, ScenarioState},
};
use plimsoll_metrics::{Builtin, Interval, MetricId, RawSample, Registry, Sink, Timestamp, Totals};
use plimsoll_monitor::own;
use plimsoll_runtime::clock::Instant;

use crate::commands::trials::{figures, interrupt::Interrupt, screen::Screen, signals::Signals};

/// An interval may end so much after the load and still be one of its seconds.
const SLACK: Duration = Duration::from_millis(100);

/// What was left after the last second is no stretch of its own.
const SHORTEST: f64 = 0.5;

/// What a run showed so far.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) stretches: Vec<Stretch>,
    /// Iterations that ended, and those that failed, whenever that was.
    pub(super) done: f64,
    pub(super) failed: f64,
    /// What is watched, after the first second.
    pub(super) signals: Signals,
    /// When the load began and when the last interval ended, in nanoseconds of the epoch.
    began: Option<u64>,
    last: Option<u64>,
    /// The generator's CPU time and clock after the first second, and how far both have come since.
    first: Option<(Duration, Instant)>,
    used: (Duration, Duration),
}

/// An observer of one run.
pub(super) struct Following {
    pub(super) seen: Arc<Mutex<Seen>>,
    pub(super) registry: Registry,
    pub(super) control: Arc<Control>,
    pub(super) failed: MetricId,
    pub(super) length: Duration,
    pub(super) screen: Screen,
    pub(super) interrupt: Arc<Interrupt>,
    /// What stands before the live figures.
    pub(super) words: String,
}

impl Observer for Following {
    fn interval(&mut self, at: Timestamp, interval: &Interval, _: &Totals) {
        let stretch = self.stretch(interval);
        let seen = Arc::clone(&self.seen);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.done += stretch.done;
        seen.failed += stretch.failed;
        let Some(began) = seen.began.or_else(|| began(&self.control.progress())) else { return };
        seen.began = Some(began);
        let before = seen.last.replace(at.0).unwrap_or(began).max(began);
        let seconds = Duration::from_nanos(at.0.saturating_sub(before)).as_secs_f64();
        let elapsed = Duration::from_nanos(at.0.saturating_sub(began));
        let is_late = elapsed > self.length + SLACK;
        if is_late || (seconds < SHORTEST && !seen.stretches.is_empty()) {
            return;
        }
        let ends = if self.interrupt.is_set() { "  the last one; Ctrl-C ends it now" } else { "" };
        self.screen.update(&format!(
            "{}  {} of {} s  {}{ends}",
            self.words,
            seen.stretches.len() + 1,
            self.length.as_secs(),
            figures::milliseconds(stretch.latency.mean())
        ));
        if !seen.stretches.is_empty() {
            seen.signals.add(interval, &self.registry);
        }
        seen.stretches.push(Stretch { seconds, ..stretch });
        seen.measure_cpu();
    }

    fn samples(&mut self, _: Vec<RawSample>, _: u64) {}
}

impl Following {
    fn stretch(&self, interval: &Interval) -> Stretch {
        let mut stretch = Stretch::default();
        let (mut failed, mut requests) = (0, 0);
        for (series, sink) in &interval.sinks {
            let metric = self.registry.series_def(*series).metric;
            match sink {
                Sink::Counter { sum } if metric == Builtin::Iterations.id() => stretch.done += sum,
                Sink::Rate { trues, total } if metric == self.failed => {
                    failed += trues;
                    requests += total;
                }
                Sink::Trend(more) if metric == Builtin::IterationDuration.id() => {
                    stretch.latency.merge(more);
                }
                _ => {}
            }
        }
        // A script's iteration may send several requests: their share counts.
        let share = if requests > 0 { failed as f64 / requests as f64 } else { 0.0 };
        stretch.failed = stretch.done * share;
        stretch
    }
}

impl Seen {
    fn measure_cpu(&mut self) {
        let Ok(sample) = own::sample() else { return };
        match self.first {
            None => self.first = Some((sample.cpu(), sample.at)),
            Some((cpu, at)) => {
                self.used = (sample.cpu().saturating_sub(cpu), sample.at.since(at));
            }
        }
    }

    /// For the judge: `in_flight` were under way all the time, and plimsoll may use so many `cores`.
    pub(super) fn into_run(self, in_flight: u64, cores: f64, shortage: Option<String>) -> Run {
        let (cpu, wall) = self.used;
        let share = cpu.as_secs_f64() / wall.as_secs_f64().max(1e-3) / cores;
        let cpu_share = if wall.is_zero() { 0.0 } else { share };
        Run {
            in_flight: in_flight as f64,
            stretches: self.stretches,
            generator: Generator { cpu_share, shortage, ..Generator::default() },
        }
    }
}

/// When the load began, if it has.
fn began(progress: &[ScenarioProgress]) -> Option<u64> {
    let has_begun = |scenario: &&ScenarioProgress| {
        scenario.state != ScenarioState::Waiting && !scenario.elapsed.is_zero()
    };
    let elapsed = progress.iter().filter(has_begun).map(|scenario| scenario.elapsed).max()?;
    Some(Instant::now().unix_nanos().saturating_sub(elapsed.as_nanos() as u64))
}
