//! The agent's server: HTTP/1.1 on a thread of its own.

use std::{cell::Cell, io, net::SocketAddr, rc::Rc, thread::Builder, time::Duration};

use bytes::Bytes;
use http::{Method, Response, StatusCode, header, request};
use plimsoll_metrics::{Observation, Registry};
use plimsoll_runtime::{
    clock::Instant,
    http_server::{self, Limits},
    listen::{self, Bound, ListenOptions},
    log::Log,
    timer,
    tls::server::TlsAcceptor,
    workers,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::{
    answer,
    history::{History, Question},
    page,
    token::Token,
};

/// Connections at one time. Each client has one, a scraper another.
pub(super) const CONNECTIONS_LIMIT: usize = 64;

/// Of one of them.
const LIMITS: Limits = Limits {
    head_bytes: 16 << 10,
    head_time: Duration::from_secs(30),
    answer_time: Duration::from_secs(30),
};

const TLS_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest that a client may ask to wait for news.
const WAIT_LIMIT: Duration = Duration::from_secs(5);

/// Refusals that are logged one by one.
const REFUSALS_TOLD: u32 = 10;

/// How an agent serves.
pub struct AgentSettings {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    /// What clients must show; none only where all who can connect may see.
    pub token: Option<Token>,
    /// Whether Prometheus needs no token.
    pub open_metrics: bool,
    pub tls: Option<TlsAcceptor>,
    /// What this host is called in the readings of others.
    pub host: String,
}

/// Why there is no agent.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("start a thread: {0}")]
    Thread(io::Error),
    /// Who can connect from other hosts would see everything.
    #[error("without a token only a loopback address can be listened on, not {0}")]
    NoToken(SocketAddr),
}

/// A running agent; it serves until the process ends.
pub struct Agent {
    address: SocketAddr,
    history: History,
}

impl Agent {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a monitor gives its observations to; they must have their samples.
    pub fn sink(&self) -> impl FnMut(Observation) + Send + 'static {
        let history = self.history.clone();
        move |observation| history.push(&observation)
    }
}

/// Serves what [`Agent::sink`] takes in. `registry`: that of the monitor.
///
/// # Errors
/// See [`AgentError`].
pub fn start(settings: AgentSettings, registry: &Registry, log: &Log) -> Result<Agent, AgentError> {
    let address = settings.address;
    if settings.token.is_none() && !address.ip().is_loopback() {
        return Err(AgentError::NoToken(address));
    }
    let failed = |source| AgentError::Listen { address, source };
    let bound = listen::bind(address, ListenOptions::default()).map_err(failed)?;
    let address = bound.local_addr().map_err(failed)?;
    let history = History::new(registry.clone(), &settings.host);
    let (served, log) = (history.clone(), log.clone());
    Builder::new()
        .name("agent".into())
        .spawn(move || {
            let server =
                Server { settings, history: served, log: log.clone(), refusals: Cell::new(0) };
            match workers::block_on(server.run(bound)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) | Err(error) => log.error(&format!("the agent ended: {error}")),
            }
        })
        .map_err(AgentError::Thread)?;
    Ok(Agent { address, history })
}

struct Server {
    settings: AgentSettings,
    history: History,
    log: Log,
    refusals: Cell<u32>,
}

impl Server {
    async fn run(self, bound: Bound) -> io::Result<()> {
        let listener = bound.listen()?;
        let server = Rc::new(self);
        http_server::take(&listener, CONNECTIONS_LIMIT, |stream, peer| {
            let server = Rc::clone(&server);
            async move { server.connection(stream, peer).await }
        })
        .await;
        Ok(())
    }

    async fn connection(&self, stream: TcpStream, peer: SocketAddr) {
        let Some(tls) = &self.settings.tls else { return self.requests(stream, peer).await };
        let deadline = Instant::now() + TLS_TIMEOUT;
        if let Some(Ok(stream)) = timer::timeout_at(deadline, tls.accept(stream)).await {
            self.requests(stream, peer).await;
        }
    }

    async fn requests(&self, stream: impl AsyncRead + AsyncWrite + Unpin, peer: SocketAddr) {
        http_server::answer(stream, &LIMITS, async |request| self.answer(&request, peer).await)
            .await;
    }

    async fn answer(&self, request: &request::Parts, peer: SocketAddr) -> Response<Bytes> {
        let received = Instant::now().unix_nanos();
        let path = request.uri.path();
        let is_open = self.settings.open_metrics && path == "/metrics";
        if !is_open && !self.is_let_in(request) {
            return self.refusal(peer);
        }
        match (&request.method, path) {
            (&Method::GET, "/metrics") => response(
                StatusCode::OK,
                "text/plain; version=0.0.4; charset=utf-8",
                page::text(&self.history),
            ),
            (&Method::GET, answer::PATH) => {
                let (question, wait) = question(request.uri.query().unwrap_or_default());
                let deadline = Instant::now() + wait.min(WAIT_LIMIT);
                timer::timeout_at(deadline, self.history.wait_for_news(&question)).await;
                let answer = self.history.answer(&question, received);
                response(StatusCode::OK, "application/json", answer)
            }
            (&Method::GET, _) => {
                let text = format!("plimsoll watch on {}: see /metrics\n", self.history.host());
                response(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", text)
            }
            _ => response(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET\n"),
        }
    }

    fn is_let_in(&self, request: &request::Parts) -> bool {
        let Some(token) = &self.settings.token else { return true };
        let shown = request.headers.get(header::AUTHORIZATION);
        shown.is_some_and(|value| token.is_shown_by(value.as_bytes()))
    }

    fn refusal(&self, peer: SocketAddr) -> Response<Bytes> {
        let refusals = self.refusals.get().saturating_add(1);
        self.refusals.set(refusals);
        if refusals <= REFUSALS_TOLD {
            let last = if refusals == REFUSALS_TOLD { " (further ones are not told)" } else { "" };
            self.log.warn(&format!("refused {}: its token is wrong or missing{last}", peer.ip()));
        }
        let mut response =
            response(StatusCode::UNAUTHORIZED, "text/plain", "the token is wrong or missing\n");
        let bearer = header::HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        response
    }
}

/// What a query asks for, and how long it would wait. What makes no sense is left out.
fn question(query: &str) -> (Question, Duration) {
    let mut question = Question::default();
    let mut wait = Duration::ZERO;
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "session" => value.clone_into(&mut question.session),
            "after" => question.after = value.parse().unwrap_or_default(),
            "series" => question.series = value.parse().unwrap_or_default(),
            "wait_ms" => wait = Duration::from_millis(value.parse().unwrap_or_default()),
            _ => {}
        }
    }
    (question, wait)
}

fn response(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
