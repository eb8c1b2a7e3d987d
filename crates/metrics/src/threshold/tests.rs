//! What is expected here was seen in k6 v1.1.0.

use proptest::prelude::*;

use super::*;
use crate::histogram::Histogram;

fn counter(sum: f64) -> Sink {
    Sink::Counter { sum }
}

fn trend(values: &[f64]) -> Sink {
    let mut histogram = Histogram::new();
    values.iter().for_each(|&value| histogram.record(value));
    Sink::Trend(histogram)
}

/// Whether `source` holds on `sink` after two seconds.
fn check(source: &str, sink: &Sink) -> bool {
    let threshold = Threshold::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(threshold.check_kind(sink.kind()), Ok(()), "{source}");
    assert_eq!(threshold.source, source);
    threshold.holds(sink, Duration::from_secs(2))
}

fn error(source: &str) -> String {
    Threshold::parse(source).expect_err(source).to_string()
}

#[test]
fn operators() {
    for (source, holds) in [
        ("count>0", true),
        ("count>1", false),
        ("count>=1", true),
        ("count<1", false),
        ("count<=1", true),
        ("count==1", true),
        ("count===1", true),
        ("count!=0", true),
        ("count!=1", false),
        (" count > 0 ", true),
        ("count  >0", true),
        ("count\t>\n0", true),
        ("count\u{a0}>0", true),
        ("count>-1", true),
        ("count>+1", false),
        ("count>.5", true),
        ("count>1_000", false),
        ("count>NaN", false),
        ("count!=NaN", true),
        ("count>-Inf", true),
        ("rate==0.5", true),
    ] {
        assert_eq!(check(source, &counter(1.0)), holds, "{source}");
    }
}

#[test]
fn methods_by_kind() {
    let values = trend(&[1.0, 2.0, 3.0, 6.0]);
    for source in [
        "avg==3",
        "min==1",
        "max==6",
        "med==2.5",
        "p(0)==1",
        "p(100)==6",
        "p(50)==2.5",
        "p(90)>5",
        "p(99.99)<6",
        "p(.5)>1",
        "p(1e1)>1",
        "p(0100)==6",
    ] {
        assert!(check(source, &values), "{source}");
    }
    let gauge = Sink::Gauge { value: 4.0, min: 1.0, max: 9.0, at: 0, seen: true };
    assert!(check("value==4", &gauge));
    assert!(check("rate==0.25", &Sink::Rate { trues: 1, total: 4 }));
}

#[test]
fn without_samples() {
    assert!(!check("count>0", &counter(0.0)));
    assert!(check("count==0", &counter(0.0)));
    assert!(!check("p(95)<0", &trend(&[])));
    assert!(check("avg<200", &trend(&[])));
    assert!(!check("value<0", &Sink::new(MetricKind::Gauge)));
    assert!(check("rate>0", &Sink::new(MetricKind::Rate)));
    assert!(check("rate<0", &Sink::new(MetricKind::Rate)));
}

#[test]
fn malformed_expressions() {
    for source in ["", " ", "count", "count=0", "count>"] {
        let expected = format!(
            "failed parsing threshold expression {source:?}; reason: malformed threshold expression"
        );
        assert_eq!(error(source), expected);
    }
    for source in [
        "coun>0",
        ">0",
        "Count>0",
        "count=>0",
        "count!==0",
        "count==5>0",
        "count>=1<2",
        "count><1",
        "count>0 && count<5",
        "p95>0",
        "p(95>0",
        "p (95)>0",
        "P(95)>0",
        "mean>0",
        "passes>0",
    ] {
        let expected = format!(
            "failed parsing threshold expression's {source:?} left hand side; \
             reason: failed parsing method from expression"
        );
        assert_eq!(error(source), expected);
    }
    for (source, number) in [
        ("count>a", "a"),
        ("count> ", ""),
        ("count<>0", ">0"),
        ("count>==1", "=1"),
        ("count>5==0", "5==0"),
        ("count===1==1", "1==1"),
        ("count>0;", "0;"),
        ("count>- 1", "- 1"),
        ("count<2>=1", "2>=1"),
    ] {
        let expected = format!(
            "failed parsing threshold expresion's {source:?} right hand side; \
             reason: strconv.ParseFloat: parsing {number:?}: invalid syntax"
        );
        assert_eq!(error(source), expected);
    }
    for (source, number) in [("p()>0", ""), ("p( 95 )>0", " 95 "), ("p(95)p(96)>0", "95)p(96")] {
        let expected = format!(
            "failed parsing threshold expression's {source:?} left hand side; reason: malformed \
             percentile value; reason: strconv.ParseFloat: parsing {number:?}: invalid syntax"
        );
        assert_eq!(error(source), expected);
    }
    for source in ["p(101)>0", "p(-1)>0", "p(NaN)>0", "p(Inf)>0"] {
        assert!(error(source).contains("malformed percentile value"), "{source}");
    }
}

