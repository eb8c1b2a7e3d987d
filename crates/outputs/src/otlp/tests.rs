//! Requests as a receiver reads them.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io::Read,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, body::Body, body::Incoming, server::conn::http2, service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use plimsoll_metrics::{Contains, Interval, MetricKind, Recorder, TagSet, Totals};
use plimsoll_runtime::{
    clock::Instant,
    listen::{self, ListenOptions},
    workers,
};

use super::{
    message::{ExportMetricsServiceRequest, KeyValue, Metric, PartialSuccess, Temporality},
    *,
};
use crate::delivery::testing::{OK, Receiver, Reply};

struct Run {
    registry: Registry,
    recorder: Recorder,
    output: Box<dyn Output>,
    at: u64,
}

impl Run {
    fn start(url: &str, env: &[(&str, &str)]) -> Run {
        let env: BTreeMap<String, String> =
            env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let registry = Registry::new(100_000);
        let config = OtlpConfig::parse("opentelemetry", Some(url), &env).unwrap();
        let output = start(config, registry.clone(), Log::memory()).unwrap();
        let recorder = Recorder::new(registry.clone(), false, 0);
        Run { registry, recorder, output, at: Instant::now().unix_nanos() }
    }

    fn record(&mut self, metric: &str, tags: &[(&str, &str)], values: &[f64]) {
        let id = self.registry.find(metric).unwrap().id;
        let tags = TagSet::from_pairs(tags.iter().copied());
        let series = self.recorder.handle(id, &tags);
        values.iter().for_each(|&value| self.recorder.record(series, value, Timestamp(1)));
    }

    /// One that is so long that an export is due.
    fn interval(&mut self) {
        let interval: Interval = self.recorder.take_interval();
        self.at += 20_000_000_000;
        let totals = Totals::new(self.registry.clone(), &[]);
        self.output.interval(Timestamp(self.at), &interval, &totals);
    }
}

fn attributes(list: &[KeyValue]) -> String {
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let pair = |pair: &KeyValue| {
        let value = pair.value.as_ref().unwrap().string_value.as_ref().unwrap();
        format!("{}={}", text(&pair.key), text(value))
    };
    list.iter().map(pair).collect::<Vec<_>>().join(",")
}

/// The metrics of a request, one line per point.
fn text(body: &[u8]) -> String {
    let request = ExportMetricsServiceRequest::decode(body).unwrap();
    let [resource] = &request.resource_metrics[..] else { panic!("{request:?}") };
    let resource_attributes = attributes(&resource.resource.as_ref().unwrap().attributes);
    assert!(resource_attributes.starts_with("service.name=k6,service.version="));
    let [scope] = &resource.scope_metrics[..] else { panic!("{request:?}") };
    assert_eq!(scope.scope.as_ref().unwrap().name, "k6");
    scope.metrics.iter().flat_map(lines).collect::<Vec<_>>().join("\n")
}

fn lines(metric: &Metric) -> Vec<String> {
    let head = |kind: &str, temporality: i32| {
        let name = String::from_utf8_lossy(&metric.name);
        let unit = String::from_utf8_lossy(&metric.unit);
        let sums = match Temporality::try_from(temporality).unwrap() {
            Temporality::Unspecified => "",
            Temporality::Delta => " delta",
            Temporality::Cumulative => " cumulative",
        };
        format!("{name} [{unit}] {kind}{sums}")
    };
    let number = |head: String, point: &message::NumberDataPoint| {
        let value = match (point.as_double, point.as_int) {
            (Some(value), None) => format!("{value:?}"),
            (None, Some(value)) => value.to_string(),
            both => panic!("{both:?}"),
        };
        assert!(point.start_time_unix_nano < point.time_unix_nano);
        format!("{head} {{{}}} {value}", attributes(&point.attributes))
    };
    let mut lines = Vec::new();
    if let Some(gauge) = &metric.gauge {
        lines.extend(gauge.data_points.iter().map(|point| number(head("gauge", 0), point)));
    }
    if let Some(sum) = &metric.sum {
        assert!(sum.is_monotonic);
        let head = || head("sum", sum.aggregation_temporality);
        lines.extend(sum.data_points.iter().map(|point| number(head(), point)));
    }
    if let Some(histogram) = &metric.histogram {
        let head = head("histogram", histogram.aggregation_temporality);
        lines.extend(histogram.data_points.iter().map(|point| {
            assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
            assert_eq!(point.explicit_bounds.len() + 1, point.bucket_counts.len());
            let (sum, min, max) = (point.sum.unwrap(), point.min.unwrap(), point.max.unwrap());
            let counts = &point.bucket_counts;
            format!("{head} {{{}}} {sum} {min}..{max} {counts:?}", attributes(&point.attributes))
        }));
    }
    if let Some(histogram) = &metric.exponential_histogram {
        let head = head("exponential", histogram.aggregation_temporality);
        lines.extend(histogram.data_points.iter().map(|point| {
            let count = |buckets: &Option<message::Buckets>| -> u64 {
                let counts = buckets.as_ref().map(|buckets| &buckets.bucket_counts[..]);
                assert!(counts.is_none_or(|counts| counts.len() <= 160));
                counts.unwrap_or_default().iter().sum()
            };
            let (negative, positive) = (count(&point.negative), count(&point.positive));
            assert_eq!(negative + point.zero_count + positive, point.count);
            let counts = format!("{negative} {} {positive}", point.zero_count);
            let (scale, sum) = (point.scale, point.sum.unwrap());
            format!("{head} {{{}}} {sum} scale {scale}: {counts}", attributes(&point.attributes))
        }));
    }
    lines
}

