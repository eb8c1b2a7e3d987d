//! One request of an exchange and what came of it.

use std::{pin::pin, rc::Rc};

use bytes::Bytes;
use plimsoll_runtime::{clock::Instant, timer};

use super::fields::{self, Added};
use crate::http::{
    client::Client,
    compress::{self, DecodeError},
    cookies::Cookie,
    debug,
    emit::Facts,
    error::{ErrorCode, Failure},
    exchange::{Incoming, Outgoing, connect::Origin, lease::Means, phases::Phases},
    request::{Auth, Request, Scope},
    response::{Proto, Response},
    timings::Timings,
    url::Url,
};

/// Pairs of a `Cookie` field.
pub(super) type Pairs = Vec<(Rc<str>, Rc<str>)>;

/// What one request differs in from the caller's.
pub(super) struct Hop {
    pub(super) method: Rc<str>,
    pub(super) url: Url,
    pub(super) body: Bytes,
    /// URL of the request that redirected here, without credentials.
    pub(super) referer: Option<Rc<str>>,
    /// Whether the host is the caller's or below it: others must not see its secrets.
    pub(super) trusted: bool,
    /// The answer to a digest challenge.
    pub(super) authorization: Option<String>,
    pub(super) is_first: bool,
}

/// The times that are set before a request.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// When the caller wanted it, or the last hop ended.
    pub(super) scheduled: Instant,
    /// When it may start, by `rps`.
    pub(super) asked: Instant,
    pub(super) deadline: Instant,
}

/// What came of one request.
pub(super) struct Ended {
    pub(super) incoming: Option<Incoming>,
    pub(super) failure: Option<Failure>,
    pub(super) partial_body: Option<Bytes>,
    pub(super) timings: Timings,
    pub(super) phases: Phases,
}

impl Ended {
    pub(super) fn status(&self) -> u16 {
        self.incoming.as_ref().map_or(0, |incoming| incoming.status)
    }

    pub(super) fn error_code(&self) -> ErrorCode {
        match &self.failure {
            Some(failure) => failure.code,
            None => ErrorCode::of_status(self.status()),
        }
    }

    /// The response turns out to be of no use.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
        self.incoming = None;
    }
}

impl Hop {
    pub(super) fn first(request: &Request, body: Bytes) -> Hop {
        // As k6 does, digest takes the credentials out of the URL that is shown and tagged.
        let url = match request.auth {
            Auth::Digest if request.url.credentials().is_some() => Url::parse(request.url.bare()),
            _ => Ok(request.url.clone()),
        };
        Hop {
            method: request.method.clone(),
            url: url.unwrap_or_else(|_| request.url.clone()),
            body,
            referer: None,
            trusted: true,
            authorization: None,
            is_first: true,
        }
    }

    /// What the `Cookie` field says: the caller's own field, the request's cookies, the jar's.
    pub(super) fn cookies(&self, request: &Request) -> Pairs {
        let mut pairs = Pairs::new();
        if self.is_first
            && let Some(field) = request.headers.get("Cookie")
        {
            for pair in field.split(';') {
                if let Some((name, value)) = pair.trim().split_once('=') {
                    pairs.push((Rc::from(name), Rc::from(value)));
                }
            }
        }
        for cookie in &request.cookies {
            pairs.push((cookie.name.clone(), cookie.value.clone()));
        }
        if let Some(jar) = &request.jar {
            let replaced = |name: &str| {
                request.cookies.iter().any(|cookie| cookie.replace && &*cookie.name == name)
            };
            let stored = jar.cookies_for_url(&self.url);
            pairs.extend(stored.into_iter().filter(|(name, _)| !replaced(name)));
        }
        pairs
    }

    /// Stores what the response sets.
    pub(super) fn take_cookies(&self, request: &Request, ended: &Ended) {
        let (Some(jar), Some(incoming)) = (&request.jar, &ended.incoming) else { return };
        for line in incoming.headers.all("Set-Cookie") {
            if let Some(cookie) = Cookie::parse(&line) {
                jar.set(&self.url, cookie);
            }
        }
    }

    /// Sends the request and reads the response, within the deadline.
    pub(super) async fn run(
        &self,
        client: &Client,
        request: &Request,
        cookies: &Pairs,
        moments: Moments,
    ) -> Ended {
        let Moments { scheduled, asked, deadline } = moments;
        let mut phases = Phases::default();
        let result = match fields::check(self, request) {
            // A timer would let the exchange have its first steps.
            Ok(()) if request.timeout.is_zero() => Err(Failure::timeout()),
            Ok(()) => {
                let result = {
                    let exchange = self.exchange(client, request, cookies, deadline, &mut phases);
                    // Lent, so that its state is kept once only.
                    timer::timeout_at(deadline, pin!(exchange)).await
                };
                result.unwrap_or_else(|| match phases.has_head() {
                    true => Err(Failure::timeout().of_body()),
                    false => Err(Failure::timeout()),
                })
            }
            Err(failure) => Err(failure),
        };
        client.worker.buffers.trim();
        let timings = phases.timings(scheduled, asked, Instant::now());
        let partial_body = match result {
            Err(_) if !request.discard_body => phases.take_partial_body(),
            _ => None,
        };
        let mut ended = Ended { incoming: None, failure: None, partial_body, timings, phases };
        match result {
            Ok(incoming) => ended.take_in(incoming),
            Err(failure) => ended.failure = Some(failure),
        }
        if let Some(mode) = client.worker.config.http_debug {
            debug::response(&client.worker.config.log, mode, &ended.incoming);
        }
        ended
    }

