//! A search as a page, as Markdown and at its address.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use plimsoll_runtime::log::Log;
use serde_json::Value;

use super::*;
use crate::view::live::Address;

fn trial(at: usize, phase: &str, rate: f64, verdict: Verdict) -> Trial {
    let slow = if verdict == Verdict::NotKept { 20.0 } else { 1.0 };
    Trial {
        phase: phase.to_owned(),
        rate,
        start: at as f64 * 10.0,
        end: at as f64 * 10.0 + 6.0,
        verdict,
        words: format!("{}: p(99) {} ms", verdict.name(), 40.0 * slow),
        throughput: Some(rate.min(1900.0)),
        mean_ms: Some(10.0 * slow),
        percentiles_ms: Some([8.0, 20.0, 30.0, 40.0, 60.0].map(|value| value * slow)),
        errors: Some(0.0),
        figures: vec![Figure { value: 40.0 * slow, kept: Some(verdict == Verdict::Kept) }],
        in_flight: Some(rate / 100.0 * slow),
        little_gap: Some(0.01),
        generator_cpu: Some(0.22),
        bracket: Side { low: Some(920.0), high: (at > 1).then_some(1930.0) },
    }
}

/// One with everything.
fn search() -> Search {
    let limit = Limit { value: 1860.0, low: 1800.0, high: 1925.0 };
    Search {
        target: "http://app:8080/?a|b".to_owned(),
        noun: "requests".to_owned(),
        level: Level::default(),
        objectives: vec![Objective {
            text: "p(99)<200ms".to_owned(),
            name: "p(99)".to_owned(),
            limit: 200.0,
            unit: Unit::Milliseconds,
        }],
        answer: Answer {
            tone: Tone::Ok,
            label: "found".to_owned(),
            headline: "It takes 1,840 requests/s.".to_owned(),
            details: vec!["At 1,930/s p(99)<200ms is not kept.".to_owned()],
        },
        capacity: Some(Capacity {
            value: 1840.0,
            interval: Some((1790.0, 1880.0)),
            confirmations: (5, 5),
        }),
        goal: Some(Goal {
            rate: 2000.0,
            reached: Some(false),
            words: "Goal of 2,000/s missed by 8.0 %.".to_owned(),
        }),
        first_failing: Some(1930.0),
        first: Some(Named {
            words: "CPU of app (quota 0.5 core)".to_owned(),
            evidence: vec!["busy 99 %".to_owned(), "throttled in 61 % of periods".to_owned()],
            demand: Some("0.27 ms".to_owned()),
            limit: Some(limit),
            confidence: "high".to_owned(),
        }),
        not_identified: None,
        next: Some(Next {
            words: "pool db of app (size 20)".to_owned(),
            limit: Limit { value: 2300.0, low: 2100.0, high: 2600.0 },
        }),
        ruled_out: vec!["disk vda of app (4 % at most)".to_owned()],
        cautions: vec!["Both run on one host.".to_owned()],
        not_watched: vec!["databases behind it".to_owned()],
        notes: vec!["Against a target that answers at once it held 60,000/s.".to_owned()],
        generator: Some(("Generator at 22 %: not the limit.".to_owned(), 0.22)),
        trials: vec![
            trial(0, "bracket", 920.0, Verdict::Kept),
            trial(1, "bracket", 3680.0, Verdict::Invalid),
            trial(2, "bracket", 1930.0, Verdict::NotKept),
            trial(3, "confirm", 1840.0, Verdict::Kept),
            trial(4, "confirm", 1840.0, Verdict::Unclear),
        ],
        intervention: Some(Intervention {
            words: "quota 0.5 -> 0.62".to_owned(),
            trials: vec![trial(5, "narrow", 2300.0, Verdict::Kept)],
        }),
        resources: vec![Resource {
            words: "CPU of app (quota 0.5 core)".to_owned(),
            role: Role::First,
            limit: Some(limit),
            shares: vec![Some(0.5), None, Some(0.99), Some(0.98), Some(0.97)],
        }],
        progress: None,
        conditions: vec![("command".to_owned(), "plimsoll capacity http://app:8080/".to_owned())],
    }
}

#[test]
fn markdown_of_a_search() {
    let mut text = Vec::new();
    write(Format::Markdown, &search(), &mut text).unwrap();
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}

#[test]
fn json_of_a_search() {
    insta::assert_json_snapshot!(search());
}

#[test]
fn what_is_not_known_leaves_no_holes() {
    let empty = Search { target: "x".to_owned(), ..Search::default() };
    let mut text = Vec::new();
    write(Format::Markdown, &empty, &mut text).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "## Capacity of x\n\n⏳ ****\n");
}

#[test]
fn a_report_has_its_name_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.md");
    let opened = SearchReport::open(&path).unwrap();
    assert!(!path.exists());
    let line = opened.write(&search()).unwrap();
    assert_eq!(line, format!("the report is in {}", path.display()));
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("## Capacity of"));
    let bad = SearchReport::open(&folder.path().join("search.pdf")).unwrap_err();
    assert!(bad.message.contains(".html or .md"), "{}", bad.message);
}

fn ask(page: &SearchPage, path: &str) -> BufReader<TcpStream> {
    let address = page.server().address();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    BufReader::new(stream)
}

/// The next event and its data.
fn event(reader: &mut BufReader<TcpStream>) -> (String, Value) {
    let mut name = String::new();
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the stream has ended");
        if let Some(event) = line.strip_prefix("event: ") {
            name = event.trim().to_owned();
        } else if let Some(data) = line.strip_prefix("data: ") {
            return (name, serde_json::from_str(data).unwrap());
        }
    }
}

#[test]
fn pages_follow_a_search() {
    let address = Address::Given("127.0.0.1:0".parse().unwrap());
    let begun = Search {
        trials: Vec::new(),
        progress: Some(Progress { budget_s: 180.0, ..Progress::default() }),
        ..search()
    };
    let page = start(address, begun, &Log::memory()).map_err(|error| error.message).unwrap();
    let mut whole = String::new();
    ask(&page, "/api/search").read_to_string(&mut whole).unwrap();
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(body.contains("\"budget_s\":180.0"), "{body}");

    let mut events = ask(&page, "/events");
    let (name, data) = event(&mut events);
    assert_eq!((name.as_str(), data["trials"].as_array().unwrap().len()), ("search", 0));
    let now = Now { rate: 1840.0, seconds: vec![Second::default(); 700], ..Now::default() };
    page.advance(&Progress { now: Some(now), ..Progress::default() });
    let (name, data) = event(&mut events);
    assert_eq!(name, "progress");
    assert_eq!(data["now"]["seconds"].as_array().unwrap().len(), 600, "it has a limit");
    page.show(search());
    page.flush();
    let (name, data) = event(&mut events);
    assert_eq!((name.as_str(), &data["progress"]), ("search", &Value::Null));
    assert_eq!(data["trials"].as_array().unwrap().len(), 5);
}
