//! Conditions on the last seconds of a run, as flags have them: `--abort-when`.

use plimsoll_metrics::{
    Registry,
    window::{Condition, Sources, Window},
};

use crate::exit::{Exit, Failure};

/// Reads them all; `None` without any.
///
/// # Errors
/// The first that is none, with its column, or is about a metric that there is not; one on the share of the
/// rate asked for, when `is_closed` and nothing asks for a rate.
pub(crate) fn parse(
    texts: &[String],
    sources: Sources,
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
    if let Some(one) = conditions.iter().find(|one| is_closed && one.is_of_what_was_asked()) {
        return Err(wrong(format!(
            "{:?}: nothing asks for a rate here, in a closed model",
            one.source
        )));
    }
    let window = Window::new(registry.clone(), conditions, sources);
    window.map(Some).map_err(|error| wrong(error.to_string()))
}
