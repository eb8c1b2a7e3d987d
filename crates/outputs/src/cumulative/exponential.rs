//! Counts of values in buckets whose bounds grow by a constant factor: what Prometheus's native
//! histograms and OpenTelemetry's exponential ones are made of.
//!
//! At scale `s` the factor is `2^(1/2^s)`, and bucket `i` holds values in `(factor^i, factor^(i+1)]`.
//! Two buckets of one scale are one bucket of the next coarser scale, so that a finer histogram becomes
//! a coarser one without error.

/// The scale that a histogram starts with: buckets 0.54 % wide, so that a value taken from its bucket
/// is at most 0.27 % off.
pub(crate) const SCALE: i32 = 7;

/// Buckets per sign. With more, the scale becomes coarser: at [`SCALE`] they reach over ten octaves
/// when none of them is empty.
pub(crate) const BUCKETS_LIMIT: usize = 1_280;

/// Values by magnitude.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exponential {
    scale: i32,
    zeros: u64,
    positive: Buckets,
    negative: Buckets,
}

/// Buckets that are not empty, in ascending order of their indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Buckets(Vec<(i32, u64)>);

impl Default for Exponential {
    fn default() -> Exponential {
        Exponential {
            scale: SCALE,
            zeros: 0,
            positive: Buckets::default(),
            negative: Buckets::default(),
        }
    }
}

impl Exponential {
    /// Adds `count` times `value`, which must be finite.
    pub(crate) fn add(&mut self, value: f64, count: u64) {
        if value.abs() < f64::MIN_POSITIVE {
            self.zeros += count;
            return;
        }
        let index = index(value.abs(), self.scale);
        let buckets = if value > 0.0 { &mut self.positive } else { &mut self.negative };
        buckets.add(index, count);
        if buckets.0.len() > BUCKETS_LIMIT {
            *self = self.at_scale(self.scale - 1);
        }
    }

    pub(crate) fn scale(&self) -> i32 {
        self.scale
    }

    pub(crate) fn zeros(&self) -> u64 {
        self.zeros
    }

    pub(crate) fn positive(&self) -> &Buckets {
        &self.positive
    }

    /// By magnitude.
    pub(crate) fn negative(&self) -> &Buckets {
        &self.negative
    }

    /// The same values at `scale`, or as they are when that would be finer.
    pub(crate) fn at_scale(&self, scale: i32) -> Exponential {
        let scale = scale.min(self.scale);
        let steps = self.scale - scale;
        Exponential {
            scale,
            zeros: self.zeros,
            positive: self.positive.coarser(steps),
            negative: self.negative.coarser(steps),
        }
    }

    /// The same values at the finest scale at which the buckets of either sign, those between that
    /// are empty included, are at most `limit`.
    pub(crate) fn within(&self, limit: u32) -> Exponential {
        let mut coarser = self.at_scale(self.scale);
        while coarser.positive.span() > limit || coarser.negative.span() > limit {
            coarser = coarser.at_scale(coarser.scale - 1);
        }
        coarser
    }

    /// The value of the `rank`th smallest, counted from 0: the middle of its bucket.
    pub(crate) fn value_at(&self, rank: u64) -> f64 {
        let middle = |index: i32| ((f64::from(index) + 0.5) / f64::from(self.scale).exp2()).exp2();
        let mut passed = 0;
        for &(index, count) in self.negative.0.iter().rev() {
            passed += count;
            if passed > rank {
                return -middle(index);
            }
        }
        passed += self.zeros;
        if passed > rank {
            return 0.0;
        }
        for &(index, count) in &self.positive.0 {
            passed += count;
            if passed > rank {
                return middle(index);
            }
        }
        self.positive.0.last().map_or(0.0, |&(index, _)| middle(index))
    }
}

/// The bucket of a positive value.
fn index(value: f64, scale: i32) -> i32 {
    (value.log2() * f64::from(scale).exp2()).ceil() as i32 - 1
}

impl Buckets {
    fn add(&mut self, index: i32, count: u64) {
        match self.0.binary_search_by_key(&index, |&(index, _)| index) {
            Ok(at) => {
                if let Some((_, sum)) = self.0.get_mut(at) {
                    *sum += count;
                }
            }
            Err(at) => self.0.insert(at, (index, count)),
        }
    }

    fn coarser(&self, steps: i32) -> Buckets {
        let mut coarser: Vec<(i32, u64)> = Vec::with_capacity(self.0.len() >> steps.min(31));
        for &(index, count) in &self.0 {
            let index = index >> steps.min(31);
            match coarser.last_mut() {
                Some((last, sum)) if *last == index => *sum += count,
                _ => coarser.push((index, count)),
            }
        }
        Buckets(coarser)
    }

    /// From the first to the last, both included.
    fn span(&self) -> u32 {
        match (self.0.first(), self.0.last()) {
            (Some((first, _)), Some((last, _))) => last.abs_diff(*first) + 1,
            _ => 0,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (i32, u64)> {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn of(values: &[f64]) -> Exponential {
        let mut histogram = Exponential::default();
        values.iter().for_each(|&value| histogram.add(value, 1));
        histogram
    }

    fn count(histogram: &Exponential) -> u64 {
        let buckets = histogram.positive.iter().chain(histogram.negative.iter());
        histogram.zeros + buckets.map(|(_, count)| count).sum::<u64>()
    }

    /// The bounds are those of the formats: the upper one belongs to the bucket.
    #[test]
    fn powers_of_two_are_upper_bounds() {
        for (value, scale, expected) in
            [(1.0, 3, -1), (2.0, 3, 7), (4.0, 7, 255), (0.5, 0, -2), (1.1, 0, 0), (2.1, 0, 1)]
        {
            assert_eq!(index(value, scale), expected, "{value} at {scale}");
        }
    }

    #[test]
    fn buckets_are_limited() {
        let values: Vec<f64> = (0..60_000).map(|at| 1.001_f64.powi(at - 30_000)).collect();
        let histogram = of(&values);
        assert!(histogram.positive.0.len() <= BUCKETS_LIMIT);
        assert_eq!(count(&histogram), 60_000);
        let narrow = histogram.within(160);
        assert!(narrow.positive.span() <= 160 && narrow.positive.span() > 80);
        assert_eq!(count(&narrow), 60_000);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn coarser_buckets_are_the_buckets_of_a_coarser_scale(
            values in vec(-1e9_f64..1e9, 0..50), scale in -4..SCALE,
        ) {
            let coarse = of(&values).at_scale(scale);
            prop_assert_eq!(count(&coarse), values.len() as u64);
            for (value, buckets) in values.iter().map(|value| (value, match *value > 0.0 {
                true => &coarse.positive,
                false => &coarse.negative,
            })) {
                let index = index(value.abs(), scale);
                prop_assert!(*value == 0.0 || buckets.iter().any(|(known, _)| known == index));
            }
        }

        #[test]
        fn a_rank_gives_its_value_within_the_error(mut values in vec(-1e6_f64..1e6, 1..50)) {
            let histogram = of(&values);
            values.sort_by(f64::total_cmp);
            for (rank, value) in values.iter().enumerate() {
                let found = histogram.value_at(rank as u64);
                prop_assert!((found - value).abs() <= value.abs() * 0.0028, "{found} for {value}");
            }
        }
    }
}
