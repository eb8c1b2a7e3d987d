//! What is written for observations.

use std::time::Duration;

use plimsoll_metrics::{
    Contains, Event, MetricKind, Observation, RawSample, Registry, TagSet, Timestamp,
};
use plimsoll_outputs::progress::Size;

use super::{json::Json, lines::Lines, table::Table};

const SECOND: u64 = 1_000_000_000;

/// Metric, whether it is a counter, tags and value.
type Row<'a> = (&'a str, bool, &'a [(&'a str, &'a str)], f64);

/// What is sampled at second `at`.
fn observation(registry: &Registry, at: u64, rows: &[Row<'_>]) -> Observation {
    let sample = |(name, is_counter, tags, value): &Row<'_>| {
        let kind = if *is_counter { MetricKind::Counter } else { MetricKind::Trend };
        let contains = if name.ends_with("_bytes") { Contains::Data } else { Contains::Default };
        let metric = registry.watched_metric(name, kind, contains).unwrap();
        let series = registry.series(metric, &TagSet::from_pairs(tags.iter().copied()));
        RawSample { series, at: Timestamp(at * SECOND), value: *value, metadata: None }
    };
    Observation { samples: rows.iter().map(sample).collect(), ..Observation::default() }
}

const APP1: &[(&str, &str)] = &[("host", "app1")];
const NGINX: &[(&str, &str)] = &[("host", "app1"), ("process", "nginx")];
const PAGE: &[(&str, &str)] = &[("host", "app1"), ("service", "app1:9100"), ("pool", "a")];

fn samples(registry: &Registry) -> Observation {
    let interface = |name| [("host", "app1"), ("interface", name)];
    let mut observation = observation(
        registry,
        1,
        &[
            ("host_cpu_utilization", false, APP1, 0.954),
            ("host_network_received_bytes", true, &interface("eth0"), 1_000.0),
            ("host_network_received_bytes", true, &interface("eth1"), 500.0),
            ("process_cpu_utilization", false, NGINX, 1.256),
            ("pool_size", false, PAGE, 7.0),
            ("pool_waits_total", true, PAGE, 4.0),
            ("host_tcp_segments_sent", true, APP1, 1.0),
        ],
    );
    let text = "cannot watch redis h:1: connect".to_owned();
    observation.events.push(Event { at: Timestamp(SECOND), kind: "probe".to_owned(), text });
    observation
}

#[test]
fn lines_have_what_came() {
    let registry = Registry::new(100);
    let mut lines = Lines::new(registry.clone(), Duration::from_millis(500));
    let text = lines.add(&samples(&registry));
    let lines_of = |text: &str| -> Vec<String> {
        // Without the time, whose zone is this machine's.
        text.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    };
    assert_eq!(
        lines_of(&text),
        [
            "host app1 cpu=95% in=3.0kB/s",
            "process nginx host=app1 cores=1.26",
            "prometheus app1:9100 host=app1 2 series (all with --json)",
        ]
    );
    let later = observation(&registry, 2, &[("process_cpu_utilization", false, NGINX, 0.5)]);
    assert_eq!(lines_of(&lines.add(&later)), ["process nginx host=app1 cores=0.50"]);
}

#[test]
fn json_has_all() {
    let registry = Registry::new(100);
    let text = Json::new(registry.clone()).add(&samples(&registry));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(
        lines[3],
        "{\"at\":\"1970-01-01T00:00:01.000Z\",\"metric\":\"process_cpu_utilization\",\"kind\":\"trend\",\
         \"tags\":{\"host\":\"app1\",\"process\":\"nginx\"},\"value\":1.256}"
    );
    assert_eq!(
        lines[7],
        "{\"at\":\"1970-01-01T00:00:01.000Z\",\"event\":\"probe\",\"text\":\"cannot watch redis h:1: connect\"}"
    );
}

fn screen(size: Size, color: bool) -> Vec<String> {
    let registry = Registry::new(100);
    let mut table = Table::new(registry.clone(), Duration::from_secs(1), color);
    drop(table.add(&samples(&registry)));
    // The first line has the time.
    table.lines(size).into_iter().skip(1).collect()
}

#[test]
fn a_table_fills_the_terminal_and_no_more() {
    let expected = [
        "",
        "HOST  cpu       in",
        "app1  95%  1.5kB/s",
        "",
        "PROCESS  cores",
        "nginx     1.26",
        "",
        "PROMETHEUS app1:9100 (2 series)",
        "pool_size{pool=\"a\"} 7",
        "pool_waits_total{pool=\"a\"}/s 4",
        "",
    ];
    let lines = screen(Size { columns: 80, rows: 24 }, false);
    assert_eq!(lines[..expected.len()], expected);
    assert!(lines[expected.len()].ends_with("cannot watch redis h:1: connect"), "{lines:?}");
    for (columns, rows) in [(1, 1), (12, 9), (200, 3)] {
        let lines = screen(Size { columns, rows }, false);
        assert!(lines.len() < rows.max(2), "{columns}x{rows}: {lines:?}");
        assert!(
            lines.iter().all(|line| line.chars().count() <= columns),
            "{columns}x{rows}: {lines:?}"
        );
    }
    let narrow = screen(Size { columns: 14, rows: 24 }, false);
    let expected = ["HOST  cpu", "app1  95%", "HOST       in", "app1  1.5kB/s"];
    let found: Vec<&str> = narrow[1..5].iter().map(|line| line.trim_end()).collect();
    assert_eq!(found, expected, "what does not fit goes on below");
}

#[test]
fn high_shares_are_red() {
    let lines = screen(Size { columns: 80, rows: 24 }, true);
    assert_eq!(lines[2], "app1  \u{1b}[31m95%\u{1b}[0m  1.5kB/s");
}
