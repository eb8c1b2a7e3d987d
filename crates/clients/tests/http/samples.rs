//! The built-in samples: names, order, tags and values as k6 has them.

use std::rc::Rc;

use plimsoll_clients::http::{ExpectedStatuses, Request};
use plimsoll_metrics::TagSet;

use crate::support::{
    Subject, config, get,
    raw::{Server, ok, reply},
    run,
};

const NAMES: [&str; 9] = [
    "http_reqs",
    "http_req_duration",
    "http_req_blocked",
    "http_req_connecting",
    "http_req_tls_handshaking",
    "http_req_sending",
    "http_req_waiting",
    "http_req_receiving",
    "http_req_failed",
];

/// The tags of the samples of one request, the server's URL as `URL`.
fn check(request: impl Fn(Request) -> Request, path: &str, expected: &str) {
    run(async {
        let server = Server::start(|seen| {
            Some(match seen.path() {
                "/404" => reply("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
                "/bad" => reply("blah blah\r\n\r\n"),
                _ => ok("x"),
            })
        });
        let subject = Subject::new(config());
        subject.send(request(get(&server.url(path)))).await;
        let samples = subject.samples();
        let tags = samples[0].1.join(" ").replace(&server.url(""), "URL");
        assert_eq!(tags, expected);
        assert!(samples.iter().all(|sample| sample.1 == samples[0].1));
        let names: Vec<&str> = samples.iter().map(|sample| &*sample.0).collect();
        assert_eq!(names, NAMES[..names.len()]);
        assert_eq!(samples[0].2, 1.0);
    });
}

#[test]
fn tags() {
    check(
        |request| request,
        "/x",
        "expected_response=true group= method=GET name=URL/x proto=HTTP/1.1 scenario=default \
         status=200 url=URL/x",
    );
    check(
        |request| Request { name: Some("nn".into()), ..request },
        "/x",
        "expected_response=true group= method=GET name=nn proto=HTTP/1.1 scenario=default \
         status=200 url=nn",
    );
    check(
        |request| Request { tags: vec![("extra".into(), "e".into())], ..request },
        "/404",
        "error_code=1404 expected_response=false extra=e group= method=GET name=URL/404 \
         proto=HTTP/1.1 scenario=default status=404 url=URL/404",
    );
    check(
        |request| request,
        "/bad",
        "error=malformed HTTP status code \"blah\" error_code=1000 expected_response=false group= \
         method=GET name=URL/bad scenario=default status=0 url=URL/bad",
    );
    check(
        |request| Request { expected: Rc::new(ExpectedStatuses::Off), ..request },
        "/404",
        "error_code=1404 group= method=GET name=URL/404 proto=HTTP/1.1 scenario=default status=404 \
         url=URL/404",
    );
    let only_404 = || Rc::new(ExpectedStatuses::Ranges(vec![(404, 404)]));
    check(
        |request| Request { expected: only_404(), ..request },
        "/404",
        "error_code=1404 expected_response=true group= method=GET name=URL/404 proto=HTTP/1.1 \
         scenario=default status=404 url=URL/404",
    );
}

#[test]
fn only_the_system_tags_that_are_on() {
    run(async {
        let server = Server::always(ok("x"));
        let mut settings = config();
        let tags = &mut settings.system_tags;
        (tags.name, tags.url, tags.proto, tags.ip) = (false, false, false, true);
        let subject = Subject::new(settings);
        subject.get(&server.url("/x")).await;
        let expected =
            "expected_response=true group= ip=127.0.0.1 method=GET scenario=default status=200";
        assert_eq!(subject.samples()[0].1.join(" "), expected);
    });
}

#[test]
fn durations_are_in_milliseconds() {
    run(async {
        let server = Server::always(ok("x"));
        let subject = Subject::new(config());
        let timings = subject.get(&server.url("/x")).await.timings;
        let samples = subject.samples();
        let value = |name: &str| samples.iter().find(|sample| sample.0 == name).unwrap().2;
        assert_eq!(value("http_req_waiting"), timings.waiting.as_nanos() as f64 / 1e6);
        let parts =
            value("http_req_sending") + value("http_req_waiting") + value("http_req_receiving");
        assert!((value("http_req_duration") - parts).abs() < 1e-9);
        assert_eq!(value("http_req_failed"), 0.0);
    });
}

#[test]
fn metadata_goes_with_each_sample() {
    run(async {
        let server = Server::always(ok("x"));
        let mut subject = Subject::new(config());
        subject.scope.metadata = Some(TagSet::from_pairs([("vu", "1")]));
        subject.get(&server.url("/x")).await;
        let (samples, _) = subject.recorder.borrow_mut().take_samples();
        assert_eq!(samples.len(), 9);
        assert!(samples.iter().all(|sample| sample.metadata == subject.scope.metadata));
    });
}

#[test]
fn traffic_is_counted_per_client() {
    run(async {
        let server = Server::always(ok("hello"));
        let subject = Subject::new(config());
        for _ in 0..2 {
            subject.get(&server.url("/x")).await;
        }
        let seen = server.seen();
        let sent: usize = seen.iter().map(|seen| seen.head.len() + 4).sum();
        subject.samples();
        subject.client.emit_traffic(&subject.scope);
        subject.client.emit_traffic(&subject.scope);
        let received = 2.0 * "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".len() as f64;
        let tags = vec!["group=".to_owned(), "scenario=default".to_owned()];
        let sample = |name: &str, value| (name.to_owned(), tags.clone(), value);
        let expected = [
            sample("data_sent", sent as f64),
            sample("data_received", received),
            sample("data_sent", 0.0),
            sample("data_received", 0.0),
        ];
        assert_eq!(subject.samples(), expected);
    });
}

#[test]
fn many_kinds_of_samples_stay_apart() {
    run(async {
        let server = Server::start(|seen| {
            let status = if seen.path().ends_with('3') { 503 } else { 200 };
            Some(reply(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")))
        });
        let subject = Subject::new(config());
        for round in 0..30 {
            let path = format!("/{}", round % 10);
            subject.get(&server.url(&path)).await;
            let samples = subject.samples();
            let url = format!("url={}", server.url(&path));
            let status = format!("status={}", if round % 10 == 3 { 503 } else { 200 });
            assert!(
                samples.iter().all(|s| s.1.contains(&url) && s.1.contains(&status)),
                "{samples:?}"
            );
        }
    });
}
