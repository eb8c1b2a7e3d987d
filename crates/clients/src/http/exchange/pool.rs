//! A client's connections by host.

use std::{net::SocketAddr, rc::Rc};

use plimsoll_runtime::dial::Stream;
use tokio::sync::{Notify, Semaphore};

use super::h2::H2;
use crate::http::{
    config::Protocol,
    response::TlsInfo,
    url::{Scheme, Url},
};

/// A connection between exchanges.
#[derive(Debug)]
pub(in crate::http) struct Connection {
    pub(super) stream: Stream,
    pub(super) remote: Option<SocketAddr>,
    pub(super) tls: Option<TlsInfo>,
    /// Whether it has served an exchange before.
    pub(super) reused: bool,
}

/// Empty, it is one pointer long: most VUs talk to one or two hosts, some to none.
#[derive(Default)]
pub(in crate::http) struct Pool {
    hosts: Vec<Host>,
}

struct Host {
    /// Its scheme, host and port are the key.
    key: Url,
    idle: Vec<Connection>,
    h2: Option<H2>,
    speaks: Option<Speaks>,
    /// A first TLS connection is being made, which will tell what the host speaks.
    dialing: Option<Rc<Notify>>,
    /// One permit for each connection that there may be, where there is a limit.
    permits: Option<Rc<Semaphore>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Http1,
    Http2,
}

/// What a request can use.
pub(super) enum Found {
    H1(Connection),
    H2(H2),
    /// Wait for this, then look again.
    Dialing(Rc<Notify>),
    Nothing,
}

impl Pool {
    pub(super) fn find(&mut self, url: &Url) -> Found {
        let Some(host) = self.hosts.iter_mut().find(|host| host.is_for(url)) else {
            return Found::Nothing;
        };
        if let Some(h2) = &host.h2 {
            return Found::H2(h2.clone());
        }
        while let Some(mut connection) = host.idle.pop() {
            if !connection.stream.is_stale() {
                return Found::H1(connection);
            }
        }
        match &host.dialing {
            Some(notify) if host.speaks != Some(Speaks::Http1) => Found::Dialing(notify.clone()),
            _ => Found::Nothing,
        }
    }

    /// A connection is about to be made. When its protocol is open, others to the same host wait
    /// for it, so that they can share it if it is HTTP/2; then this is `true`.
    pub(super) fn start_dialing(&mut self, url: &Url, protocol: Protocol) -> bool {
        let may_be_h2 = match protocol {
            Protocol::Negotiated => url.scheme() == Scheme::Https,
            Protocol::Http1 => false,
            Protocol::Http2Cleartext => true,
        };
        if !may_be_h2 {
            return false;
        }
        let host = self.host(url);
        let leads = host.speaks != Some(Speaks::Http1) && host.dialing.is_none();
        if leads {
            host.dialing = Some(Rc::new(Notify::new()));
        }
        leads
    }

    pub(super) fn end_dialing(&mut self, url: &Url, outcome: Option<Speaks>) {
        let host = self.host(url);
        host.speaks = outcome.or(host.speaks);
        if let Some(notify) = host.dialing.take() {
            notify.notify_waiters();
        }
    }

    /// What an exchange must hold a permit of, so that there are at most `limit` connections: an
    /// idle one is always taken before a new one is made. One HTTP/2 connection serves all.
    pub(super) fn permits(&mut self, url: &Url, limit: usize) -> Option<Rc<Semaphore>> {
        let host = self.host(url);
        if host.speaks == Some(Speaks::Http2) {
            return None;
        }
        let made = || Rc::new(Semaphore::new(limit.clamp(1, Semaphore::MAX_PERMITS)));
        Some(Rc::clone(host.permits.get_or_insert_with(made)))
    }

    /// Keeps a connection for the next exchange; `limit`: how many are kept.
    pub(super) fn put(&mut self, url: &Url, mut connection: Connection, limit: usize) {
        connection.reused = true;
        let host = self.host(url);
        if host.idle.len() < limit {
            host.idle.push(connection);
        }
    }

    pub(super) fn put_h2(&mut self, url: &Url, h2: H2) {
        self.host(url).h2 = Some(h2);
    }

    /// Takes a dead HTTP/2 connection out, unless another has replaced it already.
    pub(super) fn remove_h2(&mut self, url: &Url, dead: &H2) {
        let host = self.host(url);
        if host.h2.as_ref().is_some_and(|h2| h2.is_same(dead)) {
            host.h2 = None;
        }
    }

    pub(in crate::http) fn clear(&mut self) {
        self.hosts.clear();
        self.hosts.shrink_to_fit();
    }

    fn host(&mut self, url: &Url) -> &mut Host {
        let at = self.hosts.iter().position(|host| host.is_for(url));
        let at = at.unwrap_or_else(|| {
            self.hosts.push(Host {
                key: url.clone(),
                idle: Vec::new(),
                h2: None,
                speaks: None,
                dialing: None,
                permits: None,
            });
            self.hosts.len() - 1
        });
        &mut self.hosts[at]
    }
}

impl Host {
    fn is_for(&self, url: &Url) -> bool {
        self.key.same_host(url)
    }
}
