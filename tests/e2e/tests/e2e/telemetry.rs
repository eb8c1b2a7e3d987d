//! What collectors and scrapers get: OpenTelemetry beside real k6, the page for Prometheus, several
//! outputs at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Child,
    thread,
    time::Duration,
};

use plimsoll_e2e::{
    Run, Tool, Web, collector::Collector, command, finish, http, plimsoll, ports::Port,
    prometheus::Prometheus, script,
};

/// Names that k6 does not have.
const OURS: [&str; 4] =
    ["iteration_lateness", "iteration_response_time", "iterations_asked", "process_"];

/// How often something that must come is looked for, every 50 ms.
const ATTEMPTS: u32 = 400;

fn run_kinds(tool: Tool, web: &Web, out: &[&str], environment: &[(&str, &str)]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(tool, folder.path());
    command.args(["run", "--quiet", "-e", &format!("BASE={}", web.url)]);
    command.args(out.iter().flat_map(|out| ["--out", out]));
    command.envs(environment.iter().copied()).arg(script("kinds.js"));
    let run = finish(command, folder, None);
    assert_eq!(run.code, Some(0), "{}", run.said());
    run
}

/// What a collector is sent by both, without metrics of ours.
fn check_opentelemetry(environment: &[(&str, &str)]) {
    let web = Web::start();
    let [ours, k6] = [Tool::Plimsoll, Tool::K6].map(|tool| {
        let collector = Collector::start();
        let endpoint = collector.endpoint();
        let mut all = vec![
            ("K6_OTEL_GRPC_EXPORTER_ENDPOINT", endpoint.as_str()),
            ("K6_OTEL_GRPC_EXPORTER_INSECURE", "true"),
            ("K6_OTEL_HTTP_EXPORTER_ENDPOINT", endpoint.as_str()),
            ("K6_OTEL_HTTP_EXPORTER_INSECURE", "true"),
            ("K6_OTEL_EXPORT_INTERVAL", "1s"),
            ("K6_OTEL_FLUSH_INTERVAL", "200ms"),
        ];
        all.extend(environment);
        run_kinds(tool, &web, &["experimental-opentelemetry"], &all);
        let mut series = collector.series();
        series.retain(|line| !OURS.iter().any(|ours| line.contains(ours)));
        series
    });
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| -> Vec<String> {
        one.difference(other).cloned().collect()
    };
    assert_eq!((only(&ours, &k6), only(&k6, &ours)), (vec![], vec![]), "ours alone, k6's alone");
    assert!(ours.len() > 30, "{ours:#?}");
}

#[test]
fn a_collector_gets_over_grpc_what_k6_sends() {
    check_opentelemetry(&[("K6_OTEL_METRIC_PREFIX", "k6_")]);
}

#[test]
fn a_collector_gets_over_http_what_k6_sends() {
    check_opentelemetry(&[
        ("K6_OTEL_EXPORTER_TYPE", "http"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "base2_exponential_bucket_histogram",
        ),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ]);
}

/// Ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A real Prometheus understands the page, while the run goes on.
#[test]
fn prometheus_scrapes_a_run() {
    let (web, port) = (Web::start(), Port::reserve());
    let address = format!("127.0.0.1:{}", port.number);
    let prometheus = Prometheus::start_with(&format!(
        "scrape_configs:\n- job_name: plimsoll\n  scrape_interval: 200ms\n  scrape_timeout: 200ms\n  \
         static_configs:\n  - targets: ['{address}']\n"
    ));
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(Tool::Plimsoll, folder.path());
    command.args([
        "run",
        "--quiet",
        "--iterations",
        "1000",
        "--out",
        &format!("prometheus={address}"),
    ]);
    command.args(["-e", &format!("BASE={}", web.url)]).arg(script("kinds.js"));
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let _run = Running(command.spawn().unwrap());
    let count = |expression: &str| prometheus.query(expression, "").len();
    let waited = (0..ATTEMPTS).any(|_| {
        thread::sleep(Duration::from_millis(50));
        count("k6_http_req_duration_seconds_bucket{name=\"missing\",status=\"404\"}") > 0
    });
    assert!(waited, "{:?}", http::try_get(port.number, "/metrics", &[]));
    for (expression, series) in [
        ("up{job=\"plimsoll\"} == 1", 1),
        ("k6_http_reqs_total{name=\"front page\",run=\"a run\"}", 1),
        ("k6_checks_rate", 2),
        ("k6_my_gauge", 1),
        ("histogram_quantile(0.5, sum by (le) (k6_my_trend_bucket))", 1),
        ("k6_process_cpu_utilization{role=\"generator\"}", 1),
        ("plimsoll_series_left_out == 0", 1),
    ] {
        assert_eq!(count(expression), series, "{expression}");
    }
}

