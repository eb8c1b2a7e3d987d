//! The laws and how well each fits.

use super::Point;

/// A law with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Every one adds as much as the first.
    Linear {
        lambda: f64,
    },
    /// A line up to a limit that more do not move: a pool, a quota.
    Flat {
        lambda: f64,
        limit: f64,
    },
    Usl {
        lambda: f64,
        sigma: f64,
        kappa: f64,
    },
}

/// Which law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    Linear,
    Flat,
    Usl,
}

impl Law {
    /// Throughput with `n`, per second.
    pub fn at(self, n: f64) -> f64 {
        match self {
            Law::Linear { lambda } => lambda * n,
            Law::Flat { lambda, limit } => (lambda * n).min(limit),
            Law::Usl { lambda, sigma, kappa } => lambda * shape(n, sigma, kappa),
        }
    }

    pub fn model(self) -> Model {
        match self {
            Law::Linear { .. } => Model::Linear,
            Law::Flat { .. } => Model::Flat,
            Law::Usl { .. } => Model::Usl,
        }
    }

    /// Parameters, and one for the spread around the law.
    fn parameters(self) -> f64 {
        match self {
            Law::Linear { .. } => 2.0,
            Law::Flat { .. } => 3.0,
            Law::Usl { .. } => 4.0,
        }
    }

    /// Sum of squared relative residuals: throughput varies in proportion to itself.
    pub(super) fn residuals(self, points: &[Point]) -> f64 {
        points.iter().map(|p| (1.0 - self.at(p.n) / p.throughput).powi(2)).sum()
    }

    /// Akaike's criterion, corrected for few points: the least is the best of several laws.
    pub(super) fn criterion(self, points: &[Point]) -> f64 {
        let (count, k) = (points.len() as f64, self.parameters());
        // A law that fits to the last digit is told by its parameters.
        let mean = (self.residuals(points) / count).max(1e-12);
        count * mean.ln() + 2.0 * k + 2.0 * k * (k + 1.0) / (count - k - 1.0).max(0.5)
    }
}

fn shape(n: f64, sigma: f64, kappa: f64) -> f64 {
    n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0))
}

/// The factor by which `shape` comes nearest to the throughputs, in relative least squares.
fn scale(points: &[Point], shape: impl Fn(f64) -> f64) -> f64 {
    let (mut top, mut bottom) = (0.0, 0.0);
    for point in points {
        let share = shape(point.n) / point.throughput;
        top += share;
        bottom += share * share;
    }
    if bottom > 0.0 { top / bottom } else { 0.0 }
}

pub(super) fn linear(points: &[Point]) -> Law {
    Law::Linear { lambda: scale(points, |n| n) }
}

/// The knee is looked for between all neighbouring pairs of `n`.
pub(super) fn flat(points: &[Point]) -> Law {
    let most = points.iter().map(|point| point.n).fold(1.0, f64::max);
    let steps = 200;
    let laws = (1..=steps).map(|step| {
        let knee = most * f64::from(step) / f64::from(steps);
        let lambda = scale(points, |n| n.min(knee));
        Law::Flat { lambda, limit: lambda * knee }
    });
    let better = |a: &Law, b: &Law| a.residuals(points).total_cmp(&b.residuals(points));
    laws.min_by(better).unwrap_or(Law::Flat { lambda: 0.0, limit: 0.0 })
}

/// A grid over both coefficients that closes in on the best place, within their bounds.
pub(super) fn usl(points: &[Point]) -> Law {
    const ROUNDS: usize = 12;
    const STEPS: i32 = 8;
    let most = points.iter().map(|point| point.n).fold(1.0, f64::max);
    // With more coherency than that the peak is at one.
    let (mut best, mut residuals) = ((0.0, 0.0), f64::INFINITY);
    let mut law = linear(points);
    let (mut sigma_step, mut kappa_step) = (0.99 / f64::from(STEPS), 0.5 / f64::from(STEPS));
    for round in 0..ROUNDS {
        let centre = best;
        let from = if round == 0 { 0 } else { -STEPS };
        for at in from..=STEPS {
            for across in from..=STEPS {
                let sigma = (centre.0 + sigma_step * f64::from(at)).clamp(0.0, 0.999);
                let kappa = (centre.1 + kappa_step * f64::from(across)).max(0.0);
                let lambda = scale(points, |n| shape(n, sigma, kappa));
                let found = Law::Usl { lambda, sigma, kappa };
                let off = found.residuals(points);
                if off < residuals {
                    (best, residuals, law) = ((sigma, kappa), off, found);
                }
            }
        }
        let shrink = if round < 3 { 0.3 } else { 0.4 };
        sigma_step *= shrink;
        // Coherency counts with the square of what was tried.
        kappa_step *= if round == 0 { (10.0 / most).clamp(0.02, 0.3) } else { shrink };
    }
    law
}
