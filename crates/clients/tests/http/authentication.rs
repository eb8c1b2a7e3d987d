//! Basic and digest authentication, and what is not spoken.

use plimsoll_clients::http::{Auth, Request};

use crate::support::{
    Subject, config, get, post,
    raw::{Seen, Server, ok, reply},
    run,
};

const CHALLENGE: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\
    WWW-Authenticate: Digest realm=\"r\", nonce=\"abc\", qop=\"auth,auth-int\", opaque=\"op\"\r\n\r\nno";

fn authorization(seen: &Seen) -> Option<&str> {
    seen.head.lines().find_map(|line| line.strip_prefix("Authorization: "))
}

fn with_user(server: &Server) -> String {
    server.url("/x?q=1").replace("http://", "http://user:p%40ss@")
}

#[test]
fn credentials_in_the_url_are_basic() {
    run(async {
        let server = Server::always(ok("x"));
        let subject = Subject::new(config());
        for auth in [Auth::None, Auth::Basic] {
            let response = subject.send(Request { auth, ..get(&with_user(&server)) }).await;
            assert_eq!(response.status, 200);
            assert_eq!(authorization(&server.seen()[0]), Some("Basic dXNlcjpwQHNz"));
        }
        let mut own = get(&with_user(&server));
        own.headers.push("Authorization", "own");
        assert_eq!(subject.send(own).await.status, 200);
        assert_eq!(authorization(&server.seen()[0]), Some("own"));
        let tags = &subject.samples()[0].1;
        assert!(tags.iter().any(|tag| tag.starts_with("url=http://****:****@127")), "{tags:?}");
    });
}

#[test]
fn a_digest_challenge_is_answered_once() {
    run(async {
        let server = Server::start(|seen| {
            Some(if authorization(seen).is_some() { ok("in") } else { reply(CHALLENGE) })
        });
        let subject = Subject::new(config());
        let request = Request { auth: Auth::Digest, ..post(&with_user(&server), "body") };
        let response = subject.send(request).await;
        assert_eq!((response.status, &**response.url.as_str()), (200, &*server.url("/x?q=1")));
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        assert_eq!(authorization(&seen[0]), None);
        let answer = authorization(&seen[1]).unwrap();
        assert!(
            answer.starts_with("Digest username=\"user\", realm=\"r\", nonce=\"abc\""),
            "{answer}"
        );
        assert!(answer.contains("uri=\"/x?q=1\""), "{answer}");
        assert!(answer.contains("qop=auth, nc=00000001, cnonce=\""), "{answer}");
        assert_eq!(seen[1].body, b"body");
        // The challenge is expected, but keeps its error code, as in k6.
        let samples = subject.samples();
        let first: Vec<&str> = samples[0].1.iter().map(String::as_str).collect();
        assert!(first.contains(&"error_code=1401") && first.contains(&"expected_response=true"));
        assert_eq!(samples[8], ("http_req_failed".to_owned(), samples[0].1.clone(), 0.0));
        assert!(!samples[9].1.iter().any(|tag| tag.starts_with("error_code")));
    });
}

#[test]
fn a_refused_digest_ends_with_401() {
    run(async {
        let server = Server::always(reply(CHALLENGE));
        let subject = Subject::new(config());
        let request = Request { auth: Auth::Digest, ..get(&with_user(&server)) };
        let response = subject.send(request).await;
        assert_eq!((response.status, response.error_code.0), (401, 1401));
        assert_eq!(server.seen().len(), 2);
        let failed: Vec<f64> =
            subject.samples().iter().filter(|s| s.0 == "http_req_failed").map(|s| s.2).collect();
        assert_eq!(failed, [0.0, 1.0]);
    });
}

#[test]
fn ntlm_is_refused_only_when_asked_for() {
    run(async {
        let server = Server::start(|seen| {
            let head =
                "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: NTLM\r\n\r\n";
            Some(if seen.path() == "/ntlm" { reply(head) } else { ok("x") })
        });
        let subject = Subject::new(config());
        let ntlm = |path: &str| Request { auth: Auth::Ntlm, ..get(&server.url(path)) };
        assert_eq!(subject.send(ntlm("/open")).await.status, 200);
        let response = subject.send(ntlm("/ntlm")).await;
        assert_eq!(response.error_message(), "ntlm authentication is not supported");
    });
}
