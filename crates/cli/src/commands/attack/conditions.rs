//! `--abort-when`: conditions on the last seconds.

use plimsoll_metrics::{
    Builtin, Registry,
    window::{Condition, Sources, Window},
};

use super::redis;
use crate::exit::{Exit, Failure};

/// Reads them all; `None` without any.
///
/// # Errors
/// The first that is none, with its column, or is about a metric that there is not.
pub(super) fn parse(
    texts: &[String],
    is_closed: bool,
    registry: &Registry,
) -> Result<Option<Window>, Failure> {
    if texts.is_empty() {
        return Ok(None);
    }
    let wrong = |error: String| {
        Failure::new(Exit::BadConfiguration, format!("--abort-when: {error}"))
            .with_hint("write 'p(99)>500ms over 10s', 'errors>5% over 5s' or 'rate<90% over 10s'")
    };
    let conditions = texts.iter().map(|text| Condition::parse(text));
    let conditions =
        conditions.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(error.to_string()))?;
    let mut sources = Sources::default();
    sources.errors = redis::failures(registry).unwrap_or(sources.errors);
    if is_closed {
        // A hit is due when it starts, and is never late.
        sources.response_time = Builtin::IterationDuration.id();
        sources.started = Builtin::IterationDuration.id();
    }
    let window = Window::new(registry.clone(), conditions, sources);
    window.map(Some).map_err(|error| wrong(error.to_string()))
}
