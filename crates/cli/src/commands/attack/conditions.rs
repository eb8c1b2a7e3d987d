//! Conditions on windows of an attack: `--abort-when`, and thresholds that every window must keep.

use plimsoll_metrics::{Builtin, Registry, window::Sources};

use super::redis;
use crate::{
    conditions::Throughout,
    exit::{Exit, Failure},
};

/// The metrics behind the words.
pub(super) fn sources(is_closed: bool, registry: &Registry) -> Sources {
    let mut sources = Sources::default();
    sources.errors = redis::failures(registry).unwrap_or(sources.errors);
    if is_closed {
        // A hit is due when it starts, and is never late.
        sources.response_time = Builtin::IterationDuration.id();
        sources.started = Builtin::IterationDuration.id();
    }
    sources
}

/// Whether a threshold is about windows: `p(99)<200ms over 10s`.
pub(super) fn has_window(threshold: &str) -> bool {
    threshold.split_whitespace().any(|word| word == "over")
}

/// Reads thresholds with windows.
///
/// # Errors
/// The first that is none, with its column.
pub(super) fn throughout(
    texts: &[String],
    is_closed: bool,
    registry: &Registry,
) -> Result<Throughout, Failure> {
    let mut throughout = Throughout::default();
    for text in texts {
        let added = throughout.add(text, text, sources(is_closed, registry), registry);
        added.map_err(|error| {
            Failure::new(Exit::BadConfiguration, format!("-threshold {error}"))
                .with_hint("write 'p(99)<200ms over 10s' or 'errors<1% over 5s'")
        })?;
    }
    Ok(throughout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_with_windows_are_told_apart() {
        for (text, expected) in
            [("p(99)<200ms over 10s", true), ("p(99)<200ms", false), ("overload: count<5", false)]
        {
            assert_eq!(has_window(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_and_nothing_is_broken_before_the_start() {
        let registry = Registry::new(10);
        let parse = |text: &str| throughout(&[text.to_owned()], false, &registry);
        let failure = parse("p(99)<200ms over").err().unwrap();
        assert!(failure.message.contains("-threshold \"p(99)"), "{failure}");
        assert!(parse("nothing:avg<5 over 3s").is_err());
        let fine = parse("p(99)<200ms over 3s").unwrap();
        assert_eq!(fine.outcome(), ["✓ p(99)<200ms over 3s"]);
        assert!(fine.broken().is_empty());
    }
}
