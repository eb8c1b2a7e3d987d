//! What makes an answer surer, before and after the search: the generator is calibrated, the service is
//! started anew, the bottleneck is tried out.

mod aftermath;
mod calibrate;
mod intervene;
pub(super) mod noop;
mod own;
mod restart;
mod undo;

pub(super) use aftermath::Aftermath;

use std::time::Duration;

use plimsoll_analysis::capacity::{Finding, Settings};
use plimsoll_engine::runner::Runner;
use serde_json::Value;

use self::{
    calibrate::{Calibration, Known},
    noop::Noop,
};
use super::{diagnosis, hunt::Hunt};
use crate::{
    args::CareFlags,
    commands::trials::{
        REST,
        figures::length,
        probe::{Probed, Shape},
        shell,
        trial::Laboratory,
    },
    exit::Failure,
};

/// For the run after the search that tells how long a target takes that answers at once.
const ROUND_TRIP: Duration = Duration::from_secs(3);

/// An intervention gets so much of the budget at most: without a capacity it shows nothing.
const AFTER_SHARE: u32 = 3;

/// A search's care, and what came of it so far.
pub(super) struct Care<'a, R: Runner> {
    pub(super) flags: &'a CareFlags,
    noop: Noop<'a, R>,
    shape: Shape,
    pub(super) known: Known,
    /// How long the longest restart took, until the target answered.
    pub(super) restart: Option<Duration>,
    budget: Duration,
}

impl<'a, R: Runner> Care<'a, R> {
    /// Starts the service anew, if asked to: a command that fails is better found now than after minutes.
    /// Then it looks at the target, and finds out what the generator can do; `stored`: by the search that
    /// goes on. `None` when the person ended it.
    ///
    /// # Errors
    /// As [`Laboratory::restart`] and [`Laboratory::probe`].
    pub(super) fn begin(
        flags: &'a CareFlags,
        noop: Noop<'a, R>,
        laboratory: &Laboratory<R>,
        budget: Duration,
        stored: Option<&Value>,
    ) -> Result<Option<(Probed, Care<'a, R>)>, Failure> {
        let mut restart = None;
        if let Some(command) = &flags.restart {
            restart = laboratory.restart(command)?;
            if restart.is_none() {
                return Ok(None);
            }
        }
        let Some(probed) = laboratory.probe()? else { return Ok(None) };
        let not = |reason: &str| Known::Not(reason.to_owned());
        let is_open = laboratory.bench.due(1.0).is_some() && laboratory.bench.held.is_none();
        let known = match stored.map(Calibration::read) {
            _ if flags.no_calibration => not("--no-calibration"),
            _ if !is_open => not("what is raised is no rate"),
            Some(Some(found)) => Known::Calibrated(found),
            Some(None) => not("the search that goes on was not"),
            None if budget < calibrate::BUDGET_MIN => not("the budget is under a minute"),
            None => match laboratory.calibrate(&noop, probed.shape) {
                Some(known) => known,
                None => return Ok(None),
            },
        };
        let care = Care { flags, noop, shape: probed.shape, known, restart, budget };
        Ok(Some((probed, care)))
    }

    /// What was found of the generator, for searches that go on.
    pub(super) fn json(&self) -> Value {
        match &self.known {
            Known::Calibrated(found) => found.json(),
            Known::Not(_) => Value::Null,
        }
    }

    /// Why nothing was.
    pub(super) fn not_calibrated(&self) -> Option<&str> {
        match &self.known {
            Known::Calibrated(_) => None,
            Known::Not(reason) => Some(reason),
        }
    }

    /// No rate above it is worth a trial.
    pub(super) fn ceiling(&self) -> Option<f64> {
        self.known.ceiling()
    }

