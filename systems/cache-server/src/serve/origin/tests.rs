//! A server with rules, and an origin that does what a test wants.

mod answers;
mod web;

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use self::web::{Act, Web, answer};
use super::settings::Settings;
use crate::serve::{
    Running,
    testing::{PATIENCE, check, connect, serve},
};

/// Without jitter.
pub(super) const SETTINGS: Settings = Settings {
    ttl: 60_000,
    negative_ttl: 5_000,
    error_ttl: 1_000,
    stale_while_revalidate: 0,
    stale_if_error: 0,
    revalidate: 0,
    timeout: 2_000,
    jitter: 0,
    early_refresh: 0,
    fills_max: 256,
    body_max: 16 << 20,
    bytes_max: 256 << 20,
    remembered_max: 64 << 20,
    breaker_failures: 5,
    breaker_time: 1_000,
};

/// A cache whose keys `k:*` come from the origin, with more options of the rule.
fn cache(web: &Web, options: &str, parameters: &[(&str, &str)]) -> Running {
    let rule = format!("k:*=http://{}/items/{{1}}{options}", web.addr);
    let mut all = vec![("origin", rule.as_str())];
    all.extend(parameters);
    serve(&all)
}

/// A value of INFO's section `origin`.
fn info(stream: &mut TcpStream, name: &str) -> u64 {
    stream.write_all(b"INFO origin\r\n").unwrap();
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        let mut some = [0; 2048];
        let count = stream.read(&mut some).unwrap();
        assert_ne!(count, 0, "{text}");
        text.push_str(&String::from_utf8_lossy(&some[..count]));
    }
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}

