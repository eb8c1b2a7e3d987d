//! What is wrong with an option, where it was written and what to write instead.

use std::fmt;

/// Where a layer of options was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    ConfigFile,
    Script,
    Environment,
    Flags,
}

impl Source {
    /// k6's name of the tier, as its messages have it.
    pub fn tier(self) -> &'static str {
        match self {
            Source::ConfigFile => "config",
            Source::Script => "script",
            Source::Environment => "env",
            Source::Flags => "cli",
        }
    }
}

/// A bad option: k6's exit code is 104.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct OptionsError {
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl OptionsError {
    pub(crate) fn new(message: impl Into<String>) -> OptionsError {
        OptionsError { message: message.into(), hint: None }
    }

    /// k6's list of everything that is wrong with the consolidated options.
    pub(crate) fn problems(problems: &[String]) -> OptionsError {
        let mut message =
            String::from("There were problems with the specified script configuration:");
        for problem in problems {
            message.push_str("\n\t- ");
            message.push_str(problem);
        }
        OptionsError::new(message)
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Something to log before the run: a message with its fields, as k6 logs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub message: String,
    pub fields: Vec<(&'static str, String)>,
}

impl Warning {
    pub(crate) fn new(message: impl Into<String>) -> Warning {
        Warning { message: message.into(), fields: Vec::new() }
    }
}

/// Why one value is bad, before it is known where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    /// Below the option: `[1].target`.
    path: String,
    message: String,
    hint: Option<&'static str>,
}

impl Reason {
    pub(crate) fn new(message: impl Into<String>) -> Reason {
        Reason { path: String::new(), message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: &'static str) -> Reason {
        self.hint = Some(hint);
        self
    }

    /// Puts a step of the path in front.
    pub(crate) fn under(mut self, step: &str) -> Reason {
        self.path.insert_str(0, step);
        self
    }

    pub(crate) fn at_key(self, source: Source, key: &str) -> OptionsError {
        let file = if source == Source::ConfigFile { " of the config file" } else { "" };
        let message = format!("option `{key}{}`{file}: {}", self.path, self.message);
        OptionsError { message, hint: self.hint.map(str::to_owned) }
    }

    pub(crate) fn at_variable(self, variable: &str) -> OptionsError {
        let message = format!("environment variable {variable}{}: {}", self.path, self.message);
        OptionsError { message, hint: self.hint.map(str::to_owned) }
    }

    pub(crate) fn at_flag(self, flag: &str, given: &str) -> OptionsError {
        let message = format!(
            "invalid argument {given:?} for \"--{flag}\" flag{}: {}",
            self.path, self.message
        );
        OptionsError { message, hint: self.hint.map(str::to_owned) }
    }

    /// The bare reason, for tests of what has no option to name.
    #[cfg(test)]
    pub(crate) fn bare(self) -> OptionsError {
        OptionsError { message: self.message, hint: self.hint.map(str::to_owned) }
    }
}
