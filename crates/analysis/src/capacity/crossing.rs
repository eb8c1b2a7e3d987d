//! Where the margins of trials cross zero.
//!
//! A trial's margin says by how many standard errors it kept its objectives; divided by the square root
//! of its length, trials of all lengths tell of one line over the logarithm of the rate. Where that line
//! crosses zero the objectives are just kept.

use super::{
    judge::{MARGIN_LIMIT, Outcome},
    search::{Kind, Recorded},
};
use crate::stats::{Interval, z_of};

/// How far from the answer trials still tell of it, as a ratio.
const NEAR: f64 = 1.3;

const CONFIDENCE: f64 = 0.95;

/// The interval around `near` that holds the crossing. At least as wide as from the highest rate that
/// surely passes to the lowest that surely fails where the line says nothing better; `None` when either
/// side has no trial.
pub(super) fn crossing(trials: &[Recorded], near: f64) -> Option<Interval> {
    let usable = |trial: &&Recorded| {
        !matches!(trial.order.kind, Kind::Overload | Kind::Recover)
            && !matches!(trial.outcome, Outcome::Invalid(_))
    };
    let trials: Vec<&Recorded> = trials.iter().filter(usable).collect();
    let sure = sure(&trials, near)?;
    let Some(line) = line(&trials, near) else { return Some(sure) };
    // The line may not contradict what is sure.
    let low = line.low.max(sure.low).min(sure.high);
    let high = line.high.min(sure.high).max(sure.low);
    Some(if low < high { Interval { low, high } } else { sure })
}

/// From the highest rate that all its trials together pass, to the lowest above it that they fail.
fn sure(trials: &[&Recorded], near: f64) -> Option<Interval> {
    let z = z_of(CONFIDENCE);
    let mut rates: Vec<f64> = trials.iter().map(|trial| trial.order.rate).collect();
    rates.sort_unstable_by(f64::total_cmp);
    rates.dedup();
    let together = |rate: f64| {
        let here = trials.iter().filter(|trial| trial.order.rate == rate);
        let (sum, count) =
            here.fold((0.0, 0.0), |(sum, count), trial| (sum + trial.margin, count + 1.0));
        sum / f64::sqrt(count)
    };
    let low = rates.iter().copied().filter(|&rate| rate <= near * NEAR && together(rate) > z);
    let low = low.fold(0.0, f64::max);
    let high = rates.iter().copied().filter(|&rate| rate > low && together(rate) < -z);
    let high = high.fold(f64::INFINITY, f64::min);
    (low > 0.0 && high.is_finite()).then_some(Interval { low, high })
}

/// Least squares of margin per root of a second over the logarithm of the rate; where the band around the
/// line crosses zero (Fieller).
fn line(trials: &[&Recorded], near: f64) -> Option<Interval> {
    let is_near = |trial: &&&Recorded| {
        let ratio = trial.order.rate / near;
        ratio < NEAR && ratio > 1.0 / NEAR && trial.margin.abs() < MARGIN_LIMIT
    };
    let points: Vec<(f64, f64, f64)> = trials
        .iter()
        .filter(is_near)
        .map(|trial| {
            let seconds = trial.order.length.as_secs_f64();
            ((trial.order.rate / near).ln(), trial.margin / seconds.sqrt(), seconds)
        })
        .collect();
    let count = points.len() as f64;
    if count < 5.0 {
        return None;
    }
    let sum = |of: &dyn Fn(&(f64, f64, f64)) -> f64| points.iter().map(of).sum::<f64>();
    let weight = sum(&|p| p.2);
    let (x, y) = (sum(&|p| p.0 * p.2) / weight, sum(&|p| p.1 * p.2) / weight);
    let xx = sum(&|p| p.2 * (p.0 - x).powi(2));
    let xy = sum(&|p| p.2 * (p.0 - x) * (p.1 - y));
    if xx <= 0.0 || xy >= 0.0 {
        return None;
    }
    let slope = xy / xx;
    // Margins have a variance of one by themselves; services vary more from run to run.
    let residual = sum(&|p| p.2 * (p.1 - y - slope * (p.0 - x)).powi(2)) / (count - 2.0);
    let variance = residual.max(1.0);
    let t = z_of(CONFIDENCE) * (1.0 + 2.0 / (count - 2.0));
    let g = t * t * variance / (slope * slope * xx);
    if g >= 0.9 {
        return None;
    }
    let middle = x - y / slope / (1.0 - g);
    let half = t / slope.abs() / (1.0 - g)
        * (variance * ((1.0 - g) / weight + (y / slope).powi(2) / xx)).sqrt();
    Some(Interval { low: near * (middle - half).exp(), high: near * (middle + half).exp() })
}
