//! What an endpoint is given and what it gives back.

use std::{borrow::Cow, net::SocketAddr, str::FromStr, sync::Arc};

use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{CONTENT_TYPE, HeaderName, LOCATION},
    request::Parts,
};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::{body::Body, database::Database, limits::State};

pub(super) type Reply = http::Response<Body>;

/// A request without its body.
pub(super) struct Head {
    pub(super) parts: Parts,
    pub(super) peer: SocketAddr,
    pub(super) secure: bool,
    /// What the service has too little of, if anything.
    pub(super) limits: Option<Arc<State>>,
    /// What `/query` asks.
    pub(super) database: Option<Database>,
}

impl Head {
    pub(super) fn method(&self) -> &Method {
        &self.parts.method
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Empty when absent or not text.
    pub(super) fn header(&self, name: HeaderName) -> &str {
        self.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(super) fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// Name and value pairs of the query, decoded.
    pub(super) fn query(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        url::form_urlencoded::parse(self.parts.uri.query().unwrap_or_default().as_bytes())
    }

    /// The first value of that name which can be read, else `default`.
    pub(super) fn parameter<T: FromStr>(&self, name: &str, default: T) -> T {
        let value = self.query().find(|(key, _)| key == name);
        value.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(default)
    }

    /// `http://host:port`, as the client addressed the service.
    pub(super) fn origin_url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        let authority = self.parts.uri.authority().map(http::uri::Authority::as_str);
        let host = authority.unwrap_or_else(|| self.header(http::header::HOST));
        format!("{scheme}://{host}")
    }
}

/// A piece of the path as the client meant it.
pub(super) fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

pub(super) fn with_type(status: StatusCode, content_type: &'static str, body: Body) -> Reply {
    let mut reply = Reply::new(body);
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// As httpbin writes it: keys in order, indented by two, with a final newline.
pub(super) fn json(value: &impl Serialize) -> Reply {
    with_type(StatusCode::OK, "application/json", Body::from(json_bytes(value)))
}

pub(super) fn json_bytes(value: &impl Serialize) -> Vec<u8> {
    // Only maps with keys other than strings cannot be written; there are none.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

pub(super) fn html(text: String) -> Reply {
    with_type(StatusCode::OK, "text/html; charset=utf-8", Body::from(text))
}

pub(super) fn empty(status: StatusCode) -> Reply {
    let mut reply = Reply::new(Body::empty());
    *reply.status_mut() = status;
    reply
}

/// Something is wrong with the request, and the text says what.
pub(super) fn refused(status: StatusCode, text: impl Into<String>) -> Reply {
    with_type(status, "text/plain; charset=utf-8", Body::from(text.into()))
}

pub(super) fn not_found() -> Reply {
    refused(StatusCode::NOT_FOUND, "no such page; /html lists some\n")
}

/// A `location` that cannot stand in a header is refused.
pub(super) fn redirect(status: StatusCode, location: &str) -> Reply {
    let Ok(location) = HeaderValue::try_from(location) else {
        return refused(StatusCode::BAD_REQUEST, "the target of the redirect is not a URL\n");
    };
    let mut reply = empty(status);
    reply.headers_mut().insert(LOCATION, location);
    reply
}

/// Puts a header on a reply; values that cannot stand in one are left out.
pub(super) fn with_header(mut reply: Reply, name: HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::try_from(value) {
        reply.headers_mut().append(name, value);
    }
    reply
}
