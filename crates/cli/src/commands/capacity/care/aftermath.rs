//! What care came to: said after the answer, in its JSON and on its page.

use std::time::Duration;

use plimsoll_analysis::{
    bottleneck,
    capacity::{Finding, Outcome},
};
use plimsoll_engine::runner::Runner;
use plimsoll_outputs::search;
use serde_json::{Value, json};

use super::{
    calibrate::{Calibration, Known},
    intervene::{self, Told},
    own::Own,
};
use crate::{
    commands::{
        capacity::{
            conclusion::{Conclusion, Verdict},
            hunt::Hunt,
            record::Entry,
            shown::tried,
            store::Stored,
        },
        trials::figures::{length, rate},
    },
    exit::Failure,
};

/// Rates that differ by less are the same.
const ALIKE: f64 = 1e-3;

/// What came of it, for the result.
pub(in crate::commands::capacity) struct Aftermath {
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
    /// After the search: what of the latency is the generator's own, and the intervention.
    ///
    /// # Errors
    /// When a run of them fails.
    pub(super) fn aftermath(
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
}

/// How many trials began with a restart, and the longest that one took.
fn restarts(entries: &[Entry]) -> (usize, Duration) {
    let took = entries.iter().filter_map(Entry::restart);
    took.fold((0, Duration::ZERO), |(count, longest), took| (count + 1, longest.max(took)))
}

impl Aftermath {
    /// As far as it is stored of a search that was cut off: after its trials there was nothing.
    pub(in crate::commands::capacity) fn of_stored(
        stored: &mut Stored,
        finding: &Finding,
    ) -> Aftermath {
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
    pub(in crate::commands::capacity) fn correct(&self, conclusion: &mut Conclusion) {
        if let (Some(cpu), Some(share)) = (conclusion.generator_share, self.share) {
            conclusion.generator_share = Some(cpu.max(share));
        }
    }

    /// What could not be taken back.
    pub(in crate::commands::capacity) fn left(&self) -> Option<&str> {
        self.intervention.as_ref().and_then(|told| told.left.as_deref())
    }

    /// For pages: what was changed, and the trials meanwhile.
    pub(in crate::commands::capacity) fn shown(&self) -> Option<search::Intervention> {
        let factor = self.aside.iter().find_map(Entry::intervention)?;
        let told = self.intervention.as_ref();
        Some(search::Intervention {
            words: told.map_or_else(|| format!("resource x{factor}"), Told::changed),
            trials: tried::trials(&self.aside, &[]),
        })
    }

    /// Sentences for people, after the answer; none when there is none.
    pub(in crate::commands::capacity) fn notes(&self, conclusion: &Conclusion) -> Vec<String> {
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
                1 => format!(
                    "The service was started anew before one confirmation{by}, which took {longest}."
                ),
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
    pub(in crate::commands::capacity) fn add_to(&self, result: &mut Value) {
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

#[cfg(test)]
mod tests {
    use plimsoll_analysis::capacity::Kind;

    use super::*;
    use crate::commands::capacity::{
        conclusion::tests::finding, record::tests::entry, store::Range,
    };

    #[test]
    fn of_a_search_that_was_cut_off_is_told_what_is_stored() {
        let restarted = entry(Kind::Confirm, 1840.0, Outcome::Pass);
        let aside = entry(Kind::Narrow, 2300.0, Outcome::Pass);
        let mut stored = Stored {
            range: Range { start: 100.0, ceiling: 1e5, floor: 1.0 },
            calibration: Value::Null,
            not_calibrated: Some("--no-calibration".to_owned()),
            entries: vec![restarted.after(Some(Duration::from_secs(4)), None)],
            aside: vec![aside.after(None, Some(1.25))],
            end: None,
        };
        let aftermath = Aftermath::of_stored(&mut stored, &finding());
        let conclusion = Conclusion::new(finding(), &stored.entries, 4, None, false);
        assert_eq!(
            aftermath.notes(&conclusion),
            [
                "The service was started anew before one confirmation, which took 4s.",
                "The generator was not calibrated: --no-calibration.",
            ]
        );
        let shown = aftermath.shown().unwrap();
        assert_eq!((shown.words.as_str(), shown.trials.len()), ("resource x1.25", 1));
    }
}
