//! A tally made from a run record: counters and histograms of each second, not hits.

use std::time::Duration;

use hashbrown::HashMap;
use plimsoll_metrics::{
    Builtin, Histogram, Interval, MetricId, SeriesId, Sink, TagSet, Timestamp,
    record::{End as RecordEnd, Frame},
};

use super::{
    Buckets, Latencies, Tally,
    latencies::from_millis,
    tally::{Records, is_success_code},
};
use crate::results::{
    binary::{End, Start},
    nanos,
};

/// The kind of event by which a run says why its generator was the limit.
const INVALID_EVENT: &str = "invalid";

/// What its text starts with, since other outputs show it without a heading.
const INVALID_PREFIX: &str = "INVALID: ";

/// Where the options of an attack have its rate.
const PACE: &str = "/attack/rate";

/// Takes a record's frames, in order.
#[derive(Debug, Default)]
pub struct RecordTally {
    metrics: HashMap<MetricId, Builtin>,
    series: HashMap<SeriesId, (Builtin, TagSet)>,
    started_unix_ns: u64,
    /// What was asked, for people; empty for scripts.
    pace: String,
    /// Of the last interval.
    last: Option<Timestamp>,
    end: Option<RecordEnd>,
    invalid: Vec<String>,
    counts: Counts,
    tally: Tally,
}

/// Sums over all series; those of requests and iterations are whole, kept as the record has them.
#[derive(Debug, Default)]
struct Counts {
    requests: f64,
    iterations: f64,
    dropped: f64,
    received: f64,
    sent: f64,
    failed: u64,
    rated: u64,
    /// Successes by status, for records without `http_req_failed`.
    good: f64,
    duration: Histogram,
    iteration_duration: Histogram,
    response_time: Histogram,
    lateness: Histogram,
}

impl RecordTally {
    /// `buckets`: as of [`Tally::with_buckets`]; response times are counted where the histogram has
    /// them, which is off by a thousandth at most.
    pub fn new(buckets: Option<Buckets>) -> RecordTally {
        let tally = Tally { buckets, ..Tally::default() };
        RecordTally { tally, ..RecordTally::default() }
    }

    /// Adds what is in `frame`.
    pub fn add(&mut self, frame: &Frame) {
        match frame {
            Frame::Header(header) => {
                self.started_unix_ns = header.started_unix_ms.saturating_mul(1_000_000);
                let pace = header.options.pointer(PACE).and_then(|pace| pace.as_str());
                self.pace = pace.unwrap_or_default().to_owned();
            }
            Frame::Metric(def) => {
                let known = Builtin::ALL.iter().find(|one| one.name() == &*def.name);
                if let Some(builtin) = known.filter(|one| one.kind() == def.kind) {
                    self.metrics.insert(def.id, *builtin);
                }
            }
            Frame::Series(def) => {
                if let Some(builtin) = self.metrics.get(&def.metric) {
                    self.series.insert(def.id, (*builtin, def.tags.clone()));
                }
            }
            Frame::Interval { at, interval } => {
                self.last = self.last.max(Some(*at));
                self.interval(interval);
            }
            Frame::Event { kind, text, .. } if kind == INVALID_EVENT => {
                let reason = text.strip_prefix(INVALID_PREFIX).unwrap_or(text);
                self.invalid.push(reason.to_owned());
            }
            Frame::Event { .. } => {}
            Frame::End(end) => self.end = Some(end.clone()),
        }
    }

    /// What was counted, also when the record ended early.
    pub fn finish(self) -> Tally {
        let RecordTally { started_unix_ns, pace, last, end, invalid, counts, mut tally, .. } = self;
        let is_http = counts.requests > 0.0;
        let requests = if is_http { counts.requests } else { counts.iterations };
        let service_time = if is_http { counts.duration } else { counts.iteration_duration };
        tally.requests = requests as u64;
        tally.successes = match counts.rated {
            0 if is_http => counts.good as u64,
            0 => tally.requests,
            rated => rated.saturating_sub(counts.failed),
        };
        if !is_http && tally.requests > 0 {
            tally.status_codes.insert(0, tally.requests);
            tally.without_status = tally.requests;
        }
        (tally.bytes_in, tally.bytes_out) = (counts.received as u64, counts.sent as u64);
        let have_response_time =
            counts.response_time.count() == tally.requests && tally.requests > 0;
        tally.records = Some(Records { have_response_time });
        tally.service_time = Latencies::of_millis(service_time);
        tally.lateness = Latencies::of_millis(counts.lateness);
        tally.response_time = if have_response_time {
            Latencies::of_millis(counts.response_time)
        } else {
            tally.service_time.clone()
        };
        if let Some(buckets) = &mut tally.buckets {
            buckets.add_histogram(tally.response_time.histogram());
        }
        let until_last =
            || last.map(|last| Duration::from_nanos(last.0.saturating_sub(started_unix_ns)));
        let duration = end.as_ref().map(|end| from_millis(end.duration_ms)).or_else(until_last);
        let duration_ns = nanos(duration.unwrap_or_default());
        let (start, stop) =
            (Timestamp(started_unix_ns), Timestamp(started_unix_ns.saturating_add(duration_ns)));
        tally.span(start, stop, stop);
        if !pace.is_empty() {
            tally.start(&Start { started_unix_ns, pace, ..Start::default() });
        }
        if end.is_some() {
            let never_sent = counts.dropped as u64;
            tally.end(&End { never_sent, lost: 0, started_unix_ns, duration_ns, invalid });
        }
        tally
    }

