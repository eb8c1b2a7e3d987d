//! What intervals add up to.

use plimsoll_metrics::{Builtin, Recorder, TagSet};
use proptest::{collection::vec, prelude::*};

use super::*;

const EXPONENTIAL: Form =
    Form { times: Shape::Exponential, others: Shape::Exponential, in_seconds: true };

fn record(recorder: &mut Recorder, metric: &str, tag: &str, values: &[f64]) {
    let metric = recorder.registry().find(metric).unwrap().id;
    let series = recorder.handle(metric, &TagSet::from_pairs([("t", tag)]));
    values.iter().for_each(|&value| recorder.record(series, value, Timestamp(1)));
}

/// Intervals of values of `metric`, and what they come to.
fn check(form: Form, metric: &str, intervals: &[&[f64]]) -> Value {
    let registry = Registry::new(10);
    let level = registry.watched_metric("level", MetricKind::Trend, Contains::Time).unwrap();
    assert_eq!(registry.def(level).origin, Origin::Watched);
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let mut sums = Cumulative::new(registry, form);
    for values in intervals {
        record(&mut recorder, metric, "a", values);
        sums.add(&recorder.take_interval(), Timestamp(5));
    }
    let mut seen = Vec::new();
    sums.take_changed(|entry| seen.push(entry.value.clone()));
    sums.take_changed(|entry| panic!("{} did not change", entry.metric.name));
    let [value] = seen.try_into().unwrap();
    value
}

#[test]
fn kinds_add_up_each_in_its_way() {
    let sum = check(EXPONENTIAL, "http_reqs", &[&[1.0, 2.0], &[4.0]]);
    assert!(matches!(sum, Value::Counter(7.0)), "{sum:?}");
    let gauge = check(EXPONENTIAL, "vus", &[&[9.0], &[3.0, 5.0]]);
    assert!(matches!(gauge, Value::Gauge(5.0)), "{gauge:?}");
    let rate = check(EXPONENTIAL, "checks", &[&[1.0, 0.0], &[1.0]]);
    assert!(matches!(rate, Value::Rate { trues: 2, total: 3 }), "{rate:?}");
    let trend = check(EXPONENTIAL, "http_req_duration", &[&[1000.0, 3000.0], &[500.0]]);
    let Value::Trend(trend) = trend else { panic!("{trend:?}") };
    assert_eq!((trend.count(), trend.sum(), trend.min(), trend.max()), (3, 4.5, 0.5, 3.0));
    assert!((trend.percentile(50.0) - 1.0).abs() < 0.003, "{}", trend.percentile(50.0));
}

/// What is watched has a course, not a sum.
#[test]
fn a_watched_level_is_the_mean_of_its_newest_interval() {
    let level = check(EXPONENTIAL, "level", &[&[50.0], &[10.0, 30.0]]);
    assert!(matches!(level, Value::Gauge(0.02)), "{level:?}");
}

#[test]
fn a_bound_belongs_to_its_bucket() {
    let shape = Shape::Explicit(&[0.0, 5.0, 10.0]);
    let form = Form { times: shape, others: Shape::Exponential, in_seconds: false };
    let trend = check(form, "http_req_duration", &[&[0.0, 5.0, 5.1], &[-1.0, 10.0, 11.0]]);
    let Value::Trend(trend) = trend else { panic!("{trend:?}") };
    let Counts::Explicit { counts, .. } = trend.counts() else { panic!("{trend:?}") };
    assert_eq!(**counts, [2, 1, 2, 1]);
    assert_eq!(trend.percentile(50.0), 0.0);
}

#[test]
fn differences_begin_where_the_last_ended() {
    let registry = Registry::new(10);
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let mut sums = Cumulative::new(registry, EXPONENTIAL);
    for (round, value) in (0..).zip([2.0, 3.0]) {
        record(&mut recorder, "http_reqs", "a", &[value]);
        record(&mut recorder, "vus", "a", &[value]);
        sums.add(&recorder.take_interval(), Timestamp(100));
        let form = sums.form();
        let mut starts = Vec::new();
        sums.take_changed(|entry| {
            let (Value::Counter(found) | Value::Gauge(found)) = entry.value else { panic!() };
            assert_eq!(found, value);
            starts.push(entry.start.0);
            entry.restart(form, Timestamp(200));
        });
        assert_eq!(starts, [[100, 100], [200, 100]][round]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However samples are spread over intervals and whatever the buckets: each is in one of them.
    #[test]
    fn counts_are_equal(intervals in vec(vec(-1e5_f64..1e5, 1..30), 1..6)) {
        let list: Vec<&[f64]> = intervals.iter().map(|values| &**values).collect();
        let all: u64 = list.iter().map(|values| values.len() as u64).sum();
        for shape in [Shape::Exponential, Shape::Explicit(&[0.0, 0.5, 10.0])] {
            let form = Form { times: shape, others: shape, in_seconds: true };
            let value = check(form, Builtin::HttpReqDuration.name(), &list);
            let Value::Trend(trend) = value else { panic!("{value:?}") };
            let found: u64 = match trend.counts() {
                Counts::Explicit { counts, .. } => counts.iter().sum(),
                Counts::Exponential(buckets) => {
                    let both = buckets.positive().iter().chain(buckets.negative().iter());
                    buckets.zeros() + both.map(|(_, count)| count).sum::<u64>()
                }
            };
            prop_assert_eq!((found, trend.count()), (all, all));
        }
    }
}
