//! The admin port of a server on loopback, asked over bare sockets.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use super::*;
use crate::serve::{Config, Running};

/// An answer that does not come by then fails the test.
const PATIENCE: Duration = Duration::from_secs(10);

fn serve() -> Running {
    let mut config = Config::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    config.parameters = [("admin-port", "0"), ("maxclients", "7"), ("maxmemory", "64mb")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    crate::serve::start(&config).unwrap()
}

/// The status line, and the body.
fn ask(server: &Running, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server.admin_addr().unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: cache\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

fn check(server: &Running, path: &str, status: &str, body: &str) {
    let found = ask(server, "GET", path);
    assert_eq!(found, (format!("HTTP/1.1 {status}"), body.to_owned()), "{path}");
}

#[test]
fn it_is_off_unless_asked_for() {
    let config = Config::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    assert_eq!(crate::serve::start(&config).unwrap().admin_addr(), None);
}

#[test]
fn what_was_done_is_told() {
    let server = serve();
    let mut client = TcpStream::connect(server.local_addr()).unwrap();
    client.write_all(b"SET a 1\r\nGET a\r\nGET b\r\nINCR x y\r\n").unwrap();
    let mut reply = [0; 16];
    client.read_exact(&mut reply).unwrap();
    let (status, page) = ask(&server, "GET", "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    for line in [
        "plimsoll_cache_items 1",
        "plimsoll_cache_hits_total 1",
        "plimsoll_cache_misses_total 1",
        "plimsoll_cache_commands_total{command=\"set\"} 1",
        "plimsoll_cache_commands_total{command=\"get\"} 2",
        "plimsoll_cache_budget_used{budget=\"connections\"} 1",
        "plimsoll_cache_budget_limit{budget=\"connections\"} 7",
        "plimsoll_cache_budget_limit{budget=\"data_bytes\"} 67108864",
        "plimsoll_cache_budget_refused_total{budget=\"data_bytes\"} 0",
        "plimsoll_cache_ready 1",
    ] {
        assert!(page.lines().any(|found| found == line), "no {line} in\n{page}");
    }
    assert!(!page.contains("plimsoll_cache_budget_limit{budget=\"client_buffer_bytes\"}"));
    // Each line is a comment or a name with a number.
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn a_silent_thread_is_stuck() {
    for (heartbeats, expected) in [
        (&[][..], None),
        (&[0, 100_000], None),
        (&[100_000 - SILENCE_MILLIS_MAX, 200_000], None),
        (&[99_999, 100_000 - SILENCE_MILLIS_MAX - 1, 1], Some((1, SILENCE_MILLIS_MAX + 1))),
    ] {
        assert_eq!(stuck(heartbeats.iter().copied(), 100_000), expected, "{heartbeats:?}");
    }
}

#[test]
fn state_is_told_as_a_status() {
    let server = serve();
    check(&server, "/health", "200 OK", "ok\n");
    check(&server, "/ready", "200 OK", "ok\n");
    check(&server, "/nothing", "404 Not Found", "/metrics /health /ready\n");
    assert_eq!(ask(&server, "POST", "/ready").0, "HTTP/1.1 405 Method Not Allowed");
    assert_eq!(ask(&server, "HEAD", "/ready"), ("HTTP/1.1 200 OK".to_owned(), String::new()));
    server.node().lifecycle.enter(Phase::Stopping);
    check(&server, "/health", "200 OK", "ok\n");
    check(&server, "/ready", "503 Service Unavailable", "stopping\n");
}

/// Connections that say nothing take all places, and give them back.
#[test]
fn one_connection_too_many_is_closed() {
    let server = serve();
    let connect = || TcpStream::connect(server.admin_addr().unwrap()).unwrap();
    let idle: Vec<TcpStream> = (0..CONNECTIONS_MAX).map(|_| connect()).collect();
    let mut rest = Vec::new();
    // They are taken in the order in which they came. A reset is an end too.
    connect().read_to_end(&mut rest).ok();
    assert_eq!(rest, b"");
    drop(idle);
    let ask = || {
        let mut stream = connect();
        let asked = stream.write_all(b"GET /ready HTTP/1.0\r\n\r\n");
        let mut answer = String::new();
        let answered = asked.and_then(|()| stream.read_to_string(&mut answer));
        answered.is_ok() && answer.starts_with("HTTP/1.0 200 OK")
    };
    // Their ends have to be noticed first; each attempt lets the thread do that.
    assert!((0..10_000).any(|_| ask()));
}
