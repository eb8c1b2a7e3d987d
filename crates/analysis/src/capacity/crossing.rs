//! Where the objectives are just kept: from all trials near the answer together.
//!
//! How far trials were over their limits ([`Score`](super::Score)) rises with the rate; where a curve
//! through them meets the limit, it is just kept. Scores are averaged rather than verdicts counted:
//! bursts are rare and long, so most short trials see none and look better than the service is, and few
//! see one and look much worse.

use super::{
    judge::Outcome,
    order::{Kind, Recorded},
};
use crate::stats::{Interval, z_of};

/// How far from the answer trials still lie on one curve, as a ratio.
const NEAR: f64 = 1.2;

/// Trials that make a curve.
const TRIALS_MIN: usize = 6;

const CONFIDENCE: f64 = 0.95;

/// Rounds of the regression: it settles within ten.
const ROUNDS: usize = 30;

/// How steeply it starts, and how far it moves in one round.
const FIRST_SLOPE: f64 = 5.0;
const SLOPE_STEP: f64 = 10.0;

/// The interval around `near` that holds the crossing; `None` when one side of it is not known.
pub(super) fn crossing(trials: &[Recorded], near: f64) -> Option<Interval> {
    let usable = |trial: &&Recorded| {
        !matches!(trial.order.kind, Kind::Overload | Kind::Recover)
            && !matches!(trial.outcome, Outcome::Invalid(_))
    };
    let points: Vec<Point> = trials.iter().filter(usable).map(Point::of).collect();
    let sure = sure(&points)?;
    let Some(curve) = curve(&points, near) else { return Some(sure) };
    // Where the limit is passed in a step, no curve fits; the step is known from its sides.
    let is_wider = curve.high / curve.low > sure.high / sure.low;
    Some(if is_wider { sure } else { curve })
}

#[derive(Clone, Copy, Debug)]
struct Point {
    rate: f64,
    seconds: f64,
    excess: f64,
    error: f64,
}

impl Point {
    fn of(trial: &Recorded) -> Point {
        Point {
            rate: trial.order.rate,
            seconds: trial.order.length.as_secs_f64(),
            excess: trial.score.excess,
            error: trial.score.error,
        }
    }
}

/// From the highest rate whose trials together are surely below the limit, to the lowest above it whose
/// are surely over it.
fn sure(points: &[Point]) -> Option<Interval> {
    let mut rates: Vec<f64> = points.iter().map(|point| point.rate).collect();
    rates.sort_unstable_by(f64::total_cmp);
    rates.dedup();
    let is_over = |rate: f64| {
        let here: Vec<&Point> = points.iter().filter(|point| point.rate == rate).collect();
        let (mean, error) = together(&here);
        (mean - z_of(CONFIDENCE) * error > 0.0, mean + z_of(CONFIDENCE) * error < 0.0)
    };
    let high = rates.iter().copied().filter(|&rate| is_over(rate).0).reduce(f64::min)?;
    let low = rates.iter().copied().filter(|&rate| rate < high && is_over(rate).1);
    Some(Interval { low: low.reduce(f64::max)?, high })
}

/// The mean of trials at one rate, weighted by their length, and its standard error: from within the
/// trials, and where there are several from between them if that is more.
fn together(points: &[&Point]) -> (f64, f64) {
    let weight: f64 = points.iter().map(|point| point.seconds).sum();
    let mean = points.iter().map(|point| point.excess * point.seconds).sum::<f64>() / weight;
    let within: f64 = points.iter().map(|point| (point.error * point.seconds).powi(2)).sum();
    let spread: f64 = points.iter().map(|p| ((p.excess - mean) * p.seconds).powi(2)).sum::<f64>();
    let count = points.len() as f64;
    let between = if count > 2.0 { spread * count / (count - 1.0) } else { 0.0 };
    (mean, within.max(between).sqrt() / weight)
}

