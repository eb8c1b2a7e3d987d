//! One request and its response on one connection, whatever the protocol.

pub(super) mod connect;
pub(super) mod h1;
pub(super) mod h2;
pub(super) mod lease;
pub(super) mod phases;
pub(super) mod pool;
pub(super) mod tunnel;

use std::rc::Rc;

use bytes::Bytes;

use super::{headers::Headers, response::Proto, url::Url};

/// A request as it goes out: everything decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outgoing<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a Url,
    /// What the request line says: path and query, or all of the URL through a proxy.
    pub(super) target: &'a str,
    pub(super) host: &'a str,
    pub(super) user_agent: &'a str,
    pub(super) content_length: Option<u64>,
    /// Sorted by name, without the above.
    pub(super) fields: &'a [(&'a [u8], &'a [u8])],
    pub(super) body: &'a Bytes,
    /// Whether HTTP/1.1 sends the body in chunks; a field says so then.
    pub(super) chunked: bool,
    /// No other exchange may follow on the connection.
    pub(super) close: bool,
    /// Whether to say so: the caller's own `Connection` field may do so already.
    pub(super) say_close: bool,
    pub(super) keep_body: bool,
}

/// A whole response.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) proto: Proto,
    pub(super) status: u16,
    /// Code and reason, e.g. `200 OK`.
    pub(super) status_text: Rc<str>,
    pub(super) headers: Headers,
    /// As received. `None` when there can be none by the status, or it was not kept.
    pub(super) body: Option<Bytes>,
}