    /// What is left of `budget` for trials of the search: without what comes before and after it.
    pub(super) fn of_budget(&self, budget: Duration, spent: Duration) -> Duration {
        let settings = Settings::within(budget, 1.0, 1.0);
        let restarts = self.restart.unwrap_or_default() * (2 * settings.confirmations as u32 + 1);
        // Whole seconds, so that a search that goes on has the same settings.
        let spent = Duration::from_secs(spent.as_secs_f64().round() as u64);
        let left = budget.saturating_sub(spent + restarts + self.after(&settings));
        left.max(budget / 2)
    }

    /// The time that is kept for what comes after the search.
    pub(super) fn after(&self, settings: &Settings) -> Duration {
        let intervention = match self.flags.intervene {
            Some(_) => intervene::reserve(settings).min(self.budget / AFTER_SHARE),
            None => Duration::ZERO,
        };
        intervention + self.round_trip()
    }

    fn round_trip(&self) -> Duration {
        if matches!(self.known, Known::Calibrated(_)) { ROUND_TRIP } else { Duration::ZERO }
    }

    /// Restarts at most, and how long all of them take if each is like the longest so far.
    pub(super) fn restarts(&self, settings: &Settings) -> Option<(u32, Duration)> {
        // Each side is confirmed anew when the answer moves, which it may twice; the first is over, and one
        // follows the overload.
        let most = 4 * settings.confirmations as u32 + 1;
        self.restart.map(|took| (most, took * most))
    }

    /// What all of it adds to the search at most, with restarts as long as they are.
    pub(super) fn longest(&self, settings: &Settings) -> Duration {
        let restarts = self.restarts(settings).map_or(Duration::ZERO, |(_, together)| together);
        let calibration = match self.known {
            Known::Calibrated(_) => calibrate::TIME_MAX,
            Known::Not(_) => Duration::ZERO,
        };
        calibration + restarts + self.after(settings)
    }

    /// Lines of the plan: before it, and within.
    pub(super) fn words(&self, noun: &str, settings: &Settings) -> (String, Vec<String>) {
        let first = match &self.known {
            Known::Calibrated(found) => found.words(noun),
            Known::Not(reason) => {
                format!("not calibrated ({reason}): the generator is told by its share of the CPU")
            }
        };
        let mut lines = Vec::new();
        if let Some(took) = self.restart {
            lines.push(format!(
                "  restart   before each confirmation, and after the overload; it took {}, and may take {} and \
                 {} until the target answers",
                length(took.max(Duration::from_secs(1))),
                length(shell::TIME_MAX),
                length(restart::READY_MAX)
            ));
        }
        if let Some(command) = &self.flags.intervene {
            let what = if command.is_empty() {
                "the CPU quota that was named".to_owned()
            } else {
                format!("what {command:?} changes")
            };
            lines.push(format!(
                "  intervene {what} becomes {} times as large for {}, and is taken back",
                self.flags.intervene_factor,
                length(self.after(settings).saturating_sub(self.round_trip()))
            ));
        }
        (first, lines)
    }
}

impl<R: Runner> Hunt<'_, R> {
    /// Searches, and does what comes after it. `watched`: as the flags name it.
    ///
    /// # Errors
    /// When a run or a restart fails.
    pub(super) fn finish(&mut self, watched: &[String]) -> Result<(Finding, Aftermath), Failure> {
        let finding = self.run()?;
        self.recover()?;
        let verdict = diagnosis::diagnose(&self.entries, &finding, watched);
        let aftermath = self.aftermath(&finding, &verdict)?;
        Ok((finding, aftermath))
    }

    /// Starts the service anew before a trial that is to be of one start; how long it took.
    /// `Ok(None)` when there is nothing to start, or the person ended it.
    ///
    /// # Errors
    /// As [`Laboratory::restart`].
    pub(super) fn restart(&mut self) -> Result<Option<Duration>, Failure> {
        let Some(command) = &self.care.flags.restart else { return Ok(None) };
        let took = self.laboratory.restart(command)?;
        if let Some(took) = took {
            self.care.restart = self.care.restart.max(Some(took));
            self.laboratory.interrupt.rest(REST);
        }
        Ok(took)
    }
}
