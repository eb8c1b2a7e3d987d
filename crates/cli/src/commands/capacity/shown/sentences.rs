//! The answer in sentences, for a terminal and for pages.

use plimsoll_analysis::capacity::Finding;

use crate::commands::{
    capacity::conclusion::{Conclusion, Verdict},
    trials::{
        figures::{number, percent},
        level::Unit,
        signals::SIGNALS_LIMIT,
    },
};

/// What the answer is about.
pub(in crate::commands::capacity) struct About<'a> {
    pub(in crate::commands::capacity) unit: Unit,
    pub(in crate::commands::capacity) is_closed: bool,
    pub(in crate::commands::capacity) objectives: &'a [String],
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_that_are_not_kept_are_told() {
        assert_eq!(left_out(0), None);
        let told = left_out(1200).unwrap();
        assert!(told.starts_with("1,200 signals") && told.contains("10,000 at most"), "{told}");
    }
}
