//! The exit code of a run, and the log lines that explain it.

use plimsoll_engine::{control::StopReason, run::Finished, runner::RunError};
use plimsoll_metrics::Totals;
use plimsoll_outputs::progress::Terms;
use plimsoll_runtime::log::{Level, Log};

use crate::{exit::Exit, see};

/// Judges a run by how it ended and by its thresholds.
pub(crate) fn judge(finished: &Finished, terms: Terms, log: &Log) -> Exit {
    if let Some(error) = &finished.error {
        return explain(error, log);
    }
    match &finished.stopped {
        Some(StopReason::ScriptAbort(message)) => {
            log.error(message);
            return Exit::ScriptAborted;
        }
        Some(StopReason::Signal) => {
            log.error(&format!(
                "{} was aborted because plimsoll received an interrupt signal",
                terms.run
            ));
            return Exit::Interrupted;
        }
        Some(StopReason::Quit) => {
            log.error(&format!("{} was ended early, by the key q", terms.run));
            return Exit::Interrupted;
        }
        Some(StopReason::Error(error)) => return explain(error, log),
        Some(StopReason::Thresholds(keys)) => {
            let names = keys.join(", ");
            log.error(&format!(
                "thresholds on metrics '{names}' were crossed; at least one has abortOnFail enabled, \
                 stopping test prematurely"
            ));
            return Exit::ThresholdsFailed;
        }
        Some(StopReason::Condition(text)) => {
            log.error(text);
            return Exit::ThresholdsFailed;
        }
        Some(StopReason::Exhausted) | None => {}
    }
    see::tell_unseen(&finished.totals, log);
    let crossed = crossed(&finished.totals);
    if !crossed.is_empty() {
        let names = crossed.join(", ");
        log.error(&format!("thresholds on metrics '{names}' have been crossed"));
        return Exit::ThresholdsFailed;
    }
    if finished.test_failed { Exit::TestFailed } else { Exit::Success }
}

fn explain(error: &RunError, log: &Log) -> Exit {
    let hint = error.hint.as_deref().map(|hint| ("hint", hint));
    log.write(Level::Error, &error.message, hint.as_slice());
    Exit::from(error.kind)
}

/// Metrics with a threshold that failed, by name, without doubles.
fn crossed(totals: &Totals) -> Vec<String> {
    totals.failed().into_iter().map(str::to_owned).collect()
}
