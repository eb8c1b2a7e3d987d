//! What a comparison needs of a run record.

use std::collections::{BTreeMap, HashMap};

use plimsoll_metrics::{
    Histogram, Interval, MetricId, MetricKind, SeriesId, Sink,
    record::{End, Frame, Header},
};

/// One run, read from its record.
#[derive(Clone, Debug)]
pub struct Run {
    /// For messages: where the record is.
    pub name: String,
    pub header: Header,
    pub end: End,
    /// Why the generator was the limit; such a run says nothing of the service.
    pub invalid: Vec<String>,
    pub load: Load,
    /// Quotas and limits of what was watched, by metric: the last values of all its series, ascending.
    pub limits: BTreeMap<String, Vec<f64>>,
}

/// What a run sent and what came of it.
#[derive(Clone, Debug, Default)]
pub struct Load {
    pub requests: f64,
    pub failed: f64,
    /// Milliseconds from the start of each request to its end.
    pub service: Histogram,
    /// Milliseconds from when each iteration was due to its end; empty for closed models.
    pub response: Histogram,
}

/// Why a record cannot be part of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotComparable {
    /// No header came.
    Empty,
    /// The record has no end: its run goes on, or was killed.
    Unfinished,
    /// The run ended before its schedule, for this reason.
    Stopped(String),
}

impl std::fmt::Display for NotComparable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotComparable::Empty => f.write_str("it has no header"),
            NotComparable::Unfinished => {
                f.write_str("it has no end: its run goes on, or it was killed")
            }
            NotComparable::Stopped(reason) => {
                write!(f, "its run ended before its schedule: {reason}")
            }
        }
    }
}

impl Run {
    /// Adds the frames of one record up.
    ///
    /// # Errors
    /// When the run did not go its whole way.
    pub fn read(name: &str, frames: impl IntoIterator<Item = Frame>) -> Result<Run, NotComparable> {
        let mut reading = Reading::default();
        for frame in frames {
            reading.add(frame);
        }
        let header = reading.header.take().ok_or(NotComparable::Empty)?;
        let end = reading.end.take().ok_or(NotComparable::Unfinished)?;
        // A threshold that failed at the end does not end a run early: then the reason is `finished`.
        if end.reason != "finished" {
            return Err(NotComparable::Stopped(end.reason));
        }
        let limits = reading.limits();
        let Reading { invalid, load, .. } = reading;
        Ok(Run { name: name.to_owned(), header, end, invalid, load, limits })
    }

    /// Seconds of load.
    pub fn seconds(&self) -> f64 {
        self.end.duration_ms / 1e3
    }
}

/// What a series counts towards.
#[derive(Clone, Copy)]
enum Role {
    Requests,
    Failed,
    Service,
    Response,
}

#[derive(Default)]
struct Reading {
    header: Option<Header>,
    end: Option<End>,
    invalid: Vec<String>,
    metrics: HashMap<MetricId, Role>,
    series: HashMap<SeriesId, Role>,
    load: Load,
    /// Metrics that are limits, their series, and those series' last values.
    limit_names: HashMap<MetricId, String>,
    limit_series: HashMap<SeriesId, MetricId>,
    limit_values: HashMap<SeriesId, f64>,
}

impl Reading {
    fn add(&mut self, frame: Frame) {
        match frame {
            Frame::Header(header) => self.header = Some(header),
            Frame::End(end) => self.end = Some(end),
            Frame::Metric(def) => {
                if let Some(role) = role(&def.name, def.kind) {
                    self.metrics.insert(def.id, role);
                } else if is_limit(&def.name) && def.kind == MetricKind::Gauge {
                    self.limit_names.insert(def.id, def.name.to_string());
                }
            }
            Frame::Series(def) => {
                if let Some(role) = self.metrics.get(&def.metric) {
                    self.series.insert(def.id, *role);
                } else if self.limit_names.contains_key(&def.metric) {
                    self.limit_series.insert(def.id, def.metric);
                }
            }
            Frame::Interval { interval, .. } => self.interval(&interval),
            Frame::Event { kind, text, .. } if kind == "invalid" => self.invalid.push(text),
            Frame::Event { .. } => {}
        }
    }

    /// By metric; whose each is does not matter, and numbers of processes change.
    fn limits(&self) -> BTreeMap<String, Vec<f64>> {
        let mut limits: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (series, value) in &self.limit_values {
            let metric = self.limit_series.get(series);
            if let Some(name) = metric.and_then(|metric| self.limit_names.get(metric)) {
                limits.entry(name.clone()).or_default().push(*value);
            }
        }
        limits.values_mut().for_each(|values| values.sort_unstable_by(f64::total_cmp));
        limits
    }

    fn interval(&mut self, interval: &Interval) {
        let sums = &mut self.load;
        for (series, sink) in &interval.sinks {
            if let Sink::Gauge { value, .. } = sink
                && self.limit_series.contains_key(series)
            {
                self.limit_values.insert(*series, *value);
                continue;
            }
            match (self.series.get(series), sink) {
                (Some(Role::Requests), Sink::Counter { sum }) => sums.requests += sum,
                (Some(Role::Failed), Sink::Rate { trues, .. }) => sums.failed += *trues as f64,
                (Some(Role::Service), Sink::Trend(more)) => sums.service.merge(more),
                (Some(Role::Response), Sink::Trend(more)) => sums.response.merge(more),
                _ => {}
            }
        }
    }
}

/// Whether a metric says what something may take, not what it takes.
fn is_limit(name: &str) -> bool {
    ["_quota", "_limit", "_limit_bytes"].iter().any(|end| name.ends_with(end))
}

/// By the metric's name, if it is of the kind that the name stands for.
fn role(name: &str, kind: MetricKind) -> Option<Role> {
    let (role, expected) = match name {
        "http_reqs" | "redis_reqs" => (Role::Requests, MetricKind::Counter),
        "http_req_failed" | "redis_req_failed" => (Role::Failed, MetricKind::Rate),
        "http_req_duration" | "redis_req_duration" => (Role::Service, MetricKind::Trend),
        "iteration_response_time" => (Role::Response, MetricKind::Trend),
        _ => return None,
    };
    (kind == expected).then_some(role)
}
