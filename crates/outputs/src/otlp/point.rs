//! Points of each kind.

use super::{
    encode::Span,
    message::{
        Buckets, ExponentialHistogramDataPoint, HistogramDataPoint, KeyValue, NumberDataPoint,
    },
};
use crate::cumulative::{self, Distribution, Exponential};

/// Buckets per sign of an exponential histogram, as many as the SDKs have.
pub(super) const BUCKETS_LIMIT: u32 = 160;

pub(super) fn double(value: f64) -> NumberDataPoint {
    NumberDataPoint { as_double: Some(value), ..NumberDataPoint::default() }
}

pub(super) fn int(value: u64) -> NumberDataPoint {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    NumberDataPoint { as_int: Some(value), ..NumberDataPoint::default() }
}

pub(super) fn number(
    value: NumberDataPoint,
    span: Span,
    attributes: Vec<KeyValue>,
) -> NumberDataPoint {
    let (start_time_unix_nano, time_unix_nano) = (span.start, span.end);
    NumberDataPoint { start_time_unix_nano, time_unix_nano, attributes, ..value }
}

pub(super) fn explicit(
    values: &Distribution,
    (bounds, counts): (&[f64], &[u64]),
    span: Span,
    attributes: Vec<KeyValue>,
) -> HistogramDataPoint {
    HistogramDataPoint {
        start_time_unix_nano: span.start,
        time_unix_nano: span.end,
        count: values.count(),
        sum: Some(values.sum()),
        bucket_counts: counts.to_vec(),
        explicit_bounds: bounds.to_vec(),
        attributes,
        min: Some(values.min()),
        max: Some(values.max()),
    }
}

pub(super) fn exponential(
    values: &Distribution,
    buckets: &Exponential,
    span: Span,
    attributes: Vec<KeyValue>,
) -> ExponentialHistogramDataPoint {
    let buckets = buckets.within(BUCKETS_LIMIT);
    ExponentialHistogramDataPoint {
        attributes,
        start_time_unix_nano: span.start,
        time_unix_nano: span.end,
        count: values.count(),
        sum: Some(values.sum()),
        scale: buckets.scale(),
        zero_count: buckets.zeros(),
        positive: dense(buckets.positive()),
        negative: dense(buckets.negative()),
        min: Some(values.min()),
        max: Some(values.max()),
    }
}

/// With the empty ones between the first and the last, which are at most [`BUCKETS_LIMIT`].
fn dense(buckets: &cumulative::Buckets) -> Option<Buckets> {
    let (offset, _) = buckets.iter().next()?;
    let mut bucket_counts = Vec::new();
    for (index, count) in buckets.iter() {
        bucket_counts.resize(index.abs_diff(offset) as usize, 0);
        bucket_counts.push(count);
    }
    Some(Buckets { offset, bucket_counts })
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::Histogram;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::cumulative::{Counts, Shape};

    const SPAN: Span = Span { start: 1, end: 2 };

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Every value is in the bucket that its logarithm says, however wide their range.
        #[test]
        fn a_receiver_reads_every_value(values in vec((-1.0_f64..1.0, -40_i32..40), 1..60)) {
            let values: Vec<f64> = values.iter().map(|(part, octave)| part * f64::from(*octave).exp2()).collect();
            let mut recorded = Histogram::new();
            values.iter().for_each(|&value| recorded.record(value));
            let mut distribution = Distribution::new(Shape::Exponential);
            distribution.add(&recorded, 1.0);
            let Counts::Exponential(buckets) = distribution.counts() else { panic!() };
            let point = exponential(&distribution, buckets, SPAN, Vec::new());
            let empty = Buckets::default();
            let (positive, negative) =
                (point.positive.as_ref().unwrap_or(&empty), point.negative.as_ref().unwrap_or(&empty));
            let sum = |buckets: &Buckets| buckets.bucket_counts.iter().sum::<u64>();
            prop_assert_eq!(sum(negative) + point.zero_count + sum(positive), values.len() as u64);
            for value in values.iter().filter(|value| **value != 0.0) {
                let buckets = if *value > 0.0 { positive } else { negative };
                prop_assert!(buckets.bucket_counts.len() <= BUCKETS_LIMIT as usize);
                let index = (value.abs().log2() * f64::from(point.scale).exp2()).ceil() as i32 - 1;
                let count = buckets.bucket_counts.get((index - buckets.offset) as usize);
                prop_assert!(count.is_some_and(|count| *count > 0), "{value}");
            }
        }
    }
}
