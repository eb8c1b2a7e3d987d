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
};
use crate::stats::Interval;

/// Outside the interval on either side.
const TAIL: f64 = 0.025;

/// Places of the crossing on the grid, slopes and bursts.
const PLACES: usize = 61;
const SLOPES: usize = 10;
const BURSTS: usize = 7;

/// What slopes are expected: of a queue at four fifths of what it can do about 16, of something that
/// refuses or stalls at a limit a hundred; e-fold either way is not unusual.
const SLOPE_RANGE: [f64; 2] = [1.0, 400.0];
const SLOPE_USUAL: f64 = 16.0;
const SLOPE_SPREAD: f64 = 1.0;
const SLOPE_SPREAD_STEEP: f64 = 1.4;

/// Of bursts, in seconds' worth of what the limit allows: against what the seconds within trials show,
/// give or take a factor of two.
const BURST_RANGE: [f64; 2] = [0.15, 10.0];
const BURST_SPREAD: f64 = 0.6;

/// Seconds within trials see few bursts, and none of most: there is more than they show, by this much.
const BURST_MORE: f64 = 1.7;

/// Where no trial shows any.
const BURST_USUAL: f64 = 0.3;
const BURST_LEAST: f64 = 1e-3;

/// No trial is more exact than that share of what it measures: machines differ from one minute to the
/// next.
const SCATTER_LEAST: f64 = 0.04;

/// Beyond this ratio below and above the limit nothing is taken for a line: what was measured says only on
/// which side it is.
const STRAIGHT: f64 = 2.0;

/// The line bends: so much of the distance that the logarithm of the score went is uncertain.
const BEND: f64 = 0.2;

/// Seconds of load from rest until a trial is what it stays, beyond those that are left out: how far the
/// start pulls a trial is about its share of them.
const SETTLING: f64 = 0.5;

/// What falls over or not, as luck has it, shows nothing of that in most trials: no trial counts more than
/// as if it were a freak so many times out of its seconds.
const FREAK: f64 = 0.6;
const FREAK_CAPPED: f64 = 0.2;

/// What falls over does so in time: a trial much shorter than the long ones hardly shows that it does not.
const FREAK_SHORT: f64 = 0.6;

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
    let flattered = (-SETTLING / seconds * fine.flatness).exp();
    Some(Crossing {
        estimate: at(0.5),
        interval: Interval {
            low: seen(true).fold(at(TAIL) * flattered, f64::min),
            high: seen(false).fold(at(1.0 - TAIL), f64::max),
        },
        scatter: fine.scatter / seconds.sqrt(),
    })
}

/// A trial on the scale of the line.
#[derive(Clone, Copy, Debug)]
struct Point {
    /// Logarithm of the rate.
    x: f64,
    /// The test over its limit.
    ratio: f64,
    /// The variance of that, by what its seconds show.
    variance: f64,
    /// Used.
    seconds: f64,
    /// How much less that is than of a long one, as a share.
    lacks: f64,
    /// It is that or more.
    is_capped: bool,
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

/// Evenly spaced values.
#[derive(Clone, Copy, Debug)]
struct Grid {
    low: f64,
    step: f64,
    count: usize,
}

impl Grid {
    fn spanning(low: f64, high: f64, step: f64) -> Grid {
        Grid { low, step, count: ((high - low) / step).ceil().max(1.0) as usize + 1 }
    }

    /// Over logarithms of `range`.
    fn of_ratios(range: [f64; 2], count: usize) -> Grid {
        let [low, high] = range.map(f64::ln);
        Grid { low, step: (high - low) / (count - 1) as f64, count }
    }

