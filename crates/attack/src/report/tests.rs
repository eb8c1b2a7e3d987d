//! What reports say of known hits, as text and as numbers.

use std::{borrow::Cow, time::Duration};

use plimsoll_metrics::{Timestamp, histogram::RELATIVE_ERROR};
use proptest::{collection::vec, prelude::*};

use super::*;
use crate::results::{
    Hit,
    binary::{End, Start},
    testing::{self, START, plain},
};

/// 2000 hits in two seconds; every hundredth fails, one is slow.
fn attack() -> Vec<Hit<'static>> {
    (0..2_000)
        .map(|seq| {
            let mut hit = plain(seq);
            match seq {
                700 => hit.response_time = Duration::from_millis(1_234),
                _ if seq % 200 == 50 => {
                    (hit.code, hit.bytes_in) = (0, 0);
                    hit.error = Cow::Borrowed("connection refused");
                }
                _ if seq % 100 == 50 => {
                    hit.code = 503;
                    hit.error = Cow::Borrowed("503 Service Unavailable");
                }
                _ => {}
            }
            hit
        })
        .collect()
}

fn start() -> Start {
    Start {
        attack: "plain".to_owned(),
        started_unix_ns: START,
        pace: "1000/1s".to_owned(),
        planned_hits: Some(2_007),
        planned_duration_ns: Some(2_000_000_000),
        ..Start::default()
    }
}

fn end() -> End {
    let duration_ns = 2_000_000_000;
    End { never_sent: 7, started_unix_ns: START, duration_ns, ..End::default() }
}

fn tally_of(hits: &[Hit<'_>]) -> Tally {
    let mut tally = Tally::new();
    hits.iter().for_each(|hit| tally.add(hit));
    tally
}

fn full() -> Tally {
    let mut tally = Tally::with_buckets(buckets("[0,2500us,2750us,1s]"));
    tally.start(&start());
    attack().iter().for_each(|hit| tally.add(hit));
    tally.end(&end());
    tally
}

fn buckets(text: &str) -> Buckets {
    Buckets::parse(text, |text| {
        let units = [("us", 1_000), ("s", 1_000_000_000)];
        let unit = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)));
        let (number, unit) = unit.unwrap_or((text, 1));
        Some(Duration::from_nanos(number.parse::<u64>().ok()? * unit))
    })
    .unwrap()
}

#[test]
fn as_text() {
    insta::assert_snapshot!(full().text());
}

#[test]
fn as_json() {
    let value: serde_json::Value = serde_json::from_str(&json(&full())).unwrap();
    insta::assert_snapshot!(format!("{value:#}"));
}

#[test]
fn as_bars() {
    insta::assert_snapshot!(hist(&full()));
}

#[test]
fn as_hdr_table() {
    insta::assert_snapshot!(hdrplot(&full()));
}

#[test]
fn few_hits_of_another_program() {
    let mut hits: Vec<Hit<'static>> = (0..30).map(plain).collect();
    for hit in &mut hits {
        hit.lateness = None;
        hit.error = Cow::Borrowed("two\nlines");
    }
    let tally = tally_of(&hits);
    insta::assert_snapshot!(tally.text());
    let value: serde_json::Value = serde_json::from_str(&json(&tally)).unwrap();
    for key in ["response_time", "service_time", "lateness", "never_sent", "buckets"] {
        assert_eq!(value.get(key), None, "{key}");
    }
}

/// Of Redis all codes are 0, which says nothing; of HTTP it says that there was no response.
#[test]
fn statuses_are_told_of_protocols_that_have_them() {
    let check = |urls: &[&'static str], expected: bool| {
        let mut tally = Tally::new();
        for url in urls {
            let mut one = Tally::new();
            one.add(&Hit { code: 0, url: Cow::Borrowed(url), ..plain(0) });
            tally.merge(&one);
        }
        assert_eq!(tally.text().contains("Status Codes"), expected, "{urls:?}");
    };
    check(&["redis://a:6379", "unix:///run/redis.sock"], false);
    check(&["redis://a:6379", "http://a/"], true);
    check(&["https://a/"], true);
    check(&[""], true);
    check(&[], true);
}

