//! Values of one series since the start of a run, in the buckets that its receiver wants.

use plimsoll_metrics::Histogram;

use super::exponential::Exponential;

/// Which buckets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Bounds that follow from the values; percentiles can be taken from them.
    Exponential,
    /// Upper bounds that are given, ascending, in the unit that is sent.
    Explicit(Bounds),
}

/// Upper bounds of buckets, each belonging to its bucket.
pub(crate) type Bounds = &'static [f64];

#[derive(Clone, Debug)]
pub(crate) struct Distribution {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    buckets: Counts,
}

#[derive(Clone, Debug)]
pub(crate) enum Counts {
    Exponential(Exponential),
    /// One more than bounds: the last is for what is above all of them.
    Explicit {
        bounds: Bounds,
        counts: Box<[u64]>,
    },
}

impl Distribution {
    pub(crate) fn new(shape: Shape) -> Distribution {
        let buckets = match shape {
            Shape::Exponential => Counts::Exponential(Exponential::default()),
            Shape::Explicit(bounds) => {
                Counts::Explicit { bounds, counts: vec![0; bounds.len() + 1].into() }
            }
        };
        Distribution { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY, buckets }
    }

    /// Adds all of `values`, each times `factor`, which is positive.
    pub(crate) fn add(&mut self, values: &Histogram, factor: f64) {
        if values.is_empty() {
            return;
        }
        self.count += values.count();
        self.sum += values.sum() * factor;
        self.min = self.min.min(values.min() * factor);
        self.max = self.max.max(values.max() * factor);
        for (value, count) in values.values() {
            match &mut self.buckets {
                Counts::Exponential(buckets) => buckets.add(value * factor, count),
                Counts::Explicit { bounds, counts } => {
                    let at = bounds.partition_point(|bound| *bound < value * factor);
                    if let Some(sum) = counts.get_mut(at) {
                        *sum += count;
                    }
                }
            }
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn sum(&self) -> f64 {
        self.sum
    }

    /// 0 when empty, as k6 has it; likewise the others.
    pub(crate) fn min(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.min }
    }

    pub(crate) fn max(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.max }
    }

    pub(crate) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.buckets
    }

    /// `p` in 0..=100, with k6's interpolation between the two nearest ranks. Only the first and the
    /// last rank are exact, the others are off by half of a bucket's width at most. Without
    /// exponential buckets there is no percentile, and 0 is returned.
    pub(crate) fn percentile(&self, p: f64) -> f64 {
        let Counts::Exponential(buckets) = &self.buckets else { return 0.0 };
        if self.count == 0 {
            return 0.0;
        }
        let rank = p.clamp(0.0, 100.0) / 100.0 * (self.count - 1) as f64;
        let value = |rank: u64| match rank {
            0 => self.min,
            rank if rank + 1 >= self.count => self.max,
            rank => buckets.value_at(rank).clamp(self.min, self.max),
        };
        let below = rank.floor();
        let (low, high) = (value(below as u64), value(rank.ceil() as u64));
        low + (high - low) * (rank - below)
    }
}
