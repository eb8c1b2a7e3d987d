//! What a trial shows of the objectives.

use plimsoll_metrics::{
    Histogram,
    histogram::Bucket,
    window::{Measure, Objective},
};

use super::{
    lateness::is_due_to_lateness,
    trial::{Second, Trial},
};
use crate::stats::{self, Interval};

/// How sure a bound must be before a trial decides.
const CONFIDENCE: f64 = 0.95;

/// The share of what was due that must have ended, but for as many as come by chance.
const ACHIEVED: f64 = 0.99;

/// Growth of what is in flight, as a share of the rate, that no service in balance has.
const BACKLOG: f64 = 0.01;

/// From this share of its CPU on, the generator is the limit: of a trial, a sweep, and what is tried at all.
pub const CPU_SHARE_MAX: f64 = 0.8;

/// A trial that is so many times over the limit says no more than that.
pub(super) const EXCESS_LIMIT: f64 = 4.0;

/// Requests beyond a quantile that make it one.
const BEYOND: f64 = 100.0;

/// What the trial showed.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Every objective was kept, surely.
    Pass,
    /// Something was not kept, surely.
    Fail(Cause),
    /// More seconds are needed to be sure.
    Undecided {
        /// Whether every figure is below its limit.
        leans_to_pass: bool,
    },
    /// The generator was the limit, for this reason: nothing is known of the service.
    Invalid(String),
}

/// What was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The objective of that place in the list.
    Objective(usize),
    /// Less ended than was due.
    NotAchieved,
    /// What was in flight grew and grew.
    Backlog,
}

/// One objective in one trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// The measured figure: milliseconds, or a share.
    pub value: f64,
    /// What decides: the share of requests beyond the limit, or the mean; against [`Clause::limit`].
    pub test: f64,
    pub interval: Option<Interval>,
    pub limit: f64,
    /// Surely kept, surely not, or neither.
    pub holds: Option<bool>,
    /// By how much the test is over its limit, as a share of the limit; negative below it.
    pub excess: f64,
    /// The standard error of that.
    pub error: f64,
    /// Whether there were enough requests for the figure.
    pub is_supported: bool,
}

/// How far a trial was from what it had to keep, as a number that can be averaged over trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// As [`Clause::excess`]; at most 4.
    pub excess: f64,
    pub error: f64,
}

/// A trial, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub outcome: Outcome,
    /// That of the clause that is over its limit most; what grows without end has the most there is.
    pub score: Score,
    /// One per objective.
    pub clauses: Vec<Clause>,
    /// Seconds left out at the start, and used.
    pub warm_up: usize,
    pub used: usize,
    /// Ended per second, mean milliseconds, mean in flight.
    pub throughput: f64,
    pub mean_latency: f64,
    pub in_flight: f64,
    /// How far Little's law is off: in flight against throughput times latency, as a share.
    pub little_gap: f64,
}

/// Judges `trial` against `objectives`.
pub fn judge(trial: &Trial, objectives: &[Objective]) -> Judgement {
    let warm_up = trial.warm_up();
    let used = trial.seconds.get(warm_up..).unwrap_or_default();
    let seconds = used.len().max(1) as f64;
    let sum = |of: fn(&Second) -> f64| used.iter().map(of).sum::<f64>();
    let mut latency = Histogram::new();
    used.iter().for_each(|second| latency.merge(&second.latency));
    let throughput = sum(|second| second.done) / seconds;
    let in_flight = sum(|second| second.in_flight) / seconds;
    let expected = throughput * latency.mean() / 1e3;
    let clauses: Vec<Clause> =
        objectives.iter().map(|objective| clause(objective, used, &latency)).collect();
    let outcome = outcome(trial, used, objectives, &clauses);
    let score = score(&outcome, &clauses);
    Judgement {
        outcome,
        score,
        clauses,
        warm_up,
        used: used.len(),
        throughput,
        mean_latency: latency.mean(),
        in_flight,
        little_gap: if expected > 0.0 { (in_flight - expected).abs() / expected } else { 0.0 },
    }
}

