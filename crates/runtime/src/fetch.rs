//! HTTP requests of the tool's own, such as those that deliver numbers or ask for them. Never load:
//! nothing is measured, and one connection per server is enough.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Uri, header, request};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::{
    clock::Instant,
    dial::{self, DialOptions, Stream},
    dns::{DnsConfig, Resolver},
    timer,
    tls::{Alpn, TlsConnector},
};

/// How much a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first look-up to the last byte.
    pub timeout: Duration,
    /// Bytes of the answer's body.
    pub body: usize,
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    /// With `http` URLs without asking first, as gRPC does.
    Http2,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Behind the body: where gRPC says how it went.
    pub trailers: HeaderMap,
}

/// Why there is no answer. A status that tells of an error is an answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("{0}: not an http or https URL with a host")]
    Url(String),
    #[error("{0}")]
    Connect(String),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The connection ended before the head of an answer.
    #[error("{0}")]
    Unanswered(String),
    #[error("{0}")]
    Broken(String),
}

/// Sends requests one after the other and keeps one connection per server. Lives on one thread, inside
/// a runtime of [`crate::workers`].
pub struct Fetcher {
    protocol: Protocol,
    tls: TlsConnector,
    resolver: Resolver,
    kept: HashMap<String, Sender>,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Fetcher {
    pub fn new(protocol: Protocol, tls: TlsConnector) -> Fetcher {
        let resolver = Resolver::new(DnsConfig::default());
        Fetcher { protocol, tls, resolver, kept: HashMap::new() }
    }

    /// Sends `request`, whose URL is absolute, and reads the whole answer. On a kept connection that the
    /// server has closed meanwhile, it is sent once more on a new one.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn send(
        &mut self,
        request: Request<Bytes>,
        limits: Limits,
    ) -> Result<Answer, FetchError> {
        let deadline = Instant::now() + limits.timeout;
        timer::timeout_at(deadline, self.attempt(request, limits.body, deadline))
            .await
            .unwrap_or(Err(FetchError::Timeout(limits.timeout)))
    }

    async fn attempt(
        &mut self,
        request: Request<Bytes>,
        body_limit: usize,
        deadline: Instant,
    ) -> Result<Answer, FetchError> {
        let (head, body) = request.into_parts();
        let origin = Origin::of(&head.uri)?;
        if let Some(mut kept) = self.kept.remove(&origin.key)
            && kept.is_ready().await
        {
            match kept.send(&head, &origin, body.clone(), body_limit).await {
                Err(FetchError::Unanswered(_)) => {}
                outcome => {
                    self.kept.insert(origin.key, kept);
                    return outcome;
                }
            }
        }
        let mut fresh = self.connect(&origin, deadline).await?;
        let answer = fresh.send(&head, &origin, body, body_limit).await?;
        self.kept.insert(origin.key, fresh);
        Ok(answer)
    }

    async fn connect(&self, origin: &Origin, deadline: Instant) -> Result<Sender, FetchError> {
        let failed = |error: &dyn std::fmt::Display| {
            FetchError::Connect(format!("{}: {error}", origin.authority))
        };
        // An address needs no look-up, whose thread takes more than all that is sent in the first second.
        let ip = match origin.host.parse::<IpAddr>() {
            Ok(ip) => ip,
            Err(_) => self.resolver.lookup(&origin.host).await.map_err(|error| failed(&error))?,
        };
        let options = DialOptions { deadline, ..DialOptions::default() };
        let tcp = dial::dial((ip, origin.port).into(), &options).await;
        let mut stream = Stream::from(tcp.map_err(|error| failed(&error))?);
        if origin.is_secure {
            let alpn = match self.protocol {
                Protocol::Http1 => Alpn::Http1,
                Protocol::Http2 => Alpn::Http2,
            };
            let secured = self.tls.connect(stream, &origin.host, alpn).await;
            stream = secured.map_err(|error| failed(&error))?.into();
        }
        let stream = TokioIo::new(stream);
        // A connection's task ends with its connection; what went wrong is told by the request.
        match self.protocol {
            Protocol::Http1 => {
                let (sender, connection) =
                    http1::handshake(stream).await.map_err(|error| failed(&error))?;
                tokio::spawn(connection);
                Ok(Sender::Http1(sender))
            }
            Protocol::Http2 => {
                let handshake = http2::handshake(TokioExecutor::new(), stream).await;
                let (sender, connection) = handshake.map_err(|error| failed(&error))?;
                tokio::spawn(connection);
                Ok(Sender::Http2(sender))
            }
        }
    }
}

