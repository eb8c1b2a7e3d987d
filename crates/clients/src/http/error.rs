//! Why an exchange failed: k6's numbers and texts.

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
}
