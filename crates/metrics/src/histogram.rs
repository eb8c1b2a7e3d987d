//! A mergeable histogram of `f64` with three significant digits and bounded memory.
//!
//! A bucket is a value's sign, exponent and top ten bits of mantissa, so its width is at most 1/1024
//! of its value and any finite number fits. Up to [`EXACT_LIMIT`] values are kept as they are, so that
//! small runs have exact percentiles.

/// Values kept one by one before the histogram turns to buckets.
pub const EXACT_LIMIT: usize = 1024;

#[derive(Clone, Debug, Default)]
pub struct Histogram {}

impl Histogram {
    pub fn new() -> Histogram {
        Histogram::default()
    }

    /// Adds one value; NaN and infinities are counted as zero-width mistakes of the caller and ignored.
    pub fn record(&mut self, value: f64) {
        todo!("{value}")
    }

    pub fn merge(&mut self, other: &Histogram) {
        todo!("{other:?}")
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        todo!()
    }

    pub fn count(&self) -> u64 {
        todo!()
    }

    pub fn sum(&self) -> f64 {
        todo!()
    }

    /// 0 when empty, as k6 has it; likewise `max`, `mean` and `percentile`.
    pub fn min(&self) -> f64 {
        todo!()
    }

    pub fn max(&self) -> f64 {
        todo!()
    }

    pub fn mean(&self) -> f64 {
        todo!()
    }

    /// `p` in 0..=100. Linear interpolation between the two nearest ranks, as k6 does.
    pub fn percentile(&self, p: f64) -> f64 {
        todo!("{p}")
    }
}