impl Sender {
    async fn is_ready(&mut self) -> bool {
        match self {
            Sender::Http1(sender) => sender.ready().await.is_ok(),
            Sender::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    async fn send(
        &mut self,
        head: &request::Parts,
        origin: &Origin,
        body: Bytes,
        body_limit: usize,
    ) -> Result<Answer, FetchError> {
        let unanswered = |error: hyper::Error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            FetchError::Unanswered(format!("{error}{}", cause.unwrap_or_default()))
        };
        let mut request = Request::new(Full::new(body));
        request.method_mut().clone_from(&head.method);
        request.headers_mut().clone_from(&head.headers);
        let response = match self {
            Sender::Http1(sender) => {
                let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
                *request.uri_mut() = path.parse().unwrap_or_default();
                if let Ok(host) = HeaderValue::from_str(&origin.authority) {
                    request.headers_mut().entry(header::HOST).or_insert(host);
                }
                sender.send_request(request).await.map_err(unanswered)?
            }
            Sender::Http2(sender) => {
                request.uri_mut().clone_from(&head.uri);
                sender.send_request(request).await.map_err(unanswered)?
            }
        };
        let (head, body) = response.into_parts();
        let collected =
            Limited::new(body, body_limit).collect().await.map_err(|error| match error
                .downcast_ref::<LengthLimitError>(
            ) {
                Some(_) => FetchError::TooLarge(body_limit),
                None => FetchError::Broken(error.to_string()),
            })?;
        let trailers = collected.trailers().cloned().unwrap_or_default();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: collected.to_bytes(),
            trailers,
        })
    }
}

/// Whom a URL is for.
struct Origin {
    is_secure: bool,
    /// As the server is told: `host` or `host:port`.
    authority: String,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    key: String,
}

impl Origin {
    fn of(url: &Uri) -> Result<Origin, FetchError> {
        let wrong = || FetchError::Url(url.to_string());
        let is_secure = match url.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let host = url.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let authority = match url.port_u16() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let port = url.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let key = format!("{}{authority}", if is_secure { "s " } else { "" });
        Ok(Origin { is_secure, authority, host: bare, port, key })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{
        listen::{self, ListenOptions},
        tls::TlsConfig,
        workers,
    };

    const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), body: 16 };

    /// What `send` makes of `answers`, one connection each, and what the server was sent.
    fn check(answers: &'static [&'static [u8]], requests: usize) -> (Vec<String>, String) {
        workers::block_on(async {
            let any = "127.0.0.1:0".parse().unwrap();
            let listener = listen::tcp(any, ListenOptions::default()).unwrap();
            let url = format!("http://{}/write?db=k6", listener.local_addr().unwrap());
            let server = tokio::task::spawn_local(async move {
                let mut seen = String::new();
                for answer in answers {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut buffer = [0; 1024];
                    let length = stream.read(&mut buffer).await.unwrap();
                    seen.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
                    stream.write_all(answer).await.unwrap();
                }
                seen
            });
            let tls = TlsConnector::new(&TlsConfig::default()).unwrap();
            let mut fetcher = Fetcher::new(Protocol::Http1, tls);
            let mut outcomes = Vec::new();
            for _ in 0..requests {
                let request = Request::post(&url).body(Bytes::from("abc")).unwrap();
                outcomes.push(match fetcher.send(request, LIMITS).await {
                    Ok(answer) => format!("{} {:?}", answer.status, answer.body),
                    Err(error) => error.to_string(),
                });
            }
            (outcomes, server.await.unwrap())
        })
        .unwrap()
    }

    #[test]
    fn a_request_has_its_path_and_host_and_is_answered() {
        let (outcomes, seen) = check(&[b"HTTP/1.1 204 No Content\r\n\r\n"], 1);
        assert_eq!(outcomes, ["204 b\"\""]);
        assert!(seen.starts_with("POST /write?db=k6 HTTP/1.1\r\n"), "{seen}");
        assert!(seen.contains("\r\nhost: 127.0.0.1:"), "{seen}");
        assert!(seen.ends_with("\r\n\r\nabc"), "{seen}");
    }

    #[test]
    fn a_closed_connection_is_replaced() {
        const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let (outcomes, _) = check(&[OK, OK], 2);
        assert_eq!(outcomes, ["200 b\"ok\"", "200 b\"ok\""]);
    }

    #[test]
    fn a_large_answer_is_refused() {
        let (outcomes, _) =
            check(&[b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n01234567890123456"], 1);
        assert_eq!(outcomes, ["the answer is larger than 16 bytes"]);
    }

    #[test]
    fn urls_that_lead_nowhere() {
        for url in ["ftp://h/", "/path", "h:80"] {
            assert!(matches!(Origin::of(&url.parse().unwrap()), Err(FetchError::Url(_))), "{url}");
        }
        let origin = Origin::of(&"https://[::1]:8443/x".parse().unwrap()).unwrap();
        assert_eq!((origin.host.as_str(), origin.port), ("::1", 8443));
        assert_eq!(origin.authority, "[::1]:8443");
    }
}
