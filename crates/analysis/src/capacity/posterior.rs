//! How likely each place of the crossing is, by all trials: the sum over slopes and sizes of bursts.

use super::crossing::Point;

/// Slopes and bursts on the grid.
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

/// No trial is more exact than that share of what it measures: machines differ from one minute to the
/// next.
const SCATTER_LEAST: f64 = 0.04;

/// Beyond this ratio below and above the limit nothing is taken for a line: what was measured says only on
/// which side it is.
pub(super) const STRAIGHT: f64 = 2.0;

/// The line bends: so much of the distance that the logarithm of the score went is uncertain.
const BEND: f64 = 0.2;

/// Seconds of load from rest until a trial is what it stays, beyond those that are left out: how far the
/// start pulls a trial is about its share of them.
pub(super) const SETTLING: f64 = 0.5;

/// What falls over or not, as luck has it, shows nothing of that in most trials: no trial counts more than
/// as if it were a freak so many times out of its seconds.
const FREAK: f64 = 0.6;
const FREAK_CAPPED: f64 = 0.2;

/// What falls over does so in time: a trial much shorter than the long ones hardly shows that it does not.
const FREAK_SHORT: f64 = 0.6;

/// Logarithms of the score's distance from the limit that are told apart.
const EXPONENTS: [f64; 2] = [-15.0, 4.0];

/// Factors of likelihoods that are multiplied before their logarithm is taken: none is below a hundredth,
/// so the product stays a number.
const FACTORS: usize = 100;

/// Evenly spaced values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) low: f64,
    pub(super) step: f64,
    pub(super) count: usize,
}

impl Grid {
    pub(super) fn spanning(low: f64, high: f64, step: f64) -> Grid {
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
pub(super) struct Posterior {
    places: Vec<f64>,
    weights: Vec<f64>,
    scatter: f64,
    flatness: f64,
}

impl Posterior {
    /// By `points`, of which the seconds show bursts of that size.
    pub(super) fn of(points: &[Point], grid: Grid, burst: f64) -> Posterior {
        let places: Vec<f64> = grid.values().collect();
        let slopes = Grid::of_ratios(SLOPE_RANGE, SLOPES);
        let bursts: Vec<(f64, f64)> = Grid::of_ratios(BURST_RANGE, BURSTS)
            .values()
            .map(|times| (times.exp() * burst, unusual(times, 1.0, BURST_SPREAD)))
            .collect();
        let mut cells: Vec<(usize, f64, f64, f64)> = Vec::new();
        let mut against: Vec<Against> = Vec::with_capacity(points.len());
        for (at, place) in places.iter().enumerate() {
            for slope in slopes.values() {
                let steep = slope > SLOPE_USUAL.ln();
                let spread = if steep { SLOPE_SPREAD_STEEP } else { SLOPE_SPREAD };
                let prior = unusual(slope, SLOPE_USUAL, spread);
                let line = Line { place: *place, slope: slope.exp() };
                against.clear();
                against.extend(points.iter().filter_map(|point| line.against(point, burst)));
                let flatness = (-slope).exp();
                for (variance, prior_of_burst) in &bursts {
                    let likely = likelihood(&against, *variance) - prior - prior_of_burst;
                    cells.push((at, likely, variance.sqrt() * flatness, flatness));
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

    /// What one second tells of the place, as a standard deviation: the mean over the grid.
    pub(super) fn scatter(&self) -> f64 {
        self.scatter
    }

    /// The mean of one over the slope.
    pub(super) fn flatness(&self) -> f64 {
        self.flatness
    }

    /// Mean and standard deviation.
    pub(super) fn moments(&self) -> (f64, f64) {
        let pairs = || self.places.iter().zip(&self.weights);
        let mean: f64 = pairs().map(|(place, weight)| place * weight).sum();
        let variance: f64 = pairs().map(|(place, weight)| (place - mean).powi(2) * weight).sum();
        (mean, variance.sqrt())
    }

    /// Interpolated between places.
    pub(super) fn quantile(&self, share: f64) -> f64 {
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

/// A trial against a line, whatever the size of bursts is.
struct Against {
    deviance: f64,
    /// Of the size of what the deviance is a share of: what there is without bursts, and what those of one
    /// second add.
    without: f64,
    per_burst: f64,
    freak: f64,
    /// It was measured, not only seen to be none or too much.
    is_measured: bool,
}

impl Line {
    /// `None` when `point` says nothing. `burst`: what the seconds within trials show.
    fn against(&self, point: &Point, burst: f64) -> Option<Against> {
        let exponent = (self.slope * (point.x - self.place)).clamp(EXPONENTS[0], EXPONENTS[1]);
        let root = (exponent / 2.0).exp();
        let expected = root * root;
        if point.is_capped && expected >= point.ratio {
            return None;
        }
        let settling = SETTLING / point.seconds;
        let unsure =
            |exponent: f64| SCATTER_LEAST.powi(2) + (BEND * exponent).powi(2) + settling.powi(2);
        let freak = match point.is_capped {
            true => FREAK_CAPPED / point.seconds,
            false => FREAK / point.seconds + FREAK_SHORT * point.lacks,
        };
        let is_measured = !point.is_capped && point.ratio > 0.0;
        let is_below = expected.max(point.ratio) < 1.0 / STRAIGHT;
        let is_above = expected.min(point.ratio) > STRAIGHT;
        if is_measured && (is_below || is_above) {
            // On the right side, and far off: as likely as what lies where one does on the limit, whatever
            // the slope and the bursts are.
            let usual = burst / point.seconds + unsure(STRAIGHT.ln());
            let deviance = usual / 2.0;
            return Some(Against { deviance, without: usual, per_burst: 0.0, freak, is_measured });
        }
        Some(Against {
            deviance: deviance(point.ratio.sqrt(), root),
            without: root * unsure(exponent),
            per_burst: 1.0 / point.seconds,
            freak,
            is_measured,
        })
    }
}

/// How likely trials are, as a logarithm: each a sum of bursts that come at random and have exponential
/// sizes (a compound Poisson distribution, by its saddle point). `variance` is that of one second at the
/// limit.
fn likelihood(against: &[Against], variance: f64) -> f64 {
    let of_some = |some: &[Against]| {
        let mut product = 1.0_f64;
        let mut sizes = 1.0_f64;
        for one in some {
            let size = one.without + one.per_burst * variance;
            product *= (-one.deviance / size).exp() + one.freak;
            sizes *= if one.is_measured { size } else { 1.0 };
        }
        product.ln() - 0.5 * sizes.ln()
    };
    against.chunks(FACTORS).map(of_some).sum()
}

/// Half of the deviance of a Tweedie distribution with the power 1.5, by roots of what was found and
/// expected. Its score is that of the mean, so means over trials count and not what most of them have.
fn deviance(found: f64, expected: f64) -> f64 {
    2.0 * (expected - found).powi(2) / expected
}
