//! Once a second: the workers' intervals, merged, to totals, thresholds and observers.
//!
//! The hub is the thread that called [`crate::run::run`]. Workers never wait for one another: the
//! hub tells all of them what comes next when the last has reported.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender},
    time::Duration,
};

use plimsoll_metrics::{
    Event, Interval, Observation, RawSample, Timestamp, Totals, interval::Merger,
};
use plimsoll_runtime::clock::Instant;

use crate::{
    control::{Control, StopReason},
    progress::Stage,
    runner::RunError,
    worker::Report,
};

/// What follows a run from outside: outputs, progress, the run record. Called on the hub's thread;
/// must not block for long (a slow output has its own thread and a bounded queue).
pub trait Observer: Send {
    /// Once a second and once at the end, with what all workers recorded since the last call.
    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals);

    /// Batches of samples, only when [`crate::run::RunSetup::keep_samples`] is set.
    fn samples(&mut self, samples: Vec<RawSample>, lost: u64);

    /// How many samples a second are wanted singly; asked once, before the run.
    fn singles_limit(&self) -> Option<SinglesLimit> {
        None
    }

    /// What was recorded between two times where samples were more than that; it is also in what
    /// [`Observer::interval`] gets. Of each worker's interval either this tells or
    /// [`Observer::samples`].
    fn condensed(&mut self, from: Timestamp, to: Timestamp, interval: &Interval) {
        let _unused = (from, to, interval);
    }

    /// Batches of the samples that are in [`Observer::condensed`] too, when they are wanted all the same.
    fn surplus(&mut self, samples: Vec<RawSample>, lost: u64) {
        let _unused = (samples, lost);
    }

    /// Something happened beside the load.
    fn event(&mut self, event: &Event) {
        let _unused = event;
    }

    /// Something for the log, once: too few VUs (a warning), an unplanned VU that could not be made.
    fn notice(&mut self, is_error: bool, message: &str, fields: &[(&str, &str)]) {
        let _unused = (is_error, message, fields);
    }
}

/// Up to where samples are wanted singly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SinglesLimit {
    /// Of all workers together; each has its share.
    pub per_second: u64,
    /// Whether somebody needs each sample all the same.
    pub wants_surplus: bool,
}

/// Reports waiting for the hub; a worker that finds it full keeps its interval for a second more.
pub(crate) const REPORTS_LIMIT: usize = 256;

/// Observations that may wait for the hub; whoever makes them leaves out what finds no room.
pub const OBSERVATIONS_LIMIT: usize = 64;

/// Intervals on their way back to a worker.
pub(crate) const RETURNS_LIMIT: usize = 4;

/// How long the hub waits for the slowest worker's second before it goes on without it.
const STRAGGLER_GRACE: Duration = Duration::from_millis(500);

/// How long the hub waits for a report before it looks at the clock and the control.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long an aborted run's workers may take to end.
const ABORT_GRACE: Duration = Duration::from_secs(2);

/// Thresholds are evaluated every so many seconds.
const THRESHOLDS_EVERY: u64 = 2;

/// What the workers have reported so far.
#[derive(Default)]
pub(crate) struct Reached {
    pub(crate) ready: usize,
    pub(crate) setup: bool,
    pub(crate) scenarios_done: usize,
    pub(crate) teardown: bool,
    pub(crate) finished: usize,
    pub(crate) error: Option<RunError>,
}

pub(crate) struct Hub<'a> {
    pub(crate) reports: Receiver<Report>,
    /// What is recorded beside the load.
    pub(crate) observations: Option<Receiver<Observation>>,
    returns: Vec<SyncSender<Interval>>,
    control: &'a Control,
    observer: Box<dyn Observer>,
    pub(crate) totals: Totals,
    pub(crate) reached: Reached,
    merger: Merger,
    /// The part of it whose samples are not told singly.
    condensed: Merger,
    /// By worker: the last second that it reported.
    seconds: Vec<u64>,
    /// The last second that went to the observer.
    emitted: u64,
    /// The end of that second.
    emitted_at: Timestamp,
    origin: Option<Instant>,
    aborted: Option<Instant>,
}

