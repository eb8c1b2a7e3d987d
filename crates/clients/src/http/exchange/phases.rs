//! How far one exchange has come, kept outside of its future so that a timeout does not lose it.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use plimsoll_runtime::clock::Instant;

use crate::http::{response::TlsInfo, timings::Timings};

#[derive(Debug, Default)]
pub(in crate::http) struct Phases {
    pub(super) looking_up: Duration,
    pub(super) connecting: Duration,
    pub(super) tls_handshaking: Duration,
    /// The connection is at hand.
    pub(super) ready: Option<Instant>,
    /// The last byte of the request is written.
    pub(super) sent: Option<Instant>,
    pub(super) first_byte: Option<Instant>,
    pub(super) remote: Option<SocketAddr>,
    pub(super) tls: Option<TlsInfo>,
    /// The response's head has been read: what fails from here on is its body.
    pub(super) has_head: bool,
    /// What has come of the body, when it is kept.
    pub(super) body: Vec<u8>,
    /// How many bytes have come of the body, kept or not.
    pub(super) body_bytes: u64,
}

impl Phases {
    pub(in crate::http) fn remote(&self) -> Option<SocketAddr> {
        self.remote
    }

    pub(in crate::http) fn tls(&self) -> Option<TlsInfo> {
        self.tls
    }

    pub(in crate::http) fn has_head(&self) -> bool {
        self.has_head
    }

    pub(in crate::http) fn body_bytes(&self) -> u64 {
        self.body_bytes
    }

    /// What came of the body before the exchange failed; `None` before its head.
    pub(in crate::http) fn take_partial_body(&mut self) -> Option<Bytes> {
        self.has_head.then(|| Bytes::from(std::mem::take(&mut self.body)))
    }

    /// `scheduled`: when the caller wanted it; `asked`: when a connection was asked for. An
    /// exchange that got no connection has spent no time, as in k6; one that ended in a phase has
    /// spent all its time up to the end there.
    pub(in crate::http) fn timings(
        &self,
        scheduled: Instant,
        asked: Instant,
        finished: Instant,
    ) -> Timings {
        let Some(ready) = self.ready else {
            // All but the time of a TCP connection whose TLS handshake failed.
            let connecting = self.connecting;
            return Timings {
                scheduled,
                started: asked,
                finished,
                connecting,
                ..Timings::default()
            };
        };
        let sent = self.sent.unwrap_or(finished);
        // An answer may come before all of the request is out.
        let first_byte = self.first_byte.unwrap_or(finished).max(sent);
        Timings {
            scheduled,
            started: ready,
            finished,
            blocked: ready.since(asked),
            looking_up: self.looking_up,
            connecting: self.connecting,
            tls_handshaking: self.tls_handshaking,
            sending: sent.since(ready),
            waiting: first_byte.since(sent),
            receiving: finished.since(first_byte),
        }
    }
}
