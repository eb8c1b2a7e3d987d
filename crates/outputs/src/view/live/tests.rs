//! The routes as browsers use them.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use super::*;
use crate::view::testing::Story;

const ANY_PORT: &str = "127.0.0.1:0";

fn dashboard() -> (Story, Dashboard) {
    let story = Story::new();
    let address = Address::Given(ANY_PORT.parse().unwrap());
    let dashboard = start(address, Story::meta(), story.registry.clone(), &Log::memory());
    (story, dashboard.map_err(|error| error.message).unwrap())
}

fn ask(server: &Server, head: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "{head}\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address()).unwrap();
    BufReader::new(stream)
}

/// Head and body.
fn get(server: &Server, path: &str) -> (String, String) {
    let mut answer = String::new();
    ask(server, &format!("GET {path} HTTP/1.1")).read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

/// The events of a page, as they come.
struct Page(BufReader<TcpStream>);

impl Page {
    fn open(server: &Server) -> Page {
        let mut reader = ask(server, "GET /events HTTP/1.1");
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0);
        }
        Page(reader)
    }

    /// The next event, and its data.
    fn event(&mut self) -> (String, Value) {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream has ended");
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.trim().to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return (name, serde_json::from_str(data).unwrap());
            }
        }
    }
}

#[test]
fn each_route_has_its_type_and_nobody_else_is_asked() {
    let (_, dashboard) = dashboard();
    let check = |path: &str, status: &str, kind: &str| {
        let (head, body) = get(dashboard.server(), path);
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(head.contains(&format!("content-type: {kind}")), "{head}");
        assert!(head.contains("cache-control: no-store"), "{head}");
        assert!(head.contains("content-security-policy: default-src 'none';"), "{head}");
        assert!(!head.contains("access-control-allow-origin"), "{head}");
        body
    };
    assert!(check("/", "200", "text/html; charset=utf-8").contains("<!doctype html>"));
    let runs: Value = serde_json::from_str(&check("/api/runs", "200", "application/json")).unwrap();
    assert_eq!(runs["runs"][0]["name"], "checkout.js");
    check("/elsewhere", "404", "text/plain; charset=utf-8");
    assert!(dashboard.url().starts_with("http://127.0.0.1:") && !dashboard.server().is_public());
}

#[test]
fn other_names_and_methods_are_refused() {
    let (_, dashboard) = dashboard();
    let status = |request: &str| {
        let mut stream = TcpStream::connect(dashboard.server().address()).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let close = "Connection: close\r\n\r\n";
    let rebound = format!("GET /api/runs HTTP/1.1\r\nHost: evil.example:5665\r\n{close}");
    assert_eq!(status(&rebound), "403");
    assert_eq!(status(&format!("POST / HTTP/1.1\r\nHost: localhost\r\n{close}")), "405");
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: localhost\r\n{close}")), "200");
}

#[test]
fn a_page_gets_the_run_and_then_what_is_new() {
    let (mut story, mut dashboard) = dashboard();
    let mut second = |dashboard: &mut Dashboard| {
        story.second(|at, interval, totals| dashboard.interval(at, interval, totals));
    };
    second(&mut dashboard);
    dashboard.server().flush();
    let mut page = Page::open(dashboard.server());
    let (name, run) = page.event();
    assert_eq!((name.as_str(), run["t"].as_array().unwrap().len()), ("run", 1));
    assert_eq!(dashboard.server().viewers(), 1);
    for number in 2..5 {
        second(&mut dashboard);
        let (name, part) = page.event();
        assert_eq!((name.as_str(), &part["t"]), ("append", &serde_json::json!([number])));
    }
    dashboard.event(&story.event("probe", "gone"));
    let (name, part) = page.event();
    assert_eq!((name.as_str(), part["events"].as_array().unwrap().len()), ("append", 1));
    dashboard.end(&story.end());
    dashboard.finish().unwrap();
    let (name, run) = page.event();
    assert_eq!(
        (name.as_str(), run["live"].as_bool(), run["t"].as_array().unwrap().len()),
        ("run", Some(false), 4)
    );
    assert_eq!(page.event(), ("end".to_owned(), serde_json::json!({ "id": "story" })));
    // Whoever comes later learns that at once.
    let mut late = Page::open(dashboard.server());
    assert_eq!(late.event().1, run);
    assert_eq!(late.event().0, "end");
}

#[test]
fn pages_have_a_limit_and_leave_room_when_they_go() {
    let (mut story, mut dashboard) = dashboard();
    let mut pages: Vec<Page> =
        (0..board::CLIENTS_LIMIT).map(|_| Page::open(dashboard.server())).collect();
    let (head, _) = get(dashboard.server(), "/events");
    assert!(head.starts_with("http/1.1 503") && head.contains("retry-after: 10"), "{head}");
    pages.truncate(1);
    // The server learns of it when it writes, at the latest.
    for _ in 0..100 {
        story.second(|at, interval, totals| dashboard.interval(at, interval, totals));
        dashboard.server().flush();
        if dashboard.server().viewers() == 1 {
            break;
        }
    }
    assert_eq!(dashboard.server().viewers(), 1);
    Page::open(dashboard.server());
}

#[test]
fn a_slow_page_is_cut_off_and_others_are_not() {
    let inbox = Arc::new(Inbox::default());
    let story = Story::told(3);
    let mut board = Board::new(Shown::new(vec![story.model]), Arc::clone(&inbox));
    let slow = board.follow().unwrap();
    let mut quick = board.follow().unwrap();
    for _ in 0..100 {
        board.heartbeat();
        while quick.try_recv().is_ok() {}
    }
    assert_eq!(inbox.viewers(), 1);
    assert!(slow.is_closed() && slow.len() <= 16);
    assert!(!quick.is_closed());
}

#[test]
fn an_address_in_use_is_refused_when_it_was_asked_for() {
    let (_, taken) = dashboard();
    let address = Address::Given(taken.server().address());
    let error = start(address, Story::meta(), Story::new().registry, &Log::memory()).err().unwrap();
    assert!(error.message.contains("cannot listen on 127.0.0.1:"), "{error}");
    assert!(error.message.contains("in use"), "{error}");
    // Two by default: at most one of them has the default port.
    let by_default =
        || start(Address::Default, Story::meta(), Story::new().registry, &Log::memory());
    let (first, second) = (by_default().ok().unwrap(), by_default().ok().unwrap());
    assert_ne!(first.server().address(), second.server().address());
}
