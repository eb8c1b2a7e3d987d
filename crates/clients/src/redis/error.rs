//! Why a command has no reply.

use plimsoll_wire::resp::ReplyError;

use crate::http::error::{ErrorCode, Failure};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisErrorKind {
    /// No connection: name, dial, TLS.
    Connect,
    /// The server refused what is said first: user, password, database, protocol.
    Login,
    Timeout,
    /// The connection broke, or the server closed it.
    Connection,
    /// What came is no RESP.
    Protocol,
    /// Sent from node to node too often.
    Redirects,
    /// The cluster's layout could not be had.
    Cluster,
}

/// A command, or a whole pipeline, that failed before a reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct RedisError {
    pub kind: RedisErrorKind,
    /// Without names and addresses, so that it can be a tag.
    pub message: String,
    /// With them.
    pub detail: String,
    /// The system's number, where it refused something.
    pub os_error: Option<i32>,
}

impl RedisError {
    /// `message` and `detail` are the same.
    pub(super) fn new(kind: RedisErrorKind, message: impl Into<String>) -> RedisError {
        let message = message.into();
        RedisError { kind, detail: message.clone(), message, os_error: None }
    }

    /// The detail, unless it names our end of a connection, which is another one each time.
    pub fn stable_detail(&self) -> &str {
        if self.detail.contains("->") { &self.message } else { &self.detail }
    }

    /// Whether the server said it.
    pub fn is_of_server(&self) -> bool {
        matches!(self.kind, RedisErrorKind::Login | RedisErrorKind::Cluster)
    }

    pub(super) fn timeout() -> RedisError {
        RedisError::new(RedisErrorKind::Timeout, "i/o timeout")
    }

    pub(super) fn closed() -> RedisError {
        RedisError::new(RedisErrorKind::Connection, "EOF")
    }

    pub(super) fn of_failure(failure: Failure, kind: RedisErrorKind) -> RedisError {
        let is_timeout = matches!(failure.code, ErrorCode::TIMEOUT | ErrorCode::TCP_DIAL_TIMEOUT);
        RedisError {
            kind: if is_timeout { RedisErrorKind::Timeout } else { kind },
            message: failure.message,
            detail: failure.detail,
            os_error: failure.os_error,
        }
    }
}

impl From<ReplyError> for RedisError {
    fn from(error: ReplyError) -> RedisError {
        RedisError::new(RedisErrorKind::Protocol, error.to_string())
    }
}
