//! Whether requests that the generator sent late can be why a trial was not kept.
//!
//! A latency counts from when a request was due, so sending it late only makes it longer: what is kept all
//! the same is kept. Nor does it explain a service that is seconds behind.

use plimsoll_metrics::window::{Measure, Objective};

use super::{
    judge::{Cause, Clause, Outcome},
    trial::Trial,
};

/// Lateness that needs no excuse: so many milliseconds at the 99th percentile, or that share of the tightest
/// limit on latency, whichever is more.
pub const LATENESS_MS: f64 = 1.0;
pub const LATENESS_SHARE: f64 = 0.05;

/// Requests that were held up are sent together and wait for one another too: what they are late by may
/// show so many times.
const TIMES: f64 = 3.0;

/// Milliseconds, at the 99th percentile, by which requests may be sent late where `objectives` are to be kept.
pub fn lateness_limit(objectives: &[Objective]) -> f64 {
    let latencies = objectives.iter().filter(|one| one.measure != Measure::Errors);
    let tightest = latencies.map(|one| one.limit).fold(f64::INFINITY, f64::min);
    if tightest.is_finite() { LATENESS_MS.max(tightest * LATENESS_SHARE) } else { LATENESS_MS }
}

/// Why `outcome` says nothing of the service, if it does not. `in_flight`: the mean.
pub(super) fn is_due_to_lateness(
    trial: &Trial,
    objectives: &[Objective],
    clauses: &[Clause],
    outcome: &Outcome,
    in_flight: f64,
) -> Option<String> {
    let late = trial.generator.lateness_p99;
    let limit = lateness_limit(objectives);
    if late <= limit {
        return None;
    }
    let is_near = |at: usize| match (objectives.get(at), clauses.get(at)) {
        (Some(objective), Some(clause)) if objective.measure != Measure::Errors => {
            clause.value - TIMES * late <= objective.limit
        }
        _ => false,
    };
    let is_due = match outcome {
        Outcome::Pass | Outcome::Undecided { leans_to_pass: true } => false,
        Outcome::Fail(Cause::Objective(at)) => is_near(*at),
        Outcome::Fail(Cause::Backlog | Cause::NotAchieved) => {
            in_flight <= TIMES * trial.rate * late / 1e3
        }
        Outcome::Undecided { .. } | Outcome::Invalid(_) => true,
    };
    is_due.then(|| format!("requests were sent late by {late:.1} ms (p99, limit {limit:.1} ms)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::Generator;

    #[track_caller]
    fn check(late: f64, value: f64, outcome: &Outcome, in_flight: f64, expected: bool) {
        let generator = Generator { lateness_p99: late, ..Generator::default() };
        let trial = Trial { rate: 100.0, seconds: Vec::new(), generator };
        let objectives = [Objective::parse("p(99)<200ms").unwrap()];
        let clause = Clause {
            value,
            test: 0.5,
            interval: None,
            limit: 0.01,
            holds: None,
            excess: 0.0,
            error: 0.0,
            is_supported: true,
        };
        let found = is_due_to_lateness(&trial, &objectives, &[clause], outcome, in_flight);
        assert_eq!(found.is_some(), expected, "{late} {value} {outcome:?} {in_flight}: {found:?}");
    }

    #[test]
    fn the_limit_is_that_of_the_tightest_objective() {
        let limit = |texts: &[&str]| {
            let parse = |text: &&str| Objective::parse(text).unwrap();
            lateness_limit(&texts.iter().map(parse).collect::<Vec<_>>())
        };
        assert_eq!(limit(&["p(99)<200ms", "avg<100ms"]), 5.0);
        assert_eq!((limit(&["p(99)<5ms"]), limit(&["errors<1%"]), limit(&[])), (1.0, 1.0, 1.0));
    }

    #[test]
    fn what_lateness_explains() {
        let slow = Outcome::Fail(Cause::Objective(0));
        check(9.9, 201.0, &slow, 1.0, false);
        check(20.0, 201.0, &slow, 1.0, true);
        check(20.0, 1_000.0, &slow, 1.0, false);
        check(400.0, 1_000.0, &slow, 1.0, true);
        check(20.0, 150.0, &Outcome::Pass, 1.0, false);
        check(20.0, 150.0, &Outcome::Undecided { leans_to_pass: true }, 1.0, false);
        check(20.0, 210.0, &Outcome::Undecided { leans_to_pass: false }, 1.0, true);
        let behind = Outcome::Fail(Cause::Backlog);
        check(20.0, 150.0, &behind, 200.0, false);
        check(1_000.0, 150.0, &behind, 200.0, true);
    }
}
