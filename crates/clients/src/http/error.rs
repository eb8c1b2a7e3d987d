//! Why an exchange failed: k6's numbers and texts.

use std::{io, net::SocketAddr, path::Path};

use plimsoll_runtime::{
    dns::DnsError,
    tls::{TlsError, TlsErrorKind},
};
use plimsoll_wire::http1;

/// k6's classes of failures, as numbers that its scripts and dashboards know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    /// No error.
    pub const NONE: ErrorCode = ErrorCode(0);
    pub const GENERIC: ErrorCode = ErrorCode(1000);
    /// A network error that is not TCP's.
    pub const NETWORK: ErrorCode = ErrorCode(1010);
    pub const INVALID_URL: ErrorCode = ErrorCode(1020);
    pub const TIMEOUT: ErrorCode = ErrorCode(1050);
    pub const DNS: ErrorCode = ErrorCode(1100);
    pub const DNS_NO_SUCH_HOST: ErrorCode = ErrorCode(1101);
    pub const BLACKLISTED_IP: ErrorCode = ErrorCode(1110);
    pub const BLOCKED_HOSTNAME: ErrorCode = ErrorCode(1111);
    pub const TCP: ErrorCode = ErrorCode(1200);
    pub const TCP_BROKEN_PIPE: ErrorCode = ErrorCode(1201);
    pub const TCP_UNKNOWN: ErrorCode = ErrorCode(1202);
    pub const TCP_DIAL: ErrorCode = ErrorCode(1210);
    pub const TCP_DIAL_TIMEOUT: ErrorCode = ErrorCode(1211);
    pub const TCP_DIAL_REFUSED: ErrorCode = ErrorCode(1212);
    pub const TCP_DIAL_UNKNOWN: ErrorCode = ErrorCode(1213);
    pub const TCP_RESET: ErrorCode = ErrorCode(1220);
    pub const TLS: ErrorCode = ErrorCode(1300);
    /// The server does not speak TLS.
    pub const TLS_HEADER: ErrorCode = ErrorCode(1301);
    pub const TLS_UNKNOWN_AUTHORITY: ErrorCode = ErrorCode(1310);
    pub const TLS_HOSTNAME: ErrorCode = ErrorCode(1311);
    pub const HTTP2: ErrorCode = ErrorCode(1600);
    pub const HTTP2_GOAWAY: ErrorCode = ErrorCode(1610);
    pub const HTTP2_STREAM: ErrorCode = ErrorCode(1630);
    pub const HTTP2_CONNECTION: ErrorCode = ErrorCode(1650);
    pub const DECOMPRESSION: ErrorCode = ErrorCode(1701);
    /// Ours, k6 has no limit: the body is larger than [`super::config::BODY_LIMIT`].
    pub const BODY_LIMIT: ErrorCode = ErrorCode(1702);

    /// The code of a response that arrived: `1000 + status` from 400 on, else none.
    pub fn of_status(status: u16) -> ErrorCode {
        if (400..600).contains(&status) { ErrorCode(1000 + status) } else { ErrorCode::NONE }
    }
}

/// A failed exchange.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{full}")]
pub struct HttpError {
    pub code: ErrorCode,
    /// Without names and addresses, so that it can be a tag: `response.error` in scripts.
    pub message: String,
    /// As k6 logs and throws it: `Get "http://...": dial tcp ...: connect: connection refused`.
    pub full: String,
    /// The kernel's number, where one of its errors is the cause.
    pub os_error: Option<i32>,
}

/// Go's text for bytes that are no TLS record.
const NOT_TLS: &str = "tls: first record does not look like a TLS handshake";

/// A failure on its way up, before it is known whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: ErrorCode,
    /// See [`HttpError::message`].
    pub(crate) message: String,
    /// [`HttpError::full`] without `Get "url": `.
    pub(crate) detail: String,
    /// Whether Go's text names the request: it does until the head has been read.
    pub(super) names_request: bool,
    /// The server closed a reused connection before it answered anything: worth one more try.
    pub(super) stale: bool,
    /// See [`HttpError::os_error`].
    pub(crate) os_error: Option<i32>,
}

impl Failure {
    /// `message` and `detail` are the same.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Failure {
        let message = message.into();
        Failure {
            code,
            detail: message.clone(),
            message,
            names_request: true,
            stale: false,
            os_error: None,
        }
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Failure {
        self.detail = detail.into();
        self
    }

    fn with_os_error(mut self, error: &io::Error) -> Failure {
        self.os_error = error.raw_os_error();
        self
    }

    /// As one of the body, which Go does not attribute.
    pub(super) fn of_body(mut self) -> Failure {
        self.names_request = false;
        self
    }

    pub(super) fn timeout() -> Failure {
        Failure::new(ErrorCode::TIMEOUT, "request timeout")
    }

