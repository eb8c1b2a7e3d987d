//! The client's side: asks an agent, at each tick, what is new.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use plimsoll_runtime::{
    clock::Instant,
    fetch::{Fetcher, Limits, Protocol},
    tls::{TlsConfig, TlsConnector},
};

use super::{
    answer::{self, Answer},
    follow::Follower,
    offset::Exchange,
    token::Token,
};
use crate::{
    metric::{self, Metric},
    probe::{Probe, ProbeError, Reading, Subject},
    readings::Readings,
    services::{self, Address},
};

/// Where agents listen unless told otherwise.
pub const PORT: u16 = 9876;

/// Bytes of one answer; what an agent puts into one is far less.
const ANSWER_LIMIT: usize = 16 << 20;

/// Shorter than a reading may take, so that the reason is told.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);

/// How long the agent may wait for its next tick when it has nothing new. So a tick that comes close to ours
/// is not late by a whole one when it comes just behind it.
const WAIT: Duration = Duration::from_millis(200);

/// Between attempts to reach an agent that is lost, doubling.
const BACKOFF_MIN: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// `agent:HOST[:PORT]`, or `agent:https://HOST[:PORT]`
#[derive(Debug)]
pub struct AgentSubject {
    name: String,
    /// `http://HOST:PORT`
    origin: String,
    authority: String,
    token: Option<Token>,
}

impl AgentSubject {
    /// `place`: behind `agent:`.
    pub(super) fn parse(place: &str) -> Result<AgentSubject, String> {
        let has_scheme = place.contains("://");
        let url = if has_scheme { place.to_owned() } else { format!("http://{place}") };
        let address = Address::parse(&url, PORT)?;
        if !matches!(address.scheme.as_str(), "http" | "https") || address.host.is_empty() {
            return Err("agent:HOST:PORT or agent:https://HOST:PORT is needed".to_owned());
        }
        if address.user.is_some() || address.password.is_some() {
            return Err("the token is given by --watch-token or PLIMSOLL_WATCH_TOKEN".to_owned());
        }
        let host = match address.host.contains(':') {
            true => format!("[{}]", address.host),
            false => address.host.clone(),
        };
        // The port of http is left out of a URL; here the agent's own would be meant.
        let port = match place.trim_end_matches('/').rsplit_once(':') {
            Some((_, "80")) => 80,
            Some((_, "443")) => 443,
            _ => address.port,
        };
        let authority = format!("{host}:{port}");
        let origin = format!("{}://{authority}", address.scheme);
        Ok(AgentSubject { name: format!("agent {authority}"), origin, authority, token: None })
    }
}

impl Subject for AgentSubject {
    fn name(&self) -> &str {
        &self.name
    }

    /// Whatever an agent may watch; names that only a page knows come with the first answer.
    fn metrics(&self) -> &'static [&'static Metric] {
        metric::all()
    }

    fn set_token(&mut self, token: &Token) {
        self.token = Some(token.clone());
    }

    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError> {
        let tls = TlsConnector::new(&TlsConfig::default()).map_err(ProbeError::new)?;
        Ok(Box::new(AgentProbe {
            fetcher: Fetcher::new(Protocol::Http1, tls),
            follower: Follower::new(&self.name, &self.authority),
            origin: self.origin,
            token: self.token,
            lost: None,
        }))
    }
}

struct AgentProbe {
    fetcher: Fetcher,
    follower: Follower,
    origin: String,
    token: Option<Token>,
    lost: Option<Lost>,
}

/// An agent that cannot be reached.
struct Lost {
    why: ProbeError,
    backoff: Duration,
    /// Not asked before.
    until: Instant,
}

impl Probe for AgentProbe {
    fn read<'a>(&'a mut self, readings: &'a Readings) -> Reading<'a> {
        Box::pin(async move {
            if let Some(lost) = &self.lost
                && Instant::now() < lost.until
            {
                return Err(lost.why.clone());
            }
            let outcome = self.ask(readings).await;
            self.lost = outcome.as_ref().err().map(|why| {
                let backoff = match &self.lost {
                    Some(lost) => (lost.backoff * 2).min(BACKOFF_MAX),
                    None => BACKOFF_MIN,
                };
                Lost { why: why.clone(), backoff, until: Instant::now() + backoff }
            });
            outcome
        })
    }
}

impl AgentProbe {
    async fn ask(&mut self, readings: &Readings) -> Result<(), ProbeError> {
        // The first answer of a session tells only where it stands: a second brings the readings.
        for _ in 0..2 {
            let had_session = self.follower.has_session();
            let (sent, body, returned) = self.fetch().await?;
            let answer: Answer<'_> = serde_json::from_slice(&body)
                .map_err(|error| ProbeError::new(format!("no answer of an agent: {error}")))?;
            let (arrived, answered) = (answer.received, answer.sent);
            self.follower.follow(
                &answer,
                Exchange { sent, arrived, answered, returned },
                readings,
            )?;
            if had_session {
                break;
            }
        }
        Ok(())
    }

    /// The answer's body between our two stamps.
    async fn fetch(&mut self) -> Result<(u64, Bytes, u64), ProbeError> {
        let question = self.follower.question();
        let url =
            format!("{}{}?{question}&wait_ms={}", self.origin, answer::PATH, WAIT.as_millis());
        let mut request = Request::get(url);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, token.header());
        }
        let request = request.body(Bytes::new()).map_err(ProbeError::new)?;
        let limits = Limits { timeout: ANSWER_TIMEOUT, body: ANSWER_LIMIT };
        let sent = Instant::now().unix_nanos();
        let answer = self.fetcher.send(request, limits).await.map_err(services::failure)?;
        let returned = Instant::now().unix_nanos();
        match answer.status {
            200 => Ok((sent, answer.body, returned)),
            401 if self.token.is_none() => Err(ProbeError::new(
                "it wants a token (hint: give the agent's with --watch-token or PLIMSOLL_WATCH_TOKEN)",
            )),
            401 => Err(ProbeError::new("it refuses the token: it is not the agent's (status 401)")),
            status => Err(ProbeError::new(format!(
                "no agent of plimsoll answers there (status {status})"
            ))),
        }
    }
}
