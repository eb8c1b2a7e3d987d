//! Servers that close early, send half, send garbage or nothing: k6's codes and texts.

use std::time::Duration;

use plimsoll_clients::http::{Request, Response};

use crate::support::{
    Subject, config, get, post,
    raw::{Reply, Server, Then, last, ok, reply},
    run, text,
};

/// What a request to a server that replies so ends with: code, message, and the full text after
/// `Get "url": ` or all of it.
fn check(answer: Reply, code: u16, message: &str, full: &str) -> Response {
    run(async {
        let server = Server::always(answer);
        let response = Subject::new(config()).get(&server.url("/")).await;
        let error = response.error.clone().unwrap();
        let prefix = format!("Get \"{}\": ", server.url("/"));
        let stripped = error.full.strip_prefix(&prefix).unwrap_or(&error.full);
        assert_eq!((error.code.0, &*error.message, stripped), (code, message, full));
        assert_eq!((response.status, response.headers.len()), (0, 0));
        response
    })
}

#[test]
fn early_ends() {
    let eof = |answer| check(answer, 1000, "EOF", "EOF");
    eof(last(""));
    let cut = |answer| check(answer, 1000, "unexpected EOF", "unexpected EOF");
    cut(last("HTTP/1.1 200 OK\r\nContent-Le"));
    cut(last("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"));
    let response = cut(last("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"));
    assert_eq!(text(&response).as_deref(), Some("abc"));
    assert!(response.remote.is_some());
}

#[test]
fn resets() {
    let reset = |pieces: &[&str]| Reply {
        pieces: pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect(),
        then: Then::Reset,
    };
    run(async {
        for answer in [reset(&[]), reset(&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "a"])] {
            let server = Server::always(answer);
            let response = Subject::new(config()).get(&server.url("/")).await;
            let error = response.error.unwrap();
            assert_eq!(error.code.0, 1220);
            assert_eq!(error.message, "read: connection reset by peer");
            assert!(error.full.contains("read tcp 127.0.0.1:"), "{}", error.full);
        }
    });
}

#[test]
fn garbage() {
    let broken = "net/http: HTTP/1.x transport connection broken: ";
    let bad_head = |head: &str, message: &str| {
        check(reply(format!("{head}\r\n\r\n")), 1000, message, &format!("{broken}{message}"));
    };
    bad_head("blah blah", "malformed HTTP status code \"blah\"");
    bad_head("HTTP/1.1", "malformed HTTP response \"HTTP/1.1\"");
    bad_head("FOO/1.1 200 OK", "malformed HTTP version \"FOO/1.1\"");
    bad_head("HTTP/1.1 20 OK", "malformed HTTP status code \"20\"");
    bad_head("HTTP/1.1 200 OK\r\nfoo bar", "malformed MIME header: missing colon: \"foo bar\"");
    bad_head("HTTP/1.1 200 OK\r\nContent-Length: abc", "bad Content-Length \"abc\"");
    bad_head(
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2",
        "http: message cannot contain multiple Content-Length headers; got [\"1\" \"2\"]",
    );
    let chunk = "invalid byte in chunk length";
    check(reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 1000, chunk, chunk);
    let gzip = "error decompressing response body (unexpected EOF)";
    let answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nhey";
    check(reply(answer), 1701, gzip, gzip);
}

#[test]
fn an_enormous_head() {
    let message = "net/http: server response headers exceeded 10485760 bytes; aborted";
    let head = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 11_000_000]].concat();
    let full = format!("net/http: HTTP/1.x transport connection broken: {message}");
    check(reply(head), 1000, message, &full);
}

#[test]
fn no_answer() {
    run(async {
        let server = Server::start(|seen| (seen.path() != "/hang").then(|| ok("x")));
        let subject = Subject::new(config());
        let timeout = Duration::from_millis(30);
        let response = subject.send(Request { timeout, ..get(&server.url("/hang")) }).await;
        let error = response.error.unwrap();
        assert_eq!((error.code.0, &*error.message), (1050, "request timeout"));
        assert_eq!(error.full, format!("Get \"{}\": request timeout", server.url("/hang")));
        let timings = response.timings;
        assert!(timings.waiting > Duration::ZERO, "{timings:?}");
        assert_eq!(timings.receiving, Duration::ZERO);
        // The connection is not used again.
        assert_eq!(subject.get(&server.url("/")).await.status, 200);
        let connections: Vec<usize> = server.seen().iter().map(|seen| seen.connection).collect();
        assert_eq!(connections, [0, 1]);
    });
}

#[test]
fn no_time_at_all() {
    run(async {
        let subject = Subject::new(config());
        let timeout = Duration::ZERO;
        let request = Request { timeout, ..get("http://127.0.0.1:1/") };
        let error = subject.send(request).await.error.unwrap();
        assert_eq!((error.code.0, &*error.message), (1050, "request timeout"));
    });
}

#[test]
fn half_an_answer_then_nothing() {
    run(async {
        let half = reply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        let server = Server::always(half);
        let timeout = Duration::from_millis(30);
        let request = Request { timeout, ..get(&server.url("/")) };
        let response = Subject::new(config()).send(request).await;
        assert_eq!((response.error_code.0, response.status), (1050, 0));
        assert_eq!(text(&response).as_deref(), Some("half"));
        assert_eq!(response.error.unwrap().full, "request timeout");
        assert!(response.timings.receiving > Duration::ZERO);
    });
}

#[test]
fn nobody_there() {
    run(async {
        let subject = Subject::new(config());
        let response = subject.send(post("http://127.0.0.1:1/", "x")).await;
        let error = response.error.unwrap();
        assert_eq!((error.code.0, &*error.message), (1212, "dial: connection refused"));
        let full =
            "Post \"http://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection refused";
        assert_eq!(error.full, full);
        assert_eq!((response.remote, response.timings.duration()), (None, Duration::ZERO));
        let response = subject.get("http://name.invalid/").await;
        let error = response.error.unwrap();
        assert_eq!((error.code.0, &*error.message), (1101, "lookup: no such host"));
    });
}

#[test]
fn an_answer_before_the_request_is_out() {
    run(async {
        // Never reads more than the head, so that the body cannot be written to its end.
        let listener = plimsoll_runtime::listen::tcp(
            "127.0.0.1:0".parse().unwrap(),
            plimsoll_runtime::listen::ListenOptions::default(),
        )
        .unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::task::spawn_local(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 10]).await.unwrap();
            stream
                .write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
                .await
                .unwrap();
            stream
        });
        let mut request = post(&format!("http://127.0.0.1:{port}/"), "");
        request.body = Some(vec![b'x'; 64 << 20].into());
        let response = Subject::new(config()).send(request).await;
        assert_eq!((response.status, text(&response).as_deref()), (413, Some("no")));
        drop(server.await);
    });
}
