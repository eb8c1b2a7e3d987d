//! Conditions on windows of an attack: `--abort-when`, and thresholds that every window must keep.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_engine::{control::Control, progress::Stage};
use plimsoll_metrics::{
    Builtin, Interval, RawSample, Registry, Timestamp, Totals,
    window::{Condition, Held, Sources, Window},
};
use plimsoll_outputs::{Output, OutputError};

use super::redis;
use crate::exit::{Exit, Failure};

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

/// Thresholds that must hold in every window of the attack.
#[derive(Clone, Default)]
pub(super) struct Throughout(Arc<Mutex<Vec<Kept>>>);

/// One of them.
struct Kept {
    source: String,
    /// Looks for the opposite.
    window: Window,
    /// The first window that did not keep it: what was measured, and the second at its end.
    broken: Option<(Held, u64)>,
}

impl Throughout {
    /// Reads them all.
    ///
    /// # Errors
    /// The first that is none, with its column.
    pub(super) fn parse<'a>(
        texts: impl Iterator<Item = &'a String>,
        is_closed: bool,
        registry: &Registry,
    ) -> Result<Throughout, Failure> {
        let kept = texts.map(|text| {
            let wrong = |error: String| {
                let error = error.replacen("condition ", "", 1);
                Failure::new(Exit::BadConfiguration, format!("-threshold {error}"))
                    .with_hint("write 'p(99)<200ms over 10s' or 'errors<1% over 5s'")
            };
            let condition = Condition::parse(text).map_err(|error| wrong(error.to_string()))?;
            let source = condition.source.clone();
            let sources = sources(is_closed, registry);
            let window = Window::new(registry.clone(), vec![condition.opposite()], sources);
            let window = window.map_err(|error| wrong(error.to_string()))?;
            Ok(Kept { source, window, broken: None })
        });
        Ok(Throughout(Arc::new(Mutex::new(kept.collect::<Result<_, Failure>>()?))))
    }

    pub(super) fn follower(&self, control: &Arc<Control>) -> Box<dyn Output> {
        let kept = Arc::clone(&self.0);
        Box::new(Follower { kept, control: Arc::clone(control), asked: 0.0, seconds: 0 })
    }

    /// One line for each: whether it was kept, and where it was not.
    pub(super) fn outcome(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |one: &Kept| match &one.broken {
            None => format!("✓ {}\n", one.source),
            Some((held, second)) => format!("✗ {held}, in second {second}\n"),
        };
        kept.iter().map(line).collect()
    }

    /// Those that were not kept, as written.
    pub(super) fn broken(&self) -> Vec<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let broken = kept.iter().filter(|one| one.broken.is_some());
        broken.map(|one| one.source.clone()).collect()
    }
}

/// Looks once a second.
struct Follower {
    kept: Arc<Mutex<Vec<Kept>>>,
    control: Arc<Control>,
    /// Starts that were due until the last second.
    asked: f64,
    seconds: u64,
}

impl Output for Follower {
    fn describe(&self) -> String {
        String::new()
    }

    fn wants_samples(&self) -> bool {
        false
    }

    fn samples(&mut self, _: &Arc<Vec<RawSample>>, _: u64) {}

    fn interval(&mut self, at: Timestamp, interval: &Interval, _: &Totals) {
        let is_on = self.control.test_progress().stage == Stage::Scenarios;
        if !is_on || self.control.is_draining() {
            return;
        }
        let asked = self.control.asked_by(at);
        let due = asked - std::mem::replace(&mut self.asked, asked);
        self.seconds += 1;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for one in kept.iter_mut().filter(|one| one.broken.is_none()) {
            one.window.push(at, interval, due);
            one.broken = one.window.held().map(|held| (held, self.seconds));
        }
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        Ok(None)
    }
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
        let parse = |text: &str| Throughout::parse([text.to_owned()].iter(), false, &registry);
        let failure = parse("p(99)<200ms over").err().unwrap();
        assert!(failure.message.contains("-threshold \"p(99)"), "{failure}");
        assert!(parse("nothing:avg<5 over 3s").is_err());
        let fine = parse("p(99)<200ms over 3s").unwrap();
        assert_eq!(fine.outcome(), "✓ p(99)<200ms over 3s\n");
        assert!(fine.broken().is_empty());
    }
}
