//! The run as seen from outside and from scripts: stop, abort, pause, and live figures.

use std::sync::{
    Arc, Mutex, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed, Ordering::SeqCst},
};

use plimsoll_metrics::Timestamp;
use plimsoll_runtime::clock::Instant;
use tokio::sync::watch;

use crate::{
    live::Live,
    progress::{ScenarioProgress, TestProgress},
};

const RUNNING: u8 = 0;
const DRAINING: u8 = 1;
const STOPPING: u8 = 2;
const ABORTED: u8 = 3;

/// [`Control::scale`] was never called.
const UNSCALED: u64 = u64::MAX;

/// Shared by the hub, the workers, the signal handler and the script layer.
pub struct Control {
    state: AtomicU8,
    reason: Mutex<Option<StopReason>>,
    failed: AtomicBool,
    paused: AtomicBool,
    scale: AtomicU64,
    /// Bumped at every change, so that waiting tasks look again.
    changes: watch::Sender<u64>,
    live: OnceLock<Arc<Live>>,
}

impl Default for Control {
    fn default() -> Control {
        Control {
            state: AtomicU8::new(RUNNING),
            reason: Mutex::new(None),
            failed: AtomicBool::new(false),
            paused: AtomicBool::new(false),
            scale: AtomicU64::new(UNSCALED),
            changes: watch::Sender::new(0),
            live: OnceLock::new(),
        }
    }
}

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
    /// a person at the terminal, by a key
    Quit,
    /// `test.abort()`, in the words of the log: `test aborted: reason at place`
    ScriptAbort(String),
    /// a threshold with `abortOnFail`: the keys of all that failed then
    Thresholds(Vec<String>),
    /// nothing is left to send, by the runner's own account; no error
    Exhausted,
    /// a condition on a sliding window held, in the words of the log
    Condition(String),
    /// an exception in a VU's init, or the like
    Error(crate::runner::RunError),
}

impl Control {
    pub fn new() -> Control {
        Control::default()
    }

    /// Ends the run without cutting anything short: no iteration starts any more, running ones have
    /// their scenario's graceful stop, teardown runs. The first reason stays. A later
    /// [`Control::stop`] or [`Control::abort`] goes further.
    pub fn drain(&self, reason: StopReason) {
        self.end(DRAINING, reason);
    }

    /// Stops the run in order: no new iterations, running ones are interrupted at once (as in k6 for
    /// every reason), teardown runs. The first reason stays.
    pub fn stop(&self, reason: StopReason) {
        self.end(STOPPING, reason);
    }

    fn end(&self, state: u8, reason: StopReason) {
        let mut first = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(reason);
        drop(first);
        self.state.fetch_max(state, SeqCst);
        self.announce();
    }

    /// Ends the run at once, without teardown.
    pub fn abort(&self) {
        self.state.store(ABORTED, SeqCst);
        self.announce();
    }

    /// Whether no iteration may start any more. Cheap.
    pub fn is_draining(&self) -> bool {
        self.state.load(Relaxed) >= DRAINING
    }

    /// Whether running iterations must end. Cheap: read by the script layer's interrupt handler.
    pub fn is_stopping(&self) -> bool {
        self.state.load(Relaxed) >= STOPPING
    }

    /// Whether everything must end, teardown too. Cheap.
    pub fn is_aborted(&self) -> bool {
        self.state.load(Relaxed) == ABORTED
    }

    /// The first reason given to [`Control::stop`] or [`Control::drain`].
    pub fn reason(&self) -> Option<StopReason> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Before the start: holds it back. While running: only `externally-controlled` VUs pause.
    pub fn pause(&self) {
        self.paused.store(true, Relaxed);
        self.announce();
    }

    pub fn resume(&self) {
        self.paused.store(false, Relaxed);
        self.announce();
    }

    pub fn is_paused(&self) -> bool {
        self.paused.load(Relaxed)
    }

    /// How many VUs `externally-controlled` scenarios run, up to their `maxVUs`.
    pub fn scale(&self, vus: u64) {
        self.scale.store(vus.min(UNSCALED - 1), Relaxed);
        self.announce();
    }

    /// The VUs asked for by [`Control::scale`].
    pub(crate) fn scaled(&self) -> Option<u64> {
        Some(self.scale.load(Relaxed)).filter(|vus| *vus != UNSCALED)
    }

    /// `test.fail(message)`: the run goes on, the exit code changes.
    pub fn mark_failed(&self) {
        self.failed.store(true, Relaxed);
    }

    pub fn is_marked_failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    /// The sum over all workers now.
    pub fn figures(&self) -> Figures {
        self.live.get().map(|live| live.figures()).unwrap_or_default()
    }

    /// Where the whole test is: initialization of VUs, setup, scenarios, teardown.
    pub fn test_progress(&self) -> TestProgress {
        self.live.get().map(|live| live.test_progress(Instant::now())).unwrap_or_default()
    }

    /// Where each scenario is, in the order of k6's display.
    pub fn progress(&self) -> Vec<ScenarioProgress> {
        self.live
            .get()
            .map(|live| live.progress(Instant::now(), self.is_draining()))
            .unwrap_or_default()
    }

    /// Starts that the schedules of running scenarios asked for until `at`; closed ones ask for none.
    pub fn asked_by(&self, at: Timestamp) -> f64 {
        self.live.get().map(|live| live.asked_by(at)).unwrap_or_default()
    }

    /// Iterations that are due and have not ended, those that wait to begin among them; where starts are
    /// random, those that have begun.
    pub fn in_flight(&self) -> u64 {
        let Some(live) = self.live.get() else { return 0 };
        let figures = live.figures();
        let ended = figures.iterations_completed + figures.iterations_interrupted;
        match live.due_by(Timestamp(Instant::now().unix_nanos())) {
            Some(due) => due.saturating_sub(ended),
            None => figures.vus_active,
        }
    }

    /// Shows a run's figures; only the first run of a control is shown.
    pub(crate) fn attach(&self, live: Arc<Live>) {
        self.live.set(live).ok();
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Completes when no iteration may start any more.
    pub(crate) async fn drained(&self) {
        self.when(Control::is_draining).await;
    }

    /// Completes when the run is stopping.
    pub(crate) async fn stopped(&self) {
        self.when(Control::is_stopping).await;
    }

    /// Completes when the run is aborted.
    pub(crate) async fn aborted(&self) {
        self.when(Control::is_aborted).await;
    }

    /// Completes when `condition` holds.
    pub(crate) async fn when(&self, condition: fn(&Control) -> bool) {
        let mut changes = self.changes();
        while !condition(self) {
            // The sender lives as long as `self`.
            drop(changes.changed().await);
        }
    }

    fn announce(&self) {
        self.changes.send_modify(|change| *change = change.wrapping_add(1));
    }
}
