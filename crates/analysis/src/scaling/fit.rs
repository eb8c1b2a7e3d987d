//! The law that fits, how sure its parameters are, and what may be said of it.

use super::{
    Point,
    model::{self, Law, Model},
    resample::{Resample, groups},
};
use crate::stats::{Interval, quantile};

/// Distinct values of `n`, and repeats of each, from which on a fit is worth its decimals.
const DISTINCT_NEEDED: usize = 6;
const REPEATS_NEEDED: usize = 3;

/// Nothing is said of a peak further out than so many times what was measured, and of no throughput so
/// far above.
const BEYOND: f64 = 2.0;

/// Fits of resampled points.
const RESAMPLES: usize = 400;

const CONFIDENCE: f64 = 0.95;

/// A measured throughput is usually not further than that from a law that it follows.
const SPREAD_MAX: f64 = 0.2;

/// With fewer points the law with fewer parameters is the best, nearly whatever they say.
const POINTS_NEEDED: usize = 8;

/// The laws of the measured throughputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The Universal Scalability Law, whether or not another fits better.
    pub usl: Usl,
    pub peak: Peak,
    /// Throughput that no number exceeds, when there is contention and no peak, and it is not far.
    pub ceiling: Option<Estimate>,
    /// Every law, the best first.
    pub laws: Vec<Candidate>,
    /// Whether there are points enough to tell the laws from each other.
    pub is_told: bool,
    /// Whether the throughputs follow any of the laws.
    pub is_lawful: bool,
    /// The `n` without which `kappa` or `sigma` would change most, and by what share of their intervals.
    pub leverage: Option<(f64, f64)>,
    pub advice: Vec<Advice>,
}

/// Its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usl {
    pub lambda: Estimate,
    pub sigma: Estimate,
    pub kappa: Estimate,
}

/// A figure, and where it is with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub value: f64,
    /// `None` where there are too few measurements to tell.
    pub interval: Option<Interval>,
}

/// A law, beside the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    pub law: Law,
    /// Akaike's criterion, corrected for few points; less is better.
    pub aicc: f64,
    /// What that makes of it: the law's share of all belief in these laws, 0 to 1.
    pub weight: f64,
    /// The share of the variance that it explains.
    pub r_squared: f64,
}

/// Where throughput is highest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Peak {
    /// Among what was measured.
    Within(Summit),
    /// Larger than what was measured, where nobody has looked: at about there, if the law goes on.
    Beyond(Summit),
    /// None can be told from none, or it is too far out.
    NotObserved,
}

/// The place and the height of a peak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summit {
    pub n: Estimate,
    pub throughput: Estimate,
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

impl std::error::Error for ScalingError {}

/// Fits all laws. `random` gives evenly spread numbers, for the resampling of repeats.
///
/// # Errors
/// See [`ScalingError`].
pub fn fit(points: &[Point], random: impl FnMut() -> u64) -> Result<Fit, ScalingError> {
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
    let laws = laws(points);
    let usl = laws.iter().find_map(|candidate| Parameters::of(candidate.law));
    let usl = usl.ok_or(ScalingError::Nonsense)?;
    let best = laws.first().map_or(Law::Linear { lambda: 0.0 }, |candidate| candidate.law);
    let resample = Resample::new(&groups, best);
    let again = resample.map(|resample| again(resample, random)).unwrap_or_default();
    let estimate = |of: fn(&Parameters) -> f64| Estimate {
        value: of(&usl),
        interval: interval(again.iter().map(of).collect()),
    };
    let peak = peak(&estimate, usl, best.model(), model::most(points));
    let fitted = Usl {
        lambda: estimate(|p| p.lambda),
        sigma: estimate(|p| p.sigma),
        kappa: estimate(|p| p.kappa),
    };
    let highest = points.iter().map(|point| point.throughput).fold(0.0, f64::max);
    let ceiling = Some(estimate(|p| p.lambda / p.sigma)).filter(|ceiling| {
        let contends = fitted.sigma.interval.is_some_and(|range| range.low > 0.0);
        peak == Peak::NotObserved
            && best.model() == Model::Usl
            && contends
            && ceiling.value <= highest * BEYOND
    });
    Ok(Fit {
        usl: fitted,
        peak,
        ceiling,
        is_told: points.len() >= POINTS_NEEDED,
        is_lawful: best.spread(points) <= SPREAD_MAX,
        leverage: leverage(points, &groups, &fitted),
        advice: advice(&groups, peak, best.model()),
        laws,
    })
}

/// The parameters of a scalability law as plain numbers.
#[derive(Clone, Copy)]
struct Parameters {
    lambda: f64,
    sigma: f64,
    kappa: f64,
}

