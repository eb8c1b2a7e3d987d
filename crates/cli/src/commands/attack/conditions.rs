//! Conditions on windows of an attack: `--abort-when`, and thresholds in the words of conditions.

use plimsoll_metrics::{Builtin, Registry, threshold::has_window, window::Sources};

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

/// What conditions know and no metric has: errors as a number or a share, starts among those asked for.
const WORDS: [&str; 2] = ["errors", "rate"];

/// Whether a threshold is about windows in such a word: `errors<1% over 5s`.
pub(super) fn is_in_words(threshold: &str) -> bool {
    let is_compared = |rest: &str| rest.trim_start().starts_with(['<', '>']);
    let is_first = |word: &str| threshold.trim().strip_prefix(word).is_some_and(is_compared);
    has_window(threshold) && WORDS.into_iter().any(is_first)
}

/// Reads thresholds for which [`is_in_words`].
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
    fn thresholds_in_words_are_told_apart() {
        for (text, expected) in [
            ("errors<1% over 10s", true),
            (" rate >= 95% over 10s", true),
            ("rate>95%", false),
            ("p(99)<200ms over 10s", false),
            ("http_req_failed: rate<1% over 5s", false),
        ] {
            assert_eq!(is_in_words(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused_and_nothing_is_broken_before_the_start() {
        let registry = Registry::new(10);
        let parse = |text: &str| throughout(&[text.to_owned()], false, &registry);
        let failure = parse("errors<1% over").err().unwrap();
        assert!(failure.message.contains("-threshold \"errors"), "{failure}");
        let fine = parse("errors<1% over 3s").unwrap();
        assert_eq!(fine.outcome(), ["✓ errors<1% over 3s"]);
        assert!(fine.broken().is_empty());
    }
}
