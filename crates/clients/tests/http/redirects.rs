//! Redirects by Go's rules, each hop a sample of its own.

use plimsoll_clients::http::Request;

use crate::support::{
    Subject, config, get, post,
    raw::{Reply, Server, ok, reply},
    run, text,
};

fn redirect(status: u16, location: &str) -> Reply {
    reply(format!(
        "HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 3\r\n\r\nhey"
    ))
}

/// Redirects once, from `/from`.
fn once(status: u16, location: &'static str) -> Server {
    Server::start(move |seen| {
        let from = seen.path().starts_with("/from");
        Some(if from { redirect(status, location) } else { ok("there") })
    })
}

#[test]
fn methods_and_bodies() {
    for (status, method, second) in [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (302, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
    ] {
        run(async {
            let server = Server::start(move |seen| {
                let head = if method == "HEAD" { "" } else { "hey" };
                let first = format!(
                    "HTTP/1.1 {status} X\r\nLocation: /to\r\nContent-Length: 3\r\n\r\n{head}"
                );
                let done = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned();
                Some(reply(if seen.path() == "/from" { first } else { done }))
            });
            let mut request =
                Request { method: method.into(), ..post(&server.url("/from"), "body") };
            request.headers.push("Authorization", "x");
            request.headers.push("Content-Type", "text/plain");
            let response = Subject::new(config()).send(request).await;
            assert_eq!((response.status, response.url.path()), (200, "/to"));
            let seen = server.seen();
            let last = seen.last().unwrap();
            assert!(last.head.starts_with(&format!("{second} /to ")), "{}", last.head);
            let keeps = status == 307 || status == 308;
            assert_eq!(last.body, if keeps { &b"body"[..] } else { b"" }, "{status}");
            // Go hands these on within one host, even where the body is gone.
            for line in ["Authorization: x", "Content-Type: text/plain"] {
                assert!(last.head.contains(line), "{}", last.head);
            }
            assert!(last.head.contains(&format!("Referer: {}", server.url("/from"))));
            assert_eq!(seen.len(), 2);
            assert_eq!(last.connection, 0);
        });
    }
}

#[test]
fn each_hop_is_a_sample() {
    run(async {
        let server = once(302, "/final#x");
        let subject = Subject::new(config());
        let response = subject.get(&server.url("/from")).await;
        assert_eq!(&**response.url.as_str(), server.url("/final#x"));
        assert_eq!(text(&response).as_deref(), Some("there"));
        assert_eq!(response.request.url.path(), "/from");
        let samples = subject.samples();
        let urls: Vec<&String> = samples
            .iter()
            .step_by(9)
            .flat_map(|s| s.1.iter().filter(|t| t.starts_with("url=")))
            .collect();
        assert_eq!(
            urls,
            [&format!("url={}", server.url("/from")), &format!("url={}", server.url("/final#x"))]
        );
    });
}

#[test]
fn the_limit() {
    run(async {
        let server = Server::always(redirect(302, "/loop"));
        let subject = Subject::new(config());
        let check = async |redirects, requests: usize, warnings: usize| {
            let response = subject.send(Request { redirects, ..get(&server.url("/loop")) }).await;
            assert_eq!((response.status, text(&response).as_deref()), (302, Some("hey")));
            assert_eq!(server.seen().len(), requests);
            assert_eq!(subject.log.lines().len(), warnings);
        };
        check(Some(0), 1, 0).await;
        check(Some(2), 3, 0).await;
        check(None, 11, 1).await;
        let warning = &subject.log.lines()[0];
        assert!(warning.contains("Stopped after 11 redirects and returned the redirection"));
    });
}

#[test]
fn secrets_stay_with_the_host() {
    run(async {
        let other = Server::always(ok("x"));
        let to = format!("http://localhost:{}/", other.port);
        let server = Server::start(move |_| Some(redirect(302, &to)));
        let mut request = get(&server.url("/"));
        for (name, value) in [("Authorization", "secret"), ("Cookie", "a=b"), ("X-Other", "kept")] {
            request.headers.push(name, value);
        }
        assert_eq!(Subject::new(config()).send(request).await.status, 200);
        let head = &other.heads()[0];
        assert!(!head.contains("secret") && !head.contains("a=b"), "{head}");
        assert!(head.contains("X-Other: kept"), "{head}");
    });
}

#[test]
fn redirects_that_lead_nowhere() {
    let check = |location: &'static str, message: &str, full: Option<&str>| {
        run(async {
            let server = once(302, location);
            let response = Subject::new(config()).get(&server.url("/from")).await;
            let error = response.error.unwrap();
            assert_eq!((error.code.0, &*error.message), (1000, message));
            let own = format!("Get \"{}\": {message}", server.url("/from"));
            assert_eq!(error.full, full.unwrap_or(&own));
        });
    };
    let bad = "failed to parse Location header \"http://%zz/\": \
        parse \"http://%zz/\": invalid URL escape \"%zz\"";
    check("http://%zz/", bad, None);
    let scheme = "unsupported protocol scheme \"ftp\"";
    check("ftp://foo/", scheme, Some(&format!("Get \"ftp://foo/\": {scheme}")));
}

#[test]
fn status_texts_keep_what_the_server_said() {
    let check = |line: &'static str, expected: &str| {
        run(async {
            let head = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
            let response = Subject::new(config()).get(&Server::always(reply(&head)).url("/")).await;
            assert_eq!(&*response.status_text, expected);
        });
    };
    check("299 Odd one", "299 Odd one");
    check("299", "299");
    check("299 ", "299 ");
}

#[test]
fn a_redirect_without_location_is_a_response() {
    run(async {
        let server = Server::always(reply("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"));
        let response = Subject::new(config()).get(&server.url("/")).await;
        assert_eq!((response.status, response.error), (302, None));
    });
}
