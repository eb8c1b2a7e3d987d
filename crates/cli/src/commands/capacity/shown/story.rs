//! A search as pages and reports show it: [`plimsoll_outputs::search`] filled in.

use plimsoll_analysis::{bottleneck, capacity::Finding};
use plimsoll_metrics::window::{Measure, Objective as Parsed};
use plimsoll_outputs::search::{
    Answer, Capacity, Goal, Level, Next, Objective, Search, Side, Tone, Unit as Measured,
};

use super::{
    causes,
    sentences::{self, About},
    tried,
};
use crate::commands::{
    capacity::{
        circumstances::Circumstances,
        conclusion::{Conclusion, Verdict},
        diagnosis,
        record::Entry,
    },
    trials::level::{CLOSED, Unit},
};

/// What a search is about, from its beginning on.
pub(in crate::commands::capacity) struct Story<'a> {
    pub(in crate::commands::capacity) target: &'a str,
    pub(in crate::commands::capacity) unit: Unit,
    /// As written.
    pub(in crate::commands::capacity) objectives: &'a [String],
    pub(in crate::commands::capacity) circumstances: &'a Circumstances,
    /// Confirmations on either side.
    pub(in crate::commands::capacity) needed: usize,
}

impl Story<'_> {
    /// Before its first trial.
    pub(in crate::commands::capacity) fn begun(&self) -> Search {
        let circumstances = self.circumstances;
        Search {
            target: self.target.to_owned(),
            noun: self.unit.noun.to_owned(),
            level: Level {
                name: self.unit.name(),
                suffix: match self.unit.is_whole() {
                    true => format!(" {}", self.unit.name()),
                    false => "/s".to_owned(),
                },
                is_rate: !self.unit.is_whole(),
            },
            objectives: self.objectives.iter().filter_map(|text| objective(text)).collect(),
            answer: Answer {
                tone: Tone::Going,
                label: "searching".to_owned(),
                headline: "The search has begun: nothing is known yet.".to_owned(),
                details: Vec::new(),
            },
            goal: circumstances.goal.map(|rate| Goal {
                rate,
                reached: None,
                words: format!("Goal of {}.", self.unit.level(rate)),
            }),
            conditions: circumstances.conditions.clone(),
            ..Search::default()
        }
    }

    /// While it goes on.
    pub(in crate::commands::capacity) fn so_far(
        &self,
        finding: Finding,
        entries: &[Entry],
        sides: &[Side],
    ) -> Search {
        let headline = self.headline_so_far(&finding);
        let conclusion = self.conclude(finding, entries, false);
        let shown = self.told(&conclusion, entries, sides);
        let answer = Answer { headline, ..self.begun().answer };
        let goal = self.begun().goal;
        Search { answer, goal, ..shown }
    }

    fn headline_so_far(&self, finding: &Finding) -> String {
        let kept = self.objectives.join(" and ");
        let full = |level: f64| self.unit.full(level);
        match (finding.capacity, finding.first_failing) {
            (Some(low), Some(high)) => format!(
                "So far: {kept} kept at {}, and not at {}.",
                full(low),
                self.unit.level(high)
            ),
            (Some(low), None) => format!("So far: {kept} kept at {}, perhaps at more.", full(low)),
            (None, Some(high)) => format!("So far: {kept} not kept at {}.", full(high)),
            (None, None) => self.begun().answer.headline,
        }
    }

    pub(in crate::commands::capacity) fn conclude(
        &self,
        finding: Finding,
        entries: &[Entry],
        is_interrupted: bool,
    ) -> Conclusion {
        Conclusion::new(finding, entries, self.needed, self.circumstances.goal, is_interrupted)
    }

    /// When it is over.
    pub(in crate::commands::capacity) fn told(
        &self,
        conclusion: &Conclusion,
        entries: &[Entry],
        sides: &[Side],
    ) -> Search {
        let finding = &conclusion.finding;
        let first = diagnosis::diagnose(entries, finding, &self.circumstances.watched);
        let is_invalid = matches!(conclusion.verdict, Verdict::Invalid(_));
        let has_answer = finding.capacity.is_some() && !is_invalid;
        let about = About {
            unit: self.unit,
            is_closed: self.circumstances.is_closed,
            objectives: self.objectives,
        };
        let (headline, mut details) = self.sentences(conclusion, &about);
        details.extend(about.is_closed.then(|| CLOSED.to_owned()));
        let named = first.bottleneck.as_ref().ok();
        let why = first.bottleneck.as_ref().err();
        Search {
            answer: Answer {
                tone: tone(&conclusion.verdict),
                label: conclusion.verdict.name().to_owned(),
                headline,
                details,
            },
            capacity: finding.capacity.filter(|_| !is_invalid).map(|value| Capacity {
                value,
                interval: finding.interval.map(|interval| (interval.low, interval.high)),
                confirmations: finding.confirmations,
            }),
            goal: conclusion.goal.map(|rate| Goal {
                rate,
                reached: match conclusion.verdict {
                    Verdict::Reached => Some(true),
                    Verdict::Missed => Some(false),
                    _ => None,
                },
                words: sentences::goal(conclusion, self.unit).unwrap_or_default(),
            }),
            first_failing: finding.first_failing,
            first: named.map(causes::named),
            // Where nothing is known of the service, nothing is missing.
            not_identified: why.filter(|_| has_answer).map(bottleneck::reason),
            next: first.next.as_ref().map(|next| Next {
                words: bottleneck::subject(&next.subject),
                limit: causes::limit(next.limit),
            }),
            ruled_out: first.ruled_out.iter().map(bottleneck::ruled_out).collect(),
            cautions: first.cautions.iter().map(bottleneck::caution).collect(),
            not_watched: if has_answer { first.unobserved.clone() } else { Vec::new() },
            generator: causes::generator(conclusion, entries),
            trials: tried::trials(entries, sides),
            resources: causes::resources(entries, finding, &first, &self.circumstances.watched),
            ..self.begun()
        }
    }

    /// For whoever has never seen the tool: the number as a sentence of its own, how sure it is in the next.
    fn sentences(&self, conclusion: &Conclusion, about: &About) -> (String, Vec<String>) {
        let (answer, lines) = sentences::sentences(conclusion, about);
        let is_plain = matches!(
            conclusion.verdict,
            Verdict::Found | Verdict::Reached | Verdict::Missed | Verdict::AtLeast
        );
        let Some(capacity) = conclusion.finding.capacity.filter(|_| is_plain) else {
            return (answer, lines);
        };
        let kept = self.objectives.join(" and ");
        let full = self.unit.full(capacity);
        let number = match conclusion.verdict {
            Verdict::AtLeast => format!("it keeps {kept} up to {full} at least"),
            _ => format!("it keeps {kept} up to {full}"),
        };
        let goal = sentences::goal(conclusion, self.unit);
        let headline = match goal.as_deref().and_then(|goal| goal.strip_suffix('.')) {
            Some(goal) => format!("{goal}: {number}."),
            None => format!("I{}.", number.get(1..).unwrap_or_default()),
        };
        let finding = &conclusion.finding;
        let mut details: Vec<String> = sentences::certainty_words(finding).into_iter().collect();
        details.extend(finding.first_failing.map(|rate| {
            let (broken, all) = finding.refutations;
            let counted =
                if all > 0 { format!(" in {broken} of {all} trials") } else { String::new() };
            format!("At {} it did not{counted}.", self.unit.level(rate))
        }));
        // What these sentences say already.
        let said = [goal, sentences::edge(finding, about)];
        details
            .extend(lines.into_iter().filter(|line| !said.iter().flatten().any(|it| it == line)));
        (headline, details)
    }
}