    async fn exchange(
        &self,
        client: &Client,
        request: &Request,
        cookies: &Pairs,
        deadline: Instant,
        phases: &mut Phases,
    ) -> Result<Incoming, Failure> {
        let config = &*client.worker.config;
        let added = Added::new(self, request, config, cookies);
        let chunked = request.chunked && !self.body.is_empty();
        let fields = fields::sorted(self, request, &added, chunked);
        let host = request.headers.get("Host").filter(|host| self.trusted && !host.is_empty());
        let user_agent = request.headers.get("User-Agent");
        let connection = request.headers.get("Connection");
        let says_close = connection.is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let outgoing = Outgoing {
            method: &self.method,
            url: &self.url,
            target: added.absolute_target.as_deref().unwrap_or(self.url.target()),
            host: host.as_deref().unwrap_or(self.url.authority()),
            user_agent: user_agent.as_deref().unwrap_or(&config.user_agent),
            content_length: fields::content_length(self).filter(|_| !chunked),
            fields: &fields,
            body: &self.body,
            chunked,
            close: says_close || config.no_connection_reuse,
            say_close: config.no_connection_reuse && !says_close,
            keep_body: !request.discard_body,
        };
        if let Some(mode) = config.http_debug {
            debug::request(&config.log, mode, &outgoing);
        }
        let traffic = &client.traffic;
        let local_ip = &|| client.local_ip();
        let means = Means {
            origin: Origin { config, local_ip, deadline, traffic },
            pool: &client.pool,
            buffers: &client.worker.buffers,
            connections_per_host: client.connections_per_host,
        };
        let replayable = matches!(&*self.method, "GET" | "HEAD" | "OPTIONS" | "TRACE")
            || request.headers.get("Idempotency-Key").is_some()
            || request.headers.get("X-Idempotency-Key").is_some();
        means.exchange(&outgoing, replayable, phases).await
    }

    /// Emits the samples; `is_challenge`: the answer to it follows, so that a 401 is expected.
    pub(super) fn emit(
        &self,
        client: &Client,
        request: &Request,
        scope: &Scope,
        ended: &Ended,
        is_challenge: bool,
    ) {
        let status = ended.status();
        let expected = request.expected.expects(status).map(|expected| expected || is_challenge);
        let facts = Facts {
            url: &self.url,
            name: request.name.as_ref(),
            method: &self.method,
            tags: &request.tags,
            status,
            proto: ended.incoming.as_ref().map_or(Proto::None, |incoming| incoming.proto),
            tls_version: ended.phases.tls().filter(|_| status != 0).map_or("", |tls| tls.version),
            error_code: ended.error_code(),
            error: ended.failure.as_ref().map_or("", |failure| &failure.message),
            expected,
            ip: ended.phases.remote().map(|remote| remote.ip()),
        };
        client.worker.emit(scope, &facts, &ended.timings);
    }
}

impl Ended {
    /// Takes a whole response in and undoes its content coding.
    fn take_in(&mut self, mut incoming: Incoming) {
        let body = incoming.body.as_deref().unwrap_or_default();
        let field = incoming.headers.get("Content-Encoding").filter(|_| !body.is_empty());
        let decoded = field.and_then(|field| compress::decode(body, &field));
        match decoded {
            None => self.incoming = Some(incoming),
            Some(Ok(decoded)) => {
                incoming.body = Some(Bytes::from(decoded));
                self.incoming = Some(incoming);
            }
            Some(Err(error)) => {
                let code = match error {
                    DecodeError::Invalid(_) => ErrorCode::DECOMPRESSION,
                    DecodeError::TooLarge => ErrorCode::BODY_LIMIT,
                };
                self.failure = Some(Failure::new(code, error.to_string()).of_body());
            }
        }
    }
}

/// An exchange that failed before anything was sent.
pub(super) fn refuse(
    client: &Client,
    request: Request,
    failure: Failure,
    scope: &Scope,
) -> Response {
    let now = Instant::now();
    let phases = Phases::default();
    let timings = phases.timings(now, now, now);
    let ended =
        Ended { incoming: None, failure: Some(failure), partial_body: None, timings, phases };
    let hop = Hop::first(&request, Bytes::new());
    hop.emit(client, &request, scope, &ended, false);
    super::finish(request, hop, ended, Vec::new())
}
