//! Sums since the start of a run, series by series: for receivers that are sent totals and make rates
//! of them. Costs per series and interval, not per sample.

mod distribution;
mod exponential;
mod push;
#[cfg(test)]
mod tests;

use plimsoll_metrics::{
    Contains, Histogram, Interval, MetricDef, MetricKind, Origin, Registry, SeriesDef, SeriesId,
    Sink, Timestamp,
};

pub(crate) use distribution::{Counts, Distribution, Shape};
pub(crate) use exponential::{Buckets, Exponential};
pub(crate) use push::{Pushed, Snapshots};

/// Milliseconds in what is measured; seconds where the receiver wants them.
const SECONDS: f64 = 1e-3;

/// In which form values are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// Of trends that are times.
    pub(crate) times: Shape,
    /// Of other trends.
    pub(crate) others: Shape,
    /// Whether times are in seconds; else they stay in milliseconds.
    pub(crate) in_seconds: bool,
}

/// All series that had samples. As many as the registry lets there be.
pub(crate) struct Cumulative {
    registry: Registry,
    form: Form,
    /// By [`SeriesId`].
    entries: Vec<Option<Entry>>,
    /// Entries with samples since the last [`Cumulative::take_changed`], in order of their first.
    changed: Vec<SeriesId>,
}

/// One series.
pub(crate) struct Entry {
    pub(crate) metric: MetricDef,
    pub(crate) series: SeriesDef,
    pub(crate) value: Value,
    /// The end of the interval before that of its first sample: where its sums begin.
    pub(crate) start: Timestamp,
    /// Whether it was never taken before.
    pub(crate) is_new: bool,
    is_changed: bool,
}

/// What a series amounts to.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Counter(f64),
    Gauge(f64),
    Rate { trues: u64, total: u64 },
    Trend(Distribution),
}

impl Value {
    fn new(metric: &MetricDef, form: Form) -> Value {
        match metric.kind {
            MetricKind::Counter => Value::Counter(0.0),
            MetricKind::Gauge => Value::Gauge(0.0),
            MetricKind::Rate => Value::Rate { trues: 0, total: 0 },
            MetricKind::Trend if is_level(metric) => Value::Gauge(0.0),
            MetricKind::Trend if is_time(metric) => Value::Trend(Distribution::new(form.times)),
            MetricKind::Trend => Value::Trend(Distribution::new(form.others)),
        }
    }

    fn add(&mut self, sink: &Sink, factor: f64) {
        match (self, sink) {
            (Value::Counter(total), Sink::Counter { sum }) => *total += sum,
            (Value::Gauge(last), Sink::Gauge { value, .. }) => *last = *value,
            (Value::Gauge(last), Sink::Trend(values)) => *last = Histogram::mean(values) * factor,
            (Value::Rate { trues, total }, Sink::Rate { trues: more, total: of }) => {
                *trues += more;
                *total += of;
            }
            (Value::Trend(distribution), Sink::Trend(values)) => distribution.add(values, factor),
            _ => debug_assert!(false, "a series keeps its kind"),
        }
    }

    /// The share of a rate's samples that were true; 0 without any.
    pub(crate) fn share(trues: u64, total: u64) -> f64 {
        if total == 0 { 0.0 } else { trues as f64 / total as f64 }
    }
}

impl Cumulative {
    pub(crate) fn new(registry: Registry, form: Form) -> Cumulative {
        Cumulative { registry, form, entries: Vec::new(), changed: Vec::new() }
    }

    /// Adds what was recorded since `before`.
    pub(crate) fn add(&mut self, interval: &Interval, before: Timestamp) {
        for (id, sink) in &interval.sinks {
            let at = id.0 as usize;
            if self.entries.len() <= at {
                self.entries.resize_with(at + 1, || None);
            }
            let Some(slot) = self.entries.get_mut(at) else { continue };
            let (registry, form) = (&self.registry, self.form);
            let entry = slot.get_or_insert_with(|| Entry::new(registry, *id, form, before));
            let is_scaled = form.in_seconds && is_time(&entry.metric);
            entry.value.add(sink, if is_scaled { SECONDS } else { 1.0 });
            if !std::mem::replace(&mut entry.is_changed, true) {
                self.changed.push(*id);
            }
        }
    }

    /// Calls `each` with every series that had samples since the last call.
    pub(crate) fn take_changed(&mut self, mut each: impl FnMut(&mut Entry)) {
        for id in self.changed.drain(..) {
            if let Some(Some(entry)) = self.entries.get_mut(id.0 as usize) {
                each(entry);
                (entry.is_new, entry.is_changed) = (false, false);
            }
        }
    }

    /// All series, in order of their first sample.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }
}

impl Entry {
    fn new(registry: &Registry, id: SeriesId, form: Form, start: Timestamp) -> Entry {
        let series = registry.series_def(id);
        let metric = registry.def(series.metric);
        let value = Value::new(&metric, form);
        Entry { metric, series, value, start, is_new: true, is_changed: false }
    }

    /// Begins a new sum at `at`, for receivers that are sent differences.
    pub(crate) fn restart(&mut self, form: Form, at: Timestamp) {
        if !matches!(self.value, Value::Gauge(_)) {
            self.value = Value::new(&self.metric, form);
            self.start = at;
        }
    }
}

/// Whether values are milliseconds that a receiver may want as seconds. k6 leaves counters and gauges
/// that contain times as they are.
pub(crate) fn is_time(metric: &MetricDef) -> bool {
    metric.kind == MetricKind::Trend && metric.contains == Contains::Time
}

/// Whether a trend is the course of one thing that is watched. It is a trend so that thresholds can ask
/// for its percentiles; to a receiver that keeps the whole course it is a gauge.
pub(crate) fn is_level(metric: &MetricDef) -> bool {
    metric.kind == MetricKind::Trend && metric.origin == Origin::Watched
}