impl Parameters {
    fn of(law: Law) -> Option<Parameters> {
        match law {
            Law::Usl { lambda, sigma, kappa } => Some(Parameters { lambda, sigma, kappa }),
            Law::Linear { .. } | Law::Flat { .. } => None,
        }
    }

    /// Infinite without coherency.
    fn place(&self) -> f64 {
        ((1.0 - self.sigma) / self.kappa).sqrt().max(1.0)
    }

    fn height(&self) -> f64 {
        let Parameters { lambda, sigma, kappa } = *self;
        let place = self.place();
        // Towards infinity the law goes to this.
        if place.is_finite() { Law::Usl { lambda, sigma, kappa }.at(place) } else { lambda / sigma }
    }
}

/// The best first.
fn laws(points: &[Point]) -> Vec<Candidate> {
    let fitted = [model::linear(points), model::flat(points), model::usl(points)];
    let mut laws = fitted.map(|law| Candidate {
        law,
        aicc: law.criterion(points),
        weight: 0.0,
        r_squared: law.r_squared(points),
    });
    laws.sort_by(|a, b| a.aicc.total_cmp(&b.aicc));
    let least = laws.iter().map(|candidate| candidate.aicc).fold(f64::INFINITY, f64::min);
    let likelihood = |candidate: &Candidate| (-(candidate.aicc - least) / 2.0).exp();
    let all: f64 = laws.iter().map(likelihood).sum();
    for candidate in &mut laws {
        candidate.weight = likelihood(candidate) / all;
    }
    laws.to_vec()
}

fn again(resample: Resample, mut random: impl FnMut() -> u64) -> Vec<Parameters> {
    let fits = (0..RESAMPLES).map(|_| model::usl(&resample.draw(&mut random)));
    fits.filter_map(Parameters::of).collect()
}

/// What lies between the tails of `values`; they may be infinite.
fn interval(values: Vec<f64>) -> Option<Interval> {
    let tail = (1.0 - CONFIDENCE) / 2.0;
    // Between two infinities there is no number.
    let capped: Vec<f64> = values.into_iter().map(|value| value.min(f64::MAX / 4.0)).collect();
    Some(Interval { low: quantile(&capped, tail)?, high: quantile(&capped, 1.0 - tail)? })
}

/// Only where coherency is surely above zero, and no simpler law says as much.
fn peak(
    estimate: &impl Fn(fn(&Parameters) -> f64) -> Estimate,
    usl: Parameters,
    best: Model,
    most: f64,
) -> Peak {
    let kappa = estimate(|p| p.kappa);
    let is_sure = kappa.interval.is_some_and(|range| range.low > 0.0) && usl.kappa > 0.0;
    if !is_sure || best != Model::Usl {
        return Peak::NotObserved;
    }
    let summit =
        Summit { n: estimate(Parameters::place), throughput: estimate(Parameters::height) };
    match summit.n.value {
        n if n <= most => Peak::Within(summit),
        n if n <= most * BEYOND => Peak::Beyond(summit),
        _ => Peak::NotObserved,
    }
}

/// Leaves out one `n` after the other.
fn leverage(points: &[Point], groups: &[Vec<Point>], usl: &Usl) -> Option<(f64, f64)> {
    if groups.len() < 4 {
        return None;
    }
    let share = |estimate: Estimate, other: f64| {
        let width = estimate.interval.map_or(0.0, |range| range.high - range.low);
        if width > 0.0 { (other - estimate.value).abs() / width } else { 0.0 }
    };
    let without = groups.iter().filter_map(|group| {
        let n = group.first()?.n;
        let rest: Vec<Point> = points.iter().copied().filter(|point| point.n != n).collect();
        let other = Parameters::of(model::usl(&rest))?;
        Some((n, share(usl.sigma, other.sigma).max(share(usl.kappa, other.kappa))))
    });
    without.max_by(|a, b| a.1.total_cmp(&b.1))
}

fn advice(groups: &[Vec<Point>], peak: Peak, best: Model) -> Vec<Advice> {
    let mut advice = Vec::new();
    if groups.len() < DISTINCT_NEEDED {
        advice.push(Advice::Distinct(groups.len()));
    }
    let fewest = groups.iter().map(Vec::len).min().unwrap_or(0);
    if fewest < REPEATS_NEEDED {
        advice.push(Advice::Repeats(fewest));
    }
    if !matches!(peak, Peak::Within(_)) && best != Model::Flat {
        advice.push(Advice::NotPastThePeak);
    }
    advice
}
