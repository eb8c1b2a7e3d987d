//! HTTP to the origins: GET on kept connections, redirects followed, answers read piece by piece within a
//! budget.

use std::{borrow::Cow, cell::RefCell, collections::HashMap, net::IpAddr};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::{
    body::{Body as _, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use plimsoll_runtime::{
    clock::Instant,
    dial::{self, DialOptions, Stream},
    dns::{DnsConfig, Resolver},
    tls::Alpn,
};

use super::{
    budget::Room,
    redirect::{self, REDIRECTS_MAX},
    request::Ask,
    rule::{RULES_MAX, Site},
    trust::Trust,
};
use crate::commands::Failure;

/// What a connection reads ahead at most, in bytes.
const READ_BYTES: usize = 64 << 10;
/// Connections that are kept per site while they are idle.
const IDLE_MAX: usize = 64;
/// Of an answer that brings no value, read so that its connection can be kept.
const DRAINED_MAX: usize = 64 << 10;

type Sender = http1::SendRequest<Empty<Bytes>>;

/// An answer that is whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Empty unless the status tells of success.
    pub(super) body: Bytes,
}

/// Limits of one request.
pub(super) struct Limits<'r> {
    pub(super) room: &'r mut Room,
    /// Longest body, in bytes.
    pub(super) body: usize,
    pub(super) deadline: Instant,
    pub(super) trust: &'r Trust,
}

/// Asks origins. Lives on one thread.
pub(super) struct Client {
    resolver: Resolver,
    /// By the site's name. At most [`RULES_MAX`] sites.
    idle: RefCell<HashMap<String, Vec<Sender>>>,
}

/// Why a request on a connection came to nothing.
enum Trouble {
    /// The connection ended before an answer began: it may have been closed while it was idle.
    Unanswered,
    Failed(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Failed(failure)
    }
}

impl Client {
    pub(super) fn new() -> Client {
        Client { resolver: Resolver::new(DnsConfig::default()), idle: RefCell::default() }
    }

    /// The answer to a request for `path`, or for what it redirects to.
    ///
    /// # Errors
    /// When no whole answer came, or one that is too long. Any status is an answer.
    pub(super) async fn get(
        &self,
        ask: Ask<'_>,
        path: &str,
        limits: &mut Limits<'_>,
    ) -> Result<Answer, Failure> {
        let mut path = Cow::Borrowed(path);
        for _ in 0..=REDIRECTS_MAX {
            let answer = self.get_one(ask, &path, limits).await?;
            match redirect::target(ask.site, &path, answer.status, &answer.headers)? {
                Some(next) => path = Cow::Owned(next),
                None => return Ok(answer),
            }
        }
        Err(Failure::TooManyRedirects)
    }

    async fn get_one(
        &self,
        ask: Ask<'_>,
        path: &str,
        limits: &mut Limits<'_>,
    ) -> Result<Answer, Failure> {
        if let Some(kept) = self.take(ask.site) {
            match self.exchange(kept, ask, path, limits).await {
                Err(Trouble::Unanswered) => {}
                Err(Trouble::Failed(failure)) => return Err(failure),
                Ok(answer) => return Ok(answer),
            }
        }
        let fresh = self.connect(ask.site, limits).await?;
        self.exchange(fresh, ask, path, limits).await.map_err(|trouble| match trouble {
            Trouble::Unanswered => Failure::Broken,
            Trouble::Failed(failure) => failure,
        })
    }

    /// A kept connection that is still open, the one used last first.
    fn take(&self, site: &Site) -> Option<Sender> {
        let mut idle = self.idle.borrow_mut();
        let kept = idle.get_mut(&site.name)?;
        while let Some(sender) = kept.pop() {
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, site: &Site, sender: Sender) {
        let mut idle = self.idle.borrow_mut();
        let kept = match idle.get_mut(&site.name) {
            Some(kept) => kept,
            None => {
                if idle.len() >= RULES_MAX {
                    // Some of them are of rules that are no more.
                    idle.clear();
                }
                idle.entry(site.name.clone()).or_default()
            }
        };
        if kept.len() >= IDLE_MAX {
            kept.retain(|sender| !sender.is_closed());
        }
        if kept.len() < IDLE_MAX {
            kept.push(sender);
        }
    }

    async fn connect(&self, site: &Site, limits: &Limits<'_>) -> Result<Sender, Failure> {
        let ip = match site.host.parse::<IpAddr>() {
            Ok(ip) => ip,
            Err(_) => self.resolver.lookup(&site.host).await.map_err(|_| Failure::Unreachable)?,
        };
        let options = DialOptions { deadline: limits.deadline, ..DialOptions::default() };
        let tcp = dial::dial((ip, site.port).into(), &options).await;
        let mut stream = Stream::from(tcp.map_err(|_| Failure::Unreachable)?);
        if site.is_secure {
            let tls = limits.trust.connector().ok_or(Failure::Unreachable)?;
            let secured = tls.connect(stream, &site.host, Alpn::Http1).await;
            stream = secured.map_err(|_| Failure::Unreachable)?.into();
        }
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(READ_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Failure::Unreachable)?;
        // The task ends with its connection; what went wrong is told by the request.
        tokio::task::spawn_local(connection);
        Ok(sender)
    }

    /// Asks on one connection, which is kept when it can be.
    async fn exchange(
        &self,
        mut sender: Sender,
        ask: Ask<'_>,
        path: &str,
        limits: &mut Limits<'_>,
    ) -> Result<Answer, Trouble> {
        sender.ready().await.map_err(|_| Trouble::Unanswered)?;
        let request = ask.request(path).ok_or(Failure::Broken)?;
        let response = sender.send_request(request).await.map_err(|error| {
            if error.is_parse() { Trouble::Failed(Failure::Broken) } else { Trouble::Unanswered }
        })?;
        let (head, body) = response.into_parts();
        let is_success = head.status.is_success();
        if is_success && is_encoded(&head.headers) {
            return Err(Failure::Broken.into());
        }
        let body = if is_success {
            read(body, limits).await?
        } else if drain(body).await {
            Bytes::new()
        } else {
            // What is left of it would be read as the next answer.
            drop(sender);
            return Ok(Answer { status: head.status, headers: head.headers, body: Bytes::new() });
        };
        self.keep(ask.site, sender);
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

/// Clients of the cache are not told of an encoding, so none may be kept.
fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The whole body. What it claims to be long is not taken before it has come.
async fn read(mut body: Incoming, limits: &mut Limits<'_>) -> Result<Bytes, Failure> {
    let told = body.size_hint().lower();
    if told > limits.body as u64 {
        return Err(Failure::TooLarge);
    }
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| Failure::Broken)?.into_data() else { continue };
        let length = whole.len() + piece.len();
        if length > limits.body {
            return Err(Failure::TooLarge);
        }
        if whole.capacity() < length {
            // By doubling, and in the end as long as it was told to be, if it was.
            let end = if told == 0 { limits.body } else { told as usize };
            let capacity = (2 * length).min(end).max(length);
            if !limits.room.grow_to(capacity) {
                return Err(Failure::NoBuffer);
            }
            whole.reserve_exact(capacity - whole.len());
        }
        whole.extend_from_slice(&piece);
    }
    whole.shrink_to_fit();
    Ok(Bytes::from(whole))
}

/// Reads what nobody wants; whether that was all.
async fn drain(mut body: Incoming) -> bool {
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        length += frame.data_ref().map_or(0, Bytes::len);
        if length > DRAINED_MAX {
            return false;
        }
    }
    true
}
