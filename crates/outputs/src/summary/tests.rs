//! Whole summaries against those that k6 1.1.0 printed for the same samples.
//!
//! `testdata/NAME.samples` are the points of a run (from `--out json`, without what does not matter
//! here), `NAME.json` is what was asked for and how long it took, `NAME.txt` what was printed and
//! `NAME.export.json` what `--summary-export` wrote.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use plimsoll_metrics::{
    Builtin, Contains, MetricKind, Recorder, Registry, TagSet, Timestamp, Totals,
    threshold::{Threshold, ThresholdGroup, parse_key},
};
use serde::Deserialize;
use serde_json::Value;

use super::{Mode, Parts, SummaryInput, TimeUnit, TrendStat, data, render};

#[derive(Deserialize)]
struct Run {
    mode: String,
    duration_ns: u64,
    #[serde(default)]
    thresholds: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    trend_stats: Vec<String>,
    #[serde(default)]
    time_unit: String,
    #[serde(default)]
    color: bool,
    /// Metrics without samples, as in the samples' `Metric` lines.
    #[serde(default)]
    unused: Vec<Value>,
}

struct Loaded {
    run: Run,
    totals: Totals,
    parts: Parts,
    trend_stats: Vec<TrendStat>,
}

fn read(file: &str) -> String {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/summary/testdata");
    fs::read_to_string(directory.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn thresholds(run: &Run) -> Vec<ThresholdGroup> {
    let group = |(key, sources): (&String, &Vec<String>)| {
        let (metric, tags) = parse_key(key).unwrap();
        let thresholds = sources.iter().map(|source| Threshold::parse(source).unwrap()).collect();
        ThresholdGroup { key: key.clone(), metric, tags, thresholds }
    };
    run.thresholds.iter().map(group).collect()
}

fn register(registry: &Registry, data: &Value) {
    let kind = match data["type"].as_str().unwrap() {
        "counter" => MetricKind::Counter,
        "gauge" => MetricKind::Gauge,
        "rate" => MetricKind::Rate,
        _ => MetricKind::Trend,
    };
    let contains = match data["contains"].as_str().unwrap() {
        "time" => Contains::Time,
        "data" => Contains::Data,
        _ => Contains::Default,
    };
    registry.metric(data["name"].as_str().unwrap(), kind, contains).unwrap();
}

fn load(name: &str) -> Loaded {
    load_with(name, &[])
}

/// As [`load`], with samples of 1 ms of `more`.
fn load_with(name: &str, more: &[Builtin]) -> Loaded {
    let run: Run = serde_json::from_str(&read(&format!("{name}.json"))).unwrap();
    let samples = read(&format!("{name}.samples"));
    let lines: Vec<Value> =
        samples.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let registry = Registry::new(10_000);
    for line in lines.iter().filter(|line| line["type"] == "Metric") {
        register(&registry, &line["data"]);
    }
    run.unused.iter().for_each(|data| register(&registry, data));
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    for (at, line) in lines.iter().filter(|line| line["type"] == "Point").enumerate() {
        let metric = registry.find(line["metric"].as_str().unwrap()).unwrap();
        let tags = line["tags"].as_object().unwrap().iter();
        let tags = TagSet::from_pairs(tags.map(|(key, value)| (&**key, value.as_str().unwrap())));
        let series = recorder.handle(metric.id, &tags);
        recorder.record(series, line["value"].as_f64().unwrap(), Timestamp(at as u64));
    }
    for metric in more {
        let series = recorder.handle(metric.id(), &TagSet::default());
        recorder.record(series, 1.0, Timestamp(lines.len() as u64));
    }
    let mut totals = Totals::new(registry.clone(), &thresholds(&run));
    let mut parts = Parts::new(registry);
    let interval = recorder.take_interval();
    totals.absorb(&interval);
    parts.absorb(&interval);
    totals.evaluate(Duration::from_nanos(run.duration_ns));
    let trend_stats = match &*run.trend_stats {
        [] => TrendStat::defaults(),
        names => names.iter().map(|name| TrendStat::parse(name).unwrap()).collect(),
    };
    Loaded { run, totals, parts, trend_stats }
}

impl Loaded {
    fn input(&self) -> SummaryInput<'_> {
        SummaryInput {
            totals: &self.totals,
            duration: Duration::from_nanos(self.run.duration_ns),
            mode: Mode::parse(&self.run.mode).unwrap(),
            color: self.run.color,
            trend_stats: &self.trend_stats,
            time_unit: TimeUnit::parse(&self.run.time_unit),
            parts: Some(&self.parts),
            warnings: &[],
            watched: &[],
        }
    }
}

fn check(name: &str) {
    let expected = read(&format!("{name}.txt"));
    let actual = render(&load(name).input());
    for (at, (expected, actual)) in expected.lines().zip(actual.lines()).enumerate() {
        assert_eq!(actual, expected, "line {} of {name}", at + 1);
    }
    assert_eq!(actual, expected, "{name}");
}

#[test]
fn nothing_but_iterations() {
    check("empty");
}

#[test]
fn every_size_of_number() {
    check("numbers");
}

#[test]
fn one_time_unit_for_all() {
    check("microseconds");
}

#[test]
fn thresholds_of_sub_metrics() {
    check("submetrics");
}

#[test]
fn thresholds_of_checks_that_never_ran() {
    check("no-checks");
}

#[test]
fn names_that_sort_oddly() {
    check("sorted");
}

#[test]
fn an_open_model_with_dropped_iterations() {
    check("open-model-full");
}

/// All but the lines of our own metrics is as k6 prints it.
#[test]
fn our_own_metrics_move_nothing() {
    let ours: Vec<Builtin> =
        Builtin::ALL.iter().copied().filter(|metric| !metric.is_k6()).collect();
    let text = render(&load_with("numbers", &ours).input());
    // What schedules asked for is no result.
    let asked = |metric: &Builtin| *metric == Builtin::IterationsAsked;
    let ours: Vec<Builtin> = ours.into_iter().filter(|metric| !asked(metric)).collect();
    let is_ours = |line: &str| ours.iter().any(|metric| line.contains(metric.name()));
    let (own, others): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| is_ours(line));
    assert_eq!(own.len(), ours.len(), "{text}");
    assert_eq!(others, read("numbers.txt").lines().collect::<Vec<_>>());
}

