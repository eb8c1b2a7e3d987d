//! The laws and how well each fits.

use super::{Point, solve::non_negative};

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

    /// Sum of squared residuals, as shares of what the law says: throughput varies in proportion to itself.
    fn residuals(self, points: &[Point]) -> f64 {
        points.iter().map(|p| (p.throughput / self.at(p.n) - 1.0).powi(2)).sum()
    }

    /// How far a measured throughput usually is from the law, as a share.
    pub(super) fn spread(self, points: &[Point]) -> f64 {
        (self.residuals(points) / points.len().max(1) as f64).sqrt()
    }

    /// Akaike's criterion, corrected for few points: the least is the best of several laws.
    pub(super) fn criterion(self, points: &[Point]) -> f64 {
        let (count, k) = (points.len() as f64, self.parameters());
        // A law that fits to the last digit is told by its parameters.
        let mean = (self.residuals(points) / count).max(1e-12);
        count * mean.ln() + 2.0 * k + 2.0 * k * (k + 1.0) / (count - k - 1.0).max(0.5)
    }

    /// The share of the variance that the law explains.
    pub(super) fn r_squared(self, points: &[Point]) -> f64 {
        let mean = points.iter().map(|point| point.throughput).sum::<f64>() / points.len() as f64;
        let total: f64 = points.iter().map(|point| (point.throughput - mean).powi(2)).sum();
        let rest: f64 = points.iter().map(|p| (p.throughput - self.at(p.n)).powi(2)).sum();
        if total > 0.0 { 1.0 - rest / total } else { 0.0 }
    }
}

fn shape(n: f64, sigma: f64, kappa: f64) -> f64 {
    n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0))
}

/// All that least squares need of the points of one `n`: the sums of throughputs and of their squares.
struct Group {
    n: f64,
    once: f64,
    squared: f64,
}

/// In any order.
fn sums(points: &[Point]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for &Point { n, throughput } in points {
        match groups.iter_mut().find(|group| group.n == n) {
            Some(group) => {
                group.once += throughput;
                group.squared += throughput * throughput;
            }
            None => groups.push(Group { n, once: throughput, squared: throughput * throughput }),
        }
    }
    groups
}

/// The factor by which `shape` comes nearest to the points, and by how much the squares that are left are
/// fewer than with none.
fn scale(groups: &[Group], shape: impl Fn(f64) -> f64) -> (f64, f64) {
    let (mut top, mut bottom) = (0.0, 0.0);
    for group in groups {
        let inverse = 1.0 / shape(group.n);
        top += inverse * group.once;
        bottom += inverse * inverse * group.squared;
    }
    if top > 0.0 { (bottom / top, top * top / bottom) } else { (0.0, 0.0) }
}

pub(super) fn linear(points: &[Point]) -> Law {
    Law::Linear { lambda: scale(&sums(points), |n| n).0 }
}

/// The knee is looked for everywhere up to the largest `n`.
pub(super) fn flat(points: &[Point]) -> Law {
    const STEPS: u32 = 400;
    let (most, groups) = (most(points), sums(points));
    let mut best = (0.0, Law::Flat { lambda: 0.0, limit: 0.0 });
    for step in 0..=STEPS {
        let knee = most.powf(f64::from(step) / f64::from(STEPS));
        let (lambda, gain) = scale(&groups, |n| n.min(knee));
        if gain > best.0 {
            best = (gain, Law::Flat { lambda, limit: lambda * knee });
        }
    }
    best.1
}

/// The time that each unit of work takes, `1 / throughput`, is a sum of three shares that the law says:
/// what is divided by all (`1 / n`), what is not (contention) and what grows with `n - 1` (coherency).
/// None is below zero. So the least squares have one minimum, which is found without steps.
pub(super) fn usl(points: &[Point]) -> Law {
    let mut matrix = [[0.0; 3]; 3];
    let mut wanted = [0.0; 3];
    for group in sums(points) {
        let shares = [1.0 / group.n, 1.0, group.n - 1.0];
        for ((row, left), goal) in matrix.iter_mut().zip(shares).zip(&mut wanted) {
            *goal += left * group.once;
            for (cell, right) in row.iter_mut().zip(shares) {
                *cell += left * right * group.squared;
            }
        }
    }
    let [divided, contended, coherent] = non_negative(&matrix, &wanted);
    let alone = divided + contended;
    if alone <= 0.0 {
        return linear(points);
    }
    Law::Usl { lambda: 1.0 / alone, sigma: contended / alone, kappa: coherent / alone }
}

pub(super) fn most(points: &[Point]) -> f64 {
    points.iter().map(|point| point.n).fold(1.0, f64::max)
}