fn score(outcome: &Outcome, clauses: &[Clause]) -> Score {
    if matches!(outcome, Outcome::Fail(Cause::Backlog | Cause::NotAchieved)) {
        return Score { excess: EXCESS_LIMIT, error: 1.0 };
    }
    let worst = clauses.iter().max_by(|a, b| a.excess.total_cmp(&b.excess));
    let (excess, error) = worst.map_or((-1.0, 0.0), |clause| (clause.excess, clause.error));
    Score { excess: excess.min(EXCESS_LIMIT), error }
}

fn outcome(
    trial: &Trial,
    used: &[Second],
    objectives: &[Objective],
    clauses: &[Clause],
) -> Outcome {
    if let Some(reason) = generator_limit(trial) {
        return Outcome::Invalid(reason);
    }
    let outcome = outcome_of_service(trial, used, clauses);
    let in_flight =
        used.iter().map(|second| second.in_flight).sum::<f64>() / used.len().max(1) as f64;
    match is_due_to_lateness(trial, objectives, clauses, &outcome, in_flight) {
        Some(reason) => Outcome::Invalid(reason),
        None => outcome,
    }
}

fn outcome_of_service(trial: &Trial, used: &[Second], clauses: &[Clause]) -> Outcome {
    let failed = clauses.iter().position(|clause| clause.holds == Some(false));
    let balance = balance(trial.rate, used);
    let (due, done) =
        used.iter().fold((0.0, 0.0), |(due, done), second| (due + second.due, done + second.done));
    match (failed, balance) {
        (Some(at), _) => Outcome::Fail(Cause::Objective(at)),
        (None, Some(false)) => Outcome::Fail(Cause::Backlog),
        _ if done < due * ACHIEVED - 2.0 * due.sqrt() && used.len() >= 5 => {
            Outcome::Fail(Cause::NotAchieved)
        }
        (None, Some(true)) if clauses.iter().all(|clause| clause.holds == Some(true)) => {
            Outcome::Pass
        }
        (None, balance) => {
            let below = clauses.iter().all(|clause| clause.test <= clause.limit);
            Outcome::Undecided { leans_to_pass: below && balance != Some(false) }
        }
    }
}

fn generator_limit(trial: &Trial) -> Option<String> {
    let generator = &trial.generator;
    if let Some(shortage) = &generator.shortage {
        return Some(shortage.clone());
    }
    if generator.cpu_share > CPU_SHARE_MAX {
        let percent = generator.cpu_share * 100.0;
        return Some(format!("the generator used {percent:.0} % of its CPU"));
    }
    None
}

/// Whether what is in flight stays: surely, surely not, or neither.
fn balance(rate: f64, used: &[Second]) -> Option<bool> {
    let in_flight: Vec<f64> = used.iter().map(|second| second.in_flight).collect();
    let slope = stats::slope(&in_flight, CONFIDENCE)?;
    // Few in flight look like a trend by chance, as a coin does that falls three times alike.
    let mean = in_flight.iter().sum::<f64>() / in_flight.len() as f64;
    let noise = 5.0 * (1.0 + mean.sqrt());
    if slope.estimate * (in_flight.len() as f64) < noise {
        return Some(true);
    }
    if slope.estimate > BACKLOG * rate && slope.interval.low > BACKLOG * rate / 4.0 {
        return Some(false);
    }
    (slope.estimate <= BACKLOG * rate || slope.interval.low <= 0.0).then_some(true)
}

