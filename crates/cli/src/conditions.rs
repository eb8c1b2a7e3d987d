//! Conditions on the last seconds of a run: `--abort-when`, and what every window of an attack must keep.

use std::sync::{Arc, Mutex, PoisonError};

use plimsoll_engine::{control::Control, progress::Stage};
use plimsoll_metrics::{
    Builtin, Interval, RawSample, Registry, Timestamp, Totals,
    window::{Condition, Held, Sources, Window},
};
use plimsoll_outputs::{Output, OutputError};

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

/// An error without the word that the flag or the option stands for.
fn plain(error: &str) -> String {
    error.replacen("condition ", "", 1)
}

/// The metrics behind the words, of a script: the time of HTTP requests.
pub(crate) fn sources_of_script() -> Sources {
    Sources { response_time: Builtin::HttpReqDuration.id(), ..Sources::default() }
}

/// Thresholds that must hold in every window of the attack.
#[derive(Clone, Default)]
pub(crate) struct Throughout(Arc<Mutex<Vec<Kept>>>);

/// One of them.
struct Kept {
    /// As written.
    name: String,
    /// Looks for the opposite.
    window: Window,
    /// The first window that did not keep it: what was measured, and the second at its end.
    broken: Option<(Held, u64)>,
}

impl Throughout {
    /// Adds `condition`, which is told as `name`.
    ///
    /// # Errors
    /// When it is none, or about a metric that there is not.
    pub(crate) fn add(
        &mut self,
        name: &str,
        condition: &str,
        sources: Sources,
        registry: &Registry,
    ) -> Result<(), String> {
        let condition = Condition::parse(condition).map_err(|error| plain(&error.to_string()))?;
        let window = Window::new(registry.clone(), vec![condition.opposite()], sources);
        let window = window.map_err(|error| plain(&error.to_string()))?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(Kept { name: name.to_owned(), window, broken: None });
        Ok(())
    }

    pub(crate) fn follower(&self, control: &Arc<Control>) -> Box<dyn Output> {
        let kept = Arc::clone(&self.0);
        Box::new(Follower { kept, control: Arc::clone(control), asked: 0.0, seconds: 0 })
    }

    /// One line for each: whether it was kept, and where it was not.
    pub(crate) fn outcome(&self) -> Vec<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |one: &Kept| match &one.broken {
            None => format!("✓ {}", one.name),
            Some((held, second)) => {
                format!("✗ {}: it was {}, in second {second}", one.name, held.measured())
            }
        };
        kept.iter().map(line).collect()
    }

    /// Those that were not kept, as written.
    pub(crate) fn broken(&self) -> Vec<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let broken = kept.iter().filter(|one| one.broken.is_some());
        broken.map(|one| one.name.clone()).collect()
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
