//! The law that fits, how sure its parameters are, and what may be said of it.

use super::{
    Point,
    model::{self, Law, Model},
};
use crate::stats::{Interval, quantile};

/// Distinct values of `n`, and repeats of each, from which on a fit is worth its decimals.
const DISTINCT_NEEDED: usize = 6;
const REPEATS_NEEDED: usize = 3;

/// The most that a fit is drawn on beyond what was measured.
const BEYOND: f64 = 2.0;

/// Fits of resampled points.
const RESAMPLES: usize = 200;

const CONFIDENCE: f64 = 0.95;

/// The law of the measured throughputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    pub law: Law,
    pub lambda: Interval,
    pub sigma: Interval,
    pub kappa: Interval,
    /// `None` where no peak can be told from none, or lies too far out.
    pub peak: Option<Peak>,
    /// Throughput that no number exceeds, when there is contention and no peak.
    pub ceiling: Option<f64>,
    /// The share of the variance that the law explains.
    pub r_squared: f64,
    /// Every law with its criterion, the best first.
    pub laws: Vec<(Law, f64)>,
    /// The `n` without which `kappa` or `sigma` would change most, and by what share of their intervals.
    pub leverage: Option<(f64, f64)>,
    pub advice: Vec<Advice>,
}

/// Where throughput is highest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    pub n: f64,
    pub n_interval: Interval,
    pub throughput: f64,
}

/// What would make the fit better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// So many different values of `n` are too few.
    Distinct(usize),
    /// Some value of `n` was measured only so often.
    Repeats(usize),
    /// Throughput still rose at the largest `n`.
    NotPastThePeak,
}

/// Why there is no fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalingError {
    /// Fewer than three different values of `n`.
    TooFew,
    /// A throughput or an `n` that is zero, negative or no number.
    Nonsense,
}

impl std::fmt::Display for ScalingError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ScalingError::TooFew => "three different sizes are needed to tell a curve from a line",
            ScalingError::Nonsense => "sizes start at 1, and throughputs are above 0",
        })
    }
}

/// Fits all laws. `random` gives evenly spread numbers, for the resampling of repeats.
///
/// # Errors
/// See [`ScalingError`].
pub fn fit(points: &[Point], mut random: impl FnMut() -> u64) -> Result<Fit, ScalingError> {
    let is_good = |point: &Point| {
        point.n >= 1.0
            && point.n.is_finite()
            && point.throughput > 0.0
            && point.throughput.is_finite()
    };
    if !points.iter().all(is_good) {
        return Err(ScalingError::Nonsense);
    }
    let groups = groups(points);
    if groups.len() < 3 {
        return Err(ScalingError::TooFew);
    }
    let law = model::usl(points);
    let Law::Usl { lambda, sigma, kappa } = law else { return Err(ScalingError::Nonsense) };
    let resampled: Vec<[f64; 3]> = (0..RESAMPLES)
        .filter_map(|_| parameters(model::usl(&resample(&groups, &mut random))))
        .collect();
    let [lambda_range, sigma_range, kappa_range] =
        [lambda, sigma, kappa].map(|value| Interval { low: value, high: value });
    let range = |at: usize, fallback: Interval| {
        let values: Vec<f64> = resampled.iter().filter_map(|row| row.get(at).copied()).collect();
        let tail = (1.0 - CONFIDENCE) / 2.0;
        match (quantile(&values, tail), quantile(&values, 1.0 - tail)) {
            (Some(low), Some(high)) => Interval { low, high },
            _ => fallback,
        }
    };
    let (lambda_range, sigma_range, kappa_range) =
        (range(0, lambda_range), range(1, sigma_range), range(2, kappa_range));
    let most = points.iter().map(|point| point.n).fold(1.0, f64::max);
    let peak = peak(law, kappa_range, sigma_range).filter(|peak| peak.n <= most * BEYOND);
    let ceiling = (peak.is_none() && sigma_range.low > 0.0).then(|| lambda / sigma);
    let mut laws: Vec<(Law, f64)> = [model::linear(points), model::flat(points), law]
        .into_iter()
        .map(|law| (law, law.criterion(points)))
        .collect();
    laws.sort_by(|a, b| a.1.total_cmp(&b.1));
    let advice = advice(&groups, peak, laws.first().map(|(law, _)| law.model()));
    let leverage = leverage(points, &groups, (sigma, sigma_range), (kappa, kappa_range));
    Ok(Fit {
        law,
        lambda: lambda_range,
        sigma: sigma_range,
        kappa: kappa_range,
        peak,
        ceiling,
        r_squared: r_squared(law, points),
        laws,
        leverage,
        advice,
    })
}

