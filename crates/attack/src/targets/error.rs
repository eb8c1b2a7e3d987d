//! What is wrong with a target, and where.

use std::fmt;

/// Why there is no target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetError {
    /// What was found and what was expected.
    pub message: String,
    /// `name` or `name:line`, lines from 1; empty for one that was not read from text.
    pub place: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl TargetError {
    pub(crate) fn new(message: impl Into<String>) -> TargetError {
        TargetError { message: message.into(), place: String::new(), hint: None }
    }

    /// Keeps a hint that is there already.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> TargetError {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    pub(crate) fn at(mut self, name: &str, line: u64) -> TargetError {
        self.place = format!("{name}:{line}");
        self
    }

    pub(crate) fn at_name(mut self, name: &str) -> TargetError {
        self.place = name.to_owned();
        self
    }
}

impl std::error::Error for TargetError {}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.place, self.message)
        }
    }
}
