//! What an agent serves to Prometheus: the newest levels, and the sums of all increases.

use std::{collections::BTreeMap, fmt::Write};

use plimsoll_metrics::{MetricId, MetricKind, TagSet};
use plimsoll_runtime::clock::Instant;

use super::history::{History, Latest};
use crate::metric;

/// A level that is older is no longer there: its process or its disk is gone.
const FRESH_NANOS: u64 = 10_000_000_000;

/// The page, in the text format 0.0.4.
pub(super) fn text(history: &History) -> String {
    let registry = history.registry();
    let mut families: BTreeMap<MetricId, Vec<(TagSet, f64)>> = BTreeMap::new();
    let since = Instant::now().unix_nanos().saturating_sub(FRESH_NANOS);
    history.latest(since, |series, Latest { value, .. }| {
        let def = registry.series_def(series);
        families.entry(def.metric).or_default().push((def.tags, value));
    });
    let mut text = String::new();
    for (metric, series) in families {
        let def = registry.def(metric);
        // A counter's name ends in `_total`, and one of a page that is passed on does so already.
        let (kind, suffix) = match def.kind {
            MetricKind::Counter if def.name.ends_with("_total") => ("counter", ""),
            MetricKind::Counter => ("counter", "_total"),
            MetricKind::Gauge | MetricKind::Rate | MetricKind::Trend => ("gauge", ""),
        };
        let name = format!("{}{suffix}", def.name);
        // Writing to a String cannot fail.
        if let Some(metric) = metric::all().iter().find(|metric| metric.name == &*def.name) {
            writeln!(text, "# HELP {name} {} ({})", metric.about, metric.unit.name()).ok();
        }
        writeln!(text, "# TYPE {name} {kind}").ok();
        for (tags, value) in series {
            writeln!(text, "{name}{} {value}", labels(&tags)).ok();
        }
    }
    text
}

/// In braces, if there are any. Tags whose names no label may have are left out.
fn labels(tags: &TagSet) -> String {
    let escaped =
        |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs = tags.iter().filter(|(name, _)| is_label(name));
    let pairs: Vec<_> =
        pairs.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) }
}

fn is_label(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
