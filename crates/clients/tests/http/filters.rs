//! Options that bend or forbid where exchanges go.

use std::time::Duration;

use plimsoll_clients::http::{
    Response,
    config::{HostOverrides, HostPatterns, HttpDebug, IpRanges, LocalIps, RateLimit},
};
use plimsoll_runtime::clock::Instant;

use crate::support::{
    Subject, config, post,
    raw::{Server, ok},
    run,
};

fn check_error(response: Response, code: u16, message: &str, detail: &str) {
    let error = response.error.unwrap();
    assert_eq!((error.code.0, &*error.message), (code, message));
    assert!(error.full.ends_with(detail), "{}", error.full);
}

#[test]
fn forbidden_names_and_addresses() {
    run(async {
        let mut settings = config();
        settings.block_hostnames = HostPatterns::parse(["*.blocked.test"]).unwrap();
        settings.blacklist_ips = IpRanges::parse(["10.0.0.0/8"]).unwrap();
        settings.hosts = HostOverrides::parse([("inside.test", "10.1.1.1")]).unwrap();
        let subject = Subject::new(settings);
        let blocked = subject.get("http://a.blocked.test/").await;
        let detail = "\": hostname (a.blocked.test) is in a blocked pattern (*.blocked.test)";
        check_error(blocked, 1111, "hostname is blocked", detail);
        for (url, ip) in [("http://10.0.0.1/", "10.0.0.1"), ("http://inside.test/", "10.1.1.1")] {
            let detail = format!("\": IP ({ip}) is in a blacklisted range (10.0.0.0/8)");
            check_error(subject.get(url).await, 1110, "ip is blacklisted", &detail);
        }
    });
}

#[test]
fn hosts_stand_in_for_names() {
    run(async {
        let server = Server::always(ok("x"));
        let to = format!("127.0.0.1:{}", server.port);
        let mut settings = config();
        settings.hosts = HostOverrides::parse([("*.example.test", &*to)]).unwrap();
        let subject = Subject::new(settings);
        let response = subject.get("http://a.example.test:81/x").await;
        assert_eq!((response.status, response.remote.unwrap().port()), (200, server.port));
        assert!(server.heads()[0].contains("Host: a.example.test:81"));
    });
}

#[test]
fn local_addresses() {
    run(async {
        let server = Server::always(ok("x"));
        let mut settings = config();
        settings.local_ips = LocalIps::parse("127.0.0.5").unwrap();
        assert_eq!(Subject::new(settings).get(&server.url("/")).await.status, 200);
        assert_eq!(server.seen()[0].peer.ip().to_string(), "127.0.0.5");
    });
}

#[test]
fn a_rate_limit_spreads_requests() {
    run(async {
        let server = Server::always(ok("x"));
        let mut settings = config();
        settings.rate_limit = RateLimit::per_second(200.0);
        let subject = Subject::new(settings);
        let started = Instant::now();
        for _ in 0..5 {
            let timings = subject.get(&server.url("/")).await.timings;
            // The wait for the slot is no phase of the exchange.
            let waited = timings.started.since(timings.scheduled);
            assert!(timings.blocked <= waited, "{timings:?}");
        }
        assert!(started.elapsed() >= Duration::from_millis(20));
    });
}

#[test]
fn exchanges_are_shown_on_demand() {
    run(async {
        let server = Server::always(ok("hello"));
        let mut settings = config();
        settings.http_debug = Some(HttpDebug::Full);
        let subject = Subject::new(settings);
        subject.send(post(&server.url("/x"), "body")).await;
        let lines = subject.log.lines();
        assert!(lines[0].contains("Request:\\nPOST /x HTTP/1.1\\nHost: 127.0.0.1"), "{}", lines[0]);
        assert!(lines[0].contains("\\n\\nbody\\n") && lines[0].contains("source=http-debug"));
        assert!(lines[1].contains("Response:\\nHTTP/1.1 200 OK\\nContent-Length: 5\\n\\nhello\\n"));
    });
}
