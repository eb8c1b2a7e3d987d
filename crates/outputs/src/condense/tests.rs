//! What queries see of condensed points, and what they would see of all samples.

use plimsoll_metrics::{Builtin, MetricKind, Recorder, TagSet, histogram::RELATIVE_ERROR};
use proptest::{collection::vec, prelude::*};

use super::*;

const FROM: Timestamp = Timestamp(1_795_260_004_000_000_000);
const TO: Timestamp = Timestamp(1_795_260_005_000_000_000);

/// Series of one metric, each with its samples.
struct Second {
    registry: Registry,
    interval: Interval,
}

impl Second {
    fn new(metric: Builtin, series: &[Vec<f64>]) -> Second {
        let registry = Registry::new(10_000);
        let mut recorder = Recorder::new(registry.clone(), false, 0);
        for (at, values) in series.iter().enumerate() {
            let tags = TagSet::from_pairs([("name", at.to_string())]);
            let handle = recorder.handle(metric.id(), &tags);
            let stamp = |at: usize| Timestamp(FROM.0 + 1_000 * (at as u64 + 1));
            let samples = values.iter().enumerate();
            samples.for_each(|(at, value)| recorder.record(handle, *value, stamp(at)));
        }
        Second { registry, interval: recorder.take_interval() }
    }

    fn condense(&self, points: u64) -> Vec<RawSample> {
        condense(&self.registry, &self.interval, FROM, TO, points)
    }
}

