//! The result of one request.

use std::{borrow::Cow, time::Duration};

use plimsoll_metrics::Timestamp;

/// One request that was sent, or could not be, and what came back. Borrows from its sender or reader,
/// so that making one allocates nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hit<'a> {
    /// The name of the attack (`-name`); empty when it has none.
    pub attack: Cow<'a, str>,
    /// Its place among the attack's hits, from 0.
    pub seq: u64,
    /// The HTTP status; 0 without a response, and of a protocol without statuses.
    pub code: u16,
    /// When it was due. Formats that do not know it give when the request was sent.
    pub scheduled: Timestamp,
    /// From `scheduled` to the start of sending; `None` when the format does not tell it.
    pub lateness: Option<Duration>,
    /// From `scheduled` to the end of the response: what a user waits.
    pub response_time: Duration,
    /// Bytes of the request's body.
    pub bytes_out: u64,
    /// Bytes of the response's body.
    pub bytes_in: u64,
    /// Why it failed; empty when it did not.
    pub error: Cow<'a, str>,
    pub method: Cow<'a, str>,
    pub url: Cow<'a, str>,
    /// Empty unless bodies are kept (`-max-body`).
    pub body: Cow<'a, [u8]>,
    /// Of the response, in its order; empty unless bodies are kept.
    pub headers: Cow<'a, [(Vec<u8>, Vec<u8>)]>,
}

impl Hit<'_> {
    /// From the start of sending to the end of the response; `None` when lateness is not known.
    pub fn service_time(&self) -> Option<Duration> {
        self.lateness.map(|lateness| self.response_time.saturating_sub(lateness))
    }

    /// No error, and a status from 200 to 399 where there is one.
    pub fn is_success(&self) -> bool {
        self.error.is_empty() && (self.code == 0 || (200..400).contains(&self.code))
    }

    /// Whether its protocol has statuses, as HTTP does.
    pub fn has_status(&self) -> bool {
        self.code != 0 || self.url.is_empty() || self.url.starts_with("http")
    }

    /// The same, without copies.
    pub fn borrowed(&self) -> Hit<'_> {
        Hit {
            attack: Cow::Borrowed(&self.attack),
            error: Cow::Borrowed(&self.error),
            method: Cow::Borrowed(&self.method),
            url: Cow::Borrowed(&self.url),
            body: Cow::Borrowed(&self.body),
            headers: Cow::Borrowed(&self.headers),
            ..*self
        }
    }

    /// With copies of all that it borrows.
    pub fn into_owned(self) -> Hit<'static> {
        fn text(text: Cow<'_, str>) -> Cow<'static, str> {
            Cow::Owned(text.into_owned())
        }
        Hit {
            attack: text(self.attack),
            error: text(self.error),
            method: text(self.method),
            url: text(self.url),
            body: Cow::Owned(self.body.into_owned()),
            headers: Cow::Owned(self.headers.into_owned()),
            ..self
        }
    }
}
