//! setup, teardown and handleSummary: each once, on a VU 0 of its own, within a time limit.

use std::{
    cell::Cell,
    future::poll_fn,
    pin::pin,
    rc::Rc,
    sync::{Arc, PoisonError},
    time::Duration,
};

use plimsoll_engine::{
    control::{Control, StopReason},
    runner::{RunError, RunErrorKind},
    worker::Worker,
};
use plimsoll_metrics::TagSet;
use plimsoll_runtime::{clock::Instant, timer};

use super::{Script, VU_ZERO, init, on_own_runtime, run_error};
use crate::{
    options::SignedDuration,
    vu::{
        VuState,
        interrupt::StopCause,
        script::{Command, Reply},
    },
};

const STAGE_TIMEOUT: Duration = Duration::from_secs(60);
const SUMMARY_TIMEOUT: Duration = Duration::from_secs(120);
/// For whoever asked for the end twice and may still want their files.
const ABORTED_SUMMARY_TIMEOUT: Duration = Duration::from_secs(1);

/// What `handleSummary` wants written: a path, `stdout` or `stderr`, and the content.
pub type SummaryFiles = Vec<(String, Vec<u8>)>;

/// Why `handleSummary` gave nothing; the default summary takes its place, as in k6.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SummaryError {
    pub message: String,
}

struct Stage {
    function: &'static str,
    timeout: Duration,
    timed_out: RunErrorKind,
}

pub(super) async fn setup(script: &Script, worker: &Rc<Worker>) -> Result<(), RunError> {
    let options = script.test.options.get();
    if !script.exports.has("setup") || options.is_some_and(|o| o.no_setup == Some(true)) {
        return Ok(());
    }
    let stage = Stage {
        function: "setup",
        timeout: timeout(options.and_then(|o| o.setup_timeout), STAGE_TIMEOUT),
        timed_out: RunErrorKind::SetupTimeout,
    };
    if let Reply::Data(data) = run(script, worker, &stage, Command::Setup).await? {
        let data = data.map(Arc::from);
        *script.test.setup_data.lock().unwrap_or_else(PoisonError::into_inner) = data;
    }
    Ok(())
}

pub(super) async fn teardown(script: &Script, worker: &Rc<Worker>) -> Result<(), RunError> {
    let options = script.test.options.get();
    if !script.exports.has("teardown") || options.is_some_and(|o| o.no_teardown == Some(true)) {
        return Ok(());
    }
    let stage = Stage {
        function: "teardown",
        timeout: timeout(options.and_then(|o| o.teardown_timeout), STAGE_TIMEOUT),
        timed_out: RunErrorKind::TeardownTimeout,
    };
    run(script, worker, &stage, Command::Teardown).await.map(drop)
}

fn timeout(option: Option<SignedDuration>, default: Duration) -> Duration {
    option.map_or(default, SignedDuration::to_std)
}

async fn run(
    script: &Script,
    worker: &Rc<Worker>,
    stage: &Stage,
    command: Command,
) -> Result<Reply, RunError> {
    let state = VuState::new(script.test.clone(), Some(worker.clone()), VU_ZERO);
    state.outlives_stop.set(stage.timed_out == RunErrorKind::TeardownTimeout);
    let (mut host, _) = init(state).await?;
    let state = host.state.clone();
    state.enter_stage(stage.function);
    let deadline = Instant::now() + stage.timeout;
    state.deadline.replace(Some(Rc::new(Cell::new(deadline))));
    let control = &worker.control;
    let is_setup = stage.function == "setup";
    let over = || if is_setup { control.is_stopping() } else { control.is_aborted() };
    let reply = within(deadline, over, host.run(command)).await;
    state.run_iteration_end_hooks();
    match reply {
        Some(reply @ (Reply::Done | Reply::Data(_))) => Ok(reply),
        None | Some(Reply::Stopped(StopCause::Deadline)) => Err(timed_out(stage)),
        Some(other) => {
            let error = run_error(&state, other);
            if error.kind == RunErrorKind::Aborted {
                worker.control.stop(StopReason::ScriptAbort(error.message.clone()));
            }
            Err(error)
        }
    }
}

