//! What goes over the wire: heads byte for byte as k6's, bodies as given.

use plimsoll_clients::http::{Headers, Request};

use crate::support::{
    Subject, config, get, post,
    raw::{Server, ok},
    run, url,
};

/// The head that a request is sent with, the server's port as `PORT`.
fn check(request: impl Fn(&Server) -> Request, expected: &str) {
    run(async {
        let server = Server::always(ok("hello"));
        let response = Subject::new(config()).send(request(&server)).await;
        assert_eq!(response.error, None);
        assert_eq!(server.heads(), [expected.replace('\n', "\r\n")]);
    });
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().copied().collect()
}

#[test]
fn a_plain_get() {
    check(
        |server| get(&server.url("/x?a=1#fragment")),
        "GET /x?a=1 HTTP/1.1\nHost: 127.0.0.1:PORT\nUser-Agent: plimsoll/test",
    );
}

#[test]
fn headers_are_sorted_behind_gos_own() {
    let pairs = [
        ("content-type", "text/plain"),
        ("x-lower-case", "v"),
        ("User-Agent", "zz"),
        ("Host", "foo.bar"),
        ("Accept", "*/*"),
        ("cookie", "q=1"),
    ];
    check(
        |server| Request { headers: headers(&pairs), ..post(&server.url("/p"), "raw") },
        "POST /p HTTP/1.1\nHost: foo.bar\nUser-Agent: zz\nContent-Length: 3\nAccept: */*\n\
         Content-Type: text/plain\nCookie: q=1\nX-Lower-Case: v",
    );
}

#[test]
fn lengths_by_method() {
    let plain =
        |method: &'static str| move |server: &Server| Request::new(method, url(&server.url("/x")));
    let rest = "Host: 127.0.0.1:PORT\nUser-Agent: plimsoll/test";
    check(plain("POST"), &format!("POST /x HTTP/1.1\n{rest}\nContent-Length: 0"));
    check(plain("DELETE"), &format!("DELETE /x HTTP/1.1\n{rest}"));
    check(plain("foo"), &format!("foo /x HTTP/1.1\n{rest}"));
    let lying =
        [("Content-Length", "99"), ("Transfer-Encoding", "chunked"), ("Connection", "close")];
    check(
        |server| Request { headers: headers(&lying), ..post(&server.url("/x"), "bb") },
        &format!("POST /x HTTP/1.1\n{rest}\nContent-Length: 2\nConnection: close"),
    );
}

#[test]
fn an_empty_user_agent_is_not_sent() {
    check(
        |server| Request { headers: headers(&[("User-Agent", "")]), ..get(&server.url("/x")) },
        "GET /x HTTP/1.1\nHost: 127.0.0.1:PORT",
    );
}

#[test]
fn large_bodies_arrive_whole() {
    run(async {
        let server = Server::always(ok("thanks"));
        let subject = Subject::new(config());
        for length in [0, 1, 32 << 10, (32 << 10) + 1, 5 << 20] {
            let body: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let mut request = Request::new("PUT", url(&server.url("/upload")));
            request.body = Some(body.clone().into());
            let response = subject.send(request).await;
            assert_eq!((response.status, response.error), (200, None));
            let seen = server.seen();
            assert_eq!(seen.len(), 1);
            assert!(seen[0].body == body, "{length} bytes");
            assert_eq!(seen[0].connection, 0);
        }
    });
}

/// Refused before anything is sent, with Go's text; a sample all the same.
fn check_refused(request: Request, message: &str, full: &str) {
    run(async {
        let subject = Subject::new(config());
        let response = subject.send(request).await;
        let error = response.error.unwrap();
        assert_eq!((error.code.0, &*error.message, &*error.full), (1000, message, full));
        assert_eq!(response.status, 0);
        assert_eq!(subject.samples().len(), 9);
    });
}

#[test]
fn what_cannot_be_sent_is_refused() {
    check_refused(
        Request { headers: headers(&[("a b", "x")]), ..get("http://127.0.0.1/x") },
        "net/http: invalid header field name \"a b\"",
        "Get \"http://127.0.0.1/x\": net/http: invalid header field name \"a b\"",
    );
    check_refused(
        Request { headers: headers(&[("ab", "x\ny")]), ..get("http://127.0.0.1/x") },
        "net/http: invalid header field value for \"Ab\"",
        "Get \"http://127.0.0.1/x\": net/http: invalid header field value for \"Ab\"",
    );
    check_refused(
        Request::new("GE T", url("http://127.0.0.1/x")),
        "net/http: invalid method \"GE T\"",
        "Ge t \"http://127.0.0.1/x\": net/http: invalid method \"GE T\"",
    );
    check_refused(
        get("ftp://127.0.0.1/"),
        "unsupported protocol scheme \"ftp\"",
        "Get \"ftp://127.0.0.1/\": unsupported protocol scheme \"ftp\"",
    );
    check_refused(
        get(""),
        "unsupported protocol scheme \"\"",
        "Get \"\": unsupported protocol scheme \"\"",
    );
    check_refused(
        get("http:///x"),
        "http: no Host in request URL",
        "Get \"http:///x\": http: no Host in request URL",
    );
}

#[test]
fn the_response_tells_what_was_sent() {
    run(async {
        let server = Server::always(ok(""));
        let subject = Subject::new(config());
        let mut request = post(&server.url("/x"), "raw");
        request.headers.push("Cookie", "a=b");
        request.cookies.push(plimsoll_clients::http::RequestCookie {
            name: "c".into(),
            value: "d".into(),
            replace: false,
        });
        let response = subject.send(request).await;
        let expected = [("Cookie", "a=b; c=d"), ("User-Agent", "plimsoll/test")];
        let mut sent: Vec<(String, String)> = response
            .request_headers("plimsoll/test")
            .iter()
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        sent.sort();
        assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(response.request.body.as_deref(), Some(&b"raw"[..]));
        assert_eq!(&**response.url.as_str(), server.url("/x"));
        assert_eq!(response.remote.unwrap().port(), server.port);
    });
}
