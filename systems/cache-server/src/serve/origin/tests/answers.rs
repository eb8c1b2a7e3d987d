//! What an origin says beside a value: that it is the same, that it is elsewhere; and what it is told itself.

use super::*;

/// An origin that knows one version of everything.
fn versioned(head: &str) -> String {
    if head.contains("if-none-match: \"v1\"\r\n") {
        "HTTP/1.1 304 X\r\nETag: \"v1\"\r\n\r\n".to_owned()
    } else {
        "HTTP/1.1 200 X\r\nETag: \"v1\"\r\nContent-Length: 3\r\n\r\none".to_owned()
    }
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let web = Web::start(Act::By(versioned));
    let server = cache(&web, ";ttl=100ms;revalidate=60s", &[]);
    let mut client = connect(&server);
    for round in 0..3 {
        check(&mut client, "GET k:1\r\n", "$3\r\none\r\n");
        assert_eq!(info(&mut client, "origin_fills_unchanged"), round);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(info(&mut client, "origin_fills_stored"), 1);
    assert_eq!(info(&mut client, "origin_fetched_bytes"), 3);
    assert_eq!(info(&mut client, "origin_keys_remembered"), 1);
    let bytes = info(&mut client, "origin_remembered_bytes");
    assert!(bytes > 0 && bytes < info(&mut client, "origin_remembered_bytes_max"), "{bytes}");
    // Nobody has asked whether it changed.
    web.does(answer(304, ""));
    check(&mut client, "GET k:2\r\n", "-ORIGIN answered with status 304\r\n");
    web.does(answer(200, "two"));
    check(&mut client, "GET k:1\r\n", "$3\r\ntwo\r\n");
    // This version had no name.
    std::thread::sleep(Duration::from_millis(100));
    web.does(Act::By(versioned));
    check(&mut client, "GET k:1\r\n", "$3\r\none\r\n");
}

/// Two redirects to `/items/end`, for `loop` without end, for `away` to somewhere else.
fn redirecting(head: &str) -> String {
    let path = head.split(' ').nth(1).unwrap();
    let location = match path {
        "/items/1" => "hop",
        "/items/hop" => "/items/end?x=1#y",
        "/items/away" => "http://127.0.0.1:1/items/end",
        "/items/end?x=1" => {
            return "HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\nend".to_owned();
        }
        _ => "loop",
    };
    format!("HTTP/1.1 302 X\r\nLocation: {location}\r\nContent-Length: 2\r\n\r\ngo")
}

#[test]
fn redirects_are_followed_a_little() {
    let web = Web::start(Act::By(redirecting));
    let server = cache(&web, "", &[("origin-breaker-failures", "1")]);
    let mut client = connect(&server);
    check(&mut client, "GET k:1\r\n", "$3\r\nend\r\n");
    assert_eq!(web.seen().len(), 3);
    let away = "-ORIGIN redirects to another origin, which is not followed\r\n";
    check(&mut client, "GET k:away\r\n", away);
    check(&mut client, "GET k:loop\r\n", "-ORIGIN redirects more often than is followed\r\n");
    assert_eq!(web.seen().len(), 1 + 4);
    assert_eq!(web.connections.load(Ordering::SeqCst), 1);
    assert_eq!(info(&mut client, "origin_open_breakers"), 0, "the origin works");
}

/// What was asked for in `Authorization`.
fn authorized(head: &str) -> String {
    let line = head.lines().find_map(|line| line.strip_prefix("authorization: "));
    let body = line.unwrap_or("nothing");
    format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn own_headers_are_sent_and_shown_to_nobody() {
    let web = Web::start(Act::By(authorized));
    let header = |value: &str| format!("http://{}/ Authorization: {value}", web.addr);
    let server = cache(&web, "", &[("origin-header", &header("Bearer sesame"))]);
    let mut client = connect(&server);
    check(&mut client, "GET k:1\r\n", "$13\r\nBearer sesame\r\n");
    let shown = format!("http://{} authorization: ***", web.addr);
    let reply = format!("*2\r\n$13\r\norigin-header\r\n${}\r\n{shown}\r\n", shown.len());
    check(&mut client, "CONFIG GET origin-h*\r\n", &reply);
    let set = format!("CONFIG SET origin-header \"{shown}\"\r\n");
    let refused = "-ERR CONFIG SET failed (possibly related to argument 'origin-header') - header 1: \
                   '***' only stands for the value of 'authorization'\r\n";
    check(&mut client, &set, refused);
    check(&mut client, "GET k:2\r\n", "$13\r\nBearer sesame\r\n");
    let set = format!("CONFIG SET origin-header \"{}\"\r\n", header("other"));
    check(&mut client, &format!("{set}GET k:3\r\n"), "+OK\r\n$5\r\nother\r\n");
    check(&mut client, "CONFIG SET origin-header ''\r\n", "+OK\r\n");
    check(&mut client, "GET k:4\r\n", "$7\r\nnothing\r\n");
}

/// By reads that are answered at once.
#[test]
fn what_is_read_all_the_time_is_fetched_early() {
    let web = Web::start(answer(200, "v"));
    let parameters = [("hotkeys-copied-percentage", "0")];
    let server = cache(&web, ";ttl=200ms;early-refresh=10000", &parameters);
    let mut client = connect(&server);
    check(&mut client, "GET k:1\r\n", "$1\r\nv\r\n");
    let mut reads = 0;
    while info(&mut client, "origin_fills_early") < 3 {
        check(&mut client, "GET k:1\r\n", "$1\r\nv\r\n");
        reads += 1;
        assert!(reads < 100_000);
    }
    assert!(info(&mut client, "origin_fills_begun") >= 4);
}
