//! The phases of one exchange.

use std::time::Duration;

use plimsoll_runtime::clock::Instant;

/// When an exchange was to start, started and finished, and how long each phase took.
///
/// The phases are k6's: `blocked` spans everything before the first byte could be written, so it
/// includes `looking_up`, `connecting` and `tls_handshaking`; those three are 0 on a reused
/// connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// When the caller wanted the exchange to start.
    pub scheduled: Instant,
    /// When the connection was at hand and the first byte was written.
    pub started: Instant,
    /// When the last byte of the response was there, or the exchange failed.
    pub finished: Instant,
    pub blocked: Duration,
    pub looking_up: Duration,
    pub connecting: Duration,
    pub tls_handshaking: Duration,
    pub sending: Duration,
    pub waiting: Duration,
    pub receiving: Duration,
}

impl Timings {
    /// Service time: `sending + waiting + receiving`, as k6 defines `http_req_duration`.
    pub fn duration(&self) -> Duration {
        self.sending + self.waiting + self.receiving
    }
}

/// A duration in milliseconds, the unit of k6's time metrics.
pub fn millis(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}
