//! Exit codes, k6's where k6 has them.

use plimsoll_engine::runner::RunErrorKind;

/// Why the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    ThresholdsFailed,
    SetupTimeout,
    TeardownTimeout,
    Timeout,
    BadConfiguration,
    Interrupted,
    ScriptException,
    ScriptAborted,
    TestFailed,
    /// The generator was the limit, and `--strict` was given.
    Invalid,
    /// `capacity --goal`: not reached.
    GoalMissed,
    /// What was to be found out is not sure.
    Inconclusive,
    /// `compare --fail-if`: it is so.
    Worse,
    /// Wrong flags, missing files, and whatever has no code of its own.
    Other,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::ThresholdsFailed => 99,
            Exit::SetupTimeout => 100,
            Exit::TeardownTimeout => 101,
            Exit::Timeout => 102,
            Exit::BadConfiguration => 104,
            Exit::Interrupted => 105,
            Exit::ScriptException => 107,
            Exit::ScriptAborted => 108,
            Exit::TestFailed => 110,
            Exit::Invalid => 111,
            Exit::GoalMissed => 112,
            Exit::Inconclusive => 113,
            Exit::Worse => 114,
            Exit::Other => 255,
        }
    }
}

impl From<RunErrorKind> for Exit {
    fn from(kind: RunErrorKind) -> Exit {
        match kind {
            RunErrorKind::ScriptException => Exit::ScriptException,
            RunErrorKind::SetupTimeout => Exit::SetupTimeout,
            RunErrorKind::TeardownTimeout => Exit::TeardownTimeout,
            RunErrorKind::Timeout => Exit::Timeout,
            RunErrorKind::Config => Exit::BadConfiguration,
            RunErrorKind::Aborted => Exit::ScriptAborted,
            RunErrorKind::Other => Exit::Other,
        }
    }
}

/// A command that cannot go on: what is logged, and the exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    /// What to do about it; a field of the log line.
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

impl From<plimsoll_monitor::SubjectError> for Failure {
    fn from(error: plimsoll_monitor::SubjectError) -> Failure {
        let text = error.to_string();
        let (message, hint) = text.split_once("\nhint: ").unwrap_or((&text, ""));
        let failure = Failure::new(Exit::BadConfiguration, message);
        if hint.is_empty() { failure } else { failure.with_hint(hint) }
    }
}

impl From<plimsoll_script::options::OptionsError> for Failure {
    fn from(error: plimsoll_script::options::OptionsError) -> Failure {
        Failure { exit: Exit::BadConfiguration, message: error.message, hint: error.hint }
    }
}
