//! The summary as data: what `handleSummary` gets, and the older shape of `--summary-export`.

use plimsoll_metrics::{
    Contains, MetricKind, Sink,
    totals::{CheckTotal, Entry, GroupTotals},
};
use serde_json::{Map, Value, json};

use super::{SummaryInput, checks, metrics, trend_stat::TrendStat, values::Scale};
use crate::format::number;

/// What the data says beside the metrics.
#[derive(Clone, Copy)]
pub struct DataInput<'a> {
    pub summary: SummaryInput<'a>,
    pub no_color: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
    /// What `setup()` returned, if anything.
    pub setup_data: Option<&'a Value>,
}

/// The argument of `handleSummary`.
pub fn handle_summary(input: &DataInput) -> Value {
    let summary = &input.summary;
    let stats: Vec<&str> = summary.trend_stats.iter().map(TrendStat::name).collect();
    let mut data = json!({
        "root_group": group(&checks::tree(summary.totals)),
        "options": {
            "summaryTrendStats": stats,
            "summaryTimeUnit": summary.time_unit.map_or("", |unit| unit.name()),
            "noColor": input.no_color,
        },
        "state": {
            "isStdOutTTY": input.stdout_is_terminal,
            "isStdErrTTY": input.stderr_is_terminal,
            "testRunDurationMs": number::json(summary.duration.as_secs_f64() * 1000.0),
        },
        "metrics": all_metrics(summary, metric),
    });
    add_setup_data(&mut data, input);
    data
}

fn add_setup_data(data: &mut Value, input: &DataInput) {
    if let (Value::Object(data), Some(setup_data)) = (data, input.setup_data) {
        data.insert("setup_data".to_owned(), setup_data.clone());
    }
}

/// The content of the file of `--summary-export`, indented as k6 does. Thresholds say whether they
/// *failed*, as they always did there.
pub fn export(input: &DataInput) -> String {
    let summary = &input.summary;
    let mut data = json!({
        "root_group": exported_group(&checks::tree(summary.totals)),
        "metrics": all_metrics(summary, exported_metric),
    });
    add_setup_data(&mut data, input);
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    if serde::Serialize::serialize(&data, &mut serializer).is_err() {
        // A vector takes every byte, and the keys of a `Value` are strings.
        debug_assert!(false, "a JSON value always serializes");
    }
    String::from_utf8(bytes).unwrap_or_default()
}

fn all_metrics(summary: &SummaryInput, shape: impl Fn(&Entry, &Scale) -> Value) -> Value {
    let scale = Scale {
        duration: summary.duration,
        unit: summary.time_unit,
        trend_stats: summary.trend_stats,
    };
    let entries = metrics::shown(summary.totals).into_iter().filter(|entry| metrics::is_k6(entry));
    Value::Object(entries.map(|entry| (entry.name.clone(), shape(entry, &scale))).collect())
}

fn metric(entry: &Entry, scale: &Scale) -> Value {
    let kind = match entry.metric.kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Rate => "rate",
        MetricKind::Trend => "trend",
    };
    let contains = match entry.metric.contains {
        Contains::Default => "default",
        Contains::Time => "time",
        Contains::Data => "data",
    };
    let mut shape =
        json!({ "type": kind, "contains": contains, "values": values(entry, scale, "rate") });
    add_thresholds(&mut shape, entry, |failed| json!({ "ok": !failed }));
    shape
}

fn exported_metric(entry: &Entry, scale: &Scale) -> Value {
    let mut shape = values(entry, scale, "value");
    add_thresholds(&mut shape, entry, Value::Bool);
    shape
}

fn add_thresholds(shape: &mut Value, entry: &Entry, result: impl Fn(bool) -> Value) {
    let states = entry.thresholds.iter();
    let results: Map<String, Value> =
        states.map(|state| (state.threshold.source.clone(), result(state.last_failed))).collect();
    if let (false, Value::Object(shape)) = (results.is_empty(), shape) {
        shape.insert("thresholds".to_owned(), Value::Object(results));
    }
}

/// `share`: what the share of a rate is called.
fn values(entry: &Entry, scale: &Scale, share: &str) -> Value {
    match &entry.sink {
        Sink::Counter { sum } => json!({
            "count": number::json(*sum),
            "rate": number::json(scale.per_second(*sum)),
        }),
        Sink::Gauge { value, min, max, .. } => json!({
            "value": number::json(*value),
            "min": number::json(*min),
            "max": number::json(*max),
        }),
        Sink::Rate { trues, total } => json!({
            share: number::json(if *total == 0 { 0.0 } else { *trues as f64 / *total as f64 }),
            "passes": trues,
            "fails": total - trues,
        }),
        Sink::Trend(histogram) => {
            let stats = scale.trend_stats.iter();
            stats.map(|stat| (stat.name().to_owned(), number::json(stat.of(histogram)))).collect()
        }
    }
}

fn group(of: &GroupTotals) -> Value {
    let checks: Vec<Value> = of.checks.iter().map(check).collect();
    let groups: Vec<Value> = of.groups.iter().map(group).collect();
    json!({ "name": of.name, "path": of.path, "id": of.id, "groups": groups, "checks": checks })
}

fn exported_group(of: &GroupTotals) -> Value {
    let checks: Map<String, Value> =
        of.checks.iter().map(|of| (of.name.clone(), check(of))).collect();
    let groups: Map<String, Value> =
        of.groups.iter().map(|of| (of.name.clone(), exported_group(of))).collect();
    json!({ "name": of.name, "path": of.path, "id": of.id, "groups": groups, "checks": checks })
}

fn check(of: &CheckTotal) -> Value {
    json!({ "name": of.name, "path": of.path, "id": of.id, "passes": of.passes, "fails": of.fails })
}