fn tone(verdict: &Verdict) -> Tone {
    match verdict {
        Verdict::Found | Verdict::Reached => Tone::Ok,
        Verdict::Missed | Verdict::Nowhere | Verdict::Invalid(_) => Tone::Bad,
        Verdict::AtLeast | Verdict::Unsure | Verdict::Interrupted => Tone::Warn,
    }
}

fn objective(text: &str) -> Option<Objective> {
    let parsed = Parsed::parse(text).ok()?;
    let name = text.split(['<', '>', '=']).next().unwrap_or_default().trim();
    let unit = match parsed.measure {
        Measure::Errors => Measured::Share,
        _ => Measured::Milliseconds,
    };
    Some(Objective { text: text.to_owned(), name: name.to_owned(), limit: parsed.limit, unit })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plimsoll_analysis::capacity::{Cause, End, Kind, Outcome, Settings};
    use serde_json::Value;

    use super::{tried::sides, *};
    use crate::{
        args::Dimension,
        commands::capacity::{conclusion::tests::finding, record::tests::entry},
    };

    fn circumstances(goal: Option<f64>) -> Circumstances {
        Circumstances { goal, ..Circumstances::read(&Value::Null) }
    }

    fn shown(finding: Finding, entries: &[Entry], goal: Option<f64>) -> Search {
        let circumstances = circumstances(goal);
        let objectives = ["p(99)<200ms".to_owned()];
        let story = Story {
            target: "http://a/",
            unit: Unit { dimension: Dimension::Rate, noun: "requests" },
            objectives: &objectives,
            circumstances: &circumstances,
            needed: 4,
        };
        let conclusion = story.conclude(finding, entries, false);
        let sides = sides(&Settings::within(Duration::from_secs(180), 100.0, 1e5), entries);
        story.told(&conclusion, entries, &sides)
    }

    #[test]
    fn a_search_that_found_it() {
        let entries = [
            entry(Kind::Bracket, 920.0, Outcome::Pass),
            entry(Kind::Bracket, 3680.0, Outcome::Invalid("no ports".to_owned())),
            entry(Kind::Confirm, 1840.0, Outcome::Pass),
            entry(Kind::Confirm, 1930.0, Outcome::Fail(Cause::Objective(0))),
        ];
        let search = shown(finding(), &entries, Some(2000.0));
        assert_eq!(search.answer.tone, Tone::Bad);
        assert_eq!(
            search.answer.headline,
            "Goal of 2,000/s missed by 8.0 %: it keeps p(99)<200ms up to 1,840 requests/s."
        );
        assert_eq!(
            search.answer.details[..2],
            [
                "With 95 % confidence the limit is between 1,790 and 1,880; 5 of 5 confirmations kept the \
                 objectives.",
                "At 1,930/s it did not in 4 of 5 trials."
            ]
        );
        assert_eq!(search.goal.unwrap().words, "Goal of 2,000/s missed by 8.0 %.");
        assert_eq!(search.capacity.unwrap().interval, Some((1790.0, 1880.0)));
        let verdicts: Vec<&str> = search.trials.iter().map(|one| one.verdict.name()).collect();
        assert_eq!(verdicts, ["kept", "invalid", "kept", "not kept"]);
        assert_eq!(search.trials[0].bracket, Side { low: Some(920.0), high: None });
        assert_eq!(search.trials[0].figures[0].value, 43.21);
        assert!(search.not_identified.is_some(), "nothing was watched");
    }

    #[test]
    fn what_the_generator_limits_is_no_capacity() {
        let entries = [entry(Kind::Bracket, 3680.0, Outcome::Invalid("no ports".to_owned()))];
        let open = Finding { end: End::Ceiling, first_failing: None, ..finding() };
        let search = shown(open, &entries, None);
        assert_eq!((search.capacity, search.answer.tone), (None, Tone::Bad));
        assert!(search.generator.unwrap().0.contains("no ports"));
    }
}
