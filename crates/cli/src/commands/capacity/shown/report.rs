//! The result for people.

use plimsoll_analysis::{
    bottleneck,
    capacity::{Finding, Kind},
};
use serde_json::Value;

use crate::commands::{
    capacity::{
        conclusion::{Conclusion, Verdict},
        record::Entry,
    },
    trials::{
        figures::{milliseconds, number, percent},
        level::{self, Unit},
        signals::SIGNALS_LIMIT,
    },
};

/// What the answer is about.
pub(in crate::commands::capacity) struct About<'a> {
    pub(in crate::commands::capacity) unit: Unit,
    pub(in crate::commands::capacity) is_closed: bool,
    pub(in crate::commands::capacity) objectives: &'a [String],
}

/// All of it, with a newline at its end.
pub(in crate::commands::capacity) fn report(
    conclusion: &Conclusion,
    first: &bottleneck::Verdict,
    about: &About,
    entries: &[Entry],
) -> String {
    let (answer, mut lines) = sentences(conclusion, about);
    lines.insert(0, answer);
    if !matches!(conclusion.verdict, Verdict::Invalid(_)) {
        lines.extend(gives(conclusion, first));
        lines.extend(load_line(entries, about.unit));
        lines.extend(about.is_closed.then(|| level::CLOSED.to_owned()));
    }
    lines.join("\n") + "\n"
}

/// The answer, and what is to be said of the number.
pub(in crate::commands::capacity) fn sentences(
    conclusion: &Conclusion,
    about: &About,
) -> (String, Vec<String>) {
    let finding = &conclusion.finding;
    let unit = about.unit;
    let answer = answer(conclusion, about);
    let mut lines: Vec<String> = goal(conclusion, unit).into_iter().collect();
    if matches!(conclusion.verdict, Verdict::Invalid(_)) {
        return (answer, lines);
    }
    lines.extend(edge(finding, about));
    lines.extend(overload(finding, unit));
    lines.extend(left_out(conclusion.left_out));
    if !finding.non_monotone.is_empty() {
        let rates: Vec<String> = finding.non_monotone.iter().map(|at| unit.level(*at)).collect();
        lines.push(format!(
            "Not monotone: kept at {} too, above a {} at which it was not. The answer is the lower side.",
            rates.join(", "),
            unit.kind()
        ));
    }
    (answer, lines)
}

/// What gives first and next, and the generator.
fn gives(conclusion: &Conclusion, first: &bottleneck::Verdict) -> Vec<String> {
    const GENERATOR: &str = "Generator at ";
    let mut lines = match conclusion.finding.capacity {
        Some(_) => bottleneck::words(first),
        None => Vec::new(),
    };
    // Told once, by the trials up to the capacity: an overload may take it all.
    lines.retain(|line| !line.starts_with(GENERATOR));
    let share = conclusion.generator_share;
    lines.extend(share.map(|share| format!("{GENERATOR}{}: not the limit.", percent(share))));
    lines
}