fn parameters(law: Law) -> Option<[f64; 3]> {
    match law {
        Law::Usl { lambda, sigma, kappa } => Some([lambda, sigma, kappa]),
        Law::Linear { .. } | Law::Flat { .. } => None,
    }
}

/// The points of each `n`, ascending.
fn groups(points: &[Point]) -> Vec<Vec<Point>> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.n.total_cmp(&b.n));
    sorted.chunk_by(|a, b| a.n == b.n).map(<[Point]>::to_vec).collect()
}

/// As many points of each `n` as there are, drawn from them with return: the repeat is the sample.
fn resample(groups: &[Vec<Point>], random: &mut impl FnMut() -> u64) -> Vec<Point> {
    let mut drawn = Vec::new();
    for group in groups {
        for _ in group {
            let at = random() % group.len().max(1) as u64;
            drawn.extend(group.get(at as usize));
        }
    }
    drawn
}

/// Only where coherency is surely above zero.
fn peak(law: Law, kappa: Interval, sigma: Interval) -> Option<Peak> {
    let Law::Usl { sigma: contention, kappa: coherency, .. } = law else { return None };
    if kappa.low <= 0.0 || coherency <= 0.0 {
        return None;
    }
    let place = |sigma: f64, kappa: f64| ((1.0 - sigma) / kappa).sqrt().max(1.0);
    let n = place(contention, coherency);
    let n_interval =
        Interval { low: place(sigma.high, kappa.high), high: place(sigma.low, kappa.low) };
    Some(Peak { n, n_interval, throughput: law.at(n) })
}

fn r_squared(law: Law, points: &[Point]) -> f64 {
    let mean = points.iter().map(|point| point.throughput).sum::<f64>() / points.len() as f64;
    let total: f64 = points.iter().map(|point| (point.throughput - mean).powi(2)).sum();
    let rest: f64 = points.iter().map(|p| (p.throughput - law.at(p.n)).powi(2)).sum();
    if total > 0.0 { 1.0 - rest / total } else { 0.0 }
}

/// Leaves out one `n` after the other.
fn leverage(
    points: &[Point],
    groups: &[Vec<Point>],
    sigma: (f64, Interval),
    kappa: (f64, Interval),
) -> Option<(f64, f64)> {
    if groups.len() < 4 {
        return None;
    }
    let share = |(value, range): (f64, Interval), other: f64| {
        let width = range.high - range.low;
        if width > 0.0 { (other - value).abs() / width } else { 0.0 }
    };
    let without = groups.iter().filter_map(|group| {
        let n = group.first()?.n;
        let rest: Vec<Point> = points.iter().copied().filter(|point| point.n != n).collect();
        let [_, other_sigma, other_kappa] = parameters(model::usl(&rest))?;
        Some((n, share(sigma, other_sigma).max(share(kappa, other_kappa))))
    });
    without.max_by(|a, b| a.1.total_cmp(&b.1))
}

fn advice(groups: &[Vec<Point>], peak: Option<Peak>, best: Option<Model>) -> Vec<Advice> {
    let mut advice = Vec::new();
    if groups.len() < DISTINCT_NEEDED {
        advice.push(Advice::Distinct(groups.len()));
    }
    let fewest = groups.iter().map(Vec::len).min().unwrap_or(0);
    if fewest < REPEATS_NEEDED {
        advice.push(Advice::Repeats(fewest));
    }
    let most = groups.last().and_then(|group| group.first()).map_or(1.0, |point| point.n);
    let is_past = peak.is_some_and(|peak| peak.n < most) || best == Some(Model::Flat);
    if !is_past {
        advice.push(Advice::NotPastThePeak);
    }
    advice
}
