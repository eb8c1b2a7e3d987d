//! What a search should find of a simulated service, and what it found.

use std::time::Duration;

use plimsoll_analysis::capacity::{
    Cause, End, Finding, Kind, Outcome, Score as Scored, Search, Settings, Step, judge,
};
use plimsoll_metrics::window::{Measure, Objective};

use crate::services::{Model, Service, Work};

/// Seconds without load between two trials.
const REST: f64 = 0.5;

/// Of a trial whose backlog grew without end.
const HOPELESS: Scored = Scored { excess: 4.0, error: 1.0 };

/// A search with more of them does not end.
const TRIALS_MAX: usize = 200;

/// The rate that a search should find.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Truth {
    /// At which the share of requests beyond the limit, or their mean, over an endless time is the limit:
    /// by a formula, or of a simulation of 10,000 seconds, exact to about 0.2 %.
    Forever(f64),
    /// Sooner or later the service falls over at any rate worth the name, and stays down: the share of
    /// slow requests over an endless time says nothing of one that has just been started. What can be
    /// said is for how long a rate is kept. The truth is the rate that every other of the search's long
    /// trials keeps; it falls with the logarithm of their length, by `per_e_fold` from that at six
    /// seconds: counted over 200 trials of 6 to 60 seconds at each of 24 rates.
    EveryOther { six_seconds: f64, per_e_fold: f64 },
}

impl Truth {
    /// For a search whose long trials have that length.
    pub(crate) fn rate(self, long: Duration) -> f64 {
        match self {
            Truth::Forever(rate) => rate,
            Truth::EveryOther { six_seconds, per_e_fold } => {
                six_seconds - per_e_fold * (long.as_secs_f64() / 6.0).ln()
            }
        }
    }
}

/// A service and what it should keep.
pub(crate) struct Case {
    pub(crate) model: Model,
    pub(crate) objectives: &'static [&'static str],
    pub(crate) truth: Truth,
    /// Where the search starts, per second.
    pub(crate) start: f64,
}

/// Every kind of service that a search must get right.
pub(crate) fn cases() -> Vec<Case> {
    let plain = Model::PLAIN;
    let four = Model { servers: 4, work: Work::Exponential(0.008), ..plain };
    let eight = Model { servers: 8, ..plain };
    let limited =
        Model { name: "hard limit of 16", work: Work::Fixed(0.02), limit: Some(16), ..eight };
    let scaling = |contention, coherency| Work::Scaling { base: 0.01, contention, coherency };
    let bimodal = Work::Bimodal { usual: 0.004, rare: 0.08, share: 0.05 };
    let case = |model, objectives, truth| Case { model, objectives, truth, start: 20.0 };
    // Time in an M/M/1 is exponential: exp(-(500 - rate) * 0.04) = 0.01.
    let one = Truth::Forever(384.87);
    // That in an M/M/4 is the work and, with the chance that Erlang's C gives, an exponential wait.
    let of_four = Truth::Forever(411.16);
    vec![
        case(plain, &["p(99)<40ms"], one),
        case(Model { name: "M/M/4", ..four }, &["p(99)<60ms", "errors<0.1%"], of_four),
        case(limited, &["errors<1%"], Truth::Forever(343.1)),
        case(
            Model { name: "USL", servers: 64, work: scaling(0.05, 0.0005), ..plain },
            &["p(95)<60ms"],
            Truth::Forever(829.4),
        ),
        case(
            Model { name: "collapse", servers: 256, work: scaling(0.02, 0.002), ..plain },
            &["p(99)<300ms"],
            Truth::EveryOther { six_seconds: 848.0, per_e_fold: 20.6 },
        ),
        // Coming from below it is the same M/M/4: it gets stuck there once in a quarter of an hour.
        case(
            Model { name: "hysteresis", sticky: Some((60, 1.6)), ..four },
            &["p(99)<60ms"],
            of_four,
        ),
        // Once it is warm. The first trials are not.
        case(Model { name: "warm-up", warm_up: 6.0, ..four }, &["p(99)<60ms"], of_four),
        case(
            Model { name: "bimodal", work: bimodal, ..eight },
            &["avg<30ms"],
            Truth::Forever(938.2),
        ),
    ]
}

impl Case {
    fn objectives(&self) -> Vec<Objective> {
        let parse = |text: &&str| Objective::parse(text).expect("written here");
        self.objectives.iter().map(parse).collect()
    }

    /// So many in flight are not served in time any more, as `plimsoll capacity` has it.
    fn hopeless(&self, rate: f64) -> f64 {
        let objectives = self.objectives();
        let latencies = objectives.iter().filter(|one| one.measure != Measure::Errors);
        let allowed = latencies.map(|one| one.limit / 1e3).reduce(f64::max).unwrap_or(5.0);
        (rate * (2.0 + 2.0 * allowed)).max(20.0)
    }