/// Units and sums are k6's, by what a real Prometheus has in the end.
#[test]
fn values_in_prometheus_are_those_of_k6() {
    let web = Web::start();
    let [ours, k6] = [Tool::Plimsoll, Tool::K6].map(|tool| {
        let prometheus = Prometheus::start();
        let url = prometheus.write_url();
        let environment = [
            ("K6_PROMETHEUS_RW_SERVER_URL", url.as_str()),
            ("K6_PROMETHEUS_RW_TREND_STATS", "sum,min,max,avg,med,p(90),p(99.9)"),
        ];
        run_kinds(tool, &web, &["experimental-prometheus-rw"], &environment);
        let mut values = BTreeMap::new();
        for series in
            prometheus.query("last_over_time({__name__=~\"k6_(my_|checks|http_reqs).+\"}[10m])", "")
        {
            let (labels, value) = (&series["metric"], series["value"][1].as_str().unwrap());
            let series =
                ["__name__", "check", "name", "part"].map(|label| labels[label].to_string());
            values.insert(series.join(" "), value.parse::<f64>().unwrap());
        }
        values
    });
    assert!(ours.keys().eq(k6.keys()) && ours.len() > 20, "{ours:#?}\n{k6:#?}");
    for ((series, ours), k6) in ours.iter().zip(k6.values()) {
        // Percentiles are from buckets.
        assert!((ours - k6).abs() <= k6.abs() * 0.003, "{series}: {ours}, k6 has {k6}");
    }
}

/// With markers a run's series end with it, not five minutes later; histograms too.
#[test]
fn series_end_with_the_run() {
    let web = Web::start();
    let prometheus = Prometheus::start();
    let url = prometheus.write_url();
    let environment = [
        ("K6_PROMETHEUS_RW_SERVER_URL", url.as_str()),
        ("K6_PROMETHEUS_RW_PUSH_INTERVAL", "1s"),
        ("K6_PROMETHEUS_RW_STALE_MARKERS", "true"),
        ("K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM", "true"),
    ];
    run_kinds(Tool::Plimsoll, &web, &["experimental-prometheus-rw"], &environment);
    for metric in ["k6_vus", "k6_http_reqs_total", "k6_http_req_duration_seconds"] {
        let count = |expression: &str| prometheus.query(expression, "").len();
        // `last_over_time` of 2.42 does not know histograms.
        assert!(count(&format!("{metric}[1m]")) > 0, "{metric} is there");
        assert_eq!(count(metric), 0, "{metric} has ended");
    }
}

/// One that nobody takes does not harm the others, and each tells what became of its points.
#[test]
fn several_outputs_at_once() {
    let (web, nobody, port) = (Web::start(), Port::reserve(), Port::reserve());
    let collector = Collector::start();
    let outs = [
        format!("opentelemetry=http://{}", collector.endpoint()),
        format!("experimental-prometheus-rw=http://127.0.0.1:{}/api/v1/write", nobody.number),
        format!("prometheus={}", port.number),
        "json=samples.json".to_owned(),
    ];
    let outs: Vec<&str> = outs.iter().map(String::as_str).collect();
    let run = run_kinds(Tool::Plimsoll, &web, &outs, &[]);
    let said = |text: &str| assert!(run.stderr.contains(text), "{text}: {}", run.said());
    said("opentelemetry (http, http://127.0.0.1:");
    said("points delivered");
    said("0 points delivered, ");
    said("not taken by the end of the run");
    assert!(run.text("samples.json").contains("\"my_counter\""));
    let series = collector.series();
    // The newer name of the output has newer k6's one counter for a rate.
    assert!(series.iter().any(|line| line.starts_with("my_rate [] sum whole 2=2 3=1 {condition=")));
}

#[test]
fn what_was_not_built_in_says_how_to_build_it() {
    let file = script("kinds.js");
    let run = plimsoll(&["run", "--out", "parquet=run.parquet", &file.display().to_string()]);
    assert_eq!(run.code, Some(255), "{}", run.said());
    assert!(run.stderr.contains("could not create the 'parquet' output: this program was built"));
    assert!(run.stderr.contains("--features parquet"), "{}", run.said());
}
