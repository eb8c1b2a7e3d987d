//! What the caller asks for.

use std::{rc::Rc, time::Duration};

use bytes::Bytes;
use plimsoll_metrics::TagSet;

use super::{cookies::CookieJar, headers::Headers, url::Url};

/// k6's default for the whole exchange, redirects included.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// One request; cheap to build, owned by the exchange and handed back in the response.
#[derive(Clone, Debug)]
pub struct Request {
    /// Upper case, as sent.
    pub method: Rc<str>,
    pub url: Url,
    /// The `name` tag; the URL (without credentials) when `None`. Replaces the `url` tag too, as in k6.
    pub name: Option<Rc<str>>,
    /// The caller's headers, `Content-Type` and `Host` included; the client adds `User-Agent`,
    /// `Content-Length`, `Authorization` and `Cookie` as needed.
    pub headers: Headers,
    /// Before [`Request::compression`]. `None` and an empty body differ as they do in k6.
    pub body: Option<Bytes>,
    /// Of the request itself (k6's `params.cookies`).
    pub cookies: Vec<RequestCookie>,
    /// Sends its matching cookies and takes in what the response sets.
    pub jar: Option<Rc<CookieJar>>,
    /// Over the whole exchange with its redirects.
    pub timeout: Duration,
    /// `None`: the run's `maxRedirects`, with a warning when it is reached.
    pub redirects: Option<u32>,
    pub auth: Auth,
    /// Applied to the body in order.
    pub compression: Vec<Compression>,
    /// Read the response's body but do not keep it.
    pub discard_body: bool,
    /// Send the body in chunks, its length untold. Makes no difference in HTTP/2.
    pub chunked: bool,
    pub expected: Rc<ExpectedStatuses>,
    /// Extra tags of the samples; `name` does not belong here.
    pub tags: Vec<(Rc<str>, Rc<str>)>,
}

impl Request {
    pub fn new(method: impl Into<Rc<str>>, url: Url) -> Request {
        Request {
            method: method.into(),
            url,
            name: None,
            headers: Headers::default(),
            body: None,
            cookies: Vec::new(),
            jar: None,
            timeout: DEFAULT_TIMEOUT,
            redirects: None,
            auth: Auth::None,
            compression: Vec::new(),
            discard_body: false,
            chunked: false,
            expected: ExpectedStatuses::standard(),
            tags: Vec::new(),
        }
    }
}

/// A cookie of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestCookie {
    pub name: Rc<str>,
    pub value: Rc<str>,
    /// Whether it takes the place of the jar's cookie of that name, or is sent beside it.
    pub replace: bool,
}

/// How the credentials in the URL are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Auth {
    /// k6's default: credentials in the URL are sent as basic authentication.
    #[default]
    None,
    Basic,
    /// RFC 7616: answers one challenge.
    Digest,
    /// Not spoken by this client: a challenge for it ends in an error.
    Ntlm,
}

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Compression {
    /// By its name in `Content-Encoding`.
    pub fn from_name(name: &str) -> Option<Compression> {
        match name {
            "gzip" => Some(Compression::Gzip),
            "deflate" => Some(Compression::Deflate),
            "br" => Some(Compression::Brotli),
            "zstd" => Some(Compression::Zstd),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Deflate => "deflate",
            Compression::Brotli => "br",
            Compression::Zstd => "zstd",
        }
    }
}

/// Which statuses count as expected: decides `expected_response` and `http_req_failed`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExpectedStatuses {
    /// No callback: neither tag nor `http_req_failed`.
    Off,
    /// Inclusive ranges.
    Ranges(Vec<(u16, u16)>),
}

impl ExpectedStatuses {
    /// 200 to 399, one value per thread.
    pub fn standard() -> Rc<ExpectedStatuses> {
        thread_local! {
            static STANDARD: Rc<ExpectedStatuses> =
                Rc::new(ExpectedStatuses::Ranges(vec![(200, 399)]));
        }
        STANDARD.with(Rc::clone)
    }

    /// `None` when off. An exchange without a response has status 0.
    pub fn expects(&self, status: u16) -> Option<bool> {
        match self {
            ExpectedStatuses::Off => None,
            ExpectedStatuses::Ranges(ranges) => {
                Some(ranges.iter().any(|&(from, to)| (from..=to).contains(&status)))
            }
        }
    }
}

/// Whose samples an exchange's are.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The VU's tags now: scenario, group, the script's own.
    pub tags: TagSet,
    /// Not indexed (`vu`, `iter`), for outputs that see each sample.
    pub metadata: Option<TagSet>,
}
