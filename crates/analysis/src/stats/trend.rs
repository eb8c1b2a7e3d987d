//! Whether values rise with time.

use super::{Interval, order::median, rank_sum::upper_tail};

/// Pairs of values beyond which time is looked at in steps: enough for hours of seconds.
const VALUES_LIMIT: usize = 600;

/// A slope per step from one value to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    pub estimate: f64,
    pub interval: Interval,
}

/// The median of the slopes of all pairs of values (Theil and Sen), with the interval of `confidence`
/// (0..1) that Kendall's statistic gives. `None` for fewer than three values.
pub fn slope(values: &[f64], confidence: f64) -> Option<Slope> {
    let step = values.len().div_ceil(VALUES_LIMIT).max(1);
    let kept: Vec<(f64, f64)> =
        values.iter().enumerate().step_by(step).map(|(at, value)| (at as f64, *value)).collect();
    if kept.len() < 3 {
        return None;
    }
    let mut slopes: Vec<f64> = Vec::with_capacity(kept.len() * (kept.len() - 1) / 2);
    for (index, (at, value)) in kept.iter().enumerate() {
        slopes
            .extend(kept.iter().skip(index + 1).map(|(later, more)| (more - value) / (later - at)));
    }
    slopes.sort_unstable_by(f64::total_cmp);
    let n = kept.len() as f64;
    let spread = (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let out = ((slopes.len() as f64 - z_of(confidence) * spread) / 2.0).floor().max(0.0) as usize;
    let low = *slopes.get(out)?;
    let high = *slopes.get(slopes.len().checked_sub(out + 1)?)?;
    Some(Slope { estimate: median(&slopes)?, interval: Interval { low, high } })
}

/// How many standard deviations around the mean hold `confidence` of a normal distribution.
pub fn z_of(confidence: f64) -> f64 {
    let tail = (1.0 - confidence.clamp(0.0, 0.999_999)) / 2.0;
    let (mut low, mut high) = (0.0, 8.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if upper_tail(middle) > tail { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_noise_is_not() {
        let line: Vec<f64> = (0..20).map(|at| 3.0 + 2.0 * f64::from(at)).collect();
        let found = slope(&line, 0.95).unwrap();
        assert_eq!((found.estimate, found.interval.low), (2.0, 2.0));
        let saw: Vec<f64> = (0..30).map(|at| f64::from(at * 7 % 11)).collect();
        let found = slope(&saw, 0.95).unwrap();
        assert!(found.interval.low < 0.0 && found.interval.high > 0.0, "{found:?}");
        assert_eq!(slope(&[1.0, 2.0], 0.95), None);
        assert!(slope(&vec![1.0; 5_000], 0.95).unwrap().estimate == 0.0);
    }

    #[test]
    fn z_is_that_of_the_tables() {
        for (confidence, expected) in [(0.95, 1.959_96), (0.99, 2.575_83), (0.9, 1.644_85)] {
            assert!((z_of(confidence) - expected).abs() < 1e-4);
        }
    }
}
