//! Laws of the histogram: error, merging, codec.

use proptest::{collection::vec, prelude::*};

use super::*;

fn of(values: &[f64]) -> Histogram {
    let mut histogram = Histogram::new();
    values.iter().for_each(|&value| histogram.record(value));
    histogram
}

/// The definition: linear interpolation between the two nearest ranks of the sorted values.
fn expected_percentile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = p / 100.0 * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    low + (high - low) * rank.fract()
}

/// Checks all that a histogram of `values` must tell, within its stated error.
fn check(histogram: &Histogram, values: &[f64]) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let magnitude: f64 = values.iter().map(|value| value.abs()).sum();
    assert_eq!(histogram.count(), values.len() as u64);
    assert_eq!((histogram.min(), histogram.max()), (least, greatest));
    assert!((histogram.sum() - values.iter().sum::<f64>()).abs() <= magnitude * 1e-12);
    for p in [0.0, 1.0, 25.0, 50.0, 90.0, 95.0, 99.0, 99.9, 100.0] {
        let (found, expected) = (histogram.percentile(p), expected_percentile(values, p));
        // Interpolation lies between two ranks, each with its own error.
        let allowed = if histogram.is_exact() {
            1e-12 * least.abs().max(greatest.abs())
        } else {
            let near = |at: f64| expected_percentile(values, at.clamp(0.0, 100.0)).abs();
            let step = 100.0 / (values.len() - 1) as f64;
            near(p - step).max(near(p + step)).max(expected.abs()) * RELATIVE_ERROR
        };
        assert!((found - expected).abs() <= allowed, "p({p}) is {found}, should be {expected}");
    }
}

fn same(left: &Histogram, right: &Histogram) -> bool {
    left.buckets() == right.buckets()
        && (left.min(), left.max(), left.count()) == (right.min(), right.max(), right.count())
        && (left.sum() - right.sum()).abs() <= 1e-9 * left.sum().abs().max(1.0)
}

/// Latencies as they come: some orders of magnitude, some zeros, now and then a negative number.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (0.0..7.0_f64).prop_map(|exponent| 10_f64.powf(exponent) / 1e3),
        1 => Just(0.0),
        1 => -1e6..1e6_f64,
        1 => (0_u32..5_000_000).prop_map(|nanos| f64::from(nanos) / 1e6),
    ]
}