fn clause(objective: &Objective, used: &[Second], latency: &Histogram) -> Clause {
    let over = objective.over.map_or(0, |over| over.as_secs() as usize);
    let limit = objective.limit;
    match objective.measure {
        Measure::Errors => {
            let blocks: Vec<_> = used.iter().map(|second| (second.failed, second.done)).collect();
            let value = ratio(&blocks);
            let clause = by_share(&blocks, limit, over, value);
            let has_some = blocks.iter().any(|(failed, _)| *failed > 0.0);
            // To be sure that less than 0.1 % fail takes thousands of requests; without a single failure
            // nothing says that it is more.
            let holds = clause.holds.or((!has_some && !used.is_empty()).then_some(true));
            Clause { holds, ..clause }
        }
        Measure::Quantile(q) => {
            let beyond = |second: &Second| {
                let buckets = second.latency.buckets();
                let slow = buckets.iter().map(|bucket| bucket.count as f64 * above(bucket, limit));
                (slow.sum::<f64>(), second.latency.count() as f64)
            };
            let blocks: Vec<_> = used.iter().map(beyond).collect();
            by_share(&blocks, 1.0 - q, over, latency.percentile(q * 100.0))
        }
        Measure::Mean => by_mean(used, limit, over, latency),
    }
}

/// The share of `bucket` that is not below `limit`, as if its values were evenly spread.
fn above(bucket: &Bucket, limit: f64) -> f64 {
    if bucket.low >= limit {
        1.0
    } else if bucket.high < limit {
        0.0
    } else {
        (bucket.high - limit) / (bucket.high - bucket.low)
    }
}

fn ratio(blocks: &[(f64, f64)]) -> f64 {
    let (marked, all) = blocks.iter().fold((0.0, 0.0), |(a, b), (m, n)| (a + m, b + n));
    if all > 0.0 { marked / all } else { 0.0 }
}

/// The share of requests beyond a limit must stay below `allowed`; with a window, in every window.
fn by_share(blocks: &[(f64, f64)], allowed: f64, over: usize, value: f64) -> Clause {
    let found = stats::share(blocks, CONFIDENCE);
    let worst = blocks.windows(over.max(1)).map(ratio).fold(0.0, f64::max);
    let is_broken = over > 0 && blocks.len() >= over && worst > allowed;
    let holds = found.and_then(|share| {
        if is_broken || share.interval.low > allowed {
            Some(false)
        } else if share.interval.high <= allowed || (allowed <= 0.0 && share.estimate <= 0.0) {
            Some(true)
        } else {
            None
        }
    });
    let all: f64 = blocks.iter().map(|(_, all)| all).sum();
    let scale = allowed.max(f64::MIN_POSITIVE);
    let decisive = |estimate: f64| if over > 0 && blocks.len() >= over { worst } else { estimate };
    let excess = found.map_or(0.0, |share| decisive(share.estimate) / scale - 1.0);
    let error = found.map_or(1.0, |share| width(share.interval) / scale);
    Clause {
        value,
        excess,
        error,
        test: found.map_or(0.0, |share| share.estimate),
        interval: found.map(|share| share.interval),
        limit: allowed,
        holds,
        is_supported: all * allowed >= BEYOND,
    }
}

/// The mean, with its error from that of seconds: neighbours are alike.
fn by_mean(used: &[Second], limit: f64, over: usize, latency: &Histogram) -> Clause {
    let sums: Vec<(f64, f64)> =
        used.iter().map(|second| (second.latency.sum(), second.latency.count() as f64)).collect();
    let mean = latency.mean();
    let half = stats::z_of(CONFIDENCE) * stats::ratio_error(&sums);
    let interval = (used.len() >= 3).then_some(Interval { low: mean - half, high: mean + half });
    let worst = sums.windows(over.max(1)).map(ratio).fold(0.0, f64::max);
    let is_broken = over > 0 && sums.len() >= over && worst > limit;
    let holds = interval.and_then(|range| {
        if is_broken || range.low > limit {
            Some(false)
        } else {
            (range.high <= limit).then_some(true)
        }
    });
    let is_supported = latency.count() as f64 >= BEYOND;
    let excess = if over > 0 && sums.len() >= over { worst } else { mean } / limit - 1.0;
    let error = interval.map_or(1.0, |range| width(range) / limit);
    Clause { value: mean, excess, error, test: mean, interval, limit, holds, is_supported }
}

/// One standard error, from an interval of [`CONFIDENCE`].
fn width(range: Interval) -> f64 {
    (range.high - range.low) / 2.0 / stats::z_of(CONFIDENCE)
}
