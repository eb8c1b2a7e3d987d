//! TLS and HTTP/2.

use std::{cell::Cell, rc::Rc, time::Duration};

use bytes::Bytes;
use h2::{Reason, server::SendResponse};
use hyper::{Request as Incoming, Response as Answer};
use plimsoll_clients::http::{Compression, Proto, Request, config::HostOverrides};
use plimsoll_runtime::{
    listen::{self, ListenOptions},
    timer,
    tls::{Alpn, TlsConfig},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    Subject, config_with, get, post, run,
    secure::{H2Connection, SecureServer, h2_server},
    text,
};

const STREAMS: u32 = 100;

/// Says what it got.
async fn echo(request: Incoming<Bytes>) -> Answer<Bytes> {
    let (head, body) = request.into_parts();
    let header =
        |name: &str| head.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let line = format!(
        "{} {} {:?} agent={} length={} x={} ",
        head.method,
        head.uri.path_and_query().unwrap(),
        head.version,
        header("user-agent"),
        header("content-length"),
        header("x-own"),
    );
    Answer::new([line.as_bytes(), &body].concat().into())
}

#[test]
fn both_protocols_over_tls() {
    for (alpn, proto, version) in
        [(Alpn::Http2OrHttp1, Proto::Http2, "HTTP/2.0"), (Alpn::Http1, Proto::Http11, "HTTP/1.1")]
    {
        run(async {
            let server = SecureServer::start(alpn, STREAMS, echo);
            let subject = Subject::new(config_with(&server.trusting));
            let mut request = post(&server.url("/a?b"), "body");
            request.headers.push("X-Own", "1");
            let response = subject.send(request).await;
            assert_eq!(response.error, None);
            let expected = format!("POST /a?b {version} agent=plimsoll/test length=4 x=1 body");
            assert_eq!(text(&response), Some(expected));
            assert_eq!((response.proto, &*response.status_text), (proto, "200 OK"));
            let tls = response.tls.unwrap();
            assert_eq!((tls.version, tls.cipher_suite), ("tls1.3", "TLS_AES_128_GCM_SHA256"));
            let timings = response.timings;
            assert!(timings.tls_handshaking > Duration::ZERO);
            assert!(timings.blocked >= timings.tls_handshaking + timings.connecting);
            assert!(timings.waiting > Duration::ZERO);
            let again = subject.get(&server.url("/")).await;
            assert_eq!((again.status, again.timings.tls_handshaking), (200, Duration::ZERO));
            assert_eq!(server.connections(), 1);
            let tags = &subject.samples()[0].1;
            for tag in ["tls_version=tls1.3".to_owned(), format!("proto={}", proto.as_str())] {
                assert!(tags.contains(&tag), "{tags:?}");
            }
        });
    }
}

#[test]
fn a_batch_shares_one_connection_and_obeys_the_server() {
    run(async {
        let (open, most) = (Rc::new(Cell::new(0_u32)), Rc::new(Cell::new(0_u32)));
        let most_seen = most.clone();
        let server = SecureServer::start(Alpn::Http2, 3, async move |request| {
            open.set(open.get() + 1);
            most.set(most.get().max(open.get()));
            timer::sleep(Duration::from_micros(300)).await;
            open.set(open.get() - 1);
            echo(request).await
        });
        let mut settings = config_with(&server.trusting);
        settings.batch_per_host = 20;
        let subject = Subject::new(settings);
        let requests = (0..40).map(|at| get(&server.url(&format!("/{at}")))).collect();
        let responses = subject.client.batch(requests, &subject.scope).await;
        for (at, response) in responses.iter().enumerate() {
            assert_eq!(response.error, None);
            assert!(text(response).unwrap().starts_with(&format!("GET /{at} HTTP/2.0")));
        }
        assert_eq!(server.connections(), 1);
        assert!((1..=3).contains(&most_seen.get()), "{} streams", most_seen.get());
    });
}

