//! The report for programs: vegeta's keys, and objects of our own behind them.

use std::time::Duration;

use plimsoll_metrics::Timestamp;
use plimsoll_runtime::clock::format_rfc3339;
use serde_json::{Map, Value, json};

use super::{Latencies, Tally, ratio};
use crate::results::nanos;

/// Formats it on one line, durations in nanoseconds.
pub fn json(tally: &Tally) -> String {
    let mut map = Map::new();
    let mut total = latencies(&tally.response_time);
    let sum = nanos(tally.response_time.summary().total);
    total.shift_insert(0, "total".to_owned(), sum.into());
    map.insert("latencies".into(), total.into());
    if let Some(buckets) = &tally.buckets {
        let bounds = buckets.iter().map(|(bound, count)| (nanos(bound).to_string(), count.into()));
        map.insert("buckets".into(), Value::Object(bounds.collect()));
    }
    for (key, total) in [("bytes_in", tally.bytes_in), ("bytes_out", tally.bytes_out)] {
        let mean = number(ratio(total, tally.requests));
        map.insert(key.into(), json!({ "total": total, "mean": mean }));
    }
    let time = |at: Option<Timestamp>| at.map_or(Value::Null, |at| format_rfc3339(at.0, 9).into());
    map.insert("earliest".into(), time(tally.earliest));
    map.insert("latest".into(), time(tally.latest));
    map.insert("end".into(), time(tally.end));
    map.insert("duration".into(), nanos(tally.duration()).into());
    map.insert("wait".into(), known(tally.knows_wait(), tally.wait()));
    map.insert("requests".into(), tally.requests.into());
    map.insert("rate".into(), number(tally.rate()));
    map.insert("throughput".into(), number(tally.throughput()));
    map.insert("success".into(), number(tally.success_ratio()));
    let codes = tally.status_codes().into_iter().map(|(code, count)| (code, count.into()));
    map.insert("status_codes".into(), Value::Object(codes.collect()));
    let errors: Vec<&str> = tally.errors.sorted().into_iter().map(|(text, _)| text).collect();
    map.insert("errors".into(), errors.into());
    own(tally, &mut map);
    format!("{}\n", Value::Object(map))
}

/// What vegeta does not have. What is not known is left out.
fn own(tally: &Tally, map: &mut Map<String, Value>) {
    let kinds = [
        ("response_time", &tally.response_time),
        ("service_time", &tally.service_time),
        ("lateness", &tally.lateness),
    ];
    for (key, kind) in kinds {
        let is_service_time = key == "response_time" && !tally.knows_response_time();
        if !is_service_time && !kind.is_empty() {
            map.insert(key.into(), latencies(kind).into());
        }
    }
    if tally.errors.others() > 0 {
        map.insert("errors_not_listed".into(), tally.errors.others().into());
    }
    let plan = &tally.plan;
    if plan.is_known() {
        map.insert("asked".into(), plan.pace().into());
        if let Some(rate) = plan.asked_rate() {
            map.insert("asked_rate".into(), number(rate));
        }
        map.insert("achieved_rate".into(), number(tally.achieved_rate()));
        map.insert("closed_model".into(), plan.has_closed_model.into());
    }
    if plan.has_ended() {
        map.insert("never_sent".into(), plan.never_sent.into());
        map.insert("lost".into(), plan.lost.into());
        let invalid: Vec<&str> = plan.invalid().collect();
        map.insert("invalid".into(), invalid.into());
    }
    let notes = tally.notes();
    if !notes.is_empty() {
        map.insert("notes".into(), notes.into());
    }
}

fn latencies(latencies: &Latencies) -> Map<String, Value> {
    let summary = latencies.summary();
    let values = [
        ("mean", summary.mean),
        ("50th", summary.p50),
        ("90th", summary.p90),
        ("95th", summary.p95),
        ("99th", summary.p99),
        ("max", summary.max),
        ("min", summary.min),
    ];
    values.into_iter().map(|(key, value)| (key.to_owned(), nanos(value).into())).collect()
}

fn known(is_known: bool, duration: Duration) -> Value {
    if is_known { nanos(duration).into() } else { Value::Null }
}

/// Whole numbers without a fraction, as Go prints them.
fn number(value: f64) -> Value {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if value == value.trunc() && value.abs() < WHOLE {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}
