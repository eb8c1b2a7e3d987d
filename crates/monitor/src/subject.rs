//! What `--watch` can name, and how its text is understood.

use crate::{agent, cgroups, probe::Subject, processes, services};

/// Why a text of `--watch` names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--watch {text}: {reason}\n{HINT}")]
pub struct SubjectError {
    text: String,
    reason: String,
}

const HINT: &str = "hint: one of pid:123, name:nginx, port:8080, cgroup:/path, docker:NAME, host, \
     agent:HOST:PORT, postgres://..., redis://..., nginx:http://..., prometheus:http://...";

/// What `text` names.
///
/// # Errors
/// With the text, what is wrong with it and what is possible.
pub fn parse(text: &str) -> Result<Box<dyn Subject>, SubjectError> {
    let wrong = |reason: String| SubjectError { text: services::without_credentials(text), reason };
    let scheme = text.split(':').next().unwrap_or_default();
    let found = match scheme {
        "agent" => agent::parse(text),
        _ => processes::parse(text)
            .or_else(|| cgroups::parse(text))
            .or_else(|| services::parse(text))
            .unwrap_or_else(|| Err(format!("no kind is named {scheme:?}"))),
    };
    found.map_err(wrong)
}
