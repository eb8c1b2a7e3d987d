//! What a search should find of a simulated service, and what it found.

use std::time::Duration;

use plimsoll_analysis::{
    capacity::{Cause, End, Finding, Kind, Outcome, Search, Settings, Step, judge},
    stats,
};
use plimsoll_metrics::window::Objective;

use crate::services::{Model, Service, Work};

/// Seconds without load between two trials.
const REST: f64 = 0.5;

/// A search with more of them does not end.
const TRIALS_MAX: usize = 200;

/// A service and what it should keep.
pub(crate) struct Case {
    pub(crate) model: Model,
    pub(crate) objectives: &'static [&'static str],
    /// Where the search starts, per second.
    pub(crate) start: f64,
}

/// Every kind of service that a search must get right.
pub(crate) fn cases() -> Vec<Case> {
    let plain = Model::PLAIN;
    let four = Model { servers: 4, work: Work::Exponential(0.008), ..plain };
    let eight = Model { servers: 8, ..plain };
    let scaling = |contention, coherency| Work::Scaling { base: 0.01, contention, coherency };
    let bimodal = Work::Bimodal { usual: 0.004, rare: 0.08, share: 0.05 };
    let case = |model, objectives| Case { model, objectives, start: 20.0 };
    vec![
        case(plain, &["p(99)<40ms"]),
        case(Model { name: "M/M/4", ..four }, &["p(99)<60ms", "errors<0.1%"]),
        case(
            Model { name: "hard limit of 16", work: Work::Fixed(0.02), limit: Some(16), ..eight },
            &["errors<1%"],
        ),
        case(
            Model { name: "USL", servers: 64, work: scaling(0.05, 0.0005), ..plain },
            &["p(95)<60ms"],
        ),
        case(
            Model { name: "collapse", servers: 256, work: scaling(0.02, 0.002), ..plain },
            &["p(99)<300ms"],
        ),
        case(Model { name: "hysteresis", sticky: Some((60, 1.6)), ..four }, &["p(99)<60ms"]),
        case(Model { name: "warm-up", warm_up: 6.0, ..four }, &["p(99)<60ms"]),
        case(Model { name: "bimodal", work: bimodal, ..eight }, &["avg<30ms"]),
    ]
}

impl Case {
    fn objectives(&self) -> Vec<Objective> {
        let parse = |text: &&str| Objective::parse(text).expect("written here");
        self.objectives.iter().map(parse).collect()
    }

    /// The rate at which the long run just keeps the objectives, by trials of so many
    /// `seconds` of a fresh service.
    pub(crate) fn truth(&self, seconds: usize) -> f64 {
        let objectives = self.objectives();
        let (mut low, mut high) = (self.start, self.start);
        while self.keeps(high, seconds, &objectives) {
            low = high;
            high *= 2.0;
        }
        while high / low > 1.002 {
            let middle = (low * high).sqrt();
            if self.keeps(middle, seconds, &objectives) { low = middle } else { high = middle }
        }
        (low * high).sqrt()
    }

    fn keeps(&self, rate: f64, seconds: usize, objectives: &[Objective]) -> bool {
        let mut service = Service::new(self.model, 4_711);
        service.rest(self.model.warm_up);
        let judged = judge(&service.trial(rate, seconds), objectives);
        !matches!(judged.outcome, Outcome::Fail(Cause::Backlog | Cause::NotAchieved))
            && judged.clauses.iter().all(|clause| clause.test <= clause.limit)
    }

    /// A whole search, in virtual time.
    pub(crate) fn search(&self, seed: u64, budget: Duration) -> (Finding, Spent) {
        let objectives = self.objectives();
        let settings = Settings { seed, ..Settings::within(budget, self.start, 1e6) };
        let mut search = Search::new(settings);
        let mut service = Service::new(self.model, seed);
        let mut spent = Spent::default();
        loop {
            let left = budget.saturating_sub(Duration::from_secs_f64(spent.seconds));
            let order = match search.next(left) {
                Step::Done(finding) => return (finding, spent),
                Step::Run(order) => order,
            };
            // Back from an overload nothing is waited for: that is what is asked.
            if order.kind != Kind::Recover {
                spent.seconds += service.rest(REST);
            }
            let trial = service.trial(order.rate, order.length.as_secs() as usize);
            let judged = judge(&trial, &objectives);
            search.record(order, judged.outcome, judged.score);
            spent.trials += 1;
            assert!(
                spent.trials < TRIALS_MAX,
                "{}, seed {seed}: {:#?}",
                self.model.name,
                search.trials()
            );
            spent.seconds += order.length.as_secs_f64();
        }
    }
}

/// What a search cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    pub(crate) trials: usize,
    pub(crate) seconds: f64,
}

/// How searches with many seeds did against one truth.
#[derive(Debug, Default)]
pub(crate) struct Score {
    pub(crate) searches: usize,
    /// The interval held the truth.
    pub(crate) covered: usize,
    pub(crate) converged: usize,
    /// The answer less the truth, as a share.
    pub(crate) errors: Vec<f64>,
    pub(crate) seconds: Vec<f64>,
    /// Of the intervals, as a share.
    pub(crate) widths: Vec<f64>,
}

/// Searches the service of `case` with every seed.
pub(crate) fn score(
    case: &Case,
    truth: f64,
    seeds: std::ops::Range<u64>,
    budget: Duration,
) -> Score {
    let mut score = Score::default();
    for seed in seeds {
        let (finding, spent) = case.search(seed, budget);
        let low = finding.capacity.unwrap_or(0.0);
        let holds = |range: stats::Interval| range.low <= truth && truth <= range.high;
        score.searches += 1;
        score.covered += usize::from(finding.interval.is_some_and(holds));
        score.widths.extend(finding.interval.map(|range| range.high / range.low - 1.0));
        score.converged += usize::from(finding.end == End::Converged);
        score.errors.push(low / truth - 1.0);
        score.seconds.push(spent.seconds);
    }
    score
}
