//! What the page of a run shows: every metric, with the names that remote write has.

use std::collections::BTreeMap;

use plimsoll_metrics::{Interval, Registry, Timestamp};

use super::{Page, names, text};
use crate::cumulative::{Counts, Cumulative, Entry, Form, Shape, Value};

/// Of times, in seconds.
const TIME_BOUNDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0, 25.0,
];

/// Of everything else, of which no unit is known.
const OTHER_BOUNDS: &[f64] = &[
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3,
    2.5e3, 5e3, 1e4, 1e5, 1e6, 1e7,
];

/// Series on the page; the first that were seen are shown, the rest is counted.
const SERIES_LIMIT: usize = 10_000;

const LEFT_OUT: &str = "plimsoll_series_left_out";

/// Sums since the start of the run.
pub(super) struct Run(Cumulative);

impl Run {
    pub(super) fn new(registry: Registry) -> Run {
        let form = Form {
            times: Shape::Explicit(TIME_BOUNDS),
            others: Shape::Explicit(OTHER_BOUNDS),
            in_seconds: true,
        };
        Run(Cumulative::new(registry, form))
    }
}

impl Page for Run {
    fn add(&mut self, interval: &Interval) {
        // Where a sum begins is not on the page.
        self.0.add(interval, Timestamp(0));
    }

    fn text(&self) -> String {
        let mut families: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
        let mut left_out = 0_u32;
        for (at, entry) in self.0.iter().enumerate() {
            let family = families.entry(names::name(&entry.metric)).or_default();
            // Metrics of scripts may come to one name; a page has one kind for each.
            let fits = family.first().is_none_or(|first| kind(first) == kind(entry));
            if at < SERIES_LIMIT && fits {
                family.push(entry);
            } else {
                left_out += 1;
            }
        }
        let mut text = String::new();
        for (name, entries) in families {
            let Some(first) = entries.first() else { continue };
            text::head(&mut text, &name, kind(first), help(first));
            entries.iter().for_each(|entry| write(&mut text, &name, entry));
        }
        let help = "series that are not on this page, for want of room or for their names";
        text::head(&mut text, LEFT_OUT, "gauge", help);
        text::line(&mut text, LEFT_OUT, f64::from(left_out));
        text
    }
}

fn kind(entry: &Entry) -> &'static str {
    match entry.value {
        Value::Counter(_) => "counter",
        Value::Gauge(_) | Value::Rate { .. } => "gauge",
        Value::Trend(_) => "histogram",
    }
}

fn help(entry: &Entry) -> &'static str {
    match entry.value {
        Value::Counter(_) => "sum since the start of the run",
        Value::Gauge(_) => "newest value",
        Value::Rate { .. } => "share of samples since the start of the run that were true",
        Value::Trend(_) => "values since the start of the run",
    }
}

fn write(text: &mut String, name: &str, entry: &Entry) {
    let labels = names::labels(&entry.series.tags);
    // Of a histogram's buckets that is the bound. Prometheus renames labels in the same way.
    let rename = |name| if name == "le" { "exported_le" } else { name };
    let labels = text::labels(labels.iter().map(|(name, value)| (rename(&**name), *value)));
    let mut one = |value| text::line(text, &text::series(name, &labels), value);
    match &entry.value {
        Value::Counter(value) | Value::Gauge(value) => one(*value),
        Value::Rate { trues, total } => one(Value::share(*trues, *total)),
        Value::Trend(values) => {
            // Sums with given bounds always have them.
            let Counts::Explicit { bounds, counts } = values.counts() else { return };
            text::histogram(text, name, &labels, (bounds, counts), values.sum());
        }
    }
}