/// Until INFO says so.
fn until(stream: &mut TcpStream, name: &str, expected: u64) {
    for _ in 0..5_000 {
        if info(stream, name) == expected {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("{name} is never {expected}");
}

#[test]
fn what_is_not_there_comes_from_the_origin() {
    let web = Web::start(answer(200, "hello"));
    let server = cache(&web, "", &[]);
    let mut client = connect(&server);
    check(&mut client, "GET k:1\r\nPING\r\nGET k:1\r\n", "$5\r\nhello\r\n+PONG\r\n$5\r\nhello\r\n");
    check(
        &mut client,
        "MGET k:2 k:3 x k:1\r\n",
        "*4\r\n$5\r\nhello\r\n$5\r\nhello\r\n$-1\r\n$5\r\nhello\r\n",
    );
    let mut seen = web.seen();
    seen.sort();
    assert_eq!(seen, [1, 2, 3].map(|number| format!("GET /items/{number} HTTP/1.1")));
    check(&mut client, "MULTI\r\nGET k:9\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n");
    web.does(answer(404, "no"));
    check(&mut client, "GET k:4\r\nGET k:4\r\n", "$-1\r\n$-1\r\n");
    assert_eq!(web.seen().len(), 1);
    web.does(answer(204, ""));
    check(&mut client, "GET k:5\r\n", "$0\r\n\r\n");
    // All of it on two connections at most: those of MGET.
    assert!(web.connections.load(Ordering::SeqCst) <= 2);
    check(&mut client, "CONFIG SET origin \"\"\r\nGET k:6\r\n", "+OK\r\n$-1\r\n");
}

#[test]
fn many_wait_for_one_request() {
    let web = Web::start(answer(200, "v"));
    let server = cache(&web, "", &[]);
    let shut = web.gate.lock().unwrap();
    let mut clients: Vec<TcpStream> = (0..200).map(|_| connect(&server)).collect();
    for client in &mut clients {
        client.write_all(b"GET k:1\r\n").unwrap();
    }
    let mut other = connect(&server);
    until(&mut other, "origin_waiting_reads", 200);
    // The one that began it may leave.
    clients.swap_remove(0);
    check(&mut other, "SET x 1\r\nGET x\r\n", "+OK\r\n$1\r\n1\r\n");
    drop(shut);
    for client in &mut clients {
        check(client, "", "$1\r\nv\r\n");
    }
    assert_eq!(web.seen(), ["GET /items/1 HTTP/1.1"]);
    assert_eq!(info(&mut other, "origin_fills_running"), 0);
}

#[test]
fn reads_of_a_pipeline_are_fetched_together() {
    let web = Web::start(answer(200, "v"));
    let server = cache(&web, "", &[]);
    let (mut client, mut other) = (connect(&server), connect(&server));
    let shut = web.gate.lock().unwrap();
    client.write_all(b"GET k:1\r\nGET k:2\r\nMGET k:3 x\r\nSET k:4 own\r\nGET k:4\r\n").unwrap();
    until(&mut other, "origin_fills_running", 3);
    drop(shut);
    let value = "$1\r\nv\r\n";
    check(&mut client, "", &format!("{value}{value}*2\r\n{value}$-1\r\n+OK\r\n$3\r\nown\r\n"));
    assert_eq!(web.seen().len(), 3);
}

#[test]
fn a_client_that_writes_meanwhile_wins() {
    let web = Web::start(answer(200, "old"));
    let server = cache(&web, "", &[]);
    let (mut reader, mut writer) = (connect(&server), connect(&server));
    let shut = web.gate.lock().unwrap();
    reader.write_all(b"GET k:1\r\n").unwrap();
    until(&mut writer, "origin_fills_running", 1);
    check(&mut writer, "SET k:1 new\r\n", "+OK\r\n");
    check(&mut reader, "", "$3\r\nnew\r\n");
    drop(shut);
    until(&mut writer, "origin_fills_running", 0);
    check(&mut reader, "GET k:1\r\n", "$3\r\nnew\r\n");
    assert_eq!(info(&mut writer, "origin_fills_overtaken"), 1);
    // One that removes it has it fetched again.
    let shut = web.gate.lock().unwrap();
    reader.write_all(b"GET k:2\r\n").unwrap();
    until(&mut writer, "origin_fills_running", 1);
    check(&mut writer, "DEL k:2\r\n", ":0\r\n");
    drop(shut);
    check(&mut reader, "", "$3\r\nold\r\n");
    assert_eq!(web.seen().len(), 3);
}

#[test]
fn failures_are_told_and_end() {
    let web = Web::start(answer(503, "busy"));
    let server = cache(&web, "", &[("origin-error-ttl", "0"), ("origin-breaker-failures", "0")]);
    let mut client = connect(&server);
    let error = |text: &str| format!("-ORIGIN {text}\r\n");
    check(&mut client, "GET k:1\r\n", &error("answered with status 503"));
    web.does(answer(302, ""));
    check(&mut client, "MGET k:2\r\n", &error("answered with status 302"));
    let broken = error("gave no answer that can be used");
    for (key, bytes) in [
        ("a", &b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"[..]),
        ("b", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"),
        ("c", b"nonsense\r\n\r\n"),
        ("d", b""),
    ] {
        web.does(Act::Raw(bytes));
        check(&mut client, &format!("GET k:{key}\r\n"), &broken);
    }
    web.does(answer(200, "back"));
    std::thread::sleep(Duration::from_millis(100));
    check(&mut client, "GET k:a\r\n", "$4\r\nback\r\n");
    web.does(Act::Hang);
    check(&mut client, "CONFIG SET origin-timeout 30\r\n", "+OK\r\n");
    check(&mut client, "GET k:4\r\n", &error("has not answered in time"));
    assert_eq!(info(&mut client, "origin_fills_running"), 0);
    check(&mut client, "CONFIG SET origin k:*=http://127.0.0.1:1/\r\n", "+OK\r\n");
    check(&mut client, "GET k:5\r\n", &error("cannot be reached"));
}

#[test]
fn large_answers_are_refused_before_they_take_memory() {
    let web = Web::start(answer(200, &"x".repeat(100_000)));
    let parameters = [("origin-max-body", "100000")];
    let server = cache(&web, "", &parameters);
    let mut client = connect(&server);
    check(&mut client, "STRLEN k:1\r\n", ":100000\r\n");
    web.does(answer(200, &"x".repeat(100_001)));
    let large = "-ORIGIN sent more than 'origin-max-body' allows\r\n";
    check(&mut client, "GET k:2\r\n", large);
    web.does(Act::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n"));
    check(&mut client, "GET k:3\r\n", large);
    web.does(answer(200, &"x".repeat(60_000)));
    check(&mut client, "CONFIG SET origin-max-bytes 50000\r\n", "+OK\r\n");
    let full = "-ORIGIN answers that are under way take all of 'origin-max-bytes'\r\n";
    check(&mut client, "GET k:4\r\n", full);
    assert_eq!(info(&mut client, "origin_bytes_running"), 0);
    // A long body without a length.
    web.does(Act::Raw(b"HTTP/1.1 200 OK\r\n\r\nto the end"));
    check(&mut client, "GET k:5\r\n", "$10\r\nto the end\r\n");
}

/// Nothing grows, whoever asks and however often.
#[test]
fn a_dead_origin_is_left_alone() {
    let web = Web::start(Act::Hang);
    let parameters = [
        ("origin-max-fills", "4"),
        ("origin-timeout", "50"),
        ("origin-breaker-failures", "4"),
        ("origin-breaker-time", "60000"),
    ];
    let server = cache(&web, "", &parameters);
    let mut clients: Vec<TcpStream> = (0..20).map(|_| connect(&server)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(format!("GET k:{number}\r\n").as_bytes()).unwrap();
    }
    let mut replies = [0; 2];
    for client in &mut clients {
        let mut reply = [0; 128];
        let count = client.read(&mut reply).unwrap();
        let text = String::from_utf8_lossy(&reply[..count]).into_owned();
        replies[usize::from(text.contains("origin-max-fills"))] += 1;
        assert!(text.starts_with("-ORIGIN "), "{text}");
    }
    assert!(replies[0] >= 4, "{replies:?}");
    let client = &mut clients[0];
    let left = "-ORIGIN has failed several times and is left alone for a while\r\n";
    let asked = info(client, "origin_fills_begun");
    for number in 100..1_100 {
        check(client, &format!("GET k:{number}\r\n"), left);
    }
    for (name, expected) in [
        ("origin_fills_begun", asked),
        ("origin_fills_running", 0),
        ("origin_bytes_running", 0),
        ("origin_open_breakers", 1),
    ] {
        assert_eq!(info(client, name), expected, "{name}");
    }
}

#[test]
fn an_origin_that_comes_and_goes_is_tried_again() {
    let web = Web::start(answer(500, ""));
    let parameters = [("origin-breaker-failures", "2"), ("origin-breaker-time", "50")];
    let server = cache(&web, "", &parameters);
    let mut client = connect(&server);
    let mut number = 0;
    for _ in 0..3 {
        web.does(answer(500, ""));
        let mut said = String::new();
        while !said.contains("left alone") {
            number += 1;
            said = ask(&mut client, number);
        }
        web.does(answer(200, "v"));
        while !said.contains('v') || said.starts_with('-') {
            number += 1;
            said = ask(&mut client, number);
        }
        assert_eq!(info(&mut client, "origin_open_breakers"), 0);
    }
}

/// The first line of the reply to GET of a key with that number, and the string behind it.
fn ask(client: &mut TcpStream, number: usize) -> String {
    client.write_all(format!("GET k:{number}\r\n").as_bytes()).unwrap();
    let mut said = String::new();
    while !said.ends_with("\r\n") || (said.starts_with('$') && said.lines().count() < 2) {
        let mut some = [0; 256];
        let count = client.read(&mut some).unwrap();
        said.push_str(&String::from_utf8_lossy(&some[..count]));
    }
    said
}

/// However fills and commands meet.
#[test]
fn who_writes_reads_what_it_wrote() {
    let web = Web::start(answer(200, "old"));
    let server = cache(&web, "", &[]);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut reader = connect(&server);
                while !is_over.load(Ordering::Relaxed) {
                    let said = ask(&mut reader, 1);
                    assert!(said.contains("old") || said.contains("new"), "{said}");
                }
            });
        }
        let mut writer = connect(&server);
        for round in 0..500 {
            writer.write_all(b"DEL k:1\r\n").unwrap();
            let mut reply = [0; 4];
            writer.read_exact(&mut reply).unwrap();
            if round % 2 == 0 {
                // By now a fill may be at any place.
                assert!(!ask(&mut writer, 2).is_empty());
            }
            let value = format!("new{:03}", round);
            check(
                &mut writer,
                &format!("SET k:1 {value}\r\nGET k:1\r\n"),
                &format!("+OK\r\n$6\r\n{value}\r\n"),
            );
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let mut client = connect(&server);
    assert!(info(&mut client, "origin_fills_overtaken") > 0);
    until(&mut client, "origin_fills_running", 0);
}

#[test]
fn stale_items_outlive_their_origin() {
    let web = Web::start(answer(200, "v"));
    let options = ";ttl=100ms;stale-if-error=60s";
    let server = cache(&web, options, &[("origin-breaker-failures", "0")]);
    let mut client = connect(&server);
    check(&mut client, "GET k:1\r\n", "$1\r\nv\r\n");
    std::thread::sleep(Duration::from_millis(100));
    web.does(answer(500, ""));
    check(&mut client, "GET k:1\r\nGET k:1\r\n", "$1\r\nv\r\n$1\r\nv\r\n");
    assert_eq!(web.seen().len(), 2, "it has just failed");
    assert!(info(&mut client, "origin_stale_reads") >= 1);
}

#[test]
fn trackers_hear_of_what_was_fetched_for_them() {
    let web = Web::start(answer(200, "v"));
    let server = cache(&web, "", &[]);
    let mut listener = connect(&server);
    check(&mut listener, "CLIENT ID\r\n", ":1\r\n");
    let subscribed = "*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n";
    check(&mut listener, "SUBSCRIBE __redis__:invalidate\r\n", subscribed);
    let (mut reader, mut writer) = (connect(&server), connect(&server));
    check(&mut reader, "CLIENT TRACKING ON REDIRECT 1\r\n", "+OK\r\n");
    check(&mut reader, "GET k:1\r\n", "$1\r\nv\r\n");
    let told = "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$3\r\nk:1\r\n";
    check(&mut listener, "", told);
    // Once more, though the first message had ended the tracking of the key.
    check(&mut writer, "SET k:1 w\r\n", "+OK\r\n");
    check(&mut listener, "", told);
}

#[test]
fn a_server_stops_while_it_fetches() {
    let web = Web::start(Act::Hang);
    let server = cache(&web, "", &[]);
    let mut client = connect(&server);
    client.write_all(b"GET k:1\r\n").unwrap();
    until(&mut connect(&server), "origin_fills_running", 1);
    drop(server);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).ok();
    assert_eq!(rest, b"");
}
