//! Threshold expressions and the keys they stand under.

use std::time::Duration;

use bolero::{check, produce};
use plimsoll_metrics::{
    MetricKind, Sink,
    threshold::{Threshold, ThresholdError, parse_key},
};

use crate::near::Corpus;

const EXPRESSIONS: &[&str] =
    &["p(95)<200", " rate <= 0.01", "count===1_000", "avg!=0x1p4", "p(99.9)>=-1.5e3", "value==nan"];

const KEYS: &[&str] =
    &["http_reqs", "http_req_duration{status:200,name:\"a b\"}", "m{ 'a' : b:c }"];

const WORDS: &[&str] = &[
    "<", "<=", ">", ">=", "==", "===", "!=", "=", "p(", ")", "p(100.1)", "avg", "med", "rate",
    "count", "value", "inf", "nan", "1e309", "0x", "_", ".", "-", "{", "}", ":", ",", "\"", "'",
    "\u{e9}", " ", "\0",
];

const KINDS: [MetricKind; 4] =
    [MetricKind::Counter, MetricKind::Gauge, MetricKind::Rate, MetricKind::Trend];

/// The place that an error names can be pointed at.
fn check_place(text: &str, error: &ThresholdError) {
    assert!(text.is_char_boundary(error.offset), "{error} at {} of {text:?}", error.offset);
}

#[test]
fn expressions() {
    let inputs = (Corpus::of_texts(EXPRESSIONS, WORDS).text(), produce::<Vec<f64>>());
    check!().with_generator(inputs).for_each(|(text, values)| {
        let threshold = match Threshold::parse(text) {
            Ok(threshold) => threshold,
            Err(error) => return check_place(text, &error),
        };
        assert_eq!(&threshold.source, text);
        for kind in KINDS {
            if let Err(error) = threshold.check_kind(kind) {
                check_place(text, &error);
            }
            let mut sink = Sink::new(kind);
            threshold.holds(&sink, Duration::ZERO);
            for (value, at) in values.iter().zip(0..) {
                sink.add(*value, at);
            }
            threshold.holds(&sink, Duration::from_secs(1));
        }
    });
}

#[test]
fn keys() {
    check!().with_generator(Corpus::of_texts(KEYS, WORDS).text()).for_each(|key| {
        match parse_key(key) {
            Ok((metric, tags)) => {
                assert!(key.starts_with(&metric), "{metric:?}");
                assert_eq!(tags.is_empty(), !key.contains('{'));
            }
            Err(error) => check_place(key, &error),
        }
    });
}
