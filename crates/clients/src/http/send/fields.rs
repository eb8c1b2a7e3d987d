//! The fields of a request's head: which go out, in what order, and which must not.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use plimsoll_wire::http1::{is_field_name, is_field_value};

use super::hop::{Hop, Pairs};
use crate::http::{
    config::{HttpConfig, ProxyKind},
    cookies::write_pair,
    error::{ErrorCode, Failure},
    exchange::tunnel,
    request::{Auth, Request},
    url::Scheme,
};

/// What the client adds to the caller's fields.
pub(super) struct Added {
    authorization: Option<String>,
    cookie: Option<String>,
    proxy_authorization: Option<String>,
    /// The whole URL, where the request goes to a proxy as it is.
    pub(super) absolute_target: Option<String>,
}

impl Added {
    pub(super) fn new(hop: &Hop, request: &Request, config: &HttpConfig, cookies: &Pairs) -> Added {
        let plain_proxy = match hop.url.scheme() {
            Scheme::Http => {
                config.proxies.find(&hop.url).filter(|proxy| proxy.kind != ProxyKind::Socks5)
            }
            _ => None,
        };
        Added {
            authorization: hop.authorization.clone().or_else(|| basic(hop, request)),
            cookie: cookie_field(cookies),
            proxy_authorization: plain_proxy.and_then(tunnel::authorization),
            absolute_target: plain_proxy.map(|_| absolute(hop)),
        }
    }
}

/// All fields in Go's order, by name, without those that have a place of their own in the head.
pub(super) fn sorted<'a>(
    hop: &'a Hop,
    request: &'a Request,
    added: &'a Added,
    chunked: bool,
) -> Vec<(&'a [u8], &'a [u8])> {
    let added: [(&[u8], Option<&[u8]>); 5] = [
        (b"Authorization", added.authorization.as_deref().map(str::as_bytes)),
        (b"Cookie", added.cookie.as_deref().map(str::as_bytes)),
        (b"Proxy-Authorization", added.proxy_authorization.as_deref().map(str::as_bytes)),
        (b"Referer", hop.referer.as_deref().map(str::as_bytes)),
        (b"Transfer-Encoding", chunked.then_some(b"chunked")),
    ];
    let is_replaced = |name| added.iter().any(|(own, value)| value.is_some() && *own == name);
    let mut fields: Vec<(&[u8], &[u8])> = Vec::new();
    for (name, value) in request.headers.iter_bytes() {
        if passes_on(hop, name) && !is_replaced(name) {
            fields.push((name, value));
        }
    }
    fields.extend(added.into_iter().filter_map(|(name, value)| Some((name, value?))));
    fields.sort_by_key(|&(name, _)| name);
    fields
}

/// Whether a header of the caller is sent as it is, rather than by its place in the head.
fn passes_on(hop: &Hop, name: &[u8]) -> bool {
    match name {
        b"Host" | b"User-Agent" | b"Content-Length" | b"Transfer-Encoding" | b"Trailer"
        | b"Cookie" => false,
        b"Authorization" | b"Www-Authenticate" | b"Cookie2" => hop.trusted,
        _ => true,
    }
}

pub(super) fn content_length(hop: &Hop) -> Option<u64> {
    let expected = matches!(&*hop.method, "POST" | "PUT" | "PATCH");
    (expected || !hop.body.is_empty()).then_some(hop.body.len() as u64)
}

/// What Go refuses to send.
pub(super) fn check(hop: &Hop, request: &Request) -> Result<(), Failure> {
    let refuse = |message: String| Err(Failure::new(ErrorCode::GENERIC, message));
    if !is_field_name(hop.method.as_bytes()) {
        return refuse(format!("net/http: invalid method {:?}", hop.method));
    }
    for (name, value) in request.headers.iter_bytes() {
        let text = String::from_utf8_lossy(name);
        if !is_field_name(name) {
            return refuse(format!("net/http: invalid header field name {text:?}"));
        }
        if !is_field_value(value) {
            return refuse(format!("net/http: invalid header field value for {text:?}"));
        }
    }
    if hop.url.scheme() == Scheme::Other {
        return refuse(format!("unsupported protocol scheme {:?}", hop.url.scheme_text()));
    }
    if hop.url.host().is_empty() {
        return refuse("http: no Host in request URL".to_owned());
    }
    Ok(())
}

/// Credentials in the URL, unless the caller authenticates by other means.
fn basic(hop: &Hop, request: &Request) -> Option<String> {
    let who = hop.url.credentials()?;
    let own = hop.trusted && request.headers.get_bytes("Authorization").is_some();
    if own || matches!(request.auth, Auth::Digest | Auth::Ntlm) {
        return None;
    }
    Some(format!("Basic {}", STANDARD.encode(format!("{}:{}", who.user, who.password))))
}

fn absolute(hop: &Hop) -> String {
    format!("{}://{}{}", hop.url.scheme_text(), hop.url.authority(), hop.url.target())
}

fn cookie_field(pairs: &Pairs) -> Option<String> {
    if pairs.is_empty() {
        return None;
    }
    let mut field = String::new();
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            // Writing to a String cannot fail.
            field.write_str("; ").ok();
        }
        write_pair(&mut field, name, value);
    }
    Some(field)
}
