//! Through proxies: plain, CONNECT, SOCKS5.

use plimsoll_clients::http::{HttpConfig, config::Proxies};
use plimsoll_runtime::{
    listen::{self, ListenOptions},
    tls::{Alpn, server::TlsAcceptor},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};

use crate::support::{
    Subject, config, config_with,
    raw::{Server, ok, reply},
    run,
    secure::SecureServer,
    text,
};

fn with_proxy(mut config: HttpConfig, variable: &str, proxy: &str) -> HttpConfig {
    config.proxies = Proxies::from_variables(|name| (name == variable).then(|| proxy.to_owned()));
    config
}

#[test]
fn plain_requests_name_the_whole_url() {
    run(async {
        let proxy = Server::always(ok("from the proxy"));
        let address = format!("http://u:p@127.0.0.1:{}", proxy.port);
        let subject = Subject::new(with_proxy(config(), "HTTP_PROXY", &address));
        let response = subject.get("http://far.test:81/x?y").await;
        assert_eq!(text(&response).as_deref(), Some("from the proxy"));
        let expected = "GET http://far.test:81/x?y HTTP/1.1\r\nHost: far.test:81\r\n\
            User-Agent: plimsoll/test\r\nProxy-Authorization: Basic dTpw";
        assert_eq!(proxy.heads(), [expected]);
    });
}

/// A proxy that takes one connection, has `greet` agree on a target, and passes bytes on.
fn tunnel<F, S>(to: u16, greet: impl FnOnce(TcpStream) -> F + 'static) -> u16
where
    F: Future<Output = S> + 'static,
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let listener = listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = greet(stream).await;
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], to));
        let options = plimsoll_runtime::dial::DialOptions::default();
        let mut target = plimsoll_runtime::dial::dial(address, &options).await.unwrap();
        copy_bidirectional(&mut stream, &mut target).await.ok();
    });
    port
}

/// Certificates of the test servers are for `localhost`, which no proxy is asked for: a name of
/// the tests' own, and no check of it.
fn trusting_any() -> plimsoll_runtime::tls::TlsConfig {
    plimsoll_runtime::tls::TlsConfig { insecure_skip_verify: true, ..Default::default() }
}

async fn echo_path(request: hyper::Request<bytes::Bytes>) -> hyper::Response<bytes::Bytes> {
    hyper::Response::new(request.uri().path().to_owned().into())
}

#[test]
fn traffic_includes_what_the_proxy_is_told() {
    run(async {
        let refusal = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
        let proxy = Server::always(reply(refusal));
        let address = format!("http://127.0.0.1:{}", proxy.port);
        let subject = Subject::new(with_proxy(config(), "HTTPS_PROXY", &address));
        assert_eq!(subject.get("https://far.test/").await.error_message(), "Forbidden");
        subject.samples();
        subject.client.emit_traffic(&subject.scope);
        let traffic: Vec<f64> = subject.samples().iter().map(|sample| sample.2).collect();
        let sent: usize = proxy.seen().iter().map(|seen| seen.head.len() + 4).sum();
        assert_eq!(traffic, [sent as f64, refusal.len() as f64]);
    });
}

#[test]
fn secure_requests_go_through_a_tunnel() {
    run(async {
        let server = SecureServer::start(Alpn::Http2OrHttp1, 10, echo_path);
        let port = tunnel(server.port, async |mut stream| {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut head).await.unwrap();
            }
            assert!(head.starts_with(b"CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n"));
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            stream
        });
        let settings =
            with_proxy(config_with(&trusting_any()), "HTTPS_PROXY", &format!("127.0.0.1:{port}"));
        let response = Subject::new(settings).get("https://far.test/inside").await;
        assert_eq!((response.error.clone(), text(&response).as_deref()), (None, Some("/inside")));
    });
}

/// TLS inside TLS: the proxy sees where to, and nothing of what.
#[test]
fn secure_requests_go_through_a_secure_proxy() {
    run(async {
        let server = SecureServer::start(Alpn::Http2OrHttp1, 10, echo_path);
        let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
        let acceptor = TlsAcceptor::new(&certificate, &key, Alpn::Http1).unwrap();
        let port = tunnel(server.port, async move |tcp| {
            let mut stream = acceptor.accept(tcp).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut head).await.unwrap();
            }
            let expected = "CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\
                User-Agent: Go-http-client/1.1\r\nProxy-Authorization: Basic dTpw\r\n\r\n";
            assert_eq!(String::from_utf8_lossy(&head), expected);
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            stream
        });
        let proxy = format!("https://u:p@localhost:{port}");
        let settings = with_proxy(config_with(&trusting_any()), "HTTPS_PROXY", &proxy);
        let subject = Subject::new(settings);
        for path in ["/inside", "/again"] {
            let response = subject.get(&format!("https://far.test{path}")).await;
            assert_eq!((response.error.clone(), text(&response).as_deref()), (None, Some(path)));
        }
    });
}

#[test]
fn a_tunnel_that_is_refused() {
    run(async {
        let proxy = Server::always(reply("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
        let address = format!("127.0.0.1:{}", proxy.port);
        let subject = Subject::new(with_proxy(config(), "HTTPS_PROXY", &address));
        let response = subject.get("https://far.test/").await;
        assert_eq!((response.error_code.0, response.error_message()), (1000, "Forbidden"));
    });
}

#[test]
fn socks5_with_credentials() {
    run(async {
        let server = Server::always(ok("inside"));
        let port = tunnel(server.port, async |mut stream| {
            let mut greeting = [0; 4];
            stream.read_exact(&mut greeting).await.unwrap();
            assert_eq!(greeting, [5, 2, 0, 2]);
            stream.write_all(&[5, 2]).await.unwrap();
            let mut login = [0; 9];
            stream.read_exact(&mut login).await.unwrap();
            assert_eq!(&login, b"\x01\x04user\x02pw");
            stream.write_all(&[1, 0]).await.unwrap();
            let mut request = [0; 15];
            stream.read_exact(&mut request).await.unwrap();
            assert_eq!(&request, b"\x05\x01\x00\x03\x08far.test\x00\x50");
            stream.write_all(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50").await.unwrap();
            stream
        });
        let proxy = format!("socks5://user:pw@127.0.0.1:{port}");
        let subject = Subject::new(with_proxy(config(), "HTTP_PROXY", &proxy));
        let response = subject.get("http://far.test/x").await;
        assert_eq!((response.error.clone(), text(&response).as_deref()), (None, Some("inside")));
        assert!(server.heads()[0].starts_with("GET /x HTTP/1.1"));
    });
}

#[test]
fn a_socks_proxy_that_refuses() {
    run(async {
        let port = tunnel(1, async |mut stream| {
            let mut greeting = [0; 3];
            stream.read_exact(&mut greeting).await.unwrap();
            stream.write_all(&[5, 0xff]).await.unwrap();
            // Nothing follows.
            std::future::pending::<()>().await;
            stream
        });
        let subject =
            Subject::new(with_proxy(config(), "HTTP_PROXY", &format!("socks5://127.0.0.1:{port}")));
        let message = subject.get("http://far.test/x").await.error.unwrap().message;
        assert_eq!(
            message,
            format!("socks connect 127.0.0.1:{port}: no acceptable authentication methods")
        );
    });
}
