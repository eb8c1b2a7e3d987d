//! The request as JSON: what the client sent is what it gets.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use plimsoll_runtime::{random::Random, timer};
use serde_json::{Map, Value, json};

use super::{
    DELAY_SECONDS_MAX, REQUEST_BYTES_MAX,
    exchange::{Head, Reply, json as json_reply, not_found, refused},
    form,
    router::Segments,
};

/// `/get`, `/headers`, `/ip`, `/user-agent`, `/uuid`
pub(super) fn route(head: &Head, segments: &Segments<'_>) -> Reply {
    let value = match *segments {
        [Some("get"), None, ..] => described(head),
        [Some("headers"), None, ..] => json!({ "headers": headers(head) }),
        [Some("ip"), None, ..] => json!({ "origin": head.peer.ip() }),
        [Some("user-agent"), None, ..] => {
            json!({ "user-agent": head.header(http::header::USER_AGENT) })
        }
        [Some("uuid"), None, ..] => json!({ "uuid": uuid() }),
        _ => return not_found(),
    };
    json_reply(&value)
}

/// `args`, `headers`, `origin` and `url`.
pub(super) fn described(head: &Head) -> Value {
    json!({
        "args": multimap(head.query()),
        "headers": headers(head),
        "origin": head.peer.ip(),
        "url": url(head),
    })
}

/// `/post` and its like; with `method`, `/anything`.
pub(super) async fn echo(head: &Head, body: Incoming, method: bool) -> Reply {
    match collected(body).await {
        Ok(body) => json_reply(&with_body(head, &body, method)),
        Err(reply) => reply,
    }
}

/// `/delay/{seconds}`
pub(super) async fn delayed(head: &Head, body: Incoming, segments: &Segments<'_>) -> Reply {
    let [Some("delay"), Some(seconds), None, ..] = *segments else {
        return not_found();
    };
    let Some(delay) = seconds.parse().ok().and_then(|seconds: f64| {
        Duration::try_from_secs_f64(seconds.min(DELAY_SECONDS_MAX as f64)).ok()
    }) else {
        return refused(StatusCode::BAD_REQUEST, "the delay is not a number of seconds\n");
    };
    timer::sleep(delay).await;
    echo(head, body, false).await
}

/// The whole body, or why not.
pub(super) async fn collected(body: Incoming) -> Result<Bytes, Reply> {
    match Limited::new(body, REQUEST_BYTES_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"))
        }
        Err(_) => Err(refused(StatusCode::BAD_REQUEST, "the body cannot be read\n")),
    }
}

fn with_body(head: &Head, body: &[u8], method: bool) -> Value {
    let content_type = head.header(CONTENT_TYPE);
    let form = form::parse(content_type, body);
    // A body that was a form is not repeated.
    let data = if form.is_some() { String::new() } else { text(body) };
    let form = form.unwrap_or_default();
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut value = json!({
        "args": multimap(head.query()),
        "data": data,
        "files": multimap(form.files.iter().map(|(name, content)| (name, text(content)))),
        "form": multimap(form.fields.iter().map(|(name, value)| (name, value))),
        "headers": headers(head),
        "json": parsed,
    });
    if let Some(object) = value.as_object_mut() {
        if method {
            object.insert("method".into(), head.method().as_str().into());
        }
        object.insert("origin".into(), json!(head.peer.ip()));
        object.insert("url".into(), url(head).into());
    }
    value
}

/// As text, or as a data URL when it is not UTF-8.
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("data:application/octet-stream;base64,{}", STANDARD.encode(bytes)),
    }
}

fn url(head: &Head) -> String {
    let path = head.parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    format!("{}{path}", head.origin_url())
}

/// What the client sent, its host among it.
pub(super) fn headers(head: &Head) -> Value {
    let mut headers = header_map(head.headers());
    // HTTP/2 carries it apart.
    if let Some(authority) = head.parts.uri.authority() {
        headers.entry("Host".into()).or_insert_with(|| authority.to_string());
    }
    json!(headers)
}

/// In the order of their names, which begin each word with a capital; several of a name are joined.
pub(super) fn header_map(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut sorted = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let joined = sorted.entry(capitalized(name.as_str())).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&value);
    }
    sorted
}

fn capitalized(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut starts = true;
    for character in name.chars() {
        text.push(if starts { character.to_ascii_uppercase() } else { character });
        starts = character == '-';
    }
    text
}

/// In the order of the names; a name with several values has a list.
fn multimap<N: AsRef<str>, V: AsRef<str>>(pairs: impl Iterator<Item = (N, V)>) -> Value {
    let mut sorted = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in pairs {
        sorted.entry(name.as_ref().to_owned()).or_default().push(value.as_ref().to_owned());
    }
    let single = |mut values: Vec<String>| match values.pop() {
        Some(value) if values.is_empty() => Value::String(value),
        Some(value) => {
            values.push(value);
            values.into()
        }
        None => Value::Null,
    };
    let map: Map<_, _> = sorted.into_iter().map(|(name, values)| (name, single(values))).collect();
    Value::Object(map)
}

/// A random one, version 4.
fn uuid() -> String {
    let mut bytes = [0; 16];
    Random::from_entropy().fill(&mut bytes);
    let number =
        u128::from_be_bytes(bytes) & !(0xf << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
    let text = format!("{number:032x}");
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    for length in [8, 4, 4, 4, 12] {
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        parts.push(part);
        rest = after;
    }
    parts.join("-")
}
