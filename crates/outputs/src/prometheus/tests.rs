//! The page as a scraper gets it.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use plimsoll_metrics::{Builtin, Contains, Interval, MetricKind, Recorder, TagSet, Totals};

use super::*;

fn scrape(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_page_with_vegetas_metrics() {
    let registry = Registry::new(100);
    let mut output = start_attack("127.0.0.1:0".parse().unwrap(), registry.clone()).unwrap();
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let tags = TagSet::from_pairs([("method", "GET"), ("url", "http://a/\"b"), ("status", "200")]);
    let failed = tags.with("error", "EOF");
    let mut record = |builtin: Builtin, tags: &TagSet, value| {
        let series = recorder.handle(builtin.id(), tags);
        recorder.record(series, value, Timestamp(1));
    };
    for (millis, tags) in [(4.0, &tags), (40.0, &tags), (20_000.0, &failed)] {
        record(Builtin::HttpReqDuration, tags, millis);
        record(Builtin::IterationResponseTime, &TagSet::default(), millis);
    }
    record(Builtin::HttpReqFailed, &tags, 0.0);
    record(Builtin::HttpReqFailed, &failed, 1.0);
    record(Builtin::DataReceived, &TagSet::default(), 700.0);
    let interval: Interval = recorder.take_interval();
    let totals = Totals::new(registry, &[]);
    for _ in 0..2 {
        output.interval(Timestamp(1), &interval, &totals);
    }
    let page = scrape(output.address(), "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    insta::assert_snapshot!(body);
    assert!(scrape(output.address(), "GET /x HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

#[test]
fn sets_of_labels_are_bounded() {
    let registry = Registry::new(10_000);
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    for url in 0..2_000 {
        let tags = TagSet::from_pairs([("url", format!("http://a/{url}"))]);
        let series = recorder.handle(Builtin::HttpReqDuration.id(), &tags);
        recorder.record(series, 1.0, Timestamp(1));
    }
    let mut families = Families::new(registry);
    families.add(&recorder.take_interval());
    let text = families.text();
    let counts = text.lines().filter(|line| line.starts_with("request_seconds_count"));
    assert_eq!(counts.clone().count(), 1_001);
    let sum: u64 =
        counts.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum();
    assert_eq!(sum, 2_000);
}

#[test]
fn an_address_in_use_is_refused() {
    let taken = start_attack("127.0.0.1:0".parse().unwrap(), Registry::new(10)).unwrap();
    let error = start_attack(taken.address(), Registry::new(10)).err().unwrap();
    assert!(error.message.contains("in use"), "{error}");
}

fn record(recorder: &mut Recorder, metric: &str, tags: &[(&str, &str)], values: &[f64]) {
    let metric = recorder.registry().find(metric).unwrap().id;
    let series = recorder.handle(metric, &TagSet::from_pairs(tags.iter().copied()));
    values.iter().for_each(|&value| recorder.record(series, value, Timestamp(1)));
}

#[test]
fn a_page_with_every_metric_of_a_run() {
    let registry = Registry::new(100);
    let watched = |name, kind| registry.watched_metric(name, kind, Contains::Default).unwrap();
    watched("host_cpu_utilization", MetricKind::Trend);
    watched("host_oom_kills", MetricKind::Counter);
    registry.metric("pages", MetricKind::Trend, Contains::Default).unwrap();
    let mut output = start_run("127.0.0.1:0".parse().unwrap(), registry.clone()).unwrap();
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let totals = Totals::new(registry, &[]);
    for value in [40.0, 60.0] {
        let url = [("url", "http://a/\"b"), ("status", "200"), ("a-b", "x"), ("le", "y")];
        record(&mut recorder, "http_req_duration", &url, &[value, 0.4]);
        record(&mut recorder, "http_reqs", &url, &[1.0]);
        record(&mut recorder, "checks", &[("check", "a\\b")], &[1.0, 0.0]);
        record(&mut recorder, "vus", &[], &[value]);
        record(&mut recorder, "pages", &[], &[value]);
        record(&mut recorder, "host_cpu_utilization", &[("host", "h")], &[value / 100.0]);
        record(&mut recorder, "host_oom_kills", &[("host", "h")], &[1.0]);
        output.interval(Timestamp(1), &recorder.take_interval(), &totals);
    }
    let page = scrape(output.address(), "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    insta::assert_snapshot!(page.split_once("\r\n\r\n").unwrap().1);
}

/// One kind for each name, and what has no place is counted.
#[test]
fn metrics_that_come_to_one_name_are_not_mixed() {
    let registry = Registry::new(100);
    registry.metric("wait", MetricKind::Trend, Contains::Time).unwrap();
    registry.metric("wait_seconds", MetricKind::Gauge, Contains::Default).unwrap();
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    record(&mut recorder, "wait_seconds", &[], &[7.0]);
    record(&mut recorder, "wait", &[], &[7.0]);
    let mut page = Run::new(registry);
    page.add(&recorder.take_interval());
    let text = page.text();
    assert!(
        text.starts_with("# HELP k6_wait_seconds newest value\n# TYPE k6_wait_seconds gauge\n")
    );
    assert!(
        text.contains("\nk6_wait_seconds 7\n") && text.ends_with("\nplimsoll_series_left_out 1\n")
    );
}
