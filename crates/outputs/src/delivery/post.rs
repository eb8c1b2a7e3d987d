//! A destination's requests over HTTP, and what their answers mean.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use plimsoll_runtime::{
    fetch::{Answer, FetchError, Fetcher, Limits, Protocol},
    tls::TlsConnector,
};

use super::Failure;

/// How long an answer may take.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of an answer that are read.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Characters of an answer's body that are told.
const TOLD_LIMIT: usize = 200;

/// Posts bodies to one URL.
pub struct Post {
    fetcher: Fetcher,
    url: Uri,
    headers: HeaderMap,
    limits: Limits,
}

impl Post {
    /// To `url`, which is absolute, with `headers` in each request.
    pub fn new(protocol: Protocol, tls: TlsConnector, url: Uri, headers: HeaderMap) -> Post {
        let limits = Limits { timeout: TIMEOUT, body: ANSWER_LIMIT };
        Post { fetcher: Fetcher::new(protocol, tls), url, headers, limits }
    }

    /// With another limit than [`TIMEOUT`].
    pub fn with_timeout(mut self, timeout: Duration) -> Post {
        self.limits.timeout = timeout;
        self
    }

    /// Posts `body`.
    ///
    /// # Errors
    /// When there is no answer, and when the answer's status is none of 2xx; see [`judge`].
    pub async fn post(&mut self, body: Bytes) -> Result<Answer, Failure> {
        let url = self.url.clone();
        self.post_to(url, body).await
    }

    /// As [`Post::post`], to another URL.
    ///
    /// # Errors
    /// As [`Post::post`].
    pub async fn post_to(&mut self, url: Uri, body: Bytes) -> Result<Answer, Failure> {
        let mut request = Request::new(body);
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = url;
        request.headers_mut().clone_from(&self.headers);
        let answer = self.fetcher.send(request, self.limits).await.map_err(unanswered)?;
        judge(&answer)?;
        Ok(answer)
    }
}

/// What a failed request means for its payload.
pub fn unanswered(error: FetchError) -> Failure {
    let reason = error.to_string();
    match error {
        FetchError::Url(_) => Failure::refused(reason),
        FetchError::Connect(_) => Failure::unavailable(reason),
        FetchError::Timeout(_)
        | FetchError::TooLarge(_)
        | FetchError::Unanswered(_)
        | FetchError::Broken(_) => Failure::transient(reason),
    }
}

/// What an answer's status means for its payload: taken, not now, broken, never.
///
/// # Errors
/// For all but 2xx.
pub fn judge(answer: &Answer) -> Result<(), Failure> {
    let status = answer.status;
    if (200..300).contains(&status) {
        return Ok(());
    }
    let reason = describe(answer);
    Err(match status {
        408 | 429 | 503 => Failure::Unavailable { reason, retry_after: retry_after(answer) },
        500.. => Failure::Transient { reason },
        _ => Failure::Refused { reason },
    })
}

/// `400 Bad Request: partial write`
pub fn describe(answer: &Answer) -> String {
    let status = StatusCode::from_u16(answer.status).ok();
    let words = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
    let body = String::from_utf8_lossy(&answer.body);
    let plain = body.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = format!("{} {words}", answer.status).trim_end().to_owned();
    if !plain.is_empty() {
        text.push_str(": ");
        text.extend(plain.chars().filter(|char| !char.is_control()).take(TOLD_LIMIT));
        if plain.chars().count() > TOLD_LIMIT {
            text.push_str("...");
        }
    }
    text
}

/// Only as a number of seconds; no receiver of numbers sends a date.
fn retry_after(answer: &Answer) -> Option<Duration> {
    let text = answer.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// `Basic` credentials as a header's value, kept out of debug output.
pub fn basic_authorization(user: &str, password: &str) -> HeaderValue {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    secret(&format!("Basic {encoded}")).unwrap_or_else(|| HeaderValue::from_static("Basic"))
}

/// A value that debug output does not show; `None` for one that no header can have.
pub fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A header as users write it in variables: `name` and `value`.
///
/// # Errors
/// A sentence, when no header can be so.
pub fn user_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || format!("{name:?}: not a header");
    let parsed = HeaderName::try_from(name).map_err(|_| wrong())?;
    Ok((parsed, secret(value).ok_or_else(wrong)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&'static str>, body: &'static str) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(value));
        }
        Answer {
            status,
            headers,
            body: Bytes::from_static(body.as_bytes()),
            trailers: HeaderMap::new(),
        }
    }

    #[test]
    fn a_status_decides_what_becomes_of_a_payload() {
        for status in [200, 202, 204] {
            assert_eq!(judge(&answer(status, None, "")), Ok(()));
        }
        for status in [301, 400, 401, 403, 404, 413, 422] {
            let judged = judge(&answer(status, None, ""));
            assert!(matches!(judged, Err(Failure::Refused { .. })), "{status}: {judged:?}");
        }
        for status in [500, 502, 504] {
            let judged = judge(&answer(status, None, ""));
            assert!(matches!(judged, Err(Failure::Transient { .. })), "{status}: {judged:?}");
        }
        assert_eq!(
            judge(&answer(429, Some("7"), "slow down")),
            Err(Failure::Unavailable {
                reason: "429 Too Many Requests: slow down".to_owned(),
                retry_after: Some(Duration::from_secs(7)),
            })
        );
        assert_eq!(
            judge(&answer(503, Some("Fri, 07 Nov 2036 00:00:00 GMT"), "")),
            Err(Failure::unavailable("503 Service Unavailable"))
        );
    }

    #[test]
    fn an_answer_is_told_in_one_short_line() {
        assert_eq!(
            describe(&answer(400, None, "{\"error\":\n \"partial\twrite\"}\n")),
            "400 Bad Request: {\"error\": \"partial write\"}"
        );
        let long = Box::leak("é".repeat(1_000).into_boxed_str());
        let told = describe(&answer(599, None, long));
        assert!(told.starts_with("599: é") && told.ends_with("é..."), "{told}");
        assert_eq!(told.chars().count(), "599: ".len() + TOLD_LIMIT + "...".len());
    }

    #[test]
    fn credentials() {
        assert_eq!(
            basic_authorization("Aladdin", "open sesame"),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert!(basic_authorization("", "").is_sensitive());
        assert!(user_header("x y", "z").is_err());
        assert!(user_header("x", "a\nb").is_err());
    }
}