#[test]
fn large_bodies_flow_both_ways() {
    run(async {
        let server = SecureServer::start(Alpn::Http2, STREAMS, async |request: Incoming<Bytes>| {
            Answer::new(request.into_body())
        });
        let subject = Subject::new(config_with(&server.trusting));
        let body: Vec<u8> = (0..6_000_000).map(|at: u32| (at % 251) as u8).collect();
        let mut request = post(&server.url("/"), "");
        request.body = Some(body.clone().into());
        let response = subject.send(request).await;
        assert!(response.body.unwrap() == body);
        let mut request = post(&server.url("/"), "packed packed packed");
        request.compression = vec![Compression::Gzip];
        // The echo does not say how the body is packed.
        assert_ne!(text(&subject.send(request).await).unwrap(), "packed packed packed");
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn streams_that_time_out_leave_the_connection_alone() {
    run(async {
        let server = SecureServer::start(Alpn::Http2, STREAMS, async |request: Incoming<Bytes>| {
            if request.uri().path() == "/hang" {
                std::future::pending::<()>().await;
            }
            Answer::new(Bytes::new())
        });
        let subject = Subject::new(config_with(&server.trusting));
        let timeout = Duration::from_millis(50);
        let request = Request { timeout, ..get(&server.url("/hang")) };
        assert_eq!(subject.send(request).await.error_code.0, 1050);
        assert_eq!(subject.get(&server.url("/")).await.status, 200);
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn certificates_are_checked() {
    run(async {
        let server = SecureServer::start(Alpn::Http2OrHttp1, STREAMS, echo);
        let check = async |tls: &TlsConfig, url: &str, code: u16, message: &str| {
            let response = Subject::new(config_with(tls)).get(url).await;
            assert_eq!((response.error_code.0, response.error_message()), (code, message));
        };
        let unknown = "x509: unknown authority";
        check(&TlsConfig::default(), &server.url("/"), 1310, unknown).await;
        let mismatch = "x509: certificate doesn't match hostname";
        let mut settings = config_with(&server.trusting);
        let target = format!("127.0.0.1:{}", server.port);
        settings.hosts = HostOverrides::parse([("wrong.test", &*target)]).unwrap();
        let response = Subject::new(settings).get("https://wrong.test/").await;
        assert_eq!((response.error_code.0, response.error_message()), (1311, mismatch));
        let trusting_all = TlsConfig { insecure_skip_verify: true, ..TlsConfig::default() };
        check(&trusting_all, &server.url("/"), 0, "").await;
    });
}

#[test]
fn a_server_that_speaks_no_tls() {
    run(async {
        let listener =
            listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        tokio::task::spawn_local(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.ok();
        });
        let response = Subject::new(config_with(&TlsConfig::default())).get(&url).await;
        let error = response.error.unwrap();
        let message = "tls: first record does not look like a TLS handshake";
        assert_eq!((error.code.0, &*error.message), (1301, message));
        let detail = "http: server gave HTTP response to HTTPS client";
        assert_eq!(error.full, format!("Get \"{url}\": {detail}"));
        assert_eq!(response.remote, None);
        assert!(response.timings.connecting > Duration::ZERO);
    });
}

#[test]
fn traffic_includes_what_tls_adds() {
    for alpn in [Alpn::Http1, Alpn::Http2] {
        run(async {
            let server = SecureServer::start(alpn, STREAMS, echo);
            let subject = Subject::new(config_with(&server.trusting));
            assert_eq!(subject.get(&server.url("/")).await.status, 200);
            subject.samples();
            subject.client.emit_traffic(&subject.scope);
            let handshake: Vec<f64> = subject.samples().iter().map(|sample| sample.2).collect();
            // A certificate, key shares and finished messages.
            assert!(handshake[0] > 300.0 && handshake[1] > 700.0, "{handshake:?}");
            assert_eq!(subject.get(&server.url("/")).await.status, 200);
            subject.samples();
            subject.client.emit_traffic(&subject.scope);
            let exchange: Vec<f64> = subject.samples().iter().map(|sample| sample.2).collect();
            assert!((20.0..200.0).contains(&exchange[0]), "{exchange:?}");
            assert!((40.0..300.0).contains(&exchange[1]), "{exchange:?}");
        });
    }
}

/// As in k6: what a handshake cost that came to nothing.
#[test]
fn traffic_includes_failed_handshakes() {
    run(async {
        let server = SecureServer::start(Alpn::Http1, STREAMS, echo);
        let subject = Subject::new(config_with(&TlsConfig::default()));
        assert_eq!(subject.get(&server.url("/")).await.status, 0);
        subject.samples();
        subject.client.emit_traffic(&subject.scope);
        let traffic: Vec<f64> = subject.samples().iter().map(|sample| sample.2).collect();
        assert!(traffic[0] > 200.0 && traffic[1] > 400.0, "{traffic:?}");
    });
}

/// Code and message of a request to a server that ends the stream or the connection so.
fn check_end(
    end: impl Fn(&mut H2Connection, SendResponse<Bytes>) + 'static,
    code: u16,
    message: &str,
) {
    run(async {
        let end = Rc::new(end);
        let (port, trusting) = h2_server(move |_, mut connection| {
            let end = end.clone();
            async move {
                while let Some(request) = connection.accept().await {
                    let (_, answer) = request?;
                    end(&mut connection, answer);
                }
                // Closing now could reset the connection before the client has read why.
                timer::sleep(Duration::from_millis(20)).await;
                Ok(())
            }
        });
        let subject = Subject::new(config_with(&trusting));
        let response = subject.get(&format!("https://localhost:{port}/")).await;
        assert_eq!((response.error_code.0, response.error_message()), (code, message));
    });
}

#[test]
fn ends_of_streams_and_connections() {
    check_end(
        |_, mut answer| answer.send_reset(Reason::INTERNAL_ERROR),
        1633,
        "http2: stream error with http2 ErrCode INTERNAL_ERROR",
    );
    check_end(
        |_, mut answer| answer.send_reset(Reason::REFUSED_STREAM),
        1638,
        "http2: stream error with http2 ErrCode REFUSED_STREAM",
    );
    check_end(
        |connection, answer| {
            connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
            drop(answer);
        },
        1622,
        "http2: received GoAway with http2 ErrCode ENHANCE_YOUR_CALM",
    );
}

/// Whatever its method: the server says that it did nothing.
#[test]
fn a_refused_request_is_sent_again() {
    run(async {
        let (port, trusting) = h2_server(move |_, mut connection| async move {
            let mut requests = 0;
            while let Some(request) = connection.accept().await {
                let (_, mut answer) = request?;
                requests += 1;
                match requests {
                    1 => answer.send_reset(Reason::REFUSED_STREAM),
                    _ => drop(answer.send_response(Answer::new(()), true)?),
                }
            }
            Ok(())
        });
        let subject = Subject::new(config_with(&trusting));
        let request = post(&format!("https://localhost:{port}/"), "x");
        let response = subject.send(request).await;
        assert_eq!((response.error, response.status), (None, 200));
    });
}

#[test]
fn a_connection_that_ended_while_idle_is_replaced() {
    run(async {
        let connections = Rc::new(Cell::new(0));
        let count = connections.clone();
        let (port, trusting) = h2_server(move |number, mut connection| {
            count.set(number + 1);
            async move {
                let Some(request) = connection.accept().await else { return Ok(()) };
                let (_, mut answer) = request?;
                answer.send_response(Answer::new(()), true)?;
                connection.graceful_shutdown();
                while connection.accept().await.is_some() {}
                Ok(())
            }
        });
        let subject = Subject::new(config_with(&trusting));
        for round in 1..4 {
            // Not to be sent twice: that the connection is dead shows before it is sent.
            let request = post(&format!("https://localhost:{port}/"), "x");
            let response = subject.send(request).await;
            assert_eq!((response.error, response.status), (None, 200));
            assert_eq!(connections.get(), round);
            timer::sleep(Duration::from_millis(2)).await;
        }
    });
}
