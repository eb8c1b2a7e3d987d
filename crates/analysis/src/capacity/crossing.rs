//! Where the objectives are just kept: from all trials together.
//!
//! How far trials were over their limits ([`Score`](super::Score)) rises with the rate: on the scale of
//! logarithms a line, of which two things are unknown, where it meets the limit and how steep it is. What
//! is over the limit comes in bursts at random, each as large as luck has it, so most short trials see
//! none and look better than the service is, and few see one and look much worse; how large bursts are is
//! the third unknown. What is known of the first, whatever the other two are, is the sum over a grid of
//! all three of how likely the trials are (a posterior). Few trials, or trials at one rate only, give a
//! wide interval then and not a wrong one.

use std::time::Duration;

use super::{
    judge::{EXCESS_LIMIT, Outcome},
    order::{Kind, Recorded},
    posterior::{Grid, Posterior, SETTLING, STRAIGHT},
};
use crate::stats::Interval;

/// Outside the interval on either side.
const TAIL: f64 = 0.025;

/// Places of the crossing on the fine grid.
const PLACES: usize = 61;

/// Where no trial shows any.
const BURST_USUAL: f64 = 0.3;
const BURST_LEAST: f64 = 1e-3;

/// It is looked for around the rates on both sides, as a logarithm, and within this ratio of what short
/// trials say.
const AROUND: f64 = 0.3;
const WITHIN: f64 = 1.5;

/// The places looked at first are as far apart as this, and then within so many standard deviations.
const STEP_FIRST: f64 = 0.02;
const REACH: f64 = 4.5;

/// Fewer do not show how alike neighbours are.
const SECONDS_MIN: f64 = 4.0;

/// Seconds at the start that are always left out.
const LEFT_OUT: f64 = 1.0;

/// Where the objectives are just kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Crossing {
    pub(super) estimate: f64,
    pub(super) interval: Interval,
    /// The standard deviation of what one long trial tells of it, as a logarithm of a ratio.
    pub(super) scatter: f64,
}

/// What `trials` tell of it; short ones have it about `near`, and `long` is the length of a long one. `None`
/// when one side is not known.
pub(super) fn crossing(trials: &[Recorded], near: Interval, long: Duration) -> Option<Crossing> {
    let usable = |trial: &&Recorded| {
        !matches!(trial.order.kind, Kind::Overload | Kind::Recover)
            && !matches!(trial.outcome, Outcome::Invalid(_))
    };
    let points: Vec<Point> =
        trials.iter().filter(usable).map(|trial| Point::of(trial, long)).collect();
    let rates = |is_over: bool| {
        let side = points.iter().filter(move |point| (point.ratio > 1.0) == is_over);
        side.map(|point| point.x)
    };
    let (over, below) = (rates(true).reduce(f64::min)?, rates(false).reduce(f64::max)?);
    let burst = burst(&points);
    let [least, most] = [near.low / WITHIN, near.high * WITHIN].map(f64::ln);
    let (low, high) = (over.min(below) - AROUND, over.max(below) + AROUND);
    let first = Grid::spanning(low.max(least), high.min(most), STEP_FIRST);
    let (middle, spread) = Posterior::of(&points, first, burst).moments();
    let reach = (REACH * spread).max(REACH * STEP_FIRST / 4.0);
    let fine = Grid { low: middle - reach, step: 2.0 * reach / (PLACES - 1) as f64, count: PLACES };
    let fine = Posterior::of(&points, fine, burst);
    let seconds = (long.as_secs_f64() - LEFT_OUT).max(1.0);
    let at = |share| fine.quantile(share).exp();
    // Whatever the line says: where a long trial fell over, and where one was far below the limit.
    let seen = |fell: bool| {
        let long = points.iter().filter(|point| point.lacks <= 0.0);
        let side = long.filter(
            move |point| {
                if fell { point.is_capped } else { point.ratio < 1.0 / STRAIGHT }
            },
        );
        side.map(|point| point.x.exp())
    };
    // At rest at first, a service looks better than it stays: all trials alike.
    let flattered = (-SETTLING / seconds * fine.flatness()).exp();
    Some(Crossing {
        estimate: at(0.5),
        interval: Interval {
            low: seen(true).fold(at(TAIL) * flattered, f64::min),
            high: seen(false).fold(at(1.0 - TAIL), f64::max),
        },
        scatter: fine.scatter() / seconds.sqrt(),
    })
}

/// A trial on the scale of the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// Logarithm of the rate.
    pub(super) x: f64,
    /// The test over its limit.
    pub(super) ratio: f64,
    /// The variance of that, by what its seconds show.
    variance: f64,
    /// Used.
    pub(super) seconds: f64,
    /// How much less that is than of a long one, as a share.
    pub(super) lacks: f64,
    /// It is that or more.
    pub(super) is_capped: bool,
}

impl Point {
    fn of(trial: &Recorded, long: Duration) -> Point {
        let [seconds, most] =
            [trial.order.length, long].map(|length| (length.as_secs_f64() - LEFT_OUT).max(1.0));
        Point {
            x: trial.order.rate.ln(),
            ratio: (trial.score.excess + 1.0).max(0.0),
            variance: trial.score.error.powi(2),
            seconds,
            lacks: (1.0 - seconds / most).max(0.0),
            is_capped: trial.score.excess >= EXCESS_LIMIT,
        }
    }
}

/// The variance of one second at the limit, by what seconds within trials show that have some.
fn burst(points: &[Point]) -> f64 {
    let telling = |point: &&Point| !point.is_capped && point.seconds >= SECONDS_MIN;
    let (squares, sum) = points.iter().filter(telling).fold((0.0, 0.0), |(squares, sum), point| {
        // A single burst is as uncertain as it is large.
        let variance = point.variance.min(point.ratio.powi(2));
        (squares + variance * point.seconds.powi(2), sum + point.ratio.powf(1.5) * point.seconds)
    });
    if sum > 0.0 { (squares / sum).max(BURST_LEAST) } else { BURST_USUAL }
}
