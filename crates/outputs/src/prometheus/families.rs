//! What the page shows: vegeta's four metrics, and the response time that vegeta does not tell apart.

use std::collections::BTreeMap;

use plimsoll_metrics::{
    Builtin, Histogram, Interval, Registry, Sink,
    registry::{MetricId, SeriesDef},
};

use super::{Page, text};

/// Upper bounds of the buckets in seconds: those that Prometheus's own clients have unless told
/// otherwise.
const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const MILLISECONDS: f64 = 1e3;

/// Sets of labels per metric; further ones count together, under a set without values.
const SETS_LIMIT: usize = 1000;

/// Sums since the start of the run.
pub(super) struct Families {
    registry: Registry,
    /// By method, URL and status: from sending to the end of the response.
    request_seconds: BTreeMap<[String; 3], Buckets>,
    /// By method, URL and message.
    request_fail_count: BTreeMap<[String; 3], u64>,
    /// From the due time to the end of the response.
    response_seconds: Buckets,
    bytes_in: f64,
    bytes_out: f64,
}

#[derive(Clone, Debug, Default)]
struct Buckets {
    /// By bound, each without the smaller ones; the last is for what is above all.
    counts: [u64; BOUNDS.len() + 1],
    sum: f64,
}

impl Buckets {
    /// `times`: in milliseconds.
    fn add(&mut self, times: &Histogram) {
        for (value, count) in times.values() {
            let at = BOUNDS.partition_point(|bound| *bound < value / MILLISECONDS);
            if let Some(sum) = self.counts.get_mut(at) {
                *sum += count;
            }
        }
        self.sum += times.sum() / MILLISECONDS;
    }

    fn write(&self, text: &mut String, name: &str, labels: &str) {
        text::histogram(text, name, labels, (&BOUNDS, &self.counts), self.sum);
    }
}

impl Families {
    pub(super) fn new(registry: Registry) -> Families {
        Families {
            registry,
            request_seconds: BTreeMap::new(),
            request_fail_count: BTreeMap::new(),
            response_seconds: Buckets::default(),
            bytes_in: 0.0,
            bytes_out: 0.0,
        }
    }

    /// Adds what one series recorded in a second.
    fn add_series(&mut self, series: &SeriesDef, sink: &Sink) {
        let is = |builtin: Builtin| -> bool { MetricId::eq(&builtin.id(), &series.metric) };
        let tag = |name: &str| series.tags.get(name).unwrap_or_default().to_owned();
        match sink {
            Sink::Trend(times) if is(Builtin::HttpReqDuration) => {
                let labels = [tag("method"), tag("url"), tag("status")];
                set(&mut self.request_seconds, labels).add(times);
            }
            Sink::Trend(times) if is(Builtin::IterationResponseTime) => {
                self.response_seconds.add(times);
            }
            Sink::Rate { trues, .. } if is(Builtin::HttpReqFailed) && *trues > 0 => {
                let error = Some(tag("error")).filter(|error| !error.is_empty());
                let message = error.unwrap_or_else(|| tag("status"));
                let labels = [tag("method"), tag("url"), message];
                *set(&mut self.request_fail_count, labels) += trues;
            }
            Sink::Counter { sum } if is(Builtin::DataReceived) => self.bytes_in += sum,
            Sink::Counter { sum } if is(Builtin::DataSent) => self.bytes_out += sum,
            _ => {}
        }
    }
}

impl Page for Families {
    fn add(&mut self, interval: &Interval) {
        for (series, sink) in &interval.sinks {
            let series = self.registry.series_def(*series);
            self.add_series(&series, sink);
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let help = "seconds from sending a request to the end of its response (service time)";
        text::head(&mut text, "request_seconds", "histogram", help);
        for ([method, url, status], buckets) in &self.request_seconds {
            let labels = [("method", &**method), ("url", url), ("status", status)];
            let labels = text::labels(labels.into_iter());
            buckets.write(&mut text, "request_seconds", &labels);
        }
        let help = "seconds from when a request was due to the end of its response";
        text::head(&mut text, "request_response_seconds", "histogram", help);
        self.response_seconds.write(&mut text, "request_response_seconds", "");
        for (name, bytes, what) in [
            (
                "request_bytes_in",
                self.bytes_in,
                "bytes received on the wire, heads and TLS included",
            ),
            ("request_bytes_out", self.bytes_out, "bytes sent on the wire, heads and TLS included"),
        ] {
            text::head(&mut text, name, "counter", what);
            text::line(&mut text, name, bytes);
        }
        text::head(&mut text, "request_fail_count", "counter", "requests that failed");
        for ([method, url, message], count) in &self.request_fail_count {
            let labels = [("method", &**method), ("url", url), ("message", message)];
            let labels = text::labels(labels.into_iter());
            text::line(&mut text, &format!("request_fail_count{{{labels}}}"), *count as f64);
        }
        text
    }
}

/// The entry of a set of labels, or of those beyond the limit.
fn set<V: Default>(map: &mut BTreeMap<[String; 3], V>, labels: [String; 3]) -> &mut V {
    let is_full = map.len() >= SETS_LIMIT && !map.contains_key(&labels);
    map.entry(if is_full { Default::default() } else { labels }).or_default()
}
