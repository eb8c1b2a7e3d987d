//! A target that does nothing: every request gets status 200 and the same bytes, at once. What a load
//! generator reaches against it is what the generator itself can do.
//!
//! HTTP/1.1, HTTP/2 and RESP, with TLS and without on the same port, since targets may mix them.

mod resp;

use std::{convert::Infallible, io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::{rt::TokioIo, server::conn::auto};
use plimsoll_runtime::{
    clock::Instant,
    timer,
    tls::{Alpn, server::TlsAcceptor},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader},
    net::TcpStream,
};

use crate::{
    service::{Acceptance, Running, Sockets},
    web::{Identity, Local},
};

/// Longest body that it sends.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// A client that has not finished its handshake by then is let go.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// The first byte of a TLS handshake, which no request begins with.
const TLS_HANDSHAKE: u8 = 0x16;

/// How it answers.
#[derive(Clone, Copy, Debug)]
pub struct NoopConfig {
    /// Port 0 takes a free one.
    pub addr: SocketAddr,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Of each response, at most [`BODY_BYTES_MAX`]; of a Redis command that may be answered with anything,
    /// where 0 is no value.
    pub body_bytes: usize,
}

#[derive(Clone)]
struct Settings {
    tls: TlsAcceptor,
    body: Bytes,
}

/// Answers on threads of its own until the returned value is dropped.
///
/// # Errors
/// When the address cannot be taken, the system gives no randomness for the certificate, or no thread can
/// be started.
pub fn start(config: &NoopConfig) -> io::Result<Running> {
    let identity = Identity::self_signed()?;
    let tls = TlsAcceptor::new(&identity.certificate_pem, &identity.key_pem, Alpn::Http2OrHttp1);
    let body = Bytes::from(vec![b'x'; config.body_bytes.min(BODY_BYTES_MAX)]);
    let settings = Settings { tls: tls.map_err(io::Error::other)?, body };
    let sockets = Sockets::bind(config.addr, config.threads, Acceptance::default())?;
    sockets.serve("noop", move |tcp, _| connection(tcp, settings.clone()))
}

/// Errors end the connection; whoever is on the other side knows why.
async fn connection(tcp: TcpStream, settings: Settings) {
    let mut first = [0];
    // Clients may connect long before they send.
    if tcp.set_nodelay(true).is_err() || !matches!(tcp.peek(&mut first).await, Ok(1)) {
        return;
    }
    match first {
        [resp::ARRAY] => return resp::converse(tcp, settings.body).await,
        [TLS_HANDSHAKE] => {}
        _ => return converse(tcp, settings.body).await,
    }
    let deadline = Instant::now() + HANDSHAKE_TIME_MAX;
    let Some(Ok(stream)) = timer::timeout_at(deadline, settings.tls.accept(tcp)).await else {
        return;
    };
    // What comes out of a session cannot be looked at before it is read.
    let mut stream = BufReader::new(stream);
    match stream.fill_buf().await.map(|bytes| bytes.first().copied()) {
        Ok(Some(resp::ARRAY)) => resp::converse(stream, settings.body).await,
        Ok(Some(_)) => converse(stream, settings.body).await,
        Ok(None) | Err(_) => {}
    }
}

async fn converse<S>(stream: S, body: Bytes)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let body = body.clone();
        async move {
            let mut sent = request.into_body();
            // Read to its end, so that the connection can be used again.
            while let Some(Ok(_)) = sent.frame().await {}
            Ok::<_, Infallible>(Response::new(Full::new(body)))
        }
    });
    let builder = auto::Builder::new(Local);
    builder.serve_connection(TokioIo::new(stream), service).await.ok();
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{Ipv4Addr, TcpStream},
    };

    use super::*;

    #[test]
    fn a_redis_client_is_answered_on_the_same_port() {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let running = start(&NoopConfig { addr, threads: 1, body_bytes: 2 }).unwrap();
        let mut stream = TcpStream::connect(running.local_addr()).unwrap();
        stream.write_all(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n").unwrap();
        let mut answer = [0; 8];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"$2\r\nxx\r\n");
    }

    #[test]
    fn whatever_is_asked_is_answered() {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let running = start(&NoopConfig { addr, threads: 2, body_bytes: 5 }).unwrap();
        let mut stream = TcpStream::connect(running.local_addr()).unwrap();
        let check = |stream: &mut TcpStream, request: &str| {
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"xxxxx") {
                let mut some = [0; 512];
                let count = stream.read(&mut some).unwrap();
                assert_ne!(count, 0, "{}", String::from_utf8_lossy(&answer));
                answer.extend_from_slice(&some[..count]);
            }
            assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{answer:?}");
        };
        // On one connection: bodies are read to their end.
        check(&mut stream, "GET /any?thing HTTP/1.1\r\nhost: a\r\n\r\n");
        check(&mut stream, "POST / HTTP/1.1\r\nhost: b\r\ncontent-length: 3\r\n\r\nabc");
        check(&mut stream, "DELETE /x HTTP/1.1\r\nhost: c\r\n\r\n");
    }
}
