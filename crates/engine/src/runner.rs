//! What the engine asks of the layer that knows what an iteration is.

use std::{cell::Cell, rc::Rc, sync::Arc};

use plimsoll_metrics::TagSet;
use plimsoll_runtime::clock::Instant;

use crate::{config::Scenario, control::Control, worker::Worker};

/// Identity of a virtual user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VuId {
    /// 1.. in this instance; 0 for setup and teardown.
    pub in_instance: u64,
    /// 1.. over all instances of the test (execution segments).
    pub in_test: u64,
}

/// Why the tool cannot go on. A failed request or iteration is never one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RunError {
    pub kind: RunErrorKind,
    /// As it is logged, with its place.
    pub message: String,
    /// What to do about it or where it was; a field of the log line.
    pub hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunErrorKind {
    /// k6's exit code 107
    ScriptException,
    /// 100
    SetupTimeout,
    /// 101
    TeardownTimeout,
    /// 102
    Timeout,
    /// 104
    Config,
    /// 108, with the script's message
    Aborted,
    Other,
}

/// Makes virtual users; shared by all workers.
pub trait Runner: Send + Sync + 'static {
    type Vu: Vu;

    /// Runs on the worker's thread that will own the VU.
    fn init_vu(
        &self,
        id: VuId,
        worker: &Rc<Worker>,
    ) -> impl Future<Output = Result<Self::Vu, RunError>>;

    /// Once, after the planned VUs are ready, on worker 0.
    fn setup(&self, worker: &Rc<Worker>) -> impl Future<Output = Result<(), RunError>> {
        let _ = worker;
        async { Ok(()) }
    }

    /// Once, after the last iteration, on worker 0; also after a graceful stop.
    fn teardown(&self, worker: &Rc<Worker>) -> impl Future<Output = Result<(), RunError>> {
        let _ = worker;
        async { Ok(()) }
    }

    /// Once on each worker's thread, after everything else that the run has for it, however the run
    /// ended: the place to hand over what was collected per worker. Samples recorded here still
    /// count. May block for a moment. Not called on a thread that broke down or that an aborted run
    /// left behind.
    fn worker_finished(&self, worker: &Rc<Worker>) {
        let _unused = worker;
    }
}

/// A scenario while it runs: what its VUs may ask of it.
pub struct ScenarioContext {
    pub scenario: Scenario,
    /// Run tags, scenario tags and the `scenario` system tag.
    pub tags: TagSet,
    pub started: Instant,
    /// Counts iterations of this scenario in this instance, over all workers.
    pub iterations: Arc<std::sync::atomic::AtomicU64>,
    /// 0.0..=1.0 at `now`.
    pub progress: Box<dyn Fn(Instant) -> f64 + Send + Sync>,
}

/// One run of the function.
#[derive(Clone)]
pub struct Iteration {
    pub scenario: Rc<ScenarioHandle>,
    /// When it should have started: the schedule's time in open models, the actual one in closed.
    pub scheduled: Instant,
    pub started: Instant,
    /// `exec.scenario.iterationInInstance`
    pub in_instance: u64,
    /// `exec.scenario.iterationInTest`
    pub in_test: u64,
    /// Past this moment the iteration is interrupted; may be moved nearer while it runs.
    pub deadline: Rc<Cell<Instant>>,
}

/// A worker's handle of a running scenario.
pub struct ScenarioHandle {
    pub context: Arc<ScenarioContext>,
}

/// How an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    /// An exception: already logged by the runner; counts as an iteration, as in k6.
    Failed,
    /// Its deadline passed, or the run is stopping or was aborted.
    Interrupted,
    /// It called `test.abort()` itself: k6 counts it as interrupted and still records its samples.
    Aborted,
}

/// One virtual user; used by one iteration at a time.
pub trait Vu: 'static {
    /// Runs one iteration to its end. Must return soon (within some milliseconds of running script
    /// code, at once when waiting) after the deadline or [`Control::is_stopping`], even in an endless
    /// loop. The engine polls the future at the deadline and whenever it moves it or the run stops,
    /// so a waiting iteration needs no timer for that: it is enough to look at each poll. One that
    /// goes on all the same is dropped after [`crate::drive::INTERRUPT_GRACE`].
    fn iterate(&mut self, iteration: Iteration) -> impl Future<Output = Outcome>;

    /// The VU's tags now (scenario's and the script's own), for the iteration's samples.
    fn tags(&self) -> TagSet;

    /// `(vu, iter)` metadata for outputs that see each sample, when asked for.
    fn metadata(&self) -> Option<TagSet>;
}

/// So that implementors can name it in one import.
pub type SharedControl = Arc<Control>;