/// The number, or why there is none.
fn answer(conclusion: &Conclusion, about: &About) -> String {
    let finding = &conclusion.finding;
    let unit = about.unit;
    let kept = about.objectives.join(" and ");
    let number_of = |value: f64| unit.full(value);
    let kind = unit.kind();
    match (&conclusion.verdict, finding.capacity) {
        (Verdict::Invalid(reason), capacity) => {
            let known = match capacity {
                Some(capacity) => format!(
                    " It kept {kept} at {}, as far as plimsoll could go.",
                    number_of(capacity)
                ),
                None => String::new(),
            };
            format!(
                "INVALID: the generator was the limit, so this gives no capacity: {reason}.{known}"
            )
        }
        (Verdict::Nowhere, _) | (_, None) => {
            let lowest = finding
                .first_failing
                .map_or(String::new(), |low| format!(", not even at {}", number_of(low)));
            match conclusion.verdict {
                Verdict::Interrupted => "Interrupted before anything was known.".to_owned(),
                Verdict::Unsure => format!(
                    "Inconclusive: the budget ended before a {kind} was found that keeps {kept}{lowest}."
                ),
                _ => format!("No capacity: {kept} was kept at no {kind} that was tried{lowest}."),
            }
        }
        (Verdict::AtLeast, Some(capacity)) => format!(
            "At least {}{}: no higher {kind} was tried.",
            number_of(capacity),
            certainty(finding)
        ),
        (Verdict::Unsure, Some(capacity)) if finding.first_failing.is_none() => format!(
            "At least {}{}, not sure: the budget ended before a {kind} was found that is not kept.",
            number_of(capacity),
            certainty(finding)
        ),
        (Verdict::Unsure, Some(capacity)) => format!(
            "About {}{}, not sure: {}.",
            number_of(capacity),
            certainty(finding),
            match conclusion.goal {
                Some(goal) if is_near(finding, goal) => {
                    format!("it is too near to the goal of {} to tell", unit.level(goal))
                }
                _ => "the budget ended before it was confirmed".to_owned(),
            }
        ),
        (Verdict::Interrupted, Some(capacity)) => {
            format!("Interrupted; so far about {}{}.", number_of(capacity), certainty(finding))
        }
        (_, Some(capacity)) => format!("{}{}.", number_of(capacity), certainty(finding)),
    }
}

/// Whether a goal is among the rates of which it is not known whether they are kept.
fn is_near(finding: &Finding, goal: f64) -> bool {
    let low = finding.interval.map(|interval| interval.low).into_iter().chain(finding.capacity);
    let high =
        finding.interval.map(|interval| interval.high).into_iter().chain(finding.first_failing);
    low.reduce(f64::min).is_some_and(|low| goal >= low)
        && high.reduce(f64::max).is_none_or(|high| goal <= high)
}

/// As a sentence: `With 95 % confidence the limit is between 1,790 and 1,880; 5 of 5 confirmations kept the
/// objectives.`
pub(in crate::commands::capacity) fn certainty_words(finding: &Finding) -> Option<String> {
    let interval = finding.interval.map(|interval| {
        let (low, high) = (number(interval.low), number(interval.high));
        format!("With 95 % confidence the limit is between {low} and {high}")
    });
    let (kept, all) = finding.confirmations;
    let confirmed = (all > 0).then(|| format!("{kept} of {all} confirmations kept the objectives"));
    let parts: Vec<String> = interval.into_iter().chain(confirmed).collect();
    (!parts.is_empty()).then(|| parts.join("; ") + ".")
}

