//! Requests as a receiver reads them.

use std::collections::BTreeMap;

use plimsoll_metrics::{Builtin, Contains, Interval, MetricKind, Recorder, TagSet, Totals};
use prost::Message;

use super::{
    message::{TimeSeries, WriteRequest},
    *,
};
use crate::delivery::testing::{OK, Received, Receiver, Reply};

struct Run {
    registry: Registry,
    recorder: Recorder,
    output: Box<dyn Output>,
}

impl Run {
    fn start(url: &str, env: &[(&str, &str)]) -> Run {
        let name = |name: &str| format!("K6_PROMETHEUS_RW_{name}");
        let env: BTreeMap<String, String> =
            env.iter().map(|(key, value)| (name(key), (*value).to_owned())).collect();
        let registry = Registry::new(100_000);
        let config = RemoteWriteConfig::parse(Some(url), &env).unwrap();
        let output = start(config, registry.clone(), Log::memory()).unwrap();
        Run { recorder: Recorder::new(registry.clone(), false, 0), registry, output }
    }

    fn record(&mut self, metric: &str, tags: &[(&str, &str)], values: &[f64]) {
        let id = self.registry.find(metric).unwrap().id;
        let tags = TagSet::from_pairs(tags.iter().copied());
        let series = self.recorder.handle(id, &tags);
        values.iter().for_each(|&value| self.recorder.record(series, value, Timestamp(1)));
    }

    /// `at`: from now, so that a push is due or not.
    fn interval(&mut self, seconds: u64) {
        let interval: Interval = self.recorder.take_interval();
        let at = Timestamp(Instant::now().unix_nanos() + seconds * 1_000_000_000);
        let totals = Totals::new(self.registry.clone(), &[]);
        self.output.interval(at, &interval, &totals);
    }
}

fn decode(request: &Received) -> Vec<TimeSeries> {
    assert_eq!(request.header("content-encoding"), Some("snappy"));
    assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
    assert_eq!(request.header("x-prometheus-remote-write-version"), Some("0.1.0"));
    let plain = snap::raw::Decoder::new().decompress_vec(&request.body).unwrap();
    WriteRequest::decode(&*plain).unwrap().timeseries
}

/// `k6_vus{a="b"} 3`, one line each, in order.
fn text(series: &[TimeSeries]) -> String {
    let mut lines: Vec<String> = series.iter().map(line).collect();
    lines.sort();
    lines.join("\n")
}

fn line(series: &TimeSeries) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let names: Vec<String> = series.labels.iter().map(|label| text(&label.name)).collect();
    assert!(names.is_sorted(), "{names:?}");
    let (mut name, mut labels) = (String::new(), Vec::new());
    for label in &series.labels {
        match &*label.name {
            b"__name__" => name = text(&label.value),
            other => labels.push(format!("{}={:?}", text(other), text(&label.value))),
        }
    }
    let values: Vec<String> =
        series.samples.iter().map(|sample| format!("{:.3}", sample.value)).collect();
    let histograms = series.histograms.iter().map(|histogram| {
        let counts = (histogram.count.unwrap(), histogram.zero_count.unwrap());
        format!("schema {} counts {counts:?} sum {}", histogram.schema, histogram.sum)
    });
    let all: Vec<String> = values.into_iter().chain(histograms).collect();
    format!("{name}{{{}}} {}", labels.join(","), all.join(" "))
}

fn run_of_all_kinds(env: &[(&str, &str)]) -> Vec<String> {
    let receiver = Receiver::start(|_, _| OK);
    let mut run = Run::start(&format!("{}/api/v1/write", receiver.url()), env);
    let watched = |name, kind, contains| run.registry.watched_metric(name, kind, contains).unwrap();
    watched("host_cpu_utilization", MetricKind::Trend, Contains::Default);
    watched("host_disk_latency", MetricKind::Trend, Contains::Time);
    run.registry.metric("pages", MetricKind::Trend, Contains::Default).unwrap();
    let get = [("url", "http://a/"), ("empty", ""), ("Upper", "x"), ("wéird", "y")];
    for value in [100.0, 300.0] {
        run.record("http_reqs", &get, &[1.0]);
        run.record("http_req_duration", &get, &[value, 0.0]);
        run.record("checks", &[("check", "is \"ok\"")], &[1.0, f64::from(value > 200.0)]);
        run.record("vus", &[], &[value]);
        run.record("pages", &[], &[-3.0, value]);
        run.record("host_cpu_utilization", &[("host", "h")], &[value / 1000.0]);
        run.record("host_disk_latency", &[("host", "h")], &[value]);
        run.interval(0);
    }
    run.record("vus", &[], &[7.0]);
    let line = run.output.finish().unwrap().unwrap();
    let received = receiver.received();
    let all: Vec<Vec<TimeSeries>> = received.iter().map(decode).collect();
    let points: usize = all.iter().map(Vec::len).sum();
    assert!(line.ends_with(&format!(": {points} points delivered")), "{line}");
    assert!(received.iter().all(|request| request.line == "POST /api/v1/write"));
    all.iter().map(|series| text(series)).collect()
}

