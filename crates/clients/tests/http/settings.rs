//! Settings that only commands without a script have: where connections go, how many there are,
//! which protocol they speak, and bodies in chunks.

use std::{cell::Cell, rc::Rc, time::Duration};

use bytes::Bytes;
use plimsoll_clients::http::{
    Client, Proto,
    config::{ConnectTo, LocalIps, Protocol},
};
use plimsoll_runtime::{
    listen::{self, ListenOptions},
    timer,
    tls::Alpn,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    Subject, config, config_with, get, post,
    raw::{Server, last, ok},
    run,
    secure::SecureServer,
    text,
};

#[test]
fn connections_go_where_they_are_told() {
    run(async {
        let (one, other) = (Server::always(ok("one")), Server::always(ok("other")));
        let rules = [&one, &other].map(|server| format!("far.test:80:127.0.0.1:{}", server.port));
        let mut settings = config();
        settings.connect_to = ConnectTo::parse(rules.iter().map(String::as_str)).unwrap();
        settings.no_connection_reuse = true;
        let subject = Subject::new(settings);
        for expected in ["one", "other", "one"] {
            let response = subject.get("http://far.test/").await;
            assert_eq!(text(&response).as_deref(), Some(expected), "{:?}", response.error);
        }
        assert!(one.heads()[0].contains("\r\nHost: far.test\r\n"));
    });
}

#[test]
fn a_unix_socket_takes_every_connection() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        tokio::task::spawn_local(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").await.unwrap();
        });
        let mut settings = config();
        settings.unix_socket = Some(path.clone());
        let subject = Subject::new(settings);
        assert_eq!(text(&subject.get("http://far.test/").await).as_deref(), Some("hi"));
        std::fs::remove_file(&path).unwrap();
        subject.client.close_idle();
        let error = subject.get("http://far.test/").await.error.unwrap();
        let expected = format!("dial unix {}: connect: no such file or directory", path.display());
        assert!(error.full.ends_with(&expected), "{}", error.full);
        assert_eq!(error.os_error, Some(2));
    });
}

#[test]
fn local_addresses_take_turns() {
    run(async {
        let server = Server::always(last("HTTP/1.1 204 No Content\r\n\r\n"));
        let mut settings = config();
        settings.local_ips = LocalIps::parse("127.0.0.1-127.0.0.3").unwrap();
        let subject = Subject::new(settings);
        let client = Client::new(Rc::clone(subject.client.worker()), 1).with_local_ips_in_turn(1);
        for _ in 0..4 {
            let response = client.send(get(&server.url("/")), &subject.scope).await;
            assert_eq!(response.status, 204);
        }
        let peers: Vec<String> =
            server.seen().iter().map(|seen| seen.peer.ip().to_string()).collect();
        assert_eq!(peers, ["127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.2"]);
    });
}

/// The most requests that were open at a time, with `limit` connections for six requests.
async fn most_open(limit: Option<usize>) -> usize {
    let listener = listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connections = Rc::new(Cell::new(0));
    let count = connections.clone();
    tokio::task::spawn_local(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            count.set(count.get() + 1);
            tokio::task::spawn_local(async move {
                let mut request = [0; 1024];
                while stream.read(&mut request).await.unwrap_or(0) > 0 {
                    timer::sleep(Duration::from_millis(2)).await;
                    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
                    stream.write_all(answer).await.unwrap();
                }
            });
        }
    });
    let subject = Subject::new(config());
    let client = Client::new(Rc::clone(subject.client.worker()), 0);
    let client = match limit {
        Some(limit) => Rc::new(client.with_connections_per_host(limit)),
        None => Rc::new(client),
    };
    let scope = &subject.scope;
    let responses = client.batch(vec![get(&url); 6], scope).await;
    assert!(responses.iter().all(|response| response.status == 204));
    connections.get()
}

#[test]
fn connections_are_limited() {
    run(async {
        assert_eq!(most_open(Some(2)).await, 2);
        assert_eq!(most_open(None).await, 6);
    });
}

#[test]
fn bodies_go_out_in_chunks() {
    run(async {
        let server = Server::always(ok(""));
        let mut request = post(&server.url("/"), "twelve bytes");
        request.chunked = true;
        let subject = Subject::new(config());
        assert_eq!(subject.send(request).await.status, 200);
        let head = &server.heads()[0];
        assert!(head.ends_with("\r\nTransfer-Encoding: chunked"), "{head}");
        assert!(!head.contains("Content-Length"), "{head}");
    });
    run(async {
        let echo = async |request: hyper::Request<Bytes>| hyper::Response::new(request.into_body());
        let server = SecureServer::start(Alpn::Http2OrHttp1, 10, echo);
        for protocol in [Protocol::Http1, Protocol::Negotiated] {
            for length in [12, 100_000] {
                let mut request = post(&server.url("/"), "");
                let body = Bytes::from(vec![b'x'; length]);
                (request.body, request.chunked) = (Some(body.clone()), true);
                let mut settings = config_with(&server.trusting);
                settings.protocol = protocol;
                let response = Subject::new(settings).send(request).await;
                assert_eq!(response.error, None);
                assert_eq!(response.body, Some(body));
                assert_eq!(response.body_bytes, length as u64);
                assert_eq!(response.proto == Proto::Http2, protocol == Protocol::Negotiated);
            }
        }
    });
}

#[test]
fn http2_without_tls() {
    run(async {
        let listener =
            listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
        let url = format!("http://{}/a", listener.local_addr().unwrap());
        tokio::task::spawn_local(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(tcp).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                assert_eq!(request.uri().scheme_str(), Some("http"));
                let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                body.send_data(Bytes::from_static(b"plain"), true).unwrap();
            }
        });
        let mut settings = config();
        settings.protocol = Protocol::Http2Cleartext;
        let subject = Subject::new(settings);
        let responses = subject.client.batch(vec![get(&url); 3], &subject.scope).await;
        for response in responses {
            assert_eq!(response.error, None);
            assert_eq!((response.proto, text(&response).as_deref()), (Proto::Http2, Some("plain")));
        }
    });
}

/// Thousands of exchanges may be on the way, and each VU has room for one all the time.
#[test]
fn an_exchange_takes_little_memory() {
    run(async {
        let subject = Subject::new(config());
        let exchange = subject.client.send(get("http://a.test/"), &subject.scope);
        let size = size_of_val(&exchange);
        assert!(size <= 3_000, "{size} bytes");
    });
}

/// A body that is not kept is counted all the same.
#[test]
fn bodies_are_counted() {
    run(async {
        let server = Server::always(ok("seven b"));
        let mut request = get(&server.url("/"));
        request.discard_body = true;
        let response = Subject::new(config()).send(request).await;
        assert_eq!((response.body, response.body_bytes), (None, 7));
    });
}
