//! Conditional requests, and headers made to order.

use std::collections::BTreeMap;

use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE,
        IF_NONE_MATCH, LAST_MODIFIED,
    },
};

use super::{
    body::Body,
    exchange::{Head, Reply, decoded, empty, json, json_bytes, not_found, refused, with_header},
    inspect,
    router::Segments,
};

/// What never changes has always been so.
const LAST_CHANGE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
const TAG: &str = "\"plimsoll\"";

pub(super) fn route(head: &Head, segments: &Segments<'_>) -> Reply {
    match *segments {
        [Some("cache"), None, ..] => cache(head),
        [Some("cache"), Some(seconds), None, ..] => match seconds.parse::<u32>() {
            Ok(seconds) => {
                let control = format!("public, max-age={seconds}");
                with_header(json(&inspect::described(head)), CACHE_CONTROL, &control)
            }
            Err(_) => refused(StatusCode::BAD_REQUEST, "the age is not a number of seconds\n"),
        },
        [Some("etag"), Some(tag), None, ..] => etag(head, &decoded(tag)),
        [Some("response-headers"), None, ..] => response_headers(head),
        _ => not_found(),
    }
}

/// Unchanged for every client that has seen it.
fn cache(head: &Head) -> Reply {
    let seen = [IF_MODIFIED_SINCE, IF_NONE_MATCH];
    if seen.iter().any(|name| head.headers().contains_key(name)) {
        return empty(StatusCode::NOT_MODIFIED);
    }
    let mut reply = json(&inspect::described(head));
    reply.headers_mut().insert(LAST_MODIFIED, HeaderValue::from_static(LAST_CHANGE));
    reply.headers_mut().insert(ETAG, HeaderValue::from_static(TAG));
    reply
}

fn etag(head: &Head, tag: &str) -> Reply {
    let lists = |name: HeaderName| {
        head.header(name).split(',').any(|listed| {
            let listed = listed.trim();
            let listed = listed.strip_prefix("W/").unwrap_or(listed).trim_matches('"');
            listed == "*" || listed == tag
        })
    };
    let sent = |name: &HeaderName| head.headers().contains_key(name);
    let reply = if sent(&IF_NONE_MATCH) && lists(IF_NONE_MATCH) {
        empty(StatusCode::NOT_MODIFIED)
    } else if sent(&IF_MATCH) && !lists(IF_MATCH) {
        empty(StatusCode::PRECONDITION_FAILED)
    } else {
        json(&inspect::described(head))
    };
    with_header(reply, ETAG, &format!("\"{tag}\""))
}

/// `/response-headers?name=value`: they are sent, and all headers shown in the body. The length of
/// the body stands in it, so it is written until that is true.
fn response_headers(head: &Head) -> Reply {
    let mut reply = json(&());
    for (name, value) in head.query() {
        let header =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::try_from(value.as_ref()));
        let (Ok(name), Ok(value)) = header else {
            return refused(StatusCode::BAD_REQUEST, "one of the headers cannot be sent\n");
        };
        // The connection's own are not for the query to set.
        match name {
            CONTENT_LENGTH | http::header::TRANSFER_ENCODING | http::header::CONNECTION => {}
            CONTENT_TYPE => drop(reply.headers_mut().insert(name, value)),
            name => drop(reply.headers_mut().append(name, value)),
        }
    }
    *reply.body_mut() = Body::from(with_own_length(inspect::header_map(reply.headers())));
    reply
}

/// Ends, because the body grows with the digits of its length and with nothing else.
fn with_own_length(mut shown: BTreeMap<String, String>) -> Vec<u8> {
    let mut length = 0;
    loop {
        shown.insert("Content-Length".into(), usize::to_string(&length));
        let body = json_bytes(&shown);
        if body.len() == length {
            return body;
        }
        length = body.len();
    }
}