/// With its whole name, since the metric itself, over everything that is watched, says nothing.
#[test]
fn what_is_watched_is_shown_where_a_threshold_names_it() {
    let registry = Registry::new(10);
    let id = registry.watched_metric("host_cpu_utilization", MetricKind::Trend, Contains::Default);
    let key = "host_cpu_utilization{host:a}";
    let (metric, tags) = parse_key(key).unwrap();
    let thresholds = vec![Threshold::parse("max<0.9").unwrap()];
    let group = ThresholdGroup { key: key.to_owned(), metric, tags: tags.clone(), thresholds };
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let series = recorder.handle(id.unwrap(), &tags);
    recorder.record(series, 0.5, Timestamp(0));
    let mut totals = Totals::new(registry, &[group]);
    totals.absorb(&recorder.take_interval());
    for mode in [Mode::Compact, Mode::Legacy] {
        let stats = TrendStat::defaults();
        let text = render(&SummaryInput {
            totals: &totals,
            duration: Duration::from_secs(1),
            mode,
            color: false,
            trend_stats: &stats,
            time_unit: None,
            parts: None,
            warnings: &[],
            watched: &[],
        });
        let lines = text.lines().filter(|line| line.contains("avg="));
        let lines: Vec<&str> = lines.map(|line| line.trim_start_matches([' ', '✓'])).collect();
        assert_eq!(
            lines,
            [
                "host_cpu_utilization{host:a}...: avg=0.5 min=0.5 med=0.5 max=0.5 p(90)=0.5 p(95)=0.5"
            ]
        );
    }
}

/// Among the others, in the text and in both shapes of the data.
#[test]
fn thresholds_with_windows() {
    let registry = Registry::new(10);
    let key = "http_req_duration{status:200}";
    let (metric, tags) = parse_key(key).unwrap();
    let sources = ["max<200", "max<200ms over 1s", "max<2s over 1s", "max<2s over 9s"];
    let thresholds = sources.iter().map(|source| Threshold::parse(source).unwrap()).collect();
    let group = ThresholdGroup { key: key.to_owned(), metric, tags: tags.clone(), thresholds };
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let series = recorder.handle(Builtin::HttpReqDuration.id(), &tags);
    let mut totals = Totals::new(registry, &[group]);
    for value in [100.0, 300.0, 50.0] {
        recorder.record(series, value, Timestamp(0));
        totals.absorb(&recorder.take_interval());
        totals.end_second(true);
    }
    totals.evaluate(Duration::from_secs(3));
    let stats = TrendStat::defaults();
    let input = SummaryInput {
        totals: &totals,
        duration: Duration::from_secs(3),
        mode: Mode::Compact,
        color: false,
        trend_stats: &stats,
        time_unit: None,
        parts: None,
        warnings: &[],
        watched: &[],
    };
    let text = render(&input);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| l.contains('\'')).collect();
    assert_eq!(
        lines,
        [
            "✗ 'max<200' max=300ms",
            "✗ 'max<200ms over 1s' max=300ms in second 2",
            "✓ 'max<2s over 1s' max=300ms at worst",
            "✓ 'max<2s over 9s' no window was full",
        ]
    );
    let data = data::DataInput {
        summary: input,
        no_color: true,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
        setup_data: None,
    };
    let expected = serde_json::json!({
        "max<200": { "ok": false },
        "max<200ms over 1s": { "ok": false },
        "max<2s over 1s": { "ok": true },
        "max<2s over 9s": { "ok": true },
    });
    assert_eq!(data::handle_summary(&data)["metrics"][key]["thresholds"], expected);
    let export: Value = serde_json::from_str(&data::export(&data)).unwrap();
    assert_eq!(export["metrics"][key]["thresholds"]["max<200ms over 1s"], true);
}

