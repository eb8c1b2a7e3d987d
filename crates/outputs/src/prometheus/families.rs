//! What the page shows: vegeta's four metrics, and the response time that vegeta does not tell apart.

use std::{collections::BTreeMap, fmt::Write};

use plimsoll_metrics::{
    Builtin, Histogram, Sink,
    registry::{MetricId, SeriesDef},
};

/// Upper bounds of the buckets in seconds: those that Prometheus's own clients have unless told
/// otherwise.
const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const MILLISECONDS: f64 = 1e3;

/// Sets of labels per metric; further ones count together, under a set without values.
const SETS_LIMIT: usize = 1000;

/// Sums since the start of the run.
#[derive(Debug, Default)]
pub(super) struct Families {
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
    /// By bound, each without the smaller ones; what is above all is in `count` alone.
    counts: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Buckets {
    /// `times`: in milliseconds.
    fn add(&mut self, times: &Histogram) {
        for bucket in times.buckets() {
            let seconds = bucket.high / MILLISECONDS;
            if let Some(at) = BOUNDS.iter().position(|bound| seconds <= *bound)
                && let Some(count) = self.counts.get_mut(at)
            {
                *count += bucket.count;
            }
        }
        self.count += times.count();
        self.sum += times.sum() / MILLISECONDS;
    }

    fn write(&self, text: &mut String, name: &str, labels: &str) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut below = 0;
        for (bound, count) in BOUNDS.iter().zip(self.counts) {
            below += count;
            line(text, &format!("{name}_bucket{{{labels}{comma}le=\"{bound}\"}}"), below as f64);
        }
        let all = self.count as f64;
        line(text, &format!("{name}_bucket{{{labels}{comma}le=\"+Inf\"}}"), all);
        let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        line(text, &format!("{name}_sum{braces}"), self.sum);
        line(text, &format!("{name}_count{braces}"), all);
    }
}

impl Families {
    /// Adds what one series recorded in a second.
    pub(super) fn add(&mut self, series: &SeriesDef, sink: &Sink) {
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

    /// The page, in Prometheus's text format.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let help = "seconds from sending a request to the end of its response (service time)";
        head(&mut text, "request_seconds", "histogram", help);
        for ([method, url, status], buckets) in &self.request_seconds {
            let labels = labels(&[("method", method), ("url", url), ("status", status)]);
            buckets.write(&mut text, "request_seconds", &labels);
        }
        let help = "seconds from when a request was due to the end of its response";
        head(&mut text, "request_response_seconds", "histogram", help);
        self.response_seconds.write(&mut text, "request_response_seconds", "");
        for (name, bytes, what) in [
            (
                "request_bytes_in",
                self.bytes_in,
                "bytes received on the wire, heads and TLS included",
            ),
            ("request_bytes_out", self.bytes_out, "bytes sent on the wire, heads and TLS included"),
        ] {
            head(&mut text, name, "counter", what);
            line(&mut text, name, bytes);
        }
        head(&mut text, "request_fail_count", "counter", "requests that failed");
        for ([method, url, message], count) in &self.request_fail_count {
            let labels = labels(&[("method", method), ("url", url), ("message", message)]);
            line(&mut text, &format!("request_fail_count{{{labels}}}"), *count as f64);
        }
        text
    }
}

/// The entry of a set of labels, or of those beyond the limit.
fn set<V: Default>(map: &mut BTreeMap<[String; 3], V>, labels: [String; 3]) -> &mut V {
    let is_full = map.len() >= SETS_LIMIT && !map.contains_key(&labels);
    map.entry(if is_full { Default::default() } else { labels }).or_default()
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String cannot fail.
    writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}").ok();
}

fn line(text: &mut String, name: &str, value: f64) {
    writeln!(text, "{name} {value}").ok();
}

fn labels(pairs: &[(&str, &String)]) -> String {
    let escaped =
        |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    pairs.collect::<Vec<_>>().join(",")
}