    fn interval(&mut self, interval: &Interval) {
        let RecordTally { series, counts, tally, .. } = self;
        for (id, sink) in &interval.sinks {
            let Some((builtin, tags)) = series.get(id) else { continue };
            match (builtin, sink) {
                (Builtin::HttpReqs, Sink::Counter { sum }) => requests(*sum, tags, counts, tally),
                (Builtin::Iterations, Sink::Counter { sum }) => counts.iterations += sum,
                (Builtin::DroppedIterations, Sink::Counter { sum }) => counts.dropped += sum,
                (Builtin::DataReceived, Sink::Counter { sum }) => counts.received += sum,
                (Builtin::DataSent, Sink::Counter { sum }) => counts.sent += sum,
                (Builtin::HttpReqFailed, Sink::Rate { trues, total }) => {
                    counts.failed = counts.failed.saturating_add(*trues);
                    counts.rated = counts.rated.saturating_add(*total);
                }
                (Builtin::HttpReqDuration, Sink::Trend(more)) => counts.duration.merge(more),
                (Builtin::IterationDuration, Sink::Trend(more)) => {
                    counts.iteration_duration.merge(more);
                }
                (Builtin::IterationResponseTime, Sink::Trend(more)) => {
                    counts.response_time.merge(more);
                }
                (Builtin::IterationLateness, Sink::Trend(more)) => counts.lateness.merge(more),
                _ => {}
            }
        }
    }
}

/// Requests of one series, by its status and error.
fn requests(sum: f64, tags: &TagSet, counts: &mut Counts, tally: &mut Tally) {
    let count = sum as u64;
    let code = tags.get("status").and_then(|status| status.parse().ok()).unwrap_or(0);
    let error = tags.get("error").unwrap_or_default();
    counts.requests += sum;
    *tally.status_codes.entry(code).or_default() += count;
    tally.errors.add(error, count);
    if error.is_empty() && is_success_code(code) {
        counts.good += sum;
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::{
        MetricDef, Recorder, Registry,
        record::{Encoder, Header},
    };

    use super::*;

    const START_MS: u64 = 1_795_260_004_000;

    /// A metric, the tags of a series of it, and that series' values.
    type Samples = (Builtin, &'static [(&'static str, &'static str)], &'static [f64]);

    /// Frames of a run with these samples.
    fn frames(options: serde_json::Value, samples: &[Samples], has_end: bool) -> Vec<Frame> {
        let registry = Registry::new(100);
        let mut recorder = Recorder::new(registry.clone(), false, 0);
        let at = Timestamp((START_MS + 2_000) * 1_000_000);
        for (builtin, tags, values) in samples {
            let tags = TagSet::from_pairs(tags.iter().copied());
            let series = recorder.handle(builtin.id(), &tags);
            values.iter().for_each(|&value| recorder.record(series, value, at));
        }
        let header = Header {
            tool_version: String::new(),
            started_unix_ms: START_MS,
            script: "x".to_owned(),
            options,
        };
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(registry, &header, &mut bytes).unwrap();
        encoder.interval(at, &recorder.take_interval(), &mut bytes).unwrap();
        encoder.event(at, "invalid", "INVALID: generator-limited: CPU", &mut bytes);
        let end = RecordEnd { reason: "finished".into(), duration_ms: 2_000.0, thresholds: vec![] };
        if has_end {
            encoder.end(&end, &mut bytes).unwrap();
        }
        let mut decoder = plimsoll_metrics::record::Decoder::new();
        decoder.feed(&bytes);
        std::iter::from_fn(|| decoder.next_frame().unwrap()).collect()
    }

    fn tally(frames: &[Frame]) -> Tally {
        let mut counted = RecordTally::new(None);
        frames.iter().for_each(|frame| counted.add(frame));
        counted.finish()
    }

    const OK: &[(&str, &str)] = &[("status", "200")];
    const DOWN: &[(&str, &str)] = &[("status", "0"), ("error", "connection refused")];

    #[test]
    fn an_attack() {
        let samples: &[Samples] = &[
            (Builtin::HttpReqs, OK, &[1.0, 1.0, 1.0]),
            (Builtin::HttpReqs, DOWN, &[1.0]),
            (Builtin::HttpReqFailed, OK, &[0.0, 0.0, 0.0]),
            (Builtin::HttpReqFailed, DOWN, &[1.0]),
            (Builtin::HttpReqDuration, OK, &[1.0, 2.0, 3.0]),
            (Builtin::HttpReqDuration, DOWN, &[0.5]),
            (Builtin::IterationResponseTime, &[], &[11.0, 12.0, 13.0, 10.5]),
            (Builtin::IterationLateness, &[], &[10.0, 10.0, 10.0, 10.0]),
            (Builtin::DroppedIterations, &[], &[2.0]),
            (Builtin::DataReceived, &[], &[400.0]),
        ];
        let options = serde_json::json!({ "attack": { "rate": "2/1s" } });
        insta::assert_snapshot!(tally(&frames(options, samples, true)).text());
    }

    #[test]
    fn a_script_that_was_killed() {
        let samples: &[Samples] = &[
            (Builtin::HttpReqs, OK, &[1.0, 1.0, 1.0]),
            (Builtin::HttpReqDuration, OK, &[1.0, 2.0, 3.0]),
            (Builtin::Iterations, &[], &[1.0]),
        ];
        insta::assert_snapshot!(tally(&frames(serde_json::Value::Null, samples, false)).text());
    }

    #[test]
    fn a_metric_of_the_same_name_and_another_kind_is_not_ours() {
        let kind = plimsoll_metrics::MetricKind::Gauge;
        let contains = plimsoll_metrics::Contains::Default;
        let mut counted = RecordTally::new(None);
        let origin = plimsoll_metrics::Origin::Custom;
        let name = "http_reqs".into();
        let def = MetricDef { id: MetricId(0), name, kind, contains, origin };
        counted.add(&Frame::Metric(def));
        assert!(counted.metrics.is_empty());
    }
}