/// How far over the limit trials were on average, as a curve over the rate: its logarithm is a line over
/// the logarithm of the rate (a quasi-Poisson regression, weighted by what each trial had), and where the
/// band around the line crosses zero (Fieller).
fn curve(points: &[Point], near: f64) -> Option<Interval> {
    let is_near = |point: &&Point| {
        let ratio = point.rate / near;
        ratio < NEAR && ratio > 1.0 / NEAR
    };
    let points: Vec<Fitted> = points.iter().filter(is_near).map(|p| Fitted::of(p, near)).collect();
    if points.len() < TRIALS_MIN {
        return None;
    }
    let (mut level, mut slope) = (0.0, FIRST_SLOPE);
    let mut sums = Sums::default();
    for _ in 0..ROUNDS {
        sums = Sums::of(&points, level, slope);
        let determinant = sums.determinant()?;
        let by_level = (sums.xx * sums.r - sums.x * sums.xr) / determinant;
        let by_slope = (sums.w * sums.xr - sums.x * sums.r) / determinant;
        level += by_level.clamp(-1.0, 1.0);
        slope += by_slope.clamp(-SLOPE_STEP, SLOPE_STEP);
    }
    let determinant = sums.determinant()?;
    if slope <= 0.0 {
        return None;
    }
    let count = points.len() as f64;
    let pearson: f64 = points.iter().map(|point| point.residual(level, slope)).sum();
    let dispersion = pearson / (count - 2.0);
    let (v_level, v_slope, v_both) = (
        dispersion * sums.xx / determinant,
        dispersion * sums.w / determinant,
        -dispersion * sums.x / determinant,
    );
    // Student's t for few trials, by its first correction.
    let z = z_of(CONFIDENCE);
    let t2 = (z + (z.powi(3) + z) / 4.0 / (count - 2.0)).powi(2);
    // Where (level + slope x)^2 = t^2 times its variance.
    let a = slope * slope - t2 * v_slope;
    let b = level * slope - t2 * v_both;
    let c = level * level - t2 * v_level;
    let root = b * b - a * c;
    if a <= 0.0 || root < 0.0 {
        return None;
    }
    let (low, high) = ((-b - root.sqrt()) / a, (-b + root.sqrt()) / a);
    Some(Interval { low: near * low.exp(), high: near * high.exp() })
}

/// A trial in the regression.
struct Fitted {
    /// Logarithm of its rate over the answer's.
    x: f64,
    /// The test over its limit.
    ratio: f64,
    /// Requests.
    weight: f64,
}

impl Fitted {
    fn of(point: &Point, near: f64) -> Fitted {
        let weight = point.rate * point.seconds;
        Fitted { x: (point.rate / near).ln(), ratio: point.excess + 1.0, weight }
    }

    fn expected(&self, level: f64, slope: f64) -> f64 {
        (level + slope * self.x).clamp(-20.0, 20.0).exp()
    }

    /// Squared, as a share of the variance that its mean leads to expect.
    fn residual(&self, level: f64, slope: f64) -> f64 {
        let expected = self.expected(level, slope);
        self.weight * (self.ratio - expected).powi(2) / expected
    }
}

/// What one round of the regression needs.
#[derive(Default)]
struct Sums {
    w: f64,
    x: f64,
    xx: f64,
    r: f64,
    xr: f64,
}

impl Sums {
    fn of(points: &[Fitted], level: f64, slope: f64) -> Sums {
        let mut sums = Sums::default();
        for point in points {
            let expected = point.expected(level, slope);
            let weight = point.weight * expected;
            let rest = point.weight * (point.ratio - expected);
            sums.w += weight;
            sums.x += weight * point.x;
            sums.xx += weight * point.x * point.x;
            sums.r += rest;
            sums.xr += rest * point.x;
        }
        sums
    }

    fn determinant(&self) -> Option<f64> {
        let determinant = self.w * self.xx - self.x * self.x;
        (determinant.is_finite() && determinant > 0.0).then_some(determinant)
    }
}
