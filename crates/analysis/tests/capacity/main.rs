//! Searches of simulated services, in virtual time, against known truths.

mod services;
mod truth;

use std::time::Duration;

use plimsoll_analysis::capacity::{
    Cause, End, Finding, Generator, Outcome, Score, Search, Settings, Step, Trial, judge,
};
use plimsoll_metrics::window::Objective;
use services::{Model, Service};

const QUARTER: Duration = Duration::from_secs(900);

const THREE_MINUTES: Duration = Duration::from_secs(180);

/// Of so many searches of every service at most so many intervals may miss the truth; with the seeds as
/// they are the outcome is always the same. `cargo xtask measure capacity` counts more of them.
const SEEDS: u64 = 12;
const MISSED: usize = 3;

#[test]
fn intervals_hold_the_truth() {
    for case in truth::cases() {
        let score = truth::score(&case, 0..SEEDS, THREE_MINUTES);
        let name = case.model.name;
        let missed = score.above.len() + score.below.len();
        assert!(missed <= MISSED && score.silent.len() <= 1, "{name}: {score:?}");
        assert!(score.seconds.iter().all(|seconds| *seconds <= 200.0), "{name}: {score:?}");
    }
}

/// With a longer budget it is narrower.
#[test]
fn a_sharp_edge_is_found_to_a_few_per_cent() {
    for case in truth::cases() {
        if !matches!(case.model.name, "hard limit of 16" | "USL") {
            continue;
        }
        let score = truth::score(&case, 0..2, QUARTER);
        let name = case.model.name;
        assert_eq!(score.covered, [0, 1], "{name}: {score:?}");
        assert!(score.widths.iter().all(|width| *width < 0.06), "{name}: {score:?}");
        assert!(score.errors.iter().all(|error| error.abs() < 0.12), "{name}: {score:?}");
    }
}

/// A generator that is the limit now and then is no reason to stop, nor does it count.
#[test]
fn no_search_stops_on_an_invalid_trial() {
    for case in truth::cases() {
        let searched = case.search(1, THREE_MINUTES, true);
        let trials = searched.search.trials();
        let invalid = trials.iter().filter(|trial| matches!(trial.outcome, Outcome::Invalid(_)));
        assert!(invalid.count() >= 2, "{}: {trials:#?}", case.model.name);
        let finding = searched.finding;
        let has_both = finding.capacity.is_some() && finding.interval.is_some();
        assert!(has_both && finding.end != End::Ceiling, "{}: {finding:?}", case.model.name);
    }
}

/// The rate that every other trial keeps, of a service for which it is the truth.
#[test]
fn what_falls_over_does_so_in_every_other_trial() {
    for case in truth::cases() {
        let truth::Truth::EveryOther { .. } = case.truth else { continue };
        let truth = case.truth.rate(Duration::from_secs(9));
        let kept = [0.95, 1.0, 1.05].map(|share| case.kept(truth * share, 9, 20));
        assert!(kept[0] >= 15 && (5..=15).contains(&kept[1]) && kept[2] <= 5, "{kept:?}");
    }
}

fn outcome(rate: f64, seconds: usize, generator: Generator) -> Outcome {
    let objectives = [Objective::parse("p(99)<40ms").expect("written here")];
    let trial = Service::new(Model::PLAIN, 1).trial(rate, seconds, f64::INFINITY);
    judge(&Trial { generator, ..trial }, &objectives).outcome
}

#[test]
fn trials_far_from_the_edge_are_judged_at_once() {
    assert_eq!(outcome(200.0, 10, Generator::default()), Outcome::Pass);
    assert_eq!(outcome(480.0, 20, Generator::default()), Outcome::Fail(Cause::Objective(0)));
    let few = outcome(5.0, 4, Generator::default());
    assert_eq!(few, Outcome::Undecided { leans_to_pass: true });
}

/// Whatever the service did.
#[test]
fn a_generator_that_was_the_limit_makes_a_trial_invalid() {
    let is_invalid = |generator| matches!(outcome(480.0, 10, generator), Outcome::Invalid(_));
    assert!(is_invalid(Generator { cpu_share: 0.95, ..Generator::default() }));
    assert!(is_invalid(Generator { lateness_p99: 500.0, ..Generator::default() }));
    assert!(is_invalid(Generator { shortage: Some("no ports".into()), ..Generator::default() }));
}

/// An invalid trial is tried once more; then the search ends there and says how far it got.
#[test]
fn the_generators_limit_ends_the_search() {
    let mut search = Search::new(Settings::within(QUARTER, 100.0, 1e6));
    let finding = loop {
        let order = match search.next(QUARTER) {
            Step::Done(finding) => break finding,
            Step::Run(order) => order,
        };
        let outcome = match order.rate < 900.0 {
            true => Outcome::Pass,
            false => Outcome::Invalid("the generator used 97 % of its CPU".into()),
        };
        search.record(order, outcome, Score { excess: -1.0, error: 0.1 });
    };
    assert_eq!((finding.end, finding.first_failing), (End::Ceiling, None));
    assert!(finding.capacity.is_some_and(|rate| (800.0..900.0).contains(&rate)), "{finding:?}");
}

/// A stored list of trials resumes a search: what comes next depends on nothing else.
#[test]
fn a_search_is_a_function_of_its_trials() {
    let settings = Settings::within(QUARTER, 100.0, 1e6);
    let mut search = Search::new(settings.clone());
    while let Step::Run(order) = search.next(QUARTER) {
        let passes = order.rate < 700.0;
        let outcome = if passes { Outcome::Pass } else { Outcome::Fail(Cause::Backlog) };
        let excess = if passes { -1.0 } else { 4.0 };
        search.record(order, outcome, Score { excess, error: 0.1 });
        let mut resumed = Search::new(settings.clone());
        for trial in search.trials() {
            resumed.record(trial.order, trial.outcome.clone(), trial.score);
        }
        assert_eq!(resumed.next(QUARTER), search.next(QUARTER));
    }
    let Step::Done(finding) = search.next(QUARTER) else { panic!("it is done") };
    assert_eq!(finding.end, End::Converged);
    let Finding { confirmations: kept, refutations: broken, .. } = finding;
    assert!(kept.0 >= 4 && kept.0 == kept.1 && broken.0 >= 4 && broken.0 == broken.1);
}

/// With no time left it says what it knows.
#[test]
fn no_time_is_an_end_too() {
    let search = Search::new(Settings::within(QUARTER, 100.0, 1e6));
    let Step::Done(finding) = search.next(Duration::ZERO) else { panic!("there is no time") };
    assert_eq!((finding.end, finding.capacity, finding.interval), (End::Budget, None, None));
}
