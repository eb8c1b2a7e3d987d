//! How one payload is sent, and what may go wrong with it.

use std::time::Duration;

use super::Payload;

/// Sends payloads one after the other. Lives on the delivery's thread.
pub trait Destination: 'static {
    /// What has to be done before the first payload, by one destination for all. Tried again like a
    /// payload; what is refused for good is told, and payloads are sent all the same.
    fn open(&mut self) -> impl Future<Output = Result<(), Failure>> {
        async { Ok(()) }
    }

    /// Sends `payload` once. Has a time limit of its own.
    fn send(&mut self, payload: &Payload) -> impl Future<Output = Result<Sent, Failure>>;
}

/// A payload that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Points of it that the receiver said it did not take.
    pub rejected: u64,
    /// Why it did not.
    pub reason: String,
}

/// Why a payload was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is nobody, or not now (refused connections, 429, 503): tried again until there is.
    Unavailable {
        reason: String,
        /// Not before this time has passed.
        retry_after: Option<Duration>,
    },
    /// Something broke (time-outs, 5xx): tried again some times, since the payload may be the cause.
    Transient { reason: String },
    /// It will never be taken (400, 401).
    Refused { reason: String },
}

impl Failure {
    pub fn unavailable(reason: impl Into<String>) -> Failure {
        Failure::Unavailable { reason: reason.into(), retry_after: None }
    }

    pub fn transient(reason: impl Into<String>) -> Failure {
        Failure::Transient { reason: reason.into() }
    }

    pub fn refused(reason: impl Into<String>) -> Failure {
        Failure::Refused { reason: reason.into() }
    }

    pub fn reason(&self) -> &str {
        match self {
            Failure::Unavailable { reason, .. }
            | Failure::Transient { reason }
            | Failure::Refused { reason } => reason,
        }
    }
}