/// Runs a script; `None` when `deadline` came first. Once the run is `over` in a way that ends the
/// script too, it is polled again: it looks for that itself.
async fn within<F: Future>(
    deadline: Instant,
    over: impl Fn() -> bool,
    run: F,
) -> Option<F::Output> {
    /// Quick for whoever pressed Ctrl-C, cheap for the machine.
    const PERIOD: Duration = Duration::from_millis(50);
    let mut run = pin!(run);
    let mut end = pin!(async {
        while !over() {
            timer::sleep(PERIOD).await;
        }
    });
    let mut has_ended = false;
    let both = poll_fn(|task| {
        has_ended = has_ended || end.as_mut().poll(task).is_ready();
        run.as_mut().poll(task)
    });
    timer::timeout_at(deadline, both).await
}

fn timed_out(stage: &Stage) -> RunError {
    let message = format!(
        "{}() execution timed out after {} seconds",
        stage.function,
        stage.timeout.as_secs_f64()
    );
    let hint = format!("You can increase the time limit via the {}Timeout option", stage.function);
    RunError { kind: stage.timed_out, message, hint: Some(hint) }
}

impl Script {
    /// Has the script's `handleSummary` make files of `data`; `None` when it exports none. Blocks, but
    /// not past an abort by `control`; after one it has a second.
    ///
    /// # Errors
    /// What it threw, a value that is no text or buffer, its timeout, or that it was interrupted. The
    /// caller logs it and prints the default summary.
    pub fn handle_summary(
        &self,
        data: String,
        control: &Arc<Control>,
    ) -> Result<Option<SummaryFiles>, SummaryError> {
        if !self.exports.has("handleSummary") {
            return Ok(None);
        }
        let options = self.test.options.get();
        let limit = timeout(options.and_then(|o| o.handle_summary_timeout), SUMMARY_TIMEOUT);
        let was_aborted = control.is_aborted();
        let limit = if was_aborted { limit.min(ABORTED_SUMMARY_TIMEOUT) } else { limit };
        let watched = (!was_aborted).then(|| Arc::clone(control));
        let is_cut = || !was_aborted && control.is_aborted();
        let test = self.test.clone();
        on_own_runtime(move || async move {
            let mut state = VuState::new(test, None, VU_ZERO);
            state.control.clone_from(&watched);
            state.outlives_stop.set(true);
            let (mut host, _) = init(state).await?;
            let state = host.state.clone();
            let deadline = Instant::now() + limit;
            state.deadline.replace(Some(Rc::new(Cell::new(deadline))));
            let summarize = host.run(Command::Summarize { data });
            let over = || watched.as_ref().is_some_and(|control| control.is_aborted());
            match within(deadline, over, summarize).await {
                Some(Reply::Summary(files)) => Ok(Some(files)),
                None | Some(Reply::Stopped(StopCause::Deadline)) => Err(RunError {
                    kind: RunErrorKind::Timeout,
                    message: format!(
                        "handleSummary() execution timed out after {} seconds",
                        limit.as_secs_f64()
                    ),
                    hint: None,
                }),
                Some(other) => Err(run_error(&state, other)),
            }
        })
        .map_err(|error| SummaryError {
            message: if is_cut() {
                "handleSummary() was interrupted".into()
            } else {
                error.message
            },
        })
    }
}

impl VuState {
    /// Puts samples of setup and teardown into a group of that name.
    fn enter_stage(&self, function: &str) {
        let run_tags = self.test.options.get().and_then(|options| options.tags.clone());
        self.tags.replace(TagSet::from_pairs(run_tags.into_iter().flatten()));
        self.enter_group(format!("::{function}").into());
    }
}
