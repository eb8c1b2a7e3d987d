//! A test's life: init once to learn what it is, then setup, VUs, teardown and the summary.
//!
//! [`Script::load`] runs the init code as VU 0; with its exports the caller consolidates the
//! options and gives them back ([`Script::set_options`]); then the engine drives the script through
//! [`Runner`], and at the end [`Script::handle_summary`] has its say about the summary.

mod stage;
mod vu;

use std::{
    io,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
};

use plimsoll_engine::{
    runner::{RunError, RunErrorKind, Runner, VuId},
    worker::Worker,
};
use plimsoll_metrics::Registry;
use plimsoll_runtime::{log::Log, workers};
use url::Url;

use crate::{
    globals::console::Console,
    loader::{LoaderConfig, Modules},
    options::Options,
    vu::{
        TestState, VuHost, VuState, coroutine,
        interrupt::StopCause,
        script::{Exports, Reply, Thrown},
        state::Compatibility,
    },
};
pub use stage::{SummaryError, SummaryFiles};
pub use vu::ScriptVu;

#[cfg(test)]
mod tests;

/// Identity of the VU that runs init first, setup, teardown and handleSummary.
const VU_ZERO: VuId = VuId { in_instance: 0, in_test: 0 };

/// What the log says beside a script's exception, as in k6.
const EXCEPTION_HINT: &str = "script exception";

/// What a test is made from.
pub struct ScriptConfig {
    /// The script's URL: `file:///..`, or any name that the loader's overlay knows.
    pub entry: Url,
    pub loader: LoaderConfig,
    pub compatibility: Compatibility,
    /// `__ENV`
    pub env: std::collections::BTreeMap<String, String>,
    pub registry: Registry,
    pub log: Log,
    pub console: Console,
}

/// A loaded test; the engine's [`Runner`].
pub struct Script {
    test: Arc<TestState>,
    exports: Exports,
}

impl Script {
    /// Reads and compiles the script with its imports and runs its init code as VU 0. Blocks.
    ///
    /// # Errors
    /// `ScriptException` for what the script throws or the loader refuses, `Aborted` for
    /// `test.abort()` in init, `Other` when the machine gives no stack or thread.
    pub fn load(config: ScriptConfig) -> Result<Script, RunError> {
        let name = config.entry.to_string();
        let modules = Modules::new(config.loader, config.entry);
        let mut test = TestState::new(modules, config.registry, config.log, config.console);
        test.compatibility = config.compatibility;
        test.env = config.env;
        let test = Arc::new(test);
        let state = test.clone();
        let exports = on_own_runtime(move || async move {
            let (_, exports) = init(VuState::new(state, None, VU_ZERO)).await?;
            Ok(exports)
        })
        .map_err(|error| match error.kind {
            RunErrorKind::Aborted => {
                RunError { message: load_failure(&name, &error.message), ..error }
            }
            _ => error,
        })?;
        if exports.functions.is_empty() {
            let message = load_failure(&name, "no exported functions in script");
            return Err(RunError { kind: RunErrorKind::Other, message, hint: None });
        }
        Ok(Script { test, exports })
    }

    /// What the entry script exports.
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// What all VUs share: the metrics' registry, the modules for archives, setup data.
    pub fn test(&self) -> &Arc<TestState> {
        &self.test
    }

    /// Gives the consolidated options; before the engine starts, and once.
    pub fn set_options(&self, options: Arc<Options>) {
        drop(self.test.options.set(options));
    }

    /// Says that the process ends soon after the run: the VUs' memory is then left to the kernel
    /// instead of being freed object by object.
    pub fn process_ends_after_run(&self) {
        self.test.process_ends.store(true, Ordering::Relaxed);
    }

    /// Takes it back: another run follows, and the memory of this one's VUs is needed.
    pub fn process_lives_on(&self) {
        self.test.process_ends.store(false, Ordering::Relaxed);
    }
}

fn load_failure(entry: &str, message: &str) -> String {
    let short = entry.rsplit('/').next().unwrap_or(entry);
    format!("could not initialize '{short}': could not load JS test '{entry}': {message}")
}

/// Runs `main` on a thread with a runtime and a stack of its own, whatever thread the caller is on.
fn on_own_runtime<T, Fut>(main: impl FnOnce() -> Fut + Send + 'static) -> Result<T, RunError>
where
    T: Send + 'static,
    Fut: Future<Output = Result<T, RunError>>,
{
    let thread = std::thread::Builder::new().name("script".to_string());
    let handle = thread.spawn(move || workers::block_on(main())).map_err(no_machine)?;
    match handle.join() {
        Ok(result) => result.map_err(no_machine)?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn no_machine(error: io::Error) -> RunError {
    let message = format!("cannot make a virtual user: {error}");
    RunError { kind: RunErrorKind::Other, message, hint: None }
}

/// Makes a VU and runs the script's init code in it.
async fn init(state: VuState) -> Result<(VuHost, Exports), RunError> {
    let (host, reply) = VuHost::start(state).await.map_err(no_machine)?;
    match reply {
        Reply::Initialized(exports) => Ok((host, exports)),
        other => Err(run_error(&host.state, other)),
    }
}

/// What an unwanted reply of init, setup or teardown means to the run.
fn run_error(vu: &VuState, reply: Reply) -> RunError {
    let (kind, message) = match reply {
        Reply::Threw(Thrown { error, .. }) => (RunErrorKind::ScriptException, error.to_string()),
        Reply::Stopped(StopCause::ScriptAbort) => {
            let message = vu.abort_message.borrow().clone().unwrap_or_default();
            (RunErrorKind::Aborted, message)
        }
        Reply::Stopped(_) => (RunErrorKind::Other, "the script was interrupted".to_string()),
        other => (RunErrorKind::Other, format!("the virtual user ended unexpectedly: {other:?}")),
    };
    let hint = (kind == RunErrorKind::ScriptException).then(|| EXCEPTION_HINT.to_string());
    RunError { kind, message, hint }
}

/// Names the VU whose init failed.
fn of_vu(error: RunError, id: VuId) -> RunError {
    let hint = format!("error while initializing VU #{}", id.in_instance);
    let hint = match error.hint {
        Some(known) => format!("{hint} ({known})"),
        None => hint,
    };
    RunError { hint: Some(hint), ..error }
}

impl Runner for Script {
    type Vu = ScriptVu;

    async fn init_vu(&self, id: VuId, worker: &Rc<Worker>) -> Result<ScriptVu, RunError> {
        let state = VuState::new(self.test.clone(), Some(worker.clone()), id);
        let (host, _) = init(state).await.map_err(|error| of_vu(error, id))?;
        Ok(ScriptVu::new(host))
    }

    async fn setup(&self, worker: &Rc<Worker>) -> Result<(), RunError> {
        stage::setup(self, worker).await
    }

    async fn teardown(&self, worker: &Rc<Worker>) -> Result<(), RunError> {
        stage::teardown(self, worker).await
    }

    fn worker_finished(&self, _: &Rc<Worker>) {
        if self.test.process_ends.load(Ordering::Relaxed) {
            coroutine::abandon_from_now_on();
        }
    }
}
