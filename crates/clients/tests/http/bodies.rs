//! Where a response ends, however it is cut; what of it is kept.

use plimsoll_clients::http::{Compression, Proto, Request};
use proptest::prelude::*;

use crate::support::{
    Subject, config, get, post,
    raw::{Reply, Server, Then, last, reply},
    run, text,
};

/// Status, body and reuse of the connection for one reply.
fn check(answer: &Reply, status: u16, body: Option<&str>, reused: bool) {
    run(async {
        let server = Server::always(answer.clone());
        let subject = Subject::new(config());
        for _ in 0..2 {
            let response = subject.get(&server.url("/")).await;
            assert_eq!(response.error, None, "{answer:?}");
            assert_eq!((response.status, text(&response).as_deref()), (status, body), "{answer:?}");
        }
        let second = server.seen().last().unwrap().connection;
        assert_eq!(second, usize::from(!reused), "{answer:?}");
    });
}

#[test]
fn ends_of_bodies() {
    let keep = |head: &str, rest: &str| reply(format!("{head}\r\n\r\n{rest}"));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";
    check(&keep("HTTP/1.1 200 OK\r\nContent-Length: 5", "hello"), 200, Some("hello"), true);
    check(&keep("HTTP/1.1 200 OK\r\ncontent-length: 0", ""), 200, Some(""), true);
    check(&keep(chunked, "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"), 200, Some("abcde"), true);
    check(&keep(chunked, "1\r\na\r\n0\r\nTrailer: x\r\n\r\n"), 200, Some("a"), true);
    check(&last("HTTP/1.1 200 OK\r\n\r\nto the end"), 200, Some("to the end"), false);
    check(&keep("HTTP/1.1 204 No Content", ""), 204, None, true);
    check(&keep("HTTP/1.1 304 Not Modified\r\nContent-Length: 9", ""), 304, None, true);
    let old = "HTTP/1.0 200 OK\r\nContent-Length: 1";
    check(&keep(old, "x"), 200, Some("x"), false);
    check(&keep(&format!("{old}\r\nConnection: keep-alive"), "x"), 200, Some("x"), true);
    let close = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1";
    check(&keep(close, "x"), 200, Some("x"), false);
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    check(
        &keep(&format!("{interim}HTTP/1.1 200 OK\r\nContent-Length: 1"), "x"),
        200,
        Some("x"),
        true,
    );
    // More than the response: the connection cannot be trusted any more.
    check(&keep("HTTP/1.1 200 OK\r\nContent-Length: 1", "xy"), 200, Some("x"), false);
}

#[test]
fn every_split_reads_the_same() {
    run(async {
        let whole = b"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n\
            3\r\nabc\r\n0\r\nT: u\r\n\r\n";
        let server = Server::start(move |seen| {
            let at: usize = seen.path().strip_prefix('/').unwrap().parse().unwrap();
            let (first, second) = whole.split_at(at);
            let pieces = vec![first.to_vec(), second.to_vec()];
            Some(Reply { pieces, then: Then::KeepOpen })
        });
        let subject = Subject::new(config());
        for at in 1..whole.len() {
            let response = subject.get(&server.url(&format!("/{at}"))).await;
            assert_eq!((response.error.clone(), text(&response).as_deref()), (None, Some("abc")));
            assert_eq!(response.headers.get("x-a").as_deref(), Some("b"));
        }
        assert!(server.seen().iter().all(|seen| seen.connection == 0));
    });
}

#[test]
fn heads_and_discarded_bodies() {
    run(async {
        let server = Server::start(|seen| {
            let body = if seen.head.starts_with("HEAD") { "" } else { "hello" };
            Some(reply(format!("HTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\n{body}")))
        });
        let subject = Subject::new(config());
        let head = subject.send(Request { method: "HEAD".into(), ..get(&server.url("/")) }).await;
        assert_eq!((&*head.status_text, text(&head).as_deref()), ("200 Fine", Some("")));
        assert_eq!(head.proto, Proto::Http11);
        let unread = subject.send(Request { discard_body: true, ..get(&server.url("/")) }).await;
        assert_eq!((unread.status, unread.body), (200, None));
        assert!(server.seen().iter().all(|seen| seen.connection == 0));
    });
}

#[test]
fn bodies_are_compressed_both_ways() {
    use Compression::{Brotli, Deflate, Gzip, Zstd};
    run(async {
        // Sends back what it got, with the same coding.
        let server = Server::start(|seen| {
            let coding = seen.head.lines().find(|line| line.starts_with("Content-Encoding"));
            let coding = coding.unwrap_or("X: y");
            let head = format!(
                "HTTP/1.1 200 OK\r\n{coding}\r\nContent-Length: {}\r\n\r\n",
                seen.body.len()
            );
            Some(reply([head.as_bytes(), &seen.body].concat()))
        });
        let subject = Subject::new(config());
        for compression in [vec![Gzip], vec![Deflate], vec![Brotli], vec![Zstd], vec![Gzip, Brotli]]
        {
            let request =
                Request { compression, ..post(&server.url("/"), "again and again and again") };
            let response = subject.send(request).await;
            assert_eq!(text(&response).as_deref(), Some("again and again and again"));
            assert_ne!(server.seen()[0].body, b"again and again and again");
        }
        let mut request = Request { compression: vec![Gzip], ..post(&server.url("/"), "x") };
        request.headers.push("Content-Encoding", "own");
        assert_eq!(subject.send(request).await.status, 200);
        assert!(subject.log.lines()[0].contains("There's a mismatch between the desired"));
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn garbage_is_an_error_or_a_response(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "HTTP/1.1 [0-9]{1,3} [a-z]{0,3}\r\n([a-zA-Z-]{1,17}: ?[0-9a-z]{0,7}\r\n){0,3}\r\n[0-9a-f\r\n]{0,9}"
                .prop_map(String::into_bytes),
        ],
    ) {
        run(async {
            let server = Server::always(last(&bytes));
            let response = Subject::new(config()).get(&server.url("/")).await;
            assert_eq!(response.status == 0, response.error.is_some());
        });
    }
}
