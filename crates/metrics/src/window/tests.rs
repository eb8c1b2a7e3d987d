//! Windows against samples that are all kept.

use proptest::prelude::*;

use super::*;
use crate::{
    aggregation::Aggregation, histogram::Histogram, recorder::Recorder, registry::SERIES_LIMIT,
    tags::TagSet,
};

const SECOND: u64 = SECOND_NANOS;

/// What one second brings: response times in milliseconds with whether they failed, the starts
/// asked for.
type Second = (Vec<(f64, bool)>, f64);

struct Run {
    recorder: Recorder,
    window: Window,
    seconds: u64,
}

impl Run {
    fn new(conditions: &[&str]) -> Run {
        let registry = Registry::new(SERIES_LIMIT);
        let conditions = conditions.iter().map(|c| Condition::parse(c).unwrap()).collect();
        let window = Window::new(registry.clone(), conditions, Sources::default()).unwrap();
        Run { recorder: Recorder::new(registry, false, 0), window, seconds: 1_000_000 }
    }

    /// One more second, with each sample in one of two series.
    fn second(&mut self, (samples, asked): &Second) -> Option<Held> {
        for (at, (value, failed)) in samples.iter().enumerate() {
            let tags = TagSet::from_pairs([("url", (at % 2).to_string())]);
            let failed = if *failed { 1.0 } else { 0.0 };
            for (metric, value) in [
                (Builtin::IterationResponseTime, *value),
                (Builtin::IterationLateness, 0.0),
                (Builtin::HttpReqFailed, failed),
                (Builtin::HttpReqDuration, 1e6),
            ] {
                let series = self.recorder.handle(metric.id(), &tags);
                self.recorder.record(series, value, Timestamp(0));
            }
        }
        self.seconds += 1;
        let interval = self.recorder.take_interval();
        self.window.push(Timestamp(self.seconds * SECOND), &interval, *asked);
        self.window.held()
    }
}

fn check(conditions: &[&str], seconds: &[Second], expected: &[Option<&str>]) {
    let mut run = Run::new(conditions);
    let held: Vec<_> = seconds.iter().map(|s| run.second(s).map(|held| held.to_string())).collect();
    let held: Vec<_> = held.iter().map(Option::as_deref).collect();
    assert_eq!(held, expected);
}

#[test]
fn a_window_must_be_full_and_then_slides() {
    let second = |value| (vec![(value, false)], 1.0);
    check(
        &["max>100ms over 3s"],
        &[second(500.0), second(1.0), second(1.0), second(1.0), second(1.0)],
        &[None, None, Some("max>100ms over 3s: it was 500.00ms"), None, None],
    );
    check(
        &["errors>50% over 1s"],
        &[(vec![], 0.0), (vec![(1.0, true)], 1.0)],
        &[None, Some("errors>50% over 1s: it was 100.00%")],
    );
    check(
        &["errors>=1 over 2s", "rate<1/s over 1s"],
        &[(vec![], 0.0)],
        &[Some("rate<1/s over 1s: it was 0.00/s")],
    );
}

#[test]
fn what_was_started_is_compared_with_what_was_asked() {
    let second = |started, asked| (vec![(1.0, false); started], asked);
    check(
        &["rate<90% over 2s"],
        &[second(10, 10.0), second(10, 10.0), second(6, 10.0), second(0, 0.0), second(0, 0.0)],
        &[
            None,
            None,
            Some("rate<90% over 2s: it was 80.00%"),
            Some("rate<90% over 2s: it was 60.00%"),
            None,
        ],
    );
}

#[test]
fn conditions_are_on_trends_that_exist() {
    let error = |condition| {
        let condition = Condition::parse(condition).unwrap();
        let registry = Registry::new(SERIES_LIMIT);
        Window::new(registry, vec![condition], Sources::default()).err().map(|e| e.to_string())
    };
    assert_eq!(error("iteration_lateness:max>1s over 1s"), None);
    assert_eq!(
        error("nothing:max>1s over 1s").as_deref(),
        Some("condition \"nothing:max>1s over 1s\": there is no metric called \"nothing\"")
    );
    assert_eq!(
        error("http_reqs:max>1s over 1s").as_deref(),
        Some("condition \"http_reqs:max>1s over 1s\": http_reqs is a counter, not a trend")
    );
}

#[test]
fn memory_depends_on_the_windows() {
    let mut run = Run::new(&["p(50)>1h over 5s", "rate<0/s over 2s"]);
    for _ in 0..100 {
        assert_eq!(run.second(&(vec![(1.0, false); 10], 10.0)), None);
    }
    let lengths: Vec<_> = run.window.kept.iter().map(|kept| kept.seconds.len()).collect();
    assert_eq!((lengths.as_slice(), run.window.asked.len()), (&[5, 2][..], 5));
}

fn any_second() -> impl Strategy<Value = Second> {
    let samples = proptest::collection::vec((0_u32..1000, any::<bool>()), 0..40);
    let samples = samples.prop_map(|list| list.iter().map(|(v, f)| (f64::from(*v), *f)).collect());
    (samples, (0_u32..40).prop_map(f64::from))
}

/// The value of a condition over the last `over` of all seconds.
fn naive(seconds: &[Second], over: usize, subject: &str) -> Option<f64> {
    let last = seconds.get(seconds.len().checked_sub(over)?..)?;
    let samples: Vec<_> = last.iter().flat_map(|(samples, _)| samples).collect();
    let failed = samples.iter().filter(|(_, failed)| *failed).count() as f64;
    let asked: f64 = last.iter().map(|(_, asked)| asked).sum();
    let count = samples.len() as f64;
    match subject {
        "errors%" => (count > 0.0).then(|| failed / count),
        "errors" => Some(failed),
        "rate%" => (asked > 0.0).then(|| count / asked),
        "rate/s" => Some(count / over as f64),
        _ if samples.is_empty() => None,
        _ => {
            let mut histogram = Histogram::new();
            samples.iter().for_each(|(value, _)| histogram.record(*value));
            Aggregation::Percentile(90.0).of(&Sink::Trend(histogram), Duration::ZERO)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_window_is_what_the_last_seconds_brought(
        seconds in proptest::collection::vec(any_second(), 1..20),
        over in 1_usize..8,
        (subject, unit) in prop_oneof![
            Just(("p(90)", "ms")), Just(("errors", "%")), Just(("errors", "")),
            Just(("rate", "%")), Just(("rate", "/s")),
        ],
        limit in 0_u32..120,
    ) {
        let condition = format!("{subject}>={limit}{unit} over {over}s");
        let mut run = Run::new(&[&condition, "max>1h over 3s"]);
        for passed in 1..=seconds.len() {
            let held = run.second(&seconds[passed - 1]);
            let what = if subject == "p(90)" { subject.to_owned() } else { format!("{subject}{unit}") };
            let value = naive(&seconds[..passed], over, &what);
            let limit = f64::from(limit) / if unit == "%" { 100.0 } else { 1.0 };
            let expected = value.filter(|value| *value >= limit);
            prop_assert_eq!(held.map(|held| held.value), expected);
        }
    }
}
