//! A histogram as a few values.

use plimsoll_metrics::{Histogram, histogram::RELATIVE_ERROR};

/// Values above this part of all give way to the greatest, so that the mean stays.
const TAIL: f64 = 0.99;

/// `points` values, ascending. Each stands for as many of the histogram's neighbouring values and is
/// their mean, so that means and percentiles are kept. The least and the greatest value are among
/// them where that leaves the mean right, and where `extremes` has them.
pub(super) fn points(histogram: &Histogram, points: usize, extremes: [Option<f64>; 2]) -> Vec<f64> {
    let asked = extremes.iter().flatten().count();
    let (min, max) = (histogram.min(), histogram.max());
    let points = match min == max {
        true => points,
        false => points.max(asked),
    };
    let means = means(histogram, points);
    let mean = histogram.mean();
    let both = with_extremes(&means, [Some(min), Some(max)], mean);
    if is_near(mean_of(&both), mean) { both } else { with_extremes(&means, extremes, mean) }
}

fn is_near(value: f64, wanted: f64) -> bool {
    (value - wanted).abs() <= wanted.abs() * RELATIVE_ERROR
}

fn mean_of(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The means of `points` equal parts of all values in order.
fn means(histogram: &Histogram, points: usize) -> Vec<f64> {
    let (least, greatest) = (histogram.min(), histogram.max());
    let size = histogram.count() as f64 / points.max(1) as f64;
    let mut means = Vec::with_capacity(points);
    // Of the part that is being filled.
    let (mut sum, mut filled) = (0.0, 0.0);
    for bucket in histogram.buckets() {
        let value = bucket.low + (bucket.high - bucket.low) / 2.0;
        let value = value.clamp(least, greatest);
        let mut left = bucket.count as f64;
        while left > 0.0 {
            let taken = left.min(size - filled);
            sum += taken * value;
            filled += taken;
            left -= taken;
            // What rounding leaves over is no part of its own.
            if size - filled <= size * f64::EPSILON * 16.0 {
                means.push((sum / filled).clamp(least, greatest));
                (sum, filled) = (0.0, 0.0);
            }
        }
    }
    means.resize(points, greatest);
    means
}

/// With the ends set to `extremes`, and what that adds to the mean taken off the values of the tail.
fn with_extremes(means: &[f64], [min, max]: [Option<f64>; 2], mean: f64) -> Vec<f64> {
    let mut values = means.to_vec();
    if let (Some(first), Some(min)) = (values.first_mut(), min) {
        *first = min;
    }
    let (Some(last), Some(max)) = (values.last_mut(), max) else { return values };
    *last = max;
    let excess = values.iter().sum::<f64>() - mean * values.len() as f64;
    let start = (values.len() as f64 * TAIL).ceil() as usize;
    let Some((below, [tail @ .., _])) = values.split_at_mut_checked(start.max(1)) else {
        return values;
    };
    let floor = below.last().copied().unwrap_or(max);
    // Down to where the tail begins at most, or up to the greatest.
    let end = if excess > 0.0 { floor } else { max };
    let room: f64 = tail.iter().map(|value| value - end).sum();
    let part = if room == 0.0 { 0.0 } else { (excess / room).clamp(0.0, 1.0) };
    tail.iter_mut().for_each(|value| *value += (end - *value) * part);
    values
}