    fn values(self) -> impl Iterator<Item = f64> {
        (0..self.count).map(move |at| self.low + self.step * at as f64)
    }
}

/// How likely each place of the crossing is.
struct Posterior {
    places: Vec<f64>,
    weights: Vec<f64>,
    /// What one second tells of the place, as a standard deviation: the mean over the grid.
    scatter: f64,
    /// The mean of one over the slope.
    flatness: f64,
}

impl Posterior {
    fn of(points: &[Point], grid: Grid, burst: f64) -> Posterior {
        let places: Vec<f64> = grid.values().collect();
        let slopes = Grid::of_ratios(SLOPE_RANGE, SLOPES);
        let bursts = Grid::of_ratios(BURST_RANGE, BURSTS);
        let mut cells: Vec<(usize, f64, f64, f64)> = Vec::new();
        for (at, place) in places.iter().enumerate() {
            for slope in slopes.values() {
                let steep = slope > SLOPE_USUAL.ln();
                let spread = if steep { SLOPE_SPREAD_STEEP } else { SLOPE_SPREAD };
                let prior = unusual(slope, SLOPE_USUAL, spread);
                let line = Line { place: *place, slope: slope.exp() };
                for times in bursts.values() {
                    let variance = times.exp() * burst;
                    let likely: f64 = points.iter().map(|point| line.fit(point, variance)).sum();
                    let prior = prior + unusual(times, BURST_MORE, BURST_SPREAD);
                    let flatness = (-slope).exp();
                    cells.push((at, likely - prior, variance.sqrt() * flatness, flatness));
                }
            }
        }
        let most = cells.iter().map(|cell| cell.1).fold(f64::NEG_INFINITY, f64::max);
        let mut weights = vec![0.0; places.len()];
        let (mut sum, mut scatter, mut flatness) = (0.0, 0.0, 0.0);
        for (at, likely, spread, flat) in cells {
            let weight = (likely - most).exp();
            if let Some(place) = weights.get_mut(at) {
                *place += weight;
            }
            sum += weight;
            scatter += weight * spread;
            flatness += weight * flat;
        }
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Posterior { places, weights, scatter: scatter / sum, flatness: flatness / sum }
    }

    /// Mean and standard deviation.
    fn moments(&self) -> (f64, f64) {
        let pairs = || self.places.iter().zip(&self.weights);
        let mean: f64 = pairs().map(|(place, weight)| place * weight).sum();
        let variance: f64 = pairs().map(|(place, weight)| (place - mean).powi(2) * weight).sum();
        (mean, variance.sqrt())
    }

    /// Interpolated between places.
    fn quantile(&self, share: f64) -> f64 {
        let mut sum = 0.0;
        let mut before = None;
        for (place, weight) in self.places.iter().zip(&self.weights) {
            // Half of a place's weight lies on either side of it.
            let here = sum + weight / 2.0;
            if here >= share {
                return before.map_or(*place, |(earlier, less): (f64, f64)| {
                    earlier + (place - earlier) * (share - less) / (here - less)
                });
            }
            before = Some((*place, here));
            sum += weight;
        }
        before.map_or(0.0, |(place, _)| place)
    }
}

/// Half of the square of how many standard deviations a logarithm is off what is usual.
fn unusual(logarithm: f64, usual: f64, spread: f64) -> f64 {
    ((logarithm - usual.ln()) / spread).powi(2) / 2.0
}

/// What would be measured where: `(rate / place) ^ slope` of the limit.
struct Line {
    /// As a logarithm.
    place: f64,
    slope: f64,
}

impl Line {
    /// How likely `point` is, as a logarithm: of the sum of bursts that come at random and have
    /// exponential sizes (a compound Poisson distribution, by its saddle point). `variance` is that of
    /// one second at the limit.
    fn fit(&self, point: &Point, variance: f64) -> f64 {
        let exponent = (self.slope * (point.x - self.place)).clamp(-15.0, 4.0);
        let expected = exponent.exp();
        let burst = variance / point.seconds;
        if point.is_capped && expected >= point.ratio {
            return 0.0;
        }
        let settling = SETTLING / point.seconds;
        let unsure = SCATTER_LEAST.powi(2) + (BEND * exponent).powi(2) + settling.powi(2);
        let size = burst + expected.sqrt() * unsure;
        let is_below = expected.max(point.ratio) < 1.0 / STRAIGHT;
        let is_above = expected.min(point.ratio) > STRAIGHT;
        let off = if point.ratio > 0.0 && (is_below || is_above) {
            -0.5
        } else {
            -deviance(point.ratio, expected) / size
        };
        let freak = if point.is_capped {
            FREAK_CAPPED / point.seconds
        } else {
            FREAK / point.seconds + FREAK_SHORT * point.lacks
        };
        let off = (off.exp() + freak).ln();
        if point.is_capped || point.ratio <= 0.0 { off } else { off - 0.5 * size.ln() }
    }
}

/// Half of the deviance of a Tweedie distribution with the power 1.5. Its score is that of the mean, so
/// means over trials count and not what most of them have.
fn deviance(found: f64, expected: f64) -> f64 {
    2.0 * (expected.sqrt() - found.sqrt()).powi(2) / expected.sqrt()
}
