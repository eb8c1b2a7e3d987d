//! The page as a scraper gets it.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use plimsoll_metrics::{Builtin, Interval, Recorder, TagSet, Totals};

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
    let mut output = start("127.0.0.1:0".parse().unwrap(), registry.clone()).unwrap();
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
    let mut families = Families::default();
    for (series, sink) in &recorder.take_interval().sinks {
        families.add(&registry.series_def(*series), sink);
    }
    let text = families.text();
    let counts = text.lines().filter(|line| line.starts_with("request_seconds_count"));
    assert_eq!(counts.clone().count(), 1_001);
    let sum: u64 =
        counts.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum();
    assert_eq!(sum, 2_000);
}

#[test]
fn an_address_in_use_is_refused() {
    let taken = start("127.0.0.1:0".parse().unwrap(), Registry::new(10)).unwrap();
    let error = start(taken.address(), Registry::new(10)).err().unwrap();
    assert!(error.message.contains("in use"), "{error}");
}
