//! Native histograms: from buckets to spans and differences.

use super::message::{BucketSpan, Histogram};
use crate::cumulative::{Buckets, Counts, Distribution};

/// Eight buckets per power of two, as k6 has it.
const SCHEMA: i32 = 3;

/// Buckets in a gap that are written as empty ones: cheaper than another span.
const GAP_LIMIT: u32 = 2;

/// What k6's client library counts as zero: 2^-128.
const ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

/// The histogram of a distribution with exponential buckets; `None` of another.
pub(super) fn histogram(distribution: &Distribution, timestamp: i64) -> Option<Histogram> {
    let Counts::Exponential(fine) = distribution.counts() else { return None };
    let buckets = fine.at_scale(SCHEMA);
    let (positive_spans, positive_deltas) = spans(buckets.positive());
    let (negative_spans, negative_deltas) = spans(buckets.negative());
    Some(Histogram {
        count: Some(distribution.count()),
        sum: distribution.sum(),
        schema: buckets.scale(),
        zero_threshold: ZERO_THRESHOLD,
        zero_count: Some(buckets.zeros()),
        negative_spans,
        negative_deltas,
        positive_spans,
        positive_deltas,
        timestamp,
    })
}

fn spans(buckets: &Buckets) -> (Vec<BucketSpan>, Vec<i64>) {
    let mut spans: Vec<BucketSpan> = Vec::new();
    let mut deltas = Vec::new();
    // The number behind the bucket before, and that bucket's count.
    let (mut next, mut before) = (0, 0);
    for (index, count) in buckets.iter() {
        // Prometheus numbers a bucket by its upper bound.
        let number = index + 1;
        let gap = number - next;
        match spans.last_mut() {
            Some(span) if (0..=GAP_LIMIT as i32).contains(&gap) => {
                for _ in 0..gap {
                    deltas.push(-before);
                    before = 0;
                }
                span.length += gap as u32 + 1;
            }
            _ => spans.push(BucketSpan { offset: gap, length: 1 }),
        }
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        deltas.push(count - before);
        (next, before) = (number + 1, count);
    }
    (spans, deltas)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::cumulative::Shape;

    fn of(values: &[f64]) -> Histogram {
        let mut recorded = plimsoll_metrics::Histogram::new();
        values.iter().for_each(|&value| recorded.record(value));
        let mut distribution = Distribution::new(Shape::Exponential);
        distribution.add(&recorded, 1.0);
        histogram(&distribution, 7).unwrap()
    }

    /// `(number, count)` of all buckets that are not empty, as a receiver reads them.
    fn read(spans: &[BucketSpan], deltas: &[i64]) -> Vec<(i32, i64)> {
        let (mut number, mut count, mut found) = (0, 0, Vec::new());
        let mut deltas = deltas.iter();
        for span in spans {
            number += span.offset;
            for _ in 0..span.length {
                count += deltas.next().unwrap();
                found.push((number, count));
                number += 1;
            }
        }
        assert_eq!(deltas.next(), None);
        found.retain(|(_, count)| *count > 0);
        found
    }

    /// k6 made this of the same values.
    #[test]
    fn spans_are_those_that_k6_sends() {
        let mut values: Vec<f64> = (0..6).map(|at| f64::from(at) * 1.5).collect();
        values.extend([0.0; 6]);
        values.extend([-1.0; 6]);
        let found = of(&values);
        let span = |offset, length| BucketSpan { offset, length };
        assert_eq!((found.count, found.zero_count, found.sum), (Some(18), Some(7), 16.5));
        assert_eq!(found.negative_spans, [span(0, 1)]);
        assert_eq!(found.negative_deltas, [6]);
        assert_eq!(found.positive_spans, [span(5, 1), span(7, 1), span(4, 7)]);
        assert_eq!(found.positive_deltas, [1, 0, 0, -1, 0, 1, -1, 0, 1]);
        assert_eq!((found.schema, found.zero_threshold), (3, 2.0_f64.powi(-128)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn a_receiver_reads_every_value(values in vec(-1e6_f64..1e6, 0..60)) {
            let found = of(&values);
            let positive = read(&found.positive_spans, &found.positive_deltas);
            let negative = read(&found.negative_spans, &found.negative_deltas);
            let sum: i64 = positive.iter().chain(&negative).map(|(_, count)| count).sum();
            prop_assert_eq!(sum as u64 + found.zero_count.unwrap(), values.len() as u64);
            for value in values.iter().filter(|value| **value > 0.0) {
                let number = (value.log2() * 8.0).ceil() as i32;
                prop_assert!(positive.iter().any(|(known, _)| *known == number));
            }
        }
    }
}
