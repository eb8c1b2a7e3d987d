//! Paces as text, good and bad.

use std::time::Duration;

use plimsoll_engine::pace::{Pace, Rate, SineStart};

use super::{Asked, parse};

fn per_second(hits: u64) -> Rate {
    Rate::per_second(hits)
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[track_caller]
fn check(text: &str, expected: Pace) {
    assert_eq!(parse(text), Ok(Asked::Open(expected)), "{text}");
}

#[test]
fn constant_rates() {
    check("100", Pace::Constant(per_second(100)));
    check(" 100/s ", Pace::Constant(per_second(100)));
    check("100/1s", Pace::Constant(per_second(100)));
    check("50/1m", Pace::Constant(Rate { hits: 50, per: secs(60) }));
    check("50/m", Pace::Constant(Rate { hits: 50, per: secs(60) }));
    check("3/1m30s", Pace::Constant(Rate { hits: 3, per: secs(90) }));
    check("0.25/s", Pace::Constant(Rate { hits: 25, per: secs(100) }));
    for text in ["0", "0/1s", "infinity"] {
        assert_eq!(parse(text), Ok(Asked::Closed), "{text}");
    }
}

#[test]
fn shapes() {
    let linear = Pace::Linear { from: per_second(10), to: per_second(500), over: secs(60) };
    check("linear(10/s -> 500/s, 60s)", linear.clone());
    check("linear(10->500,1m)", linear);
    let sine = |start| Pace::Sine {
        mean: per_second(100),
        amplitude: per_second(50),
        period: secs(300),
        start,
    };
    check("sine(100/s, 50/s, 5m)", sine(SineStart::MeanUp));
    check("sine(100/s, 50/s, 5m, trough)", sine(SineStart::Trough));
    let steps = |step, to| Pace::Steps { from: per_second(300), step, every: secs(10), to };
    check("steps(300/s, +100/s, every 10s, 3)", steps(per_second(100), per_second(500)));
    check("steps(300, -100, 10s, 3)", steps(per_second(100), per_second(100)));
    let per_minute = Rate { hits: 60, per: secs(60) };
    check("steps(300, +60/m, 10s, 3)", steps(per_minute, per_second(302)));
    check(
        "stages(100/s for 30s, -> 500/s over 1m, 500/s for 5m)",
        Pace::Stages(vec![
            (per_second(100), secs(0)),
            (per_second(100), secs(30)),
            (per_second(500), secs(60)),
            (per_second(500), secs(0)),
            (per_second(500), secs(300)),
        ]),
    );
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    assert_eq!(parse(text).map_err(|error| error.to_string()), Err(expected.to_owned()), "{text}");
}

#[test]
fn errors_tell_the_column() {
    let kinds = "a rate such as 100/s, or linear(..), sine(..), steps(..) or stages(..)";
    check_error("", &format!("column 1: expected {kinds}, found the end"));
    check_error("fast", &format!("column 1: expected {kinds}, found \"fast\""));
    check_error("-5", &format!("column 1: expected {kinds}, found \"-\""));
    check_error("100/", "column 5: expected a time such as s, 1s or 1m, found the end");
    check_error("100/parsec", "column 5: expected a time such as s, 1s or 1m, found \"parsec\"");
    check_error("100/0s", "column 1: a rate needs a time greater than zero");
    check_error("100/s, 5", "column 6: expected nothing more, found \",\"");
    check_error("1e99", "column 2: expected nothing more, found \"e99\"");
    check_error("99999999999999999999", "column 1: \"99999999999999999999\" is no number of hits");
    check_error("linear(10/s - 5", "column 13: expected ->, found \"-\"");
    check_error(
        "linear(10/s -> x, 60s)",
        "column 16: expected the last rate, such as 500/s, found \"x\"",
    );
    check_error(
        "linear(1 -> 2, 60)",
        "column 16: expected how long it takes, such as 60s, found \"60\"",
    );
    check_error(
        "sine(1, 1, 1s, left)",
        "column 16: expected up, peak, down or trough, found \"left\"",
    );
    check_error(
        "steps(100, -100, 1s, 3)",
        "column 1: the last step is no rate: below zero or too high",
    );
    check_error("stages(1/s fur 1s)", "column 12: expected for, found \"fur\"");
    check_error(
        "sine(1, 2, 1s)",
        "column 1: the amplitude of a sine must not be greater than its mean",
    );
}