/// Two exports of every kind.
fn record_all_kinds(run: &mut Run) {
    run.registry.watched_metric("host_disk_latency", MetricKind::Trend, Contains::Time).unwrap();
    run.registry.metric("pages", MetricKind::Trend, Contains::Default).unwrap();
    for value in [100.0, 300.0] {
        run.record("http_reqs", &[("url", "http://a/"), ("empty", "")], &[1.0]);
        run.record("http_req_duration", &[("url", "http://a/")], &[value, 0.0]);
        run.record("checks", &[("check", "is ok")], &[1.0, f64::from(value > 200.0)]);
        run.record("http_req_failed", &[], &[0.0]);
        run.record("vus", &[], &[value]);
        run.record("data_sent", &[], &[value]);
        run.record("pages", &[], &[-3.0, value, 1e9]);
        run.record("host_disk_latency", &[("host", "h")], &[value]);
        run.interval();
    }
    run.record("vus", &[], &[7.0]);
}

fn over_http(env: &[(&str, &str)]) -> String {
    let receiver = Receiver::start(|_, _| OK);
    let mut run = Run::start(&receiver.url(), env);
    record_all_kinds(&mut run);
    assert_eq!(
        run.output.describe(),
        format!("opentelemetry (http, {}/v1/metrics)", receiver.url())
    );
    let line = run.output.finish().unwrap().unwrap();
    assert!(line.contains(" points delivered") && !line.contains("lost"), "{line}");
    let received = receiver.received();
    let body = |request: &crate::delivery::testing::Received| -> String {
        assert_eq!(request.line, "POST /v1/metrics");
        assert_eq!(request.header("content-type"), Some("application/x-protobuf"));
        match request.header("content-encoding") {
            Some("gzip") => {
                let mut plain = Vec::new();
                GzDecoder::new(&*request.body).read_to_end(&mut plain).unwrap();
                text(&plain)
            }
            other => {
                assert_eq!(other, None);
                text(&request.body)
            }
        }
    };
    received.iter().map(body).collect::<Vec<_>>().join("\n---\n")
}

#[test]
fn cumulative_sums_and_explicit_bounds() {
    insta::assert_snapshot!(over_http(&[("K6_OTEL_METRIC_PREFIX", "k6_")]));
}

#[test]
fn differences_and_exponential_bounds() {
    insta::assert_snapshot!(over_http(&[
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "base2_exponential_bucket_histogram",
        ),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("K6_OTEL_SINGLE_COUNTER_FOR_RATE", "false"),
    ]));
}

#[test]
fn many_points_go_in_several_requests() {
    let receiver = Receiver::start(|_, _| OK);
    let mut run = Run::start(&receiver.url(), &[]);
    for url in 0..REQUEST_POINTS_LIMIT + 10 {
        run.record("http_reqs", &[("url", &url.to_string())], &[1.0]);
    }
    run.interval();
    let points = |line: &str| line.lines().count();
    run.output.finish().unwrap();
    let sizes: Vec<usize> =
        receiver.received().iter().map(|request| points(&text(&request.body))).collect();
    // At the end of the run there was nothing new.
    assert_eq!(sizes, [REQUEST_POINTS_LIMIT, 10]);
}