#[test]
fn what_went_wrong_is_said() {
    let mut tally = tally_of(&attack());
    tally.start(&Start { closed_model: true, ..start() });
    tally.end(&End { lost: 12, invalid: vec!["generator-limited: CPU".to_owned()], ..end() });
    let text = tally.text();
    for part in ["closed model", "12 requests are missing", "INVALID", "generator-limited: CPU"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn nothing_at_all() {
    insta::assert_snapshot!(Tally::new().text());
    assert!(json(&Tally::new()).contains(r#""requests":0,"rate":0,"throughput":0,"success":0"#));
    assert_eq!(hdrplot(&Tally::new()).lines().count(), 1);
    assert_eq!(hist(&Tally::with_buckets(buckets("[0]"))).lines().count(), 2);
}

#[test]
fn durations_as_vegeta_rounds_them() {
    for (nanos, text) in [
        (0, "0s"),
        (999, "999ns"),
        (92_541, "92.541µs"),
        (1_339_499, "1.339ms"),
        (14_995_499_999, "14.995s"),
        (59_998_000_000, "59.998s"),
        (299_990_000_000, "5m0s"),
        (3_661_234_000_000, "1h1m0s"),
    ] {
        assert_eq!(text::go(Duration::from_nanos(nanos)), text);
    }
}

#[test]
fn two_streams_at_the_same_time() {
    let mut tally = Tally::new();
    for seconds in [0, 1] {
        let started_unix_ns = START + seconds * 1_000_000_000;
        tally.start(&Start { started_unix_ns, ..start() });
        tally.end(&End { started_unix_ns, ..end() });
    }
    let value: serde_json::Value = serde_json::from_str(&json(&tally)).unwrap();
    assert_eq!(value["asked_rate"], 2.0 * 2_007.0 / 3.0);
    assert_eq!(value["never_sent"], 14);
    assert_eq!(value["asked"], "2 x 1000/1s");
}

fn sorted_percentile(sorted: &[Duration], p: f64) -> f64 {
    let rank = p / 100.0 * (sorted.len() - 1) as f64;
    let at = |rank: f64| sorted[rank as usize].as_nanos() as f64;
    at(rank.floor()) + (at(rank.ceil()) - at(rank.floor())) * rank.fract()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn merged_in_any_order_it_says_the_same(
        hits in vec(testing::hit(), 0..30),
        cut in any::<prop::sample::Index>(),
        swap: bool,
    ) {
        let whole = tally_of(&hits);
        let (left, right) = hits.split_at(cut.index(hits.len() + 1));
        let (mut left, mut right) = (tally_of(left), tally_of(right));
        if swap {
            std::mem::swap(&mut left, &mut right);
        }
        left.merge(&right);
        prop_assert_eq!(left.text(), whole.text());
        prop_assert_eq!(json(&left), json(&whole));
    }

    #[test]
    fn percentiles_are_close_to_exact_ones(micros in vec(1_u64..10_000_000, 1..3_000)) {
        let mut latencies = Latencies::default();
        let mut sorted: Vec<Duration> = micros.into_iter().map(Duration::from_micros).collect();
        sorted.iter().for_each(|&value| latencies.record(value));
        sorted.sort_unstable();
        for p in [50.0, 90.0, 95.0, 99.0] {
            let found = latencies.percentile(p).as_nanos() as f64;
            // Between two ranks, each with its own error.
            let step = 100.0 / sorted.len() as f64;
            let low = sorted_percentile(&sorted, (p - step).max(0.0)) * (1.0 - RELATIVE_ERROR);
            let high = sorted_percentile(&sorted, (p + step).min(100.0)) * (1.0 + RELATIVE_ERROR);
            prop_assert!((low - 1.0..=high + 1.0).contains(&found), "p({p}): {low} {found} {high}");
        }
        let summary = latencies.summary();
        prop_assert_eq!(summary.min, sorted[0]);
        prop_assert_eq!(summary.max, sorted[sorted.len() - 1]);
        prop_assert_eq!(summary.total, sorted.iter().sum::<Duration>());
    }
}

#[test]
fn late_hits_keep_the_span() {
    let mut hit = plain(0);
    hit.response_time = Duration::from_secs(3);
    let tally = tally_of(&[plain(1_000), hit]);
    assert_eq!((tally.duration(), tally.wait()), (Duration::from_secs(1), Duration::from_secs(2)));
    assert_eq!(tally.earliest, Some(Timestamp(START)));
}