#[test]
fn every_kind_has_its_name_its_unit_and_its_sum() {
    let requests = run_of_all_kinds(&[("TREND_STATS", "count,sum,min,max,avg,med,p(99.9)")]);
    insta::assert_snapshot!(requests.join("\n---\n"));
}

#[test]
fn native_histograms_and_stale_markers() {
    let env = [("TREND_AS_NATIVE_HISTOGRAM", "true"), ("STALE_MARKERS", "true")];
    let requests = run_of_all_kinds(&env);
    insta::assert_snapshot!(requests.join("\n---\n"));
}

#[test]
fn a_marker_is_the_nan_that_prometheus_knows() {
    let receiver = Receiver::start(|_, _| OK);
    let mut run = Run::start(&receiver.url(), &[("STALE_MARKERS", "1")]);
    run.record("vus", &[], &[1.0]);
    run.interval(0);
    run.output.finish().unwrap();
    let requests: Vec<_> = receiver.received().iter().map(decode).collect();
    let [last, marker] = [&requests[0][0].samples[0], &requests[1][0].samples[0]];
    assert_eq!(marker.value.to_bits(), 0x7ff0_0000_0000_0002);
    assert!(marker.timestamp > last.timestamp);
}

/// A push is due when its interval is over, and holds only what changed.
#[test]
fn what_did_not_change_is_not_sent_again() {
    let receiver = Receiver::start(|_, _| OK);
    let mut run = Run::start(&receiver.url(), &[("PUSH_INTERVAL", "5s")]);
    run.record("vus", &[], &[1.0]);
    run.interval(1);
    run.record("iterations", &[], &[1.0]);
    run.interval(5);
    run.record("iterations", &[], &[1.0]);
    run.interval(6);
    run.output.finish().unwrap();
    let requests: Vec<String> = receiver.received().iter().map(|r| text(&decode(r))).collect();
    assert_eq!(
        requests,
        ["k6_iterations_total{} 1.000\nk6_vus{} 1.000", "k6_iterations_total{} 2.000"]
    );
}

#[test]
fn many_series_go_in_several_requests() {
    let receiver = Receiver::start(|_, _| OK);
    let mut run = Run::start(&receiver.url(), &[]);
    let count = REQUEST_SERIES_LIMIT + 10;
    for url in 0..count {
        run.record("http_reqs", &[("url", &url.to_string())], &[1.0]);
    }
    run.interval(0);
    let line = run.output.finish().unwrap().unwrap();
    assert!(line.ends_with("2010 points delivered"), "{line}");
    let sizes: Vec<usize> = receiver.received().iter().map(|r| decode(r).len()).collect();
    assert_eq!(sizes, [REQUEST_SERIES_LIMIT, 10]);
}

/// What a receiver refuses for good is counted, and what is not refused still arrives.
#[test]
fn refused_requests_are_counted() {
    let receiver = Receiver::start(|number, _| match number {
        0 => Reply::Status("400 Bad Request", "out of order sample"),
        1 => Reply::Status("503 Service Unavailable", ""),
        _ => OK,
    });
    let mut run = Run::start(&receiver.url(), &[("PUSH_INTERVAL", "1s")]);
    for value in [1.0, 2.0] {
        run.record(Builtin::Vus.name(), &[], &[value]);
        run.interval(10);
    }
    let message = run.output.finish().unwrap_err().message;
    assert!(
        message.ends_with(
            "1 point delivered, 1 lost: 1 refused (400 Bad Request: out of order sample)"
        ),
        "{message}"
    );
}