#[test]
fn what_a_receiver_did_not_take_is_counted() {
    let partial = ExportMetricsServiceResponse {
        partial_success: Some(PartialSuccess {
            rejected_data_points: 1,
            error_message: "too old".to_owned(),
        }),
    };
    let body = String::from_utf8(partial.encode_to_vec()).unwrap();
    let body: &'static str = Box::leak(body.into_boxed_str());
    let receiver = Receiver::start(move |_, _| Reply::Status("200 OK", body));
    let mut run = Run::start(&receiver.url(), &[]);
    run.record("vus", &[], &[1.0]);
    run.record("iterations", &[], &[1.0]);
    let message = {
        let interval = run.recorder.take_interval();
        let totals = Totals::new(run.registry.clone(), &[]);
        run.output.interval(Timestamp(run.at + 1), &interval, &totals);
        run.output.finish().unwrap_err().message
    };
    assert!(message.ends_with("1 point delivered, 1 lost: 1 refused (too old)"), "{message}");
}

type Calls = Arc<Mutex<Vec<(String, Bytes)>>>;

/// A gRPC server for as long as the test; it answers with `statuses` in turn.
fn grpc_server(statuses: &'static [&'static str]) -> (SocketAddr, Calls) {
    let bound = listen::bind("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
    let (address, calls) = (bound.local_addr().unwrap(), Calls::default());
    let kept = Arc::clone(&calls);
    std::thread::spawn(move || {
        workers::block_on(async {
            let listener = bound.listen().unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let kept = Arc::clone(&kept);
                let answer = service_fn(move |request: Request<Incoming>| {
                    answer(request, Arc::clone(&kept), statuses)
                });
                let io = TokioIo::new(stream);
                let builder = http2::Builder::new(TokioExecutor::new());
                // It ends when the other side hangs up, with an error or without.
                tokio::spawn(builder.serve_connection(io, answer));
            }
        })
        .unwrap();
    });
    (address, calls)
}

async fn answer(
    request: Request<Incoming>,
    kept: Calls,
    statuses: &'static [&'static str],
) -> Result<Response<impl Body<Data = Bytes, Error = Infallible>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let header =
        |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let description = format!(
        "{} {} {:?} {:?} {:?}",
        head.method,
        head.uri.path(),
        header("content-type"),
        header("te"),
        header("grpc-encoding")
    );
    let body = body.collect().await?.to_bytes();
    let mut kept = kept.lock().unwrap();
    let status = statuses[kept.len().min(statuses.len() - 1)];
    kept.push((description, body));
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    let body = Full::new(Bytes::from_static(&[0; 5]));
    let body = body.with_trailers(std::future::ready(Some(Ok(trailers))));
    Ok(Response::builder().header("content-type", "application/grpc").body(body).unwrap())
}

#[test]
fn over_grpc() {
    let (address, calls) = grpc_server(&["14", "0"]);
    let mut run = Run::start(&format!("grpc://{address}"), &[]);
    run.record("vus", &[], &[1.0]);
    run.interval();
    let line = run.output.finish().unwrap().unwrap();
    assert_eq!(line, format!("opentelemetry (grpc (insecure), {address}): 1 point delivered"));
    let calls = calls.lock().unwrap();
    // The first was tried again.
    assert_eq!(calls.len(), 2);
    for (description, body) in &*calls {
        assert_eq!(
            description,
            "POST /opentelemetry.proto.collector.metrics.v1.MetricsService/Export \
             Some(\"application/grpc\") Some(\"trailers\") None"
        );
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
        assert_eq!((body[0], length), (0, body.len() - 5));
        assert_eq!(text(&body[5..]), "vus [] gauge {} 1.0");
    }
}

/// What is handed over counts as many points as come out of it.
#[test]
fn a_rate_has_as_many_points_as_outcomes() {
    for (has_single_rate, expected) in [(true, [0, 1, 1, 2]), (false, [1, 1, 2, 2])] {
        let readings = Readings { is_delta: false, has_single_rate, taken: Timestamp(0) };
        let rates = [(0, 0), (0, 3), (3, 3), (1, 3)];
        let points = rates.map(|(trues, total)| readings.points(&Value::Rate { trues, total }));
        assert_eq!(points, expected);
    }
}
