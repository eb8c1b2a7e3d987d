//! What makes an answer surer, before and after the search: the generator is calibrated, the service is
//! started anew, the bottleneck is tried out.

mod calibrate;
mod intervene;
pub(super) mod noop;
mod restart;
mod undo;

use std::time::Duration;

use plimsoll_analysis::{
    bottleneck,
    capacity::{Finding, Outcome, Settings},
};
use plimsoll_engine::runner::Runner;
use plimsoll_outputs::search;
use serde_json::{Value, json};

use self::{
    calibrate::{Calibration, Known, Own},
    intervene::Told,
    noop::Noop,
};
use super::{
    conclusion::{Conclusion, Verdict},
    diagnosis,
    hunt::Hunt,
    record::Entry,
    shown::tried,
    store::Stored,
};
use crate::{
    args::CareFlags,
    commands::trials::{
        REST,
        figures::{length, rate},
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

/// Rates that differ by less are the same.
const ALIKE: f64 = 1e-3;

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

/// What came of it, for the result.
pub(super) struct Aftermath {
    known: Known,
    own: Option<Own>,
    intervention: Option<Told>,
    /// Trials of the intervention.
    aside: Vec<Entry>,
    /// The command, if it is known, before how many confirmations, and how long the longest took.
    restart: Option<(Option<String>, usize, Duration)>,
    /// The capacity over what the generator can do.
    share: Option<f64>,
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

    /// After the search: what of the latency is the generator's own, and the intervention.
    ///
    /// # Errors
    /// When a run of them fails.
    fn aftermath(
        &mut self,
        finding: &Finding,
        verdict: &bottleneck::Verdict,
    ) -> Result<Aftermath, Failure> {
        let is_over = self.laboratory.interrupt.is_set();
        let flags = self.care.flags;
        let has_limit = finding.capacity.is_some();
        let intervention = match flags.intervene {
            Some(_) if has_limit && !is_over => {
                intervene::intervene(self, flags, finding, verdict)?
            }
            _ => None,
        };
        let (count, longest) = restarts(&self.entries);
        let restart = flags.restart.clone().map(|command| {
            let longest = longest.max(self.care.restart.unwrap_or_default());
            (Some(command), count, longest)
        });
        let ceiling = self.care.ceiling();
        Ok(Aftermath {
            known: self.care.known.clone(),
            own: self.own(finding),
            intervention,
            aside: std::mem::take(&mut self.aside),
            restart,
            share: finding.capacity.zip(ceiling).map(|(capacity, ceiling)| capacity / ceiling),
        })
    }

    /// At the capacity: by the last trial there.
    fn own(&self, finding: &Finding) -> Option<Own> {
        let is_open = self.laboratory.bench.due(1.0).is_some();
        let at = finding.capacity.filter(|_| is_open);
        let is_at = |entry: &&Entry| {
            let near = at.is_some_and(|at| (entry.order.rate / at - 1.0).abs() < ALIKE);
            near && !matches!(entry.outcome, Outcome::Invalid(_) | Outcome::Fail(_))
        };
        let entry = self.entries.iter().rev().find(is_at)?;
        let (late, waited) = entry.begun()?;
        let can_run =
            !self.laboratory.interrupt.is_set() && matches!(self.care.known, Known::Calibrated(_));
        let rate = entry.observed.offered;
        let round_trip = match can_run {
            true => self.laboratory.round_trip(&self.care.noop, self.care.shape, rate),
            false => None,
        };
        let latency = entry.observed.latency_mean;
        Some(Own { rate, latency, late, waited, round_trip })
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

/// How many trials began with a restart, and the longest that one took.
fn restarts(entries: &[Entry]) -> (usize, Duration) {
    let took = entries.iter().filter_map(Entry::restart);
    took.fold((0, Duration::ZERO), |(count, longest), took| (count + 1, longest.max(took)))
}

impl Aftermath {
    /// As far as it is stored of a search that was cut off: after its trials there was nothing.
    pub(super) fn of_stored(stored: &mut Stored, finding: &Finding) -> Aftermath {
        let reason =
            || stored.not_calibrated.clone().unwrap_or_else(|| "it is not stored why".to_owned());
        let known = match Calibration::read(&stored.calibration) {
            Some(found) => Known::Calibrated(found),
            None => Known::Not(reason()),
        };
        let (count, longest) = restarts(&stored.entries);
        let share = finding.capacity.zip(known.ceiling()).map(|(at, ceiling)| at / ceiling);
        Aftermath {
            known,
            own: None,
            intervention: None,
            aside: std::mem::take(&mut stored.aside),
            restart: (count > 0).then_some((None, count, longest)),
            share,
        }
    }

    /// The larger of its CPU's share and of the capacity over what it can do.
    pub(super) fn correct(&self, conclusion: &mut Conclusion) {
        if let (Some(cpu), Some(share)) = (conclusion.generator_share, self.share) {
            conclusion.generator_share = Some(cpu.max(share));
        }
    }

    /// What could not be taken back.
    pub(super) fn left(&self) -> Option<&str> {
        self.intervention.as_ref().and_then(|told| told.left.as_deref())
    }

    /// For pages: what was changed, and the trials meanwhile.
    pub(super) fn shown(&self) -> Option<search::Intervention> {
        let factor = self.aside.iter().find_map(Entry::intervention)?;
        let told = self.intervention.as_ref();
        Some(search::Intervention {
            words: told.map_or_else(|| format!("resource x{factor}"), Told::changed),
            trials: tried::trials(&self.aside, &[]),
        })
    }

    /// Sentences for people, after the answer; none when there is none.
    pub(super) fn notes(&self, conclusion: &Conclusion) -> Vec<String> {
        let is_invalid = matches!(conclusion.verdict, Verdict::Invalid(_));
        match conclusion.finding.capacity {
            Some(_) if !is_invalid => self.words(),
            _ => Vec::new(),
        }
    }

    fn words(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.intervention.iter().flat_map(Told::words).collect();
        lines.extend(self.own.map(|own| own.words()));
        if let Some((command, count, longest)) = &self.restart {
            let longest = length((*longest).max(Duration::from_secs(1)));
            let by =
                command.as_ref().map_or_else(String::new, |command| format!(" by {command:?}"));
            lines.push(match count {
                0 => format!("The service was started anew{by}, not for a confirmation."),
                count => format!(
                    "The service was started anew before {count} confirmations{by}, which took {longest} at \
                     most."
                ),
            });
        }
        if let Known::Not(reason) = &self.known {
            lines.push(format!("The generator was not calibrated: {reason}."));
        } else if let Known::Calibrated(found) = &self.known
            && let Some(held) = found.held
        {
            lines.push(format!("Against a target that answers at once it held {}.", rate(held)));
        }
        lines
    }

    /// Adds its fields to the result.
    pub(super) fn add_to(&self, result: &mut Value) {
        if let Some(generator) = result.get_mut("generator").and_then(Value::as_object_mut) {
            let (found, reason) = match &self.known {
                Known::Calibrated(found) => (Some(found.json()), None),
                Known::Not(reason) => (None, Some(reason)),
            };
            generator.insert("calibration".to_owned(), json!(found));
            generator.insert("not_calibrated".to_owned(), json!(reason));
            generator.insert("share".to_owned(), json!(self.share));
            generator.insert("own_latency".to_owned(), json!(self.own.map(|own| own.json())));
        }
        let restart = self.restart.as_ref().map(|(command, count, longest)| {
            json!({ "command": command, "count": count, "longest_s": longest.as_secs_f64() })
        });
        if let Some(fields) = result.as_object_mut() {
            fields.insert("restart".to_owned(), json!(restart));
            let told = self.intervention.as_ref().map(Told::json);
            fields.insert("intervention".to_owned(), json!(told));
        }
        if let Some(trials) = result.get_mut("trials").and_then(Value::as_array_mut) {
            trials.extend(self.aside.iter().map(|entry| entry.json.clone()));
        }
    }
}
