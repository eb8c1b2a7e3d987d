//! Which connection an exchange uses, and the phases that come of it.

use std::time::Duration;

use crate::support::{
    Subject, config, get, post,
    raw::{Server, last, ok},
    run,
};

fn connections(server: &Server) -> Vec<usize> {
    server.seen().iter().map(|seen| seen.connection).collect()
}

#[test]
fn phases_of_new_and_reused_connections() {
    run(async {
        let server = Server::always(ok("x"));
        let subject = Subject::new(config());
        let first = subject.get(&server.url("/")).await.timings;
        assert!(first.connecting > Duration::ZERO);
        assert!(first.blocked >= first.connecting);
        assert_eq!(first.tls_handshaking, Duration::ZERO);
        let second = subject.get(&server.url("/")).await.timings;
        assert_eq!((second.connecting, second.looking_up), (Duration::ZERO, Duration::ZERO));
        assert!(second.waiting > Duration::ZERO);
        assert_eq!(second.duration(), second.sending + second.waiting + second.receiving);
        assert!(second.scheduled <= second.started && second.started <= second.finished);
        assert!(second.scheduled > first.finished);
        assert_eq!(connections(&server), [0, 0]);
    });
}

#[test]
fn a_connection_that_died_while_idle_is_replaced() {
    run(async {
        let server = Server::always(last("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"));
        let subject = Subject::new(config());
        for _ in 0..3 {
            assert_eq!(subject.get(&server.url("/")).await.status, 200);
            // Even a request that may not be sent twice: its connection is known to be dead.
            assert_eq!(subject.send(post(&server.url("/"), "x")).await.status, 200);
            plimsoll_runtime::timer::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(connections(&server), [0, 1, 2, 3, 4, 5]);
    });
}

/// A server that closes a connection instead of answering the second request on it.
fn closes_on_second() -> Server {
    let answered = std::cell::Cell::new(usize::MAX);
    Server::start(move |seen| {
        let again = answered.replace(seen.connection) == seen.connection;
        Some(if again { last("") } else { ok("x") })
    })
}

#[test]
fn a_request_without_effects_is_tried_again() {
    run(async {
        let server = closes_on_second();
        let subject = Subject::new(config());
        assert_eq!(subject.get(&server.url("/")).await.status, 200);
        assert_eq!(subject.get(&server.url("/")).await.status, 200);
        assert_eq!(connections(&server), [0, 0, 1]);
        assert_eq!(subject.samples().len(), 18);
    });
}

#[test]
fn a_request_with_effects_is_not() {
    run(async {
        let server = closes_on_second();
        let subject = Subject::new(config());
        assert_eq!(subject.get(&server.url("/")).await.status, 200);
        let response = subject.send(post(&server.url("/"), "x")).await;
        assert_eq!((response.status, response.error_message()), (0, "EOF"));
        assert_eq!(connections(&server), [0, 0]);
        let mut idempotent = post(&server.url("/"), "x");
        idempotent.headers.push("Idempotency-Key", "1");
        assert_eq!(subject.get(&server.url("/")).await.status, 200);
        assert_eq!(subject.send(idempotent).await.status, 200);
    });
}

#[test]
fn a_new_connection_that_fails_is_not_tried_again() {
    run(async {
        let server = Server::always(last(""));
        let response = Subject::new(config()).get(&server.url("/")).await;
        assert_eq!(response.error_message(), "EOF");
        assert_eq!(connections(&server), [0]);
    });
}

#[test]
fn no_connection_reuse() {
    run(async {
        let server = Server::always(ok("x"));
        let mut settings = config();
        settings.no_connection_reuse = true;
        let subject = Subject::new(settings);
        for _ in 0..2 {
            assert_eq!(subject.get(&server.url("/")).await.status, 200);
        }
        let seen = server.seen();
        assert!(seen.iter().all(|seen| seen.head.ends_with("Connection: close")));
        assert_eq!(seen.iter().map(|seen| seen.connection).collect::<Vec<_>>(), [0, 1]);
    });
}

#[test]
fn idle_connections_close_on_demand() {
    run(async {
        let server = Server::always(ok("x"));
        let subject = Subject::new(config());
        assert_eq!(subject.get(&server.url("/")).await.status, 200);
        subject.client.close_idle();
        assert_eq!(subject.get(&server.url("/")).await.status, 200);
        assert_eq!(connections(&server), [0, 1]);
    });
}

#[test]
fn an_exchange_given_up_leaves_nothing_behind() {
    run(async {
        let server = Server::start(|seen| (seen.path() != "/hang").then(|| ok("x")));
        let subject = Subject::new(config());
        let request = get(&server.url("/hang"));
        let soon = plimsoll_runtime::clock::Instant::now() + Duration::from_millis(5);
        let given_up = plimsoll_runtime::timer::timeout_at(soon, subject.send(request)).await;
        assert!(given_up.is_none());
        assert_eq!(subject.get(&server.url("/")).await.status, 200);
        assert_eq!(connections(&server), [0, 1]);
    });
}