fn of(condensed: &[RawSample], series: usize) -> Vec<f64> {
    let own = condensed.iter().filter(|sample| sample.series.0 as usize == series);
    let mut values: Vec<f64> = own.map(|sample| sample.value).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// As InfluxDB has it: the nearest rank.
fn percentile(sorted: &[f64], p: f64) -> f64 {
    let rank = (sorted.len() as f64 * p / 100.0 + 0.5) as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

fn near(value: f64, wanted: f64, error: f64) -> bool {
    (value - wanted).abs() <= wanted.abs() * error + 1e-12
}

/// Latencies: most of them alike, some much greater.
fn latencies() -> impl Strategy<Value = Vec<f64>> {
    let one = prop_oneof![
        90 => 0.1..0.4_f64,
        9 => 0.4..3.0_f64,
        1 => 3.0..60.0_f64,
    ];
    vec(one, 1..4_000)
}

#[test]
fn a_counter_is_its_sum_and_a_gauge_its_newest_value() {
    let counted = Second::new(Builtin::HttpReqs, &[vec![1.0; 5_000], vec![2.5; 3]]);
    let condensed = counted.condense(10);
    assert_eq!([of(&condensed, 0), of(&condensed, 1)], [[5_000.0], [7.5]]);
    let gauge = Second::new(Builtin::Vus, &[vec![5.0, 9.0, 1.0, 3.0], vec![2.0, 2.0]]);
    let condensed = gauge.condense(10);
    assert_eq!([of(&condensed, 0), of(&condensed, 1)], [vec![1.0, 3.0, 9.0], vec![2.0]]);
    let own = condensed.iter().filter(|sample| sample.series.0 == 0);
    assert_eq!(own.max_by_key(|sample| sample.at).unwrap().value, 3.0);
}

/// One value far from all others is told, and does not carry the mean away with it.
#[test]
fn an_outlier_is_kept_and_weighs_little() {
    let mut values: Vec<f64> = (0..80_000).map(|at| 0.2 + f64::from(at % 1_000) / 1e4).collect();
    values.extend([30.0; 1]);
    let second = Second::new(Builtin::HttpReqDuration, &[values.clone()]);
    let points = of(&second.condense(1_000), 0);
    assert_eq!((points.len(), points[0], points[999]), (1_000, 0.2, 30.0));
    for p in [50.0, 90.0, 95.0, 99.0] {
        values.sort_by(f64::total_cmp);
        assert!(near(percentile(&points, p), percentile(&values, p), 0.003), "{p}");
    }
    // It stands for 80 samples instead of one.
    assert!(near(mean(&points), mean(&values) + 0.03, 0.01), "{}", mean(&points));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whether written singly or not: means, percentiles, the least and the greatest of a metric.
    #[test]
    fn a_trend_answers_as_its_samples_do(
        series in vec(latencies(), 1..5),
        budget in 200_u64..2_000,
    ) {
        let second = Second::new(Builtin::HttpReqDuration, &series);
        let condensed = second.condense(budget);
        let all: Vec<f64> = series.iter().flatten().copied().collect();
        let limit = budget.min(all.len() as u64) + 2 * series.len() as u64;
        prop_assert!(condensed.len() as u64 <= limit);
        let values: Vec<f64> = condensed.iter().map(|sample| sample.value).collect();
        let ends = |values: &[f64]| {
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            (least, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
        };
        prop_assert_eq!(ends(&values), ends(&all));
        for (at, samples) in series.iter().enumerate() {
            let points = of(&condensed, at);
            prop_assert!(!points.is_empty());
            let (low, high) = ends(samples);
            prop_assert!(points.iter().all(|value| (low..=high).contains(value)));
            // At worst the greatest value of all is in here and counts for more than it is.
            let excess = high / points.len() as f64;
            let off = mean(&points) - mean(samples);
            prop_assert!(off >= -mean(samples) * 2.0 * RELATIVE_ERROR - low.max(0.4) / points.len() as f64);
            prop_assert!(off <= excess + mean(samples) * 2.0 * RELATIVE_ERROR);
            let mut samples = samples.clone();
            samples.sort_by(f64::total_cmp);
            for p in [10.0, 50.0, 90.0, 95.0] {
                // Within the part of all that one point stands for.
                let width = 150.0 / points.len() as f64;
                let low = percentile(&samples, (p - width).max(0.0)) * (1.0 - RELATIVE_ERROR);
                let high = percentile(&samples, (p + width).min(100.0)) * (1.0 + RELATIVE_ERROR);
                let seen = percentile(&points, p);
                prop_assert!((low..=high).contains(&seen), "p{} {} {}..{}", p, seen, low, high);
            }
        }
    }

    /// As many as there is room for: every sample as it was.
    #[test]
    fn few_samples_stay_as_they_are(series in vec(latencies(), 1..3)) {
        let series: Vec<Vec<f64>> = series.into_iter().map(|mut values| {
            values.truncate(1_000);
            values
        }).collect();
        let condensed = Second::new(Builtin::HttpReqDuration, &series).condense(10_000);
        for (at, samples) in series.iter().enumerate() {
            let mut samples = samples.clone();
            samples.sort_by(f64::total_cmp);
            let points = of(&condensed, at);
            prop_assert_eq!(points.len(), samples.len());
            prop_assert!(points.iter().zip(&samples).all(|(a, b)| near(*a, *b, 1e-9)));
        }
    }

    /// The share that was true, of each series and of all together.
    #[test]
    fn a_rate_keeps_its_mean(
        counts in vec((0_u64..50_000, 0_u64..50_000), 1..5),
        budget in 50_u64..5_000,
    ) {
        let registry = Registry::new(100);
        let series = counts.iter().enumerate().map(|(at, (trues, falses))| {
            let tags = TagSet::from_pairs([("check", at.to_string())]);
            let sink = Sink::Rate { trues: *trues, total: trues + falses };
            (registry.series(Builtin::Checks.id(), &tags), sink)
        });
        let interval = Interval { sinks: series.collect() };
        prop_assert_eq!(registry.def(Builtin::Checks.id()).kind, MetricKind::Rate);
        let condensed = condense(&registry, &interval, FROM, TO, budget);
        for (at, (trues, falses)) in counts.iter().enumerate() {
            let points = of(&condensed, at);
            prop_assert_eq!(points.is_empty(), trues + falses == 0);
            if !points.is_empty() {
                let share = *trues as f64 / (trues + falses) as f64;
                prop_assert!(near(mean(&points), share, 1e-9));
                // Something that failed, or did not, is always to be seen.
                prop_assert_eq!(points.last() > Some(&0.0), *trues > 0);
                prop_assert_eq!(points.first() < Some(&1.0), *falses > 0);
            }
        }
    }

    /// No point replaces another of its series, and all are of this second.
    #[test]
    fn times_differ(points in 1_u64..10_000, length in 0_u64..2_000_000_000) {
        let registry = Registry::new(100);
        let series = registry.series(Builtin::Checks.id(), &TagSet::default());
        let sink = Sink::Rate { trues: 7, total: 1_000_000 };
        let interval = Interval { sinks: vec![(series, sink)] };
        let to = Timestamp(FROM.0 + length);
        let condensed = condense(&registry, &interval, FROM, to, points);
        let mut times: Vec<u64> = condensed.iter().map(|sample| sample.at.0).collect();
        times.sort_unstable();
        times.dedup();
        prop_assert_eq!(times.len() as u64, points);
        prop_assert!(times[0] >= FROM.0.min(to.0 - 1_000_000) && times[times.len() - 1] <= to.0);
    }
}