    /// How many of `trials` of so many `seconds` at `rate`, each of a fresh service that is warm, keep
    /// the objectives.
    pub(crate) fn kept(&self, rate: f64, seconds: usize, trials: u64) -> u64 {
        let objectives = self.objectives();
        let is_kept = |seed: &u64| {
            let mut service = Service::new(self.model, 900_000 + seed);
            service.rest(self.model.warm_up);
            let judged = judge(&service.trial(rate, seconds, f64::INFINITY), &objectives);
            !matches!(judged.outcome, Outcome::Fail(Cause::Backlog | Cause::NotAchieved))
                && judged.clauses.iter().all(|clause| clause.test <= clause.limit)
        };
        (0..trials).filter(is_kept).count() as u64
    }

    /// A whole search, in virtual time. With `hiccups` the generator is the limit in every ninth trial.
    pub(crate) fn search(&self, seed: u64, budget: Duration, hiccups: bool) -> Searched {
        let objectives = self.objectives();
        let settings = Settings { seed, ..Settings::within(budget, self.start, 1e6) };
        let mut search = Search::new(settings);
        let mut service = Service::new(self.model, seed);
        let mut seconds = 0.0;
        loop {
            let left = budget.saturating_sub(Duration::from_secs_f64(seconds));
            let order = match search.next(left) {
                Step::Done(finding) => return Searched { finding, search, seconds },
                Step::Run(order) => order,
            };
            // Back from an overload nothing is waited for: that is what is asked.
            if order.kind != Kind::Recover {
                seconds += service.rest(REST);
            }
            let asked = order.length.as_secs() as usize;
            let mut trial = service.trial(order.rate, asked, self.hopeless(order.rate));
            let lasted = trial.seconds.len();
            if hiccups && search.trials().len() % 9 == 4 {
                trial.generator.cpu_share = 0.95;
            }
            let judged = judge(&trial, &objectives);
            let is_decided = matches!(judged.outcome, Outcome::Fail(_) | Outcome::Invalid(_));
            if lasted < asked && !is_decided {
                search.record(order, Outcome::Fail(Cause::Backlog), HOPELESS);
            } else {
                search.record(order, judged.outcome, judged.score);
            }
            let trials = search.trials();
            assert!(trials.len() < TRIALS_MAX, "{}, seed {seed}: {trials:#?}", self.model.name);
            seconds += lasted as f64;
        }
    }
}

/// What a search found and what it cost.
pub(crate) struct Searched {
    pub(crate) finding: Finding,
    pub(crate) search: Search,
    pub(crate) seconds: f64,
}

/// How searches with many seeds did against one truth.
#[derive(Debug, Default)]
pub(crate) struct Score {
    pub(crate) searches: usize,
    /// Seeds whose interval held the truth, lay above it, lay below it, or was not given.
    pub(crate) covered: Vec<u64>,
    pub(crate) above: Vec<u64>,
    pub(crate) below: Vec<u64>,
    pub(crate) silent: Vec<u64>,
    /// Seeds that called both sides confirmed, and of those the ones that have the truth further outside
    /// than the precision; those that ended at the floor or the ceiling too.
    pub(crate) converged: usize,
    pub(crate) wrong: Vec<u64>,
    /// The answer less the truth, as a share.
    pub(crate) errors: Vec<f64>,
    pub(crate) seconds: Vec<f64>,
    /// Of the intervals, as a share of the truth.
    pub(crate) widths: Vec<f64>,
}

impl Score {
    fn add(&mut self, seed: u64, truth: f64, searched: &Searched) {
        let finding = &searched.finding;
        let capacity = finding.capacity.unwrap_or(0.0);
        self.searches += 1;
        match finding.interval {
            None => self.silent.push(seed),
            Some(range) if range.high < truth => self.below.push(seed),
            Some(range) if range.low > truth => self.above.push(seed),
            Some(_) => self.covered.push(seed),
        }
        self.widths.extend(finding.interval.map(|range| (range.high - range.low) / truth));
        let slack = 1.0 + searched.search.settings().precision;
        let is_within = capacity <= truth * slack
            && finding.first_failing.is_some_and(|high| high * slack >= truth);
        let is_wrong = match finding.end {
            End::Converged => !is_within,
            End::Budget => false,
            End::Ceiling | End::Floor => true,
        };
        self.converged += usize::from(finding.end == End::Converged);
        self.wrong.extend(is_wrong.then_some(seed));
        self.errors.push(capacity / truth - 1.0);
        self.seconds.push(searched.seconds);
    }
}

/// Searches the service of `case` with every seed.
pub(crate) fn score(case: &Case, seeds: std::ops::Range<u64>, budget: Duration) -> Score {
    let mut score = Score::default();
    let truth = case.truth.rate(Settings::within(budget, case.start, 1e6).long);
    for seed in seeds {
        score.add(seed, truth, &case.search(seed, budget, false));
    }
    score
}
