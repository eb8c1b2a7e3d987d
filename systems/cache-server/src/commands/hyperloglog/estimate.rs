//! How many elements the registers tell of, by the estimator of Ertl, "New cardinality estimation
//! algorithms for HyperLogLog sketches" (2017), algorithm 6: without bias and without tables.

use super::registers::{REGISTERS, RUN_MAX};

/// 1 / (2 ln 2).
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// How many registers have each value.
pub(super) type Histogram = [u32; RUN_MAX as usize + 1];

pub(super) fn count(histogram: &Histogram) -> u64 {
    let registers = REGISTERS as f64;
    let [zero, middle @ .., last] = histogram;
    let mut sum = registers * tau((registers - f64::from(*last)) / registers);
    for registers in middle.iter().rev() {
        sum = (sum + f64::from(*registers)) * 0.5;
    }
    sum += registers * sigma(f64::from(*zero) / registers);
    // Nothing was counted where the sum is infinite.
    (ALPHA * registers * registers / sum).round() as u64
}

fn sigma(share: f64) -> f64 {
    if share >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut factor, mut sum) = (share, 1.0, share);
    loop {
        power *= power;
        let before = sum;
        sum += power * factor;
        factor += factor;
        if sum <= before {
            return sum;
        }
    }
}

fn tau(share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let (mut root, mut factor, mut sum) = (share, 1.0, 1.0 - share);
    loop {
        root = root.sqrt();
        let before = sum;
        factor *= 0.5;
        sum -= (1.0 - root).powi(2) * factor;
        if sum >= before {
            return sum / 3.0;
        }
    }
}
