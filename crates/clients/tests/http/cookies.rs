//! Cookies over the wire.

use std::rc::Rc;

use plimsoll_clients::http::{CookieJar, Request, RequestCookie};

use crate::support::{
    Subject, config, get,
    raw::{Seen, Server, ok, reply},
    run,
};

fn cookie_of(seen: &Seen) -> Option<&str> {
    seen.head.lines().find_map(|line| line.strip_prefix("Cookie: "))
}

#[test]
fn a_jar_takes_in_and_sends() {
    run(async {
        let server = Server::start(|seen| {
            Some(match seen.path() {
                "/set" => reply(
                    "HTTP/1.1 302 Found\r\nLocation: /next\r\nSet-Cookie: a=1; Path=/\r\n\
                     Set-Cookie: deep=2; Path=/next\r\nContent-Length: 0\r\n\r\n",
                ),
                _ => ok("x"),
            })
        });
        let subject = Subject::new(config());
        let jar = Rc::new(CookieJar::new());
        let with_jar = |path: &str| Request { jar: Some(jar.clone()), ..get(&server.url(path)) };
        assert_eq!(subject.send(with_jar("/set")).await.status, 200);
        assert_eq!(subject.send(with_jar("/")).await.status, 200);
        assert_eq!(subject.get(&server.url("/")).await.status, 200);
        let seen = server.seen();
        let cookies: Vec<Option<&str>> = seen.iter().map(cookie_of).collect();
        assert_eq!(cookies, [None, Some("deep=2; a=1"), Some("a=1"), None]);
    });
}

#[test]
fn a_requests_own_cookies() {
    run(async {
        let server = Server::always(ok("x"));
        let subject = Subject::new(config());
        let jar = Rc::new(CookieJar::new());
        for name in ["kept", "replaced"] {
            let cookie = plimsoll_clients::http::Cookie {
                name: name.to_owned(),
                value: "jar".to_owned(),
                ..Default::default()
            };
            assert!(jar.set(&crate::support::url(&server.url("/")), cookie));
        }
        let own =
            |name: &str, replace| RequestCookie { name: name.into(), value: "own".into(), replace };
        let mut request = get(&server.url("/"));
        request.headers.push("Cookie", "field=x");
        request.cookies = vec![own("kept", false), own("replaced", true)];
        request.jar = Some(jar);
        let response = subject.send(request).await;
        let expected = "field=x; kept=own; replaced=own; kept=jar";
        assert_eq!(cookie_of(&server.seen()[0]), Some(expected));
        let sent: Vec<&str> = response.sent_cookies.iter().map(|(name, _)| &**name).collect();
        assert_eq!(sent, ["field", "kept", "replaced", "kept"]);
    });
}

#[test]
fn the_response_tells_what_it_sets() {
    run(async {
        let server = Server::always(reply(
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/p; HttpOnly; Max-Age=9\r\n\
             Set-Cookie: b=2; Secure\r\nSet-Cookie: bad\r\nContent-Length: 0\r\n\r\n",
        ));
        let cookies = Subject::new(config()).get(&server.url("/")).await.cookies();
        assert_eq!(cookies.len(), 2);
        assert_eq!(
            (&*cookies[0].path, cookies[0].max_age, cookies[0].http_only),
            ("/p", Some(9), true)
        );
        assert!(cookies[1].secure);
    });
}
