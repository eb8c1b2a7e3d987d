//! What came back.

use std::{net::SocketAddr, rc::Rc};

use bytes::Bytes;

use super::{
    cookies::Cookie,
    error::{ErrorCode, HttpError},
    headers::Headers,
    request::Request,
    timings::Timings,
    url::Url,
};

/// The end of one exchange, good or bad.
#[derive(Clone, Debug)]
pub struct Response {
    /// The first request of the exchange, handed back.
    pub request: Request,
    /// `Cookie` pairs of that first request: the jar's and its own.
    pub sent_cookies: Vec<(Rc<str>, Rc<str>)>,
    /// Of the last hop.
    pub url: Url,
    /// 0 when there was no whole response.
    pub status: u16,
    /// Code and reason, e.g. `200 OK`; empty without a response.
    pub status_text: Rc<str>,
    pub proto: Proto,
    pub headers: Headers,
    /// Decompressed. `None` when it was not kept or there was none.
    pub body: Option<Bytes>,
    /// Bytes of the last hop's body as received, kept or not.
    pub body_bytes: u64,
    /// Of the last hop.
    pub timings: Timings,
    pub remote: Option<SocketAddr>,
    pub tls: Option<TlsInfo>,
    pub error: Option<Box<HttpError>>,
    /// The error's, or `1000 + status` from 400 on, else [`ErrorCode::NONE`].
    pub error_code: ErrorCode,
}

impl Response {
    /// Cookies that the last hop's response sets.
    pub fn cookies(&self) -> Vec<Cookie> {
        self.headers.all("Set-Cookie").filter_map(|line| Cookie::parse(&line)).collect()
    }

    /// `response.error` in scripts.
    pub fn error_message(&self) -> &str {
        self.error.as_ref().map_or("", |error| &error.message)
    }

    /// Headers of the first request as they were sent, k6's way: without `Host` unless it was
    /// given, without `Content-Length`.
    pub fn request_headers(&self, user_agent: &str) -> Headers {
        let mut headers = self.request.headers.clone();
        headers.remove("Content-Length");
        if headers.get("User-Agent").is_none() {
            headers.push("User-Agent", user_agent);
        }
        if !self.sent_cookies.is_empty() {
            let pairs: Vec<String> =
                self.sent_cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.set("Cookie", &pairs.join("; "));
        }
        headers
    }
}

/// Version of the protocol that answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Proto {
    /// No response.
    #[default]
    None,
    Http10,
    Http11,
    Http2,
}

impl Proto {
    /// As in the `proto` tag; empty for [`Proto::None`].
    pub fn as_str(self) -> &'static str {
        match self {
            Proto::None => "",
            Proto::Http10 => "HTTP/1.0",
            Proto::Http11 => "HTTP/1.1",
            Proto::Http2 => "HTTP/2.0",
        }
    }
}

/// What the TLS handshake agreed on, in k6's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TlsInfo {
    /// e.g. `tls1.3`
    pub version: &'static str,
    /// e.g. `TLS_AES_128_GCM_SHA256`
    pub cipher_suite: &'static str,
}
