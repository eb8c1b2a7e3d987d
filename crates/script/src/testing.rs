//! Runs scripts in tests, on a VU of its own, without an engine.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use plimsoll_engine::runner::VuId;
use plimsoll_metrics::Registry;
use plimsoll_runtime::log::{Level, Log};
use url::Url;

use crate::{
    globals::console::Console,
    loader::{LoaderConfig, Modules},
    vu::{
        TestState, VuHost, VuState,
        script::{Command, Reply},
    },
};

/// What a script did.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// Console lines, in order.
    pub(crate) lines: Vec<String>,
    /// The exception that ended it, as it is logged.
    pub(crate) error: Option<String>,
}

/// Where [`eval_script`]'s script seems to be.
pub(crate) const SCRIPT_URL: &str = "file:///test/script.js";

/// Runs init and then, when there is one, `default` once, as VU 1 in its first iteration.
pub(crate) fn eval_script(source: &str) -> Outcome {
    eval_files(&[(SCRIPT_URL, source)])
}

/// As [`eval_script`]; the first of `(url, text)` is the entry, the others can be imported.
pub(crate) fn eval_files(files: &[(&str, &str)]) -> Outcome {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let state = test_state(files, Console::Memory(lines.clone()));
    let error = block_on(run(Arc::new(state)));
    let lines: Vec<(Level, String)> = std::mem::take(&mut *lines.lock().unwrap());
    Outcome { lines: lines.into_iter().map(|(_, line)| line).collect(), error }
}

/// A script whose console lines are exactly `lines`, without an error.
#[track_caller]
pub(crate) fn check_script(source: &str, lines: &[&str]) {
    let outcome = eval_script(source);
    assert_eq!(outcome.error, None, "the script failed; console: {:?}", outcome.lines);
    assert_eq!(outcome.lines, lines);
}

/// What a test of `files` shares; the first is the entry.
pub(crate) fn test_state(files: &[(&str, &str)], console: Console) -> TestState {
    let overlay: BTreeMap<String, Arc<[u8]>> =
        files.iter().map(|(url, text)| (url.to_string(), text.as_bytes().into())).collect();
    let config = LoaderConfig { overlay, ..LoaderConfig::default() };
    let modules = Modules::new(config, Url::parse(files[0].0).unwrap());
    TestState::new(modules, Registry::new(1000), Log::memory(), console)
}

/// Runs `future` as a worker would.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, future)
}

async fn run(test: Arc<TestState>) -> Option<String> {
    let state = VuState::new(test, None, VuId { in_instance: 1, in_test: 1 });
    let (mut host, reply) = VuHost::start(state).await.unwrap();
    let exports = match reply {
        Reply::Initialized(exports) => exports,
        other => return Some(describe(other)),
    };
    if !exports.has("default") {
        return None;
    }
    host.state.iterations.set(1);
    match host.run(Command::Iterate { function: "default".into() }).await {
        Reply::Done => None,
        other => Some(describe(other)),
    }
}

fn describe(reply: Reply) -> String {
    match reply {
        Reply::Threw(thrown) => thrown.error.to_string(),
        other => format!("{other:?}"),
    }
}