#[test]
fn groups_of_the_default_scenario() {
    check("groups-full");
    check("groups-legacy");
}

#[test]
fn several_scenarios_in_color() {
    check("scenarios-compact");
    check("scenarios-full");
    check("scenarios-legacy");
}

#[test]
fn scenarios_are_sorted() {
    let registry = Registry::new(10);
    let id = registry.metric("mine", MetricKind::Counter, Contains::Default).unwrap();
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    for scenario in ["zed", "abe", "mid"] {
        let series = recorder.handle(id, &TagSet::from_pairs([("scenario", scenario)]));
        recorder.record(series, 1.0, Timestamp(0));
    }
    let mut parts = Parts::new(registry);
    parts.absorb(&recorder.take_interval());
    assert_eq!(parts.scenarios().collect::<Vec<_>>(), ["abe", "mid", "zed"]);
}

#[test]
fn disabled_prints_nothing_and_warnings_come_first() {
    let loaded = load("empty");
    let input = loaded.input();
    assert_eq!(render(&SummaryInput { mode: Mode::Disabled, ..input }), "");
    let warnings = ["the generator was the limit".to_owned()];
    let watched = ["port:8080...: CPU avg=0.75 cores max=1.00 cores".to_owned()];
    let text = render(&SummaryInput { watched: &watched, ..input });
    assert!(
        text.ends_with(
            "\n\n  █ WATCHED \n\n    port:8080...: CPU avg=0.75 cores max=1.00 cores\n\n"
        )
    );
    let text = render(&SummaryInput { warnings: &warnings, ..input });
    assert!(text.starts_with("\n  ! the generator was the limit\n\n\n  █ TOTAL"), "{text}");
}

/// Equal but for the last digits of numbers: sums depend on their order.
fn assert_close(actual: &Value, expected: &Value, at: &str) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            let keys = |object: &serde_json::Map<String, Value>| {
                object.keys().cloned().collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!(keys(actual), keys(expected), "{at}");
            for (key, value) in actual {
                assert_close(value, &expected[key], &format!("{at}/{key}"));
            }
        }
        (Value::Number(actual), Value::Number(expected)) => {
            let (actual, expected) = (actual.as_f64().unwrap(), expected.as_f64().unwrap());
            let error = (actual - expected).abs() / expected.abs().max(1e-9);
            assert!(error < 1e-6, "{at}: {actual} instead of {expected}");
        }
        _ => assert_eq!(actual, expected, "{at}"),
    }
}

#[test]
fn exported_as_k6_does() {
    for name in ["groups-full", "scenarios-full"] {
        let loaded = load(name);
        let expected: Value = serde_json::from_str(&read(&format!("{name}.export.json"))).unwrap();
        let input = data_input(&loaded, None);
        let actual: Value = serde_json::from_str(&data::export(&input)).unwrap();
        assert_close(&actual, &expected, "");
    }
}

fn data_input<'a>(loaded: &'a Loaded, setup_data: Option<&'a Value>) -> data::DataInput<'a> {
    data::DataInput {
        summary: loaded.input(),
        no_color: false,
        stdout_is_terminal: true,
        stderr_is_terminal: false,
        setup_data,
    }
}

#[test]
fn data_for_handle_summary() {
    let loaded = load("scenarios-full");
    let setup_data = serde_json::json!({ "token": 1 });
    let data = data::handle_summary(&data_input(&loaded, Some(&setup_data)));
    insta::assert_json_snapshot!(data);
}
