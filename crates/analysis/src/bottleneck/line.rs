//! A straight line through utilization over throughput, and where it reaches 1.

use crate::stats::{Interval, median, student};

/// What a utilization is uncertain by, however well it lies on a line.
const READING: f64 = 0.003;

/// Deviations beyond which a point is left out, in robust standard deviations, and in any case.
const OUTLYING: f64 = 4.0;
const OUTLYING_LEAST: f64 = 0.03;

/// From median deviation to standard deviation.
const NORMAL: f64 = 1.4826;

/// A line of least squares through what does not lie far off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) intercept: f64,
    count: f64,
    middle: (f64, f64),
    /// The sum of the squared distances of `x` from its mean.
    width: f64,
    /// Standard deviation around the line, times Student's factor.
    reach: f64,
}

impl Line {
    /// `None` for fewer than three points, or all of about the same `x`.
    pub(super) fn through(points: &[(f64, f64)]) -> Option<Line> {
        let kept = without_outliers(points);
        let count = kept.len() as f64;
        let freedom = kept.len().checked_sub(2).filter(|freedom| *freedom > 0)?;
        let (mean_x, mean_y) = (
            kept.iter().map(|(x, _)| x).sum::<f64>() / count,
            kept.iter().map(|(_, y)| y).sum::<f64>() / count,
        );
        let width: f64 = kept.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        if width <= (mean_x * 1e-3).powi(2) {
            return None;
        }
        let slope = kept.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum::<f64>() / width;
        let intercept = mean_y - slope * mean_x;
        let squares: f64 = kept.iter().map(|(x, y)| (y - intercept - slope * x).powi(2)).sum();
        let deviation = (squares / freedom as f64).sqrt().max(READING);
        let reach = deviation * student(freedom);
        Some(Line { slope, intercept, count, middle: (mean_x, mean_y), width, reach })
    }

    pub(super) fn at(&self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }

    /// What its background leaves, at most all.
    pub(super) fn free(&self) -> f64 {
        1.0 - self.intercept.clamp(0.0, 1.0)
    }

    /// Of the slope, at 95 %.
    pub(super) fn slope_interval(&self) -> Interval {
        let error = self.reach / self.width.sqrt();
        Interval { low: self.slope - error, high: self.slope + error }
    }

    /// Where the line reaches `y`, with Fieller's interval at 95 %; `None` when it cannot be told from a
    /// level line or falls.
    pub(super) fn reaches(&self, y: f64) -> Option<(f64, Interval)> {
        if self.slope_interval().low <= 0.0 {
            return None;
        }
        let unsure = (self.reach / self.slope).powi(2) / self.width;
        let away = (y - self.middle.1) / self.slope;
        let error = self.reach / self.slope
            * ((1.0 - unsure) / self.count + away * away / self.width).sqrt();
        let bound = |sign: f64| self.middle.0 + (away + sign * error) / (1.0 - unsure);
        let interval = Interval { low: bound(-1.0).max(0.0), high: bound(1.0) };
        Some((self.middle.0 + away, interval))
    }
}

/// At most a quarter of the points is left out: those farthest from the line of Theil and Sen.
fn without_outliers(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut slopes = Vec::new();
    for (index, (x, y)) in points.iter().enumerate() {
        let later = points.iter().skip(index + 1).filter(|(other, _)| other != x);
        slopes.extend(later.map(|(other, more)| (more - y) / (other - x)));
    }
    let Some(slope) = median(&slopes) else { return points.to_vec() };
    let levels: Vec<f64> = points.iter().map(|(x, y)| y - slope * x).collect();
    let Some(intercept) = median(&levels) else { return points.to_vec() };
    let distance = |(x, y): &(f64, f64)| (y - intercept - slope * x).abs();
    let distances: Vec<f64> = points.iter().map(distance).collect();
    let usual = median(&distances).unwrap_or(0.0) * NORMAL;
    let limit = (usual * OUTLYING).max(OUTLYING_LEAST);
    let mut kept = points.to_vec();
    kept.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    let least = points.len() - points.len() / 4;
    let near = kept.iter().take_while(|point| distance(point) <= limit).count();
    kept.truncate(near.max(least));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_known_line() {
        let points: Vec<(f64, f64)> =
            [100.0, 200.0, 400.0, 600.0, 800.0].iter().map(|x| (*x, 0.05 + x / 1_000.0)).collect();
        let line = Line::through(&points).unwrap();
        let (limit, interval) = line.reaches(1.0).unwrap();
        assert!((limit - 950.0).abs() < 1e-6, "{limit}");
        assert!(interval.low > 930.0 && interval.high < 970.0, "{interval:?}");
    }

    #[test]
    fn one_point_far_off_changes_nothing() {
        let mut points: Vec<(f64, f64)> =
            (1..=8).map(|at| (f64::from(at) * 100.0, f64::from(at) * 0.1)).collect();
        points[3].1 = 0.95;
        let (limit, _) = Line::through(&points).unwrap().reaches(1.0).unwrap();
        assert!((limit - 1_000.0).abs() < 1.0, "{limit}");
    }

    #[test]
    fn level_and_short_lines_have_no_limit() {
        let level = [(100.0, 0.3), (200.0, 0.31), (300.0, 0.29), (400.0, 0.3)];
        assert_eq!(Line::through(&level).unwrap().reaches(1.0), None);
        assert_eq!(Line::through(&level[..2]), None);
        assert_eq!(Line::through(&[(5.0, 0.1), (5.0, 0.2), (5.0, 0.3)]), None);
    }
}
