//! The bootstrap: sweeps that might as well have been measured.

use super::{Point, model::Law};
use crate::stats::student;

/// Parameters of the law with the most.
const PARAMETERS: usize = 3;

/// What each `n` is about, and by what repeats differ from that.
pub(super) struct Resample {
    /// With how many repeats there are of it.
    centres: Vec<(Point, usize)>,
    /// As shares, of all sizes together: few repeats of one say little of how it varies.
    deviations: Vec<f64>,
    /// By what sizes are off the law that their repeats do not explain, as shares.
    misfits: Vec<f64>,
}

/// The points of each `n`, ascending.
pub(super) fn groups(points: &[Point]) -> Vec<Vec<Point>> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.n.total_cmp(&b.n));
    sorted.chunk_by(|a, b| a.n == b.n).map(<[Point]>::to_vec).collect()
}

impl Resample {
    /// With repeats, they are the sample: each differs from the mean of its `n`. Without, what differs from
    /// `best` must do. `None` when nothing is left over that could vary.
    pub(super) fn new(groups: &[Vec<Point>], best: Law) -> Option<Resample> {
        let count: usize = groups.iter().map(Vec::len).sum();
        let has_repeats = groups.iter().all(|group| group.len() > 1);
        // Each size that is free, and each parameter of the law, takes a value away.
        let taken = if has_repeats { groups.len() } else { PARAMETERS };
        let freedom = count.checked_sub(taken).filter(|freedom| *freedom > 0)?;
        let mut centres = Vec::with_capacity(groups.len());
        let mut deviations = Vec::with_capacity(count);
        for group in groups {
            let repeats = group.len() as f64;
            let first = *group.first()?;
            let mean = group.iter().map(|point| point.throughput).sum::<f64>() / repeats;
            let throughput = if has_repeats { mean } else { best.at(first.n) };
            centres.push((Point { throughput, ..first }, group.len()));
            // Of what a mean has come near to, too little is left.
            let left = if has_repeats { (repeats / (repeats - 1.0)).sqrt() } else { 1.0 };
            deviations.extend(group.iter().map(|it| (it.throughput / throughput - 1.0) * left));
        }
        let mut misfits = Vec::new();
        if has_repeats {
            let variance = mean_square(&deviations) * groups.len() as f64 / count as f64;
            misfits = self::misfits(&centres, best, variance);
        } else {
            scale(&mut deviations, (count as f64 / freedom as f64).sqrt());
        }
        // How much they vary is known from few only.
        scale(&mut deviations, student(freedom) / student(usize::MAX));
        Some(Resample { centres, deviations, misfits })
    }

    /// As many points as there were, with deviations drawn with return.
    pub(super) fn draw(&self, random: &mut impl FnMut() -> u64) -> Vec<Point> {
        let mut one_of = |values: &[f64]| {
            let at = random().checked_rem(values.len() as u64);
            at.and_then(|at| values.get(at as usize)).copied().unwrap_or(0.0)
        };
        let mut drawn = Vec::new();
        for (centre, repeats) in &self.centres {
            let of_size = 1.0 + one_of(&self.misfits);
            for _ in 0..*repeats {
                // Nothing that was measured is zero or less.
                let factor = (of_size * (1.0 + one_of(&self.deviations))).max(0.01);
                drawn.push(Point { throughput: centre.throughput * factor, ..*centre });
            }
        }
        drawn
    }
}

/// No service follows a law to the digit. What the means of sizes are off `best` by, beyond the `variance`
/// that such means have, is drawn for each size too; empty when that is nothing.
fn misfits(centres: &[(Point, usize)], best: Law, variance: f64) -> Vec<f64> {
    let Some(freedom) = centres.len().checked_sub(PARAMETERS).filter(|it| *it > 0) else {
        return Vec::new();
    };
    let off = |(point, _): &(Point, usize)| point.throughput / best.at(point.n) - 1.0;
    let mut found: Vec<f64> = centres.iter().map(off).collect();
    let usual = mean_square(&found);
    let beyond = usual * found.len() as f64 / freedom as f64 - variance;
    if beyond <= 0.0 {
        return Vec::new();
    }
    scale(&mut found, (beyond / usual).sqrt() * student(freedom) / student(usize::MAX));
    found
}

fn mean_square(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>() / values.len().max(1) as f64
}

fn scale(values: &mut [f64], factor: f64) {
    values.iter_mut().for_each(|value| *value *= factor);
}
