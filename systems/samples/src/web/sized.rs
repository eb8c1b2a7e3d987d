//! Bodies of a given size, at once or bit by bit.

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use plimsoll_runtime::random::Random;
use serde_json::json;

use super::{
    DELAY_SECONDS_MAX, RESPONSE_BYTES_MAX,
    body::{Body, Piece},
    exchange::{Head, Reply, not_found, refused, with_type},
    inspect,
    router::Segments,
};

const OCTETS: &str = "application/octet-stream";
const PLAIN: &str = "text/plain; charset=utf-8";
/// Sent in one piece; longer bodies come in pieces of this size.
const PIECE_BYTES: usize = 64 << 10;
/// Lines of `/stream`.
const LINES_MAX: usize = 100;

/// Random bytes that all unseeded bodies are cut from: what they are does not matter, and making
/// new ones for each request would be most of its cost.
static NOISE: LazyLock<Bytes> = LazyLock::new(|| {
    let mut noise = vec![0; PIECE_BYTES];
    Random::seeded(0).fill(&mut noise);
    noise.into()
});

/// The same, as letters: a page is text.
static LETTERS: LazyLock<Bytes> =
    LazyLock::new(|| NOISE.iter().map(|byte| b'a' + byte % 26).collect());

pub(super) fn route(head: &Head, segments: &Segments<'_>) -> Reply {
    match *segments {
        [Some("bytes"), Some(count), None, ..] => match count.parse() {
            Ok(count) => bytes(count, seed(head)),
            Err(_) => not_a_number(),
        },
        [Some("stream-bytes"), Some(count), None, ..] => match count.parse() {
            Ok(count) => stream_bytes(head, count),
            Err(_) => not_a_number(),
        },
        [Some("stream"), Some(count), None, ..] => match count.parse() {
            Ok(count) => stream(head, count),
            Err(_) => not_a_number(),
        },
        [Some("drip"), None, ..] => drip(head),
        _ => not_found(),
    }
}

fn not_a_number() -> Reply {
    refused(StatusCode::BAD_REQUEST, "the size is not a number\n")
}

/// 0 stands for none.
fn seed(head: &Head) -> Option<u64> {
    Some(head.parameter("seed", 0)).filter(|seed| *seed != 0)
}

/// `/bytes/{n}?seed=`, with the length known in advance.
pub(super) fn bytes(count: usize, seed: Option<u64>) -> Reply {
    let count = count.min(RESPONSE_BYTES_MAX);
    let body = match seed {
        None if count <= NOISE.len() => Body::from(NOISE.slice(..count)),
        seed => Body::pieces(Some(count as u64), pieces(count, PIECE_BYTES, seed)),
    };
    with_type(StatusCode::OK, OCTETS, body)
}

/// A page of `count` letters, with the length known in advance.
pub(super) fn page(count: usize) -> Reply {
    let mut left = count.min(RESPONSE_BYTES_MAX);
    if left <= LETTERS.len() {
        return with_type(StatusCode::OK, PLAIN, Body::from(LETTERS.slice(..left)));
    }
    let length = left as u64;
    let pieces = move || {
        let piece = LETTERS.slice(..left.min(PIECE_BYTES));
        left -= piece.len();
        (!piece.is_empty()).then_some(Piece { bytes: piece, wait: Duration::ZERO })
    };
    with_type(StatusCode::OK, PLAIN, Body::pieces(Some(length), pieces))
}

/// `/stream-bytes/{n}?seed=&chunk_size=`, chunked.
fn stream_bytes(head: &Head, count: usize) -> Reply {
    let size = head.parameter("chunk_size", 10 << 10).clamp(1, PIECE_BYTES);
    let pieces = pieces(count.min(RESPONSE_BYTES_MAX), size, seed(head));
    with_type(StatusCode::OK, OCTETS, Body::pieces(None, pieces))
}

/// `count` bytes in pieces of at most `size`, which is at most [`PIECE_BYTES`].
fn pieces(count: usize, size: usize, seed: Option<u64>) -> impl FnMut() -> Option<Piece> + 'static {
    let mut left = count;
    let mut random = seed.map(Random::seeded);
    move || {
        let length = left.min(size);
        left -= length;
        let bytes = match &mut random {
            Some(random) => {
                let mut bytes = vec![0; length];
                random.fill(&mut bytes);
                bytes.into()
            }
            None => NOISE.slice(..length.min(NOISE.len())),
        };
        (length > 0).then_some(Piece { bytes, wait: Duration::ZERO })
    }
}

/// `/stream/{n}`: the request as JSON, one line each, numbered.
fn stream(head: &Head, count: usize) -> Reply {
    let mut object = inspect::described(head);
    let count = count.min(LINES_MAX);
    let mut id = 0;
    let lines = move || {
        if id == count {
            return None;
        }
        if let Some(object) = object.as_object_mut() {
            object.insert("id".into(), json!(id));
        }
        id += 1;
        Some(Piece { bytes: format!("{object}\n").into(), wait: Duration::ZERO })
    };
    with_type(StatusCode::OK, "application/json", Body::pieces(None, lines))
}

/// `/drip?numbytes=&duration=&delay=&code=`: bytes one by one, spread over a time in seconds, after
/// a delay.
fn drip(head: &Head) -> Reply {
    let seconds = |name, default: f64| {
        let seconds = head.parameter(name, default).clamp(0.0, DELAY_SECONDS_MAX as f64);
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    };
    let count = head.parameter("numbytes", 10_u32).min(RESPONSE_BYTES_MAX as u32);
    let Ok(status) = StatusCode::from_u16(head.parameter("code", 200)) else {
        return refused(StatusCode::BAD_REQUEST, "there is no such status\n");
    };
    if count == 0 {
        return refused(StatusCode::BAD_REQUEST, "there must be at least one byte\n");
    }
    let (delay, each) = (seconds("delay", 2.0), seconds("duration", 2.0) / count);
    let mut sent = 0;
    let bytes = move || {
        if sent == count {
            return None;
        }
        sent += 1;
        let wait = if sent == 1 { delay } else { each };
        Some(Piece { bytes: Bytes::from_static(b"*"), wait })
    };
    with_type(status, OCTETS, Body::pieces(Some(count.into()), bytes))
}