#[test]
fn one_wide_second_is_forgotten() {
    let mut histogram = Histogram::new();
    let fill = |histogram: &mut Histogram, octaves: i32| {
        (0..4_000)
            .for_each(|at| histogram.record(2f64.powf(f64::from(at % (octaves * 100)) / 100.0)));
    };
    fill(&mut histogram, 20);
    histogram.clear();
    let wide = histogram.buckets.capacity();
    fill(&mut histogram, 1);
    histogram.clear();
    let narrow = histogram.buckets.capacity();
    assert!(narrow > 0 && narrow * 4 < wide, "{wide} pages, then {narrow}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn close_to_the_truth(values in vec(value(), 1..2_500)) {
        check(&of(&values), &values);
    }

    #[test]
    fn merging_is_recording_everything(
        parts in vec(vec(value(), 0..900), 1..5),
        seed in 0_usize..24,
    ) {
        let all: Vec<f64> = parts.iter().flatten().copied().collect();
        let mut order: Vec<&Vec<f64>> = parts.iter().collect();
        order.rotate_left(seed % parts.len());
        if seed % 2 == 0 {
            order.reverse();
        }
        let mut merged = Histogram::new();
        order.iter().for_each(|part| merged.merge(&of(part)));
        prop_assert!(same(&merged, &of(&all)));
    }

    #[test]
    fn percentiles_never_fall(values in vec(value(), 1..2_000), ps in vec(0.0..=100.0_f64, 2..20)) {
        let histogram = of(&values);
        let mut ps = ps;
        ps.sort_by(f64::total_cmp);
        let found: Vec<f64> = ps.iter().map(|&p| histogram.percentile(p)).collect();
        prop_assert!(found.is_sorted(), "{found:?}");
    }

    #[test]
    fn cleared_is_as_new(before in vec(value(), 0..2_000), after in vec(value(), 0..2_000)) {
        let mut reused = of(&before);
        reused.clear();
        prop_assert!(same(&reused, &Histogram::new()));
        after.iter().for_each(|&value| reused.record(value));
        prop_assert!(same(&reused, &of(&after)));
    }

    #[test]
    fn bytes_and_back(values in vec(value(), 0..2_500)) {
        let histogram = of(&values);
        let mut bytes = Vec::new();
        histogram.encode(&mut bytes);
        let decoded = Histogram::decode(&bytes).unwrap();
        prop_assert_eq!(decoded.buckets(), histogram.buckets());
        prop_assert_eq!(decoded.sum(), histogram.sum());
        prop_assert!(same(&decoded, &histogram));
        for end in [0, bytes.len() / 2, bytes.len() - 1] {
            prop_assert!(Histogram::decode(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn garbage_is_an_error_or_a_histogram(form in 0_u8..5, bytes in vec(any::<u8>(), 0..200)) {
        let mut garbage = vec![form];
        garbage.extend(bytes);
        if let Ok(histogram) = Histogram::decode(&garbage) {
            prop_assert!(histogram.percentile(50.0).is_finite());
        }
    }

    #[test]
    fn damage_is_an_error_or_a_histogram(
        values in vec(value(), 1_025..1_200),
        at in any::<prop::sample::Index>(),
        to: u8,
    ) {
        let mut bytes = Vec::new();
        of(&values).encode(&mut bytes);
        *at.get_mut(&mut bytes) = to;
        if let Ok(histogram) = Histogram::decode(&bytes) {
            prop_assert!(histogram.percentile(99.0).is_finite());
        }
    }

    #[test]
    fn a_bucket_holds_its_values(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let (low, high) = buckets::bounds(buckets::key(value));
        prop_assert!(low <= value && value <= high);
        if value.abs() >= f64::MIN_POSITIVE {
            let off = (representative(buckets::key(value)) - value).abs();
            prop_assert!(off <= value.abs() * RELATIVE_ERROR);
        }
    }
}

#[test]
fn empty_is_zero() {
    let empty = Histogram::new();
    assert_eq!(
        (empty.min(), empty.max(), empty.mean(), empty.percentile(95.0), empty.sum()),
        (0.0, 0.0, 0.0, 0.0, 0.0)
    );
    assert!(empty.buckets().is_empty());
}

#[test]
fn not_a_number_is_ignored() {
    let histogram = of(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3.0]);
    assert_eq!((histogram.count(), histogram.sum()), (1, 3.0));
}

#[test]
fn exact_up_to_the_limit_and_no_further() {
    let values: Vec<f64> = (0..=EXACT_LIMIT).map(|at| at as f64 * 1.003).collect();
    let mut histogram = of(&values[..EXACT_LIMIT]);
    assert!(histogram.is_exact());
    check(&histogram, &values[..EXACT_LIMIT]);
    histogram.record(values[EXACT_LIMIT]);
    assert!(!histogram.is_exact());
    check(&histogram, &values);
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let values: Vec<f64> = [f64::MAX, f64::MIN].repeat(600);
    let histogram = of(&values);
    assert_eq!((histogram.percentile(0.0), histogram.percentile(100.0)), (f64::MIN, f64::MAX));
    assert!(histogram.percentile(25.0).is_finite());
}

#[test]
fn durations_take_two_bytes_each() {
    // 500 durations in whole nanoseconds around 2 ms.
    let values: Vec<f64> = (0..500).map(|at| f64::from(2_000_000 + at * 137) / 1e6).collect();
    let mut bytes = Vec::new();
    of(&values).encode(&mut bytes);
    assert!(bytes.len() < 1_050, "{}", bytes.len());
}

#[test]
fn values_are_all_there() {
    for count in [3, EXACT_LIMIT + 1] {
        let values: Vec<f64> = (0..count).map(|at| (at + 1) as f64).collect();
        let histogram = of(&values);
        let mut found: Vec<(f64, u64)> = histogram.values().collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(found.iter().map(|(_, count)| count).sum::<u64>(), count as u64);
        let listed = found.iter().flat_map(|&(value, count)| vec![value; count as usize]);
        let is_near =
            |(found, expected): (f64, &f64)| (found / expected - 1.0).abs() <= RELATIVE_ERROR;
        assert!(listed.zip(&values).all(is_near));
    }
}