impl<'a> Hub<'a> {
    pub(crate) fn new(
        reports: Receiver<Report>,
        returns: Vec<SyncSender<Interval>>,
        control: &'a Control,
        observer: Box<dyn Observer>,
        totals: Totals,
    ) -> Hub<'a> {
        Hub {
            reports,
            observations: None,
            seconds: vec![0; returns.len()],
            returns,
            control,
            observer,
            totals,
            reached: Reached::default(),
            merger: Merger::new(),
            condensed: Merger::new(),
            emitted: 0,
            emitted_at: Timestamp::default(),
            origin: None,
            aborted: None,
        }
    }

    /// Starts counting seconds.
    pub(crate) fn begin(&mut self, origin: Instant) {
        self.origin = Some(origin);
        self.emitted_at = Timestamp(origin.unix_nanos());
    }

    /// Takes reports until `done`, or until an aborted run has had its time, or until the workers
    /// are gone. Whether it is done.
    pub(crate) fn until(
        &mut self,
        done: impl Fn(&Reached) -> bool,
        workers_live: impl Fn(&Reached) -> bool,
    ) -> bool {
        while !done(&self.reached) {
            let live = workers_live(&self.reached);
            match self.reports.recv_timeout(PATIENCE) {
                Ok(report) => self.take(report),
                Err(RecvTimeoutError::Timeout) if live => {}
                Err(_) => return done(&self.reached),
            }
            self.observe();
            self.emit_when_due();
            if self.control.is_aborted() {
                let since = *self.aborted.get_or_insert_with(Instant::now);
                if since.elapsed() > ABORT_GRACE {
                    return false;
                }
            }
        }
        true
    }

    fn take(&mut self, report: Report) {
        match report {
            Report::Ready(result) => {
                self.reached.ready += 1;
                self.note(result);
            }
            Report::Setup(result) => {
                self.reached.setup = true;
                self.note(result);
            }
            Report::ScenariosDone => self.reached.scenarios_done += 1,
            Report::Teardown(result) => {
                self.reached.teardown = true;
                self.note(result);
            }
            Report::Finished => self.reached.finished += 1,
            Report::Interval { worker, second, interval, samples, lost, is_over } => {
                if is_over {
                    self.condensed.add(&interval);
                }
                self.absorb(worker, second, interval);
                if !samples.is_empty() {
                    self.pass_on(samples, lost, is_over);
                }
            }
            Report::Samples { samples, lost, is_surplus } => {
                self.pass_on(samples, lost, is_surplus);
            }
            Report::Notice(notice) => {
                let fields: Vec<_> = notice.fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
                self.observer.notice(notice.is_error, &notice.message, &fields);
            }
        }
    }

    fn pass_on(&mut self, samples: Vec<RawSample>, lost: u64, is_surplus: bool) {
        if is_surplus {
            self.observer.surplus(samples, lost);
        } else {
            self.observer.samples(samples, lost);
        }
    }

    /// Takes what was recorded beside the load; before the test's own time begins it is of no use.
    fn observe(&mut self) {
        let Some(observations) = &self.observations else { return };
        for observation in observations.try_iter() {
            observation.events.iter().for_each(|event| self.observer.event(event));
            if self.origin.is_none() {
                continue;
            }
            self.totals.absorb(&observation.interval);
            self.merger.add(&observation.interval);
            if !observation.samples.is_empty() {
                self.observer.samples(observation.samples, 0);
            }
        }
    }

    fn note(&mut self, result: Result<(), RunError>) {
        if let Err(error) = result {
            self.reached.error.get_or_insert(error);
        }
    }

    fn absorb(&mut self, worker: usize, second: u64, interval: Interval) {
        self.totals.absorb(&interval);
        self.merger.add(&interval);
        if let Some(seen) = self.seconds.get_mut(worker) {
            *seen = second;
        }
        if let Some(returns) = self.returns.get(worker) {
            // A worker that has not yet taken the last ones back makes new ones.
            drop(returns.try_send(interval));
        }
    }

    /// Hands a second over once every worker has reported it, or when the slowest had its time.
    fn emit_when_due(&mut self) {
        let Some(origin) = self.origin else { return };
        let everywhere = self.seconds.iter().copied().min().unwrap_or(0);
        let overdue = Instant::now().since(origin).saturating_sub(STRAGGLER_GRACE).as_secs();
        let second = if everywhere == u64::MAX { overdue } else { everywhere.max(overdue) };
        if second <= self.emitted {
            return;
        }
        let due = self.emitted / THRESHOLDS_EVERY < second / THRESHOLDS_EVERY;
        self.emitted = second;
        let is_broken = self.emit(origin + Duration::from_secs(second));
        if (due || is_broken) && !self.control.is_draining() {
            let crossed = self.totals.evaluate(Duration::from_secs(second));
            if !crossed.is_empty() {
                self.control.stop(StopReason::Thresholds(crossed));
            }
        }
    }

    /// Whether a threshold with a window is broken that was kept so far.
    fn emit(&mut self, at: Instant) -> bool {
        let at = Timestamp(at.unix_nanos());
        let is_loaded = self.control.test_progress().stage == Stage::Scenarios;
        let is_broken = self.totals.end_second(is_loaded && !self.control.is_draining());
        self.observer.interval(at, self.merger.merged(), &self.totals);
        self.merger.clear();
        let condensed = self.condensed.merged();
        if !condensed.sinks.is_empty() {
            self.observer.condensed(self.emitted_at, at, condensed);
            self.condensed.clear();
        }
        self.emitted_at = at;
        is_broken
    }

    /// The last interval and the last word on thresholds.
    pub(crate) fn finish(mut self, elapsed: Duration) -> Totals {
        while let Ok(report) = self.reports.try_recv() {
            self.take(report);
        }
        self.observe();
        self.emit(Instant::now());
        self.totals.evaluate(elapsed);
        self.totals
    }
}
