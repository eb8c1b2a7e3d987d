//! The bootstrap: sweeps that might as well have been measured.

use super::{Point, model::Law};

/// Parameters of the law with the most.
const PARAMETERS: usize = 3;

/// What each `n` is about, and by what repeats differ from that.
pub(super) struct Resample {
    centres: Vec<Point>,
    /// As shares, of all sizes together: few repeats of one say little of how it varies.
    deviations: Vec<f64>,
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
        if !has_repeats && count <= PARAMETERS {
            return None;
        }
        let (mut centres, mut deviations) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for group in groups {
            let repeats = group.len() as f64;
            let mean = group.iter().map(|point| point.throughput).sum::<f64>() / repeats;
            // Of what a fit has come near to, too little is left.
            let free = if has_repeats { repeats - 1.0 } else { (count - PARAMETERS) as f64 };
            let all = if has_repeats { repeats } else { count as f64 };
            for point in group {
                let centre = if has_repeats { mean } else { best.at(point.n) };
                centres.push(Point { throughput: centre, ..*point });
                deviations.push((point.throughput / centre - 1.0) * (all / free).sqrt());
            }
        }
        Some(Resample { centres, deviations })
    }

    /// As many points as there were, with deviations drawn with return.
    pub(super) fn draw(&self, random: &mut impl FnMut() -> u64) -> Vec<Point> {
        let count = self.deviations.len().max(1) as u64;
        let drawn = self.centres.iter().map(|centre| {
            let deviation = self.deviations.get((random() % count) as usize).copied();
            // Nothing that was measured is zero or less.
            let factor = (1.0 + deviation.unwrap_or(0.0)).max(0.01);
            Point { throughput: centre.throughput * factor, ..*centre }
        });
        drawn.collect()
    }
}