/// k6 knows no windows: without one a unit is an error, as it is there.
#[test]
fn a_window_and_units() {
    for (source, limit, seconds) in [
        ("p(99)<200 over 10s", 200.0, 10),
        (" p(99.9) >= 1.5s  over 2m ", 1_500.0, 120),
        ("avg<250us over 1s", 0.25, 1),
        ("rate<1% over 5000ms", 0.01, 5),
        ("count>5 over 1m", 5.0, 60),
        ("value != -1 over 1s", -1.0, 1),
    ] {
        let threshold = Threshold::parse(source).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(threshold.limit, limit, "{source}");
        assert_eq!(threshold.over, Some(Duration::from_secs(seconds)), "{source}");
        assert!(has_window(source));
    }
    for (source, reason, offset) in [
        ("p(99)<200 over", "expected a number", 14),
        ("p(99)<200 over 500ms", "a window is of 1 to 600 whole seconds", 15),
        ("p(99)<200 over 10s!", "expected nothing more", 15),
        ("over 10s", "malformed threshold expression", 8),
        ("p(99)<x over 10s", "strconv.ParseFloat: parsing \"x\": invalid syntax", 6),
        ("count<5s over 10s", "count is no time: write its limit without \"s\"", 6),
        ("rate < 2ms over 10s", "rate is no time: write its limit without \"ms\"", 7),
        ("avg<5% over 10s", "avg is no share: write its limit without \"%\"", 4),
    ] {
        let error = Threshold::parse(source).expect_err(source);
        assert!(error.message.contains(reason), "{source}: {error}");
        assert_eq!(error.offset, offset, "{source}");
    }
    assert!(error("p(99)<200ms").contains("invalid syntax"));
    assert!(!has_window("overload<5") && !has_window("avg<5 overall"));
}

#[test]
fn errors_point_at_their_place() {
    for (source, offset) in [("  coun>0", 2), ("count> x", 7), ("count ", 5), ("count>", 6)] {
        assert_eq!(Threshold::parse(source).unwrap_err().offset, offset, "{source}");
    }
    for (key, offset) in [("cc{a:b,c}", 7), ("cc{a:b", 2), ("cc}a", 2), ("cc{a:b}x", 8)] {
        assert_eq!(parse_key(key).unwrap_err().offset, offset, "{key}");
    }
}

#[test]
fn a_method_that_the_kind_lacks() {
    for (source, kind, expected) in [
        (
            "avg>0",
            MetricKind::Counter,
            "unsupported aggregation method avg on metric of type counter. \
             supported aggregation methods for this metric are: count, rate",
        ),
        (
            "p(95)>0",
            MetricKind::Counter,
            "unsupported aggregation method p on metric of type counter. \
             supported aggregation methods for this metric are: count, rate",
        ),
        (
            "min>0",
            MetricKind::Gauge,
            "unsupported aggregation method min on metric of type gauge. \
             supported aggregation methods for this metric are: value",
        ),
        (
            "count>0",
            MetricKind::Rate,
            "unsupported aggregation method count on metric of type rate. \
             supported aggregation methods for this metric are: rate",
        ),
        (
            "count>0",
            MetricKind::Trend,
            "unsupported aggregation method count on metric of type trend. \
             supported aggregation methods for this metric are: avg, min, max, med, p",
        ),
    ] {
        let error = Threshold::parse(source).unwrap().check_kind(kind).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn keys() {
    for (key, name, tags) in [
        ("cc", "cc", &[][..]),
        ("", "", &[]),
        ("cc{a:b}", "cc", &[("a", "b")]),
        (" cc {a:b}", " cc ", &[("a", "b")]),
        ("cc{ a:b }", "cc", &[("a", "b")]),
        ("cc{a:port:8080}", "cc", &[("a", "port:8080")]),
        ("cc{a :  b}", "cc", &[("a", "b")]),
        ("cc{a:\"b\"}", "cc", &[("a", "b")]),
        ("cc{\"a\":'b'}", "cc", &[("a", "b")]),
        ("cc{a: \"b\" }", "cc", &[("a", "b")]),
        ("cc{a:\"b}", "cc", &[("a", "b")]),
        ("cc{a:\" b \"}", "cc", &[("a", " b ")]),
        ("cc{a:b, d:e f}", "cc", &[("a", "b"), ("d", "e f")]),
        ("cc{g:h:i}", "cc", &[("g", "h:i")]),
        ("cc{group:::a}", "cc", &[("group", "::a")]),
        ("cc{a:x,a:b}", "cc", &[("a", "b")]),
        ("cc{{a:b}}", "cc", &[("{a", "b}")]),
        ("cc{a:b}{d:e}", "cc", &[("a", "b}{d:e")]),
    ] {
        let expected = (name.to_owned(), TagSet::from_pairs(tags.iter().copied()));
        assert_eq!(parse_key(key), Ok(expected), "{key}");
    }
}

#[test]
fn malformed_keys() {
    for (key, metric, what) in [
        ("cc{}", "", "tag expression is malformed"),
        ("cc{ }", " ", "tag expression is malformed"),
        ("cc{a}", "a", "tag expression is malformed"),
        ("cc{a:}", "a:", "tag expression is malformed"),
        ("cc{a:b,}", "", "tag expression is malformed"),
        ("cc{a:b", "cc{a:b", "has unmatched opening/close curly brace"),
        ("cc a:b}", "cc a:b}", "has unmatched opening/close curly brace"),
        ("cc{a:b}x", "cc{a:b}x", "lacks a closing curly brace in its last position"),
        ("cc}a:b{", "cc}a:b{", "closing curly brace appears before opening one"),
    ] {
        let expected = format!("parsing metric name failed, metric {metric:?} {what}");
        assert_eq!(parse_key(key).expect_err(key).to_string(), expected);
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in "[a-z(){}<>=!0-9 .:,\"'_\u{e9}-]{0,24}") {
        if let Err(error) = Threshold::parse(&text) {
            prop_assert!(error.offset <= text.len());
        }
        if let Err(error) = parse_key(&text) {
            prop_assert!(error.offset <= text.len());
        }
    }
}
