//! One unary call of gRPC: a frame in, a frame and a status out.

use std::fmt::Write;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use plimsoll_runtime::fetch::Answer;

use crate::delivery::Failure;

/// Before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// Characters of a status's message that are told.
const TOLD_LIMIT: usize = 200;

/// Statuses that a receiver may answer with when it could take the same request later.
mod status {
    pub(super) const OK: u32 = 0;
    pub(super) const CANCELLED: u32 = 1;
    pub(super) const DEADLINE_EXCEEDED: u32 = 4;
    pub(super) const RESOURCE_EXHAUSTED: u32 = 8;
    pub(super) const ABORTED: u32 = 10;
    pub(super) const OUT_OF_RANGE: u32 = 11;
    pub(super) const UNAVAILABLE: u32 = 14;
    pub(super) const DATA_LOSS: u32 = 15;
}

/// A message as a request's body.
pub(super) fn frame(message: &[u8], is_compressed: bool) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(PREFIX + message.len());
    frame.push(u8::from(is_compressed));
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(message);
    frame
}

/// The message of an answer that says that all is well; empty when there is none.
///
/// # Errors
/// What the status says otherwise. The same as HTTP's where there is none.
pub(super) fn message(answer: &Answer) -> Result<Bytes, Failure> {
    // An answer without a message has its status in its head.
    let field = |name| answer.trailers.get(name).or_else(|| answer.headers.get(name));
    let code = field("grpc-status").and_then(|code| code.to_str().ok()?.parse().ok());
    let Some(code) = code else {
        return Err(Failure::transient("the answer has no gRPC status"));
    };
    if code == status::OK {
        return Ok(answer
            .body
            .get(PREFIX..)
            .map(|_| answer.body.slice(PREFIX..))
            .unwrap_or_default());
    }
    let mut reason = format!("gRPC status {code}");
    if let Some(text) = field("grpc-message").and_then(|text| text.to_str().ok()) {
        let text = percent_decode_str(text).decode_utf8_lossy();
        let told = text.chars().filter(|char| !char.is_control()).take(TOLD_LIMIT);
        // Writing to a String cannot fail.
        write!(reason, ": {}", told.collect::<String>()).ok();
    }
    Err(match code {
        status::UNAVAILABLE => Failure::unavailable(reason),
        status::CANCELLED
        | status::DEADLINE_EXCEEDED
        | status::RESOURCE_EXHAUSTED
        | status::ABORTED
        | status::OUT_OF_RANGE
        | status::DATA_LOSS => Failure::transient(reason),
        _ => Failure::refused(reason),
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn check(
        headers: &[(&'static str, &'static str)],
        trailers: &[(&'static str, &'static str)],
    ) -> Result<Bytes, Failure> {
        let map = |pairs: &[(&'static str, &'static str)]| {
            let pair = |&(name, value): &(&'static str, &'static str)| {
                (http::HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            pairs.iter().map(pair).collect::<HeaderMap>()
        };
        let body = Bytes::from_static(b"\0\0\0\0\x02ab");
        message(&Answer { status: 200, headers: map(headers), body, trailers: map(trailers) })
    }

    #[test]
    fn a_status_is_in_the_trailers_or_in_the_head() {
        assert_eq!(check(&[], &[("grpc-status", "0")]), Ok(Bytes::from_static(b"ab")));
        assert_eq!(
            check(&[("grpc-status", "14"), ("grpc-message", "try%20later")], &[]),
            Err(Failure::unavailable("gRPC status 14: try later"))
        );
        assert_eq!(
            check(&[], &[("grpc-status", "3"), ("grpc-message", "bad")]),
            Err(Failure::refused("gRPC status 3: bad"))
        );
        assert_eq!(check(&[], &[("grpc-status", "4")]), Err(Failure::transient("gRPC status 4")));
        assert_eq!(check(&[], &[]), Err(Failure::transient("the answer has no gRPC status")));
    }

    #[test]
    fn a_frame_has_its_length() {
        assert_eq!(frame(b"ab", false), b"\0\0\0\0\x02ab");
        assert_eq!(frame(&[0; 258], true)[..5], [1, 0, 0, 1, 2]);
    }
}
