//! hyper over TLS, with a certificate made for the test.

use std::{cell::Cell, convert::Infallible, rc::Rc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use plimsoll_runtime::{
    listen::{self, ListenOptions},
    tls::{
        Alpn, TlsConfig,
        server::{ServerStream, TlsAcceptor},
    },
};

/// A TLS server that speaks what ALPN agrees on.
pub(crate) struct SecureServer {
    pub(crate) port: u16,
    /// Settings of a client that trusts it.
    pub(crate) trusting: TlsConfig,
    connections: Rc<Cell<usize>>,
}

impl SecureServer {
    /// `answer`: request with its whole body to response.
    pub(crate) fn start(
        alpn: Alpn,
        max_streams: u32,
        answer: impl AsyncFn(Request<Bytes>) -> Response<Bytes> + 'static,
    ) -> SecureServer {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).unwrap();
        let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
        let acceptor = TlsAcceptor::new(&certificate, &key, alpn).unwrap();
        let listener =
            listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Rc::new(Cell::new(0));
        let count = connections.clone();
        let answer = Rc::new(answer);
        tokio::task::spawn_local(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                count.set(count.get() + 1);
                let (acceptor, answer) = (acceptor.clone(), answer.clone());
                tokio::task::spawn_local(async move {
                    // A client that does not trust us goes away.
                    let Ok(stream) = acceptor.accept(tcp).await else { return };
                    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let service = service_fn(move |request: Request<Incoming>| {
                        let answer = answer.clone();
                        async move {
                            let (head, body) = request.into_parts();
                            let body = body.collect().await.map(|body| body.to_bytes());
                            let request = Request::from_parts(head, body.unwrap_or_default());
                            Ok::<_, Infallible>(answer(request).await.map(Full::new))
                        }
                    });
                    let io = TokioIo::new(stream);
                    if is_h2 {
                        let mut builder = hyper::server::conn::http2::Builder::new(Local);
                        builder.max_concurrent_streams(max_streams);
                        builder.serve_connection(io, service).await.ok();
                    } else {
                        let builder = hyper::server::conn::http1::Builder::new();
                        builder.serve_connection(io, service).await.ok();
                    }
                });
            }
        });
        let trusting = TlsConfig { extra_roots_pem: vec![certificate], ..TlsConfig::default() };
        SecureServer { port, trusting, connections }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.get()
    }
}

/// A server of bare HTTP/2 connections, each handed to `serve` after the TLS handshake.
pub(crate) fn h2_server<F>(serve: impl Fn(usize, H2Connection) -> F + 'static) -> (u16, TlsConfig)
where
    F: Future<Output = Result<(), h2::Error>> + 'static,
{
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let acceptor = TlsAcceptor::new(&certificate, &key, Alpn::Http2).unwrap();
    let listener = listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        for number in 0.. {
            let (tcp, _) = listener.accept().await.unwrap();
            let stream = acceptor.accept(tcp).await.unwrap();
            let connection = h2::server::handshake(stream).await.unwrap();
            let serving = serve(number, connection);
            tokio::task::spawn_local(async move { serving.await.ok() });
        }
    });
    (port, TlsConfig { extra_roots_pem: vec![certificate], ..TlsConfig::default() })
}

pub(crate) type H2Connection = h2::server::Connection<ServerStream, Bytes>;

/// Runs hyper's tasks on this thread.
#[derive(Clone, Copy)]
struct Local;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
