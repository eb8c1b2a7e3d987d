//! What a trial is for and what it showed, in words.

use plimsoll_analysis::capacity::{Cause, Clause, Judgement, Kind, Outcome};
use plimsoll_metrics::window::{Measure, Objective};

use crate::commands::trials::figures::{milliseconds, number, percent, rate as per_second};

pub(in crate::commands::capacity) fn phase(kind: Kind) -> &'static str {
    match kind {
        Kind::Bracket => "bracket",
        Kind::Narrow => "narrow",
        Kind::Confirm => "confirm",
        Kind::Hold => "hold",
        Kind::Overload => "overload",
        Kind::Recover => "recover",
    }
}

/// What goes on in a phase, for whoever does not know its name.
pub(in crate::commands::capacity) fn doing(kind: Kind) -> &'static str {
    match kind {
        Kind::Bracket => "looking for a rate that is kept and one that is not",
        Kind::Narrow => "halving what is between",
        Kind::Confirm => "confirming both sides",
        Kind::Hold => "holding 50, 80 and 100 %",
        Kind::Overload => "overloading at 120 %",
        Kind::Recover => "coming back to 90 %",
    }
}

/// What a trial showed, when no more is known of it.
pub(in crate::commands::capacity) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pass => "kept".to_owned(),
        Outcome::Fail(Cause::Objective(_)) => "not kept".to_owned(),
        Outcome::Fail(Cause::NotAchieved) => "not kept: less ended than was asked for".to_owned(),
        Outcome::Fail(Cause::Backlog) => "not kept: more come than are answered".to_owned(),
        Outcome::Undecided { .. } => "unclear".to_owned(),
        Outcome::Invalid(reason) => format!("INVALID: {reason}"),
    }
}

/// What a trial showed, with the figure that decided.
pub(in crate::commands::capacity) fn verdict(
    judgement: &Judgement,
    objectives: &[Objective],
    rate: f64,
) -> String {
    let figures = || -> String {
        let pairs = objectives.iter().zip(&judgement.clauses);
        pairs.map(|(one, clause)| figure(one, clause)).collect::<Vec<_>>().join(", ")
    };
    let in_flight = number(judgement.in_flight);
    match &judgement.outcome {
        Outcome::Pass => format!("kept: {}", figures()),
        Outcome::Fail(Cause::Objective(at)) => {
            let pair = objectives.get(*at).zip(judgement.clauses.get(*at));
            let figure = pair.map(|(one, clause)| figure(one, clause)).unwrap_or_default();
            let wanted = objectives.get(*at).map_or("", |one| &one.source);
            format!("not kept: {figure}, not {wanted}")
        }
        Outcome::Fail(Cause::NotAchieved) if judgement.throughput <= 0.0 => {
            "not kept: nothing ended".to_owned()
        }
        Outcome::Fail(Cause::NotAchieved) => {
            let done = number(judgement.throughput);
            format!("not kept: {done}/s ended of {}", per_second(rate))
        }
        Outcome::Fail(Cause::Backlog) => {
            format!("not kept: more come than are answered, {in_flight} in flight")
        }
        Outcome::Undecided { leans_to_pass } => {
            let leaning = if *leans_to_pass { "rather kept" } else { "rather not kept" };
            format!("unclear, {leaning}: {}", figures())
        }
        Outcome::Invalid(reason) => format!("INVALID: {reason}"),
    }
}

/// One objective's figure: `p(99) 43.2 ms`.
fn figure(objective: &Objective, clause: &Clause) -> String {
    let name = objective.source.split(['<', '>', '=']).next().unwrap_or_default().trim();
    match objective.measure {
        Measure::Errors => format!("errors {}", percent(clause.value)),
        _ => format!("{name} {}", milliseconds(clause.value)),
    }
}
