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