/// ` (95 % CI 1,790 to 1,880, 5 of 5 confirmations)`
fn certainty(finding: &Finding) -> String {
    let mut parts = Vec::new();
    if let Some(interval) = finding.interval {
        parts.push(format!("95 % CI {} to {}", number(interval.low), number(interval.high)));
    }
    if finding.confirmations.1 > 0 {
        let (kept, all) = finding.confirmations;
        parts.push(format!("{kept} of {all} confirmations"));
    }
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

pub(in crate::commands::capacity) fn goal(conclusion: &Conclusion, unit: Unit) -> Option<String> {
    let goal = conclusion.goal?;
    let capacity = conclusion.finding.capacity;
    let by = capacity.map(|capacity| percent((capacity / goal - 1.0).abs()));
    Some(match (&conclusion.verdict, by) {
        (Verdict::Reached, Some(by)) => {
            format!("Goal of {} reached, with {by} to spare.", unit.level(goal))
        }
        (Verdict::Missed, Some(by)) => format!("Goal of {} missed by {by}.", unit.level(goal)),
        (Verdict::Missed, None) => format!("Goal of {} missed.", unit.level(goal)),
        _ => format!("Goal of {}: not decided.", unit.level(goal)),
    })
}

pub(in crate::commands::capacity) fn edge(finding: &Finding, about: &About) -> Option<String> {
    let failing = finding.first_failing.filter(|_| finding.capacity.is_some())?;
    let kept = about.objectives.join(" and ");
    let (broken, all) = finding.refutations;
    let counted = if all > 0 { format!(" ({broken} of {all} trials)") } else { String::new() };
    Some(format!("Keeps {kept}; at {} no longer{counted}.", about.unit.level(failing)))
}

fn overload(finding: &Finding, unit: Unit) -> Option<String> {
    let recovered = finding.recovered?;
    Some(match (recovered, finding.descending) {
        (true, Some(at)) => {
            format!("After an overload of 120 % it keeps them again at {} (90 %).", unit.level(at))
        }
        (false, Some(at)) => {
            let share = finding.capacity.map_or(0.0, |capacity| at / capacity);
            format!(
                "Hysteresis: after an overload of 120 % it keeps them at {} ({}) only; ascending it is more.",
                unit.level(at),
                percent(share)
            )
        }
        (_, None) => {
            "Hysteresis: after an overload of 120 % it did not keep them again, not even at half \
                      the load."
                .to_owned()
        }
    })
}

fn left_out(signals: u64) -> Option<String> {
    let kept = number(SIGNALS_LIMIT as f64);
    let noun = if signals == 1 { "signal" } else { "signals" };
    (signals > 0).then(|| {
        format!(
            "{} {noun} of what was watched are not in the trials, which have {kept} at most: what gives first \
             may be among them; watch less.",
            number(signals as f64)
        )
    })
}

/// What it is like at 50, 80 and 100 %.
fn load_line(entries: &[Entry], unit: Unit) -> Vec<String> {
    let number_in =
        |json: &Value, name: &str| json.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let line = |entry: &Entry| {
        let objectives = entry.json.get("objectives").and_then(Value::as_array);
        let figures = objectives.into_iter().flatten().map(|one| {
            let source = one.get("objective").and_then(Value::as_str).unwrap_or_default();
            let name = source.split(['<', '=']).next().unwrap_or_default().trim();
            let value = number_in(one, "value");
            match name {
                "errors" => format!("errors {}", percent(value)),
                name => format!("{name} {}", milliseconds(value)),
            }
        });
        let figures: Vec<String> = figures.collect();
        format!(
            "  {:>12}  mean {}, {}",
            unit.level(entry.order.rate),
            milliseconds(number_in(&entry.json, "mean_latency_ms")),
            figures.join(", ")
        )
    };
    let held: Vec<String> =
        entries.iter().filter(|entry| entry.order.kind == Kind::Hold).map(line).collect();
    if held.is_empty() { held } else { [vec!["Load line:".to_owned()], held].concat() }
}

#[cfg(test)]
mod tests {
    use plimsoll_analysis::{
        capacity::{End, Outcome},
        stats::Interval,
    };

    use super::*;
    use crate::{
        args::Dimension,
        commands::capacity::{conclusion::tests::finding, diagnosis, record::tests::entry},
    };

    #[track_caller]
    fn check(finding: Finding, entries: &[Entry], goal: Option<f64>, expected: &str) {
        let objectives = ["p(99)<200ms".to_owned(), "errors<0.1%".to_owned()];
        let unit = Unit { dimension: Dimension::Rate, noun: "requests" };
        let about = About { unit, is_closed: false, objectives: &objectives };
        let first = diagnosis::diagnose(entries, &finding, &[]);
        let conclusion = Conclusion::new(finding, entries, 4, goal, false);
        let text = report(&conclusion, &first, &about, entries);
        // Whose words they are has tests of its own.
        let is_own =
            |line: &&str| !line.starts_with("First to give") && !line.starts_with("Nearest");
        let text: String = text.lines().filter(is_own).map(|line| format!("{line}\n")).collect();
        assert_eq!(text, expected);
    }

    #[test]
    fn found() {
        let entries =
            [entry(Kind::Confirm, 1840.0, Outcome::Pass), entry(Kind::Hold, 920.0, Outcome::Pass)];
        check(
            finding(),
            &entries,
            Some(2000.0),
            "1,840 requests/s (95 % CI 1,790 to 1,880, 5 of 5 confirmations).\n\
             Goal of 2,000/s missed by 8.0 %.\n\
             Keeps p(99)<200ms and errors<0.1%; at 1,930/s no longer (4 of 5 trials).\n\
             After an overload of 120 % it keeps them again at 1,656/s (90 %).\n\
             Generator at 22 %: not the limit.\n\
             Load line:\n         920/s  mean 12.5 ms, p(99) 43.2 ms\n",
        );
    }

    #[test]
    fn signals_that_are_not_kept_are_told() {
        assert_eq!(left_out(0), None);
        let told = left_out(1200).unwrap();
        assert!(told.starts_with("1,200 signals") && told.contains("10,000 at most"), "{told}");
    }

    #[test]
    fn hysteresis_and_two_minds() {
        let odd = Finding {
            descending: Some(920.0),
            recovered: Some(false),
            non_monotone: vec![2100.0],
            ..finding()
        };
        check(
            odd,
            &[],
            Some(1800.0),
            "1,840 requests/s (95 % CI 1,790 to 1,880, 5 of 5 confirmations).\n\
             Goal of 1,800/s reached, with 2.2 % to spare.\n\
             Keeps p(99)<200ms and errors<0.1%; at 1,930/s no longer (4 of 5 trials).\n\
             Hysteresis: after an overload of 120 % it keeps them at 920/s (50 %) only; ascending it is more.\n\
             Not monotone: kept at 2,100/s too, above a rate at which it was not. The answer is the lower side.\n",
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let open = Finding {
            end: End::Ceiling,
            first_failing: None,
            refutations: (0, 0),
            descending: None,
            recovered: None,
            interval: None,
            ..finding()
        };
        check(
            open.clone(),
            &[],
            None,
            "At least 1,840 requests/s (5 of 5 confirmations): no higher rate was tried.\n",
        );
        let limited =
            [entry(Kind::Bracket, 3680.0, Outcome::Invalid("used 97 % of its CPU".into()))];
        check(
            open.clone(),
            &limited,
            None,
            "INVALID: the generator was the limit, so this gives no capacity: used 97 % of its CPU. It kept \
             p(99)<200ms and errors<0.1% at 1,840 requests/s, as far as plimsoll could go.\n",
        );
        let early = Finding { end: End::Budget, confirmations: (1, 1), ..open.clone() };
        check(
            early.clone(),
            &[],
            None,
            "At least 1,840 requests/s (1 of 1 confirmations), not sure: the budget ended before a rate was \
             found that is not kept.\n",
        );
        let wide = Some(Interval { low: 1300.0, high: 1930.0 });
        let early = Finding { interval: wide, first_failing: Some(1930.0), ..early };
        check(
            early.clone(),
            &[],
            None,
            "About 1,840 requests/s (95 % CI 1,300 to 1,930, 1 of 1 confirmations), not sure: the budget \
             ended before it was confirmed.\n\
             Keeps p(99)<200ms and errors<0.1%; at 1,930/s no longer.\n",
        );
        let far = Finding { confirmations: (2, 2), ..early.clone() };
        check(
            far,
            &[],
            Some(1500.0),
            "About 1,840 requests/s (95 % CI 1,300 to 1,930, 2 of 2 confirmations), not sure: it is too near \
             to the goal of 1,500/s to tell.\n\
             Goal of 1,500/s: not decided.\n\
             Keeps p(99)<200ms and errors<0.1%; at 1,930/s no longer.\n",
        );
        let floor = Finding {
            end: End::Floor,
            capacity: None,
            first_failing: Some(12.0),
            confirmations: (0, 0),
            ..open
        };
        check(
            floor,
            &[],
            Some(100.0),
            "No capacity: p(99)<200ms and errors<0.1% was kept at no rate that was tried, not even at 12 \
             requests/s.\nGoal of 100/s missed.\n",
        );
    }
}