    /// A connection that could not be made.
    pub(crate) fn of_dial(error: &io::Error, address: SocketAddr) -> Failure {
        let reason = text_of(error);
        let (code, message) = match error.kind() {
            io::ErrorKind::TimedOut => {
                (ErrorCode::TCP_DIAL_TIMEOUT, "dial: i/o timeout".to_owned())
            }
            io::ErrorKind::ConnectionRefused => {
                (ErrorCode::TCP_DIAL_REFUSED, "dial: connection refused".to_owned())
            }
            _ => match error.raw_os_error() {
                Some(number) => (
                    ErrorCode::TCP_DIAL_UNKNOWN,
                    format!("dial: unknown errno `{number}` error with msg `{reason}`"),
                ),
                None => (ErrorCode::TCP_DIAL, format!("dial tcp {address}: {reason}")),
            },
        };
        let step = if error.raw_os_error().is_some() { "connect: " } else { "" };
        Failure::new(code, message)
            .with_detail(format!("dial tcp {address}: {step}{reason}"))
            .with_os_error(error)
    }

    /// A Unix socket that could not be connected to.
    pub(super) fn of_dial_unix(error: &io::Error, path: &Path) -> Failure {
        let reason = text_of(error);
        Failure::new(ErrorCode::TCP_DIAL, format!("dial: {reason}"))
            .with_detail(format!("dial unix {}: connect: {reason}", path.display()))
            .with_os_error(error)
    }

    /// A connection that broke; `verb`: `read` or `write`.
    pub(crate) fn of_connection(error: &io::Error, verb: &str, ends: &str) -> Failure {
        let reason = text_of(error);
        let (code, message) = match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                return Failure::new(ErrorCode::GENERIC, "unexpected EOF");
            }
            io::ErrorKind::ConnectionReset => {
                (ErrorCode::TCP_RESET, format!("{verb}: connection reset by peer"))
            }
            io::ErrorKind::BrokenPipe => {
                (ErrorCode::TCP_BROKEN_PIPE, format!("{verb}: broken pipe"))
            }
            _ => match error.raw_os_error() {
                Some(number) => (
                    ErrorCode::TCP_UNKNOWN,
                    format!("{verb}: unknown errno `{number}` error with msg `{reason}`"),
                ),
                None => (ErrorCode::NETWORK, reason.clone()),
            },
        };
        Failure::new(code, message)
            .with_detail(format!("{verb} tcp {ends}: {verb}: {reason}"))
            .with_os_error(error)
    }

    pub(crate) fn of_dns(error: &DnsError) -> Failure {
        let detail = error.to_string();
        let failure = match error {
            DnsError::NoSuchHost(_) => {
                Failure::new(ErrorCode::DNS_NO_SUCH_HOST, "lookup: no such host")
            }
            DnsError::Failed { reason, .. } => {
                Failure::new(ErrorCode::DNS, format!("lookup: {reason}"))
            }
        };
        failure.with_detail(detail)
    }

    pub(crate) fn of_tls(error: &TlsError, ends: &str) -> Failure {
        let (code, message) = match error.kind {
            TlsErrorKind::UnknownAuthority => {
                (ErrorCode::TLS_UNKNOWN_AUTHORITY, "x509: unknown authority")
            }
            TlsErrorKind::Hostname => {
                (ErrorCode::TLS_HOSTNAME, "x509: certificate doesn't match hostname")
            }
            TlsErrorKind::Io => {
                return match &error.io {
                    Some(io) if io.kind() != io::ErrorKind::UnexpectedEof => {
                        Failure::of_connection(io, "read", ends)
                    }
                    _ => Failure::new(ErrorCode::GENERIC, error.message.clone()),
                };
            }
            TlsErrorKind::Alert => (ErrorCode::NETWORK, &*error.message),
            _ if error.message == NOT_TLS => {
                let detail = "http: server gave HTTP response to HTTPS client";
                return Failure::new(ErrorCode::TLS_HEADER, NOT_TLS).with_detail(detail);
            }
            _ => (ErrorCode::GENERIC, &*error.message),
        };
        Failure::new(code, message).with_detail(error.message.clone())
    }

    /// Bytes that are not HTTP.
    pub(super) fn of_wire(error: &http1::Error) -> Failure {
        let failure = Failure::new(ErrorCode::GENERIC, error.to_string());
        match error {
            http1::Error::Head(error) => failure
                .with_detail(format!("net/http: HTTP/1.x transport connection broken: {error}")),
            _ => failure,
        }
    }

    /// The caller's error; `Get "url"` is made of the request's method and URL.
    pub(super) fn into_error(self, method: &str, url: &str) -> HttpError {
        let full = match self.names_request {
            true => format!("{} {url:?}: {}", title(method), self.detail),
            false => self.detail,
        };
        HttpError { code: self.code, message: self.message, full, os_error: self.os_error }
    }
}

/// `GET` as `Get`, and `get` as it is: Go leaves the first letter alone.
fn title(method: &str) -> String {
    let mut characters = method.chars();
    match characters.next() {
        Some(first) => {
            std::iter::once(first).chain(characters.flat_map(char::to_lowercase)).collect()
        }
        None => "Get".to_owned(),
    }
}

/// The system's text in lower case, without Rust's ` (os error N)`.
fn text_of(error: &io::Error) -> String {
    let text = error.to_string();
    let bare = text.split(" (os error").next().unwrap_or(&text);
    bare.to_lowercase()
}
