//! URLs, parsed once and shared, kept as they were written as Go does.
//!
//! The WHATWG rules that browsers follow rewrite paths (`/a/../b`) before they send them; k6 sends
//! what the script says, so this is Go's reading of RFC 3986.

mod escape;
mod resolve;

use std::{fmt, rc::Rc};

use super::error::{ErrorCode, HttpError};

/// Longest URL accepted, in bytes.
pub const URL_LIMIT: usize = 1 << 20;

/// A parsed URL; cloning copies a pointer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url(Rc<Parts>);

/// What the client can do with a scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
    /// Parsed, but nothing can be sent to it.
    Other,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    /// With credentials and fragment, path escaped.
    text: Rc<str>,
    /// `text` with the credentials masked: the `url` tag.
    tag: Rc<str>,
    /// `text` without credentials.
    bare: Rc<str>,
    scheme: Scheme,
    scheme_text: String,
    userinfo: Option<Credentials>,
    /// `host[:port]` as written: the `Host` header.
    authority: String,
    /// Lower case, without brackets, in ASCII.
    host: String,
    /// Given or the scheme's.
    port: u16,
    /// Escaped path, not empty, and query: the request's target.
    target: String,
    /// Escaped path as written, perhaps empty.
    path: String,
    query: Option<String>,
    fragment: Option<String>,
}

/// User and password of a URL, unescaped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

impl Url {
    /// # Errors
    /// [`ErrorCode::INVALID_URL`] with Go's text.
    pub fn parse(text: &str) -> Result<Url, HttpError> {
        parse(text).map_err(|reason| {
            let message = format!("invalid URL: parse {text:?}: {reason}");
            let full = message.clone();
            HttpError { code: ErrorCode::INVALID_URL, full, message, os_error: None }
        })
    }

    /// The URL that `reference` (of a `Location` field, say) means on this one.
    ///
    /// # Errors
    /// The reason alone, in Go's words.
    pub fn join(&self, reference: &str) -> Result<Url, String> {
        parse(&resolve::resolve(self, reference))
            .map_err(|reason| format!("parse {reference:?}: {reason}"))
    }

    /// With credentials and fragment.
    pub fn as_str(&self) -> &Rc<str> {
        &self.0.text
    }

    /// With credentials masked: the default of the `url` and `name` tags.
    pub fn tag(&self) -> &Rc<str> {
        &self.0.tag
    }

    /// Without credentials.
    pub fn bare(&self) -> &Rc<str> {
        &self.0.bare
    }

    pub fn scheme(&self) -> Scheme {
        self.0.scheme
    }

    /// As written, in lower case; empty when there was none.
    pub fn scheme_text(&self) -> &str {
        &self.0.scheme_text
    }

    pub fn credentials(&self) -> Option<&Credentials> {
        self.0.userinfo.as_ref()
    }

    /// The `Host` header.
    pub fn authority(&self) -> &str {
        &self.0.authority
    }

    /// Lower case, without brackets.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Whether a connection to one serves the other.
    pub(super) fn same_host(&self, other: &Url) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
            || (self.port() == other.port()
                && self.scheme() == other.scheme()
                && self.host() == other.host())
    }

    /// The request's target: path and query.
    pub fn target(&self) -> &str {
        &self.0.target
    }

    /// The path of the target, at least `/`.
    pub fn path(&self) -> &str {
        if self.0.path.is_empty() { "/" } else { &self.0.path }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0.tag, f)
    }
}

/// The five parts of RFC 3986, borrowed.
pub(super) struct Split<'a> {
    pub(super) scheme: Option<&'a str>,
    pub(super) authority: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) fragment: Option<&'a str>,
}

pub(super) fn split(text: &str) -> Result<Split<'_>, String> {
    let (text, fragment) = cut(text, '#');
    let (scheme, rest) = split_scheme(text)?;
    let (rest, query) = cut(rest, '?');
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => match rest.find('/') {
            Some(at) => (rest.get(..at), rest.get(at..).unwrap_or_default()),
            None => (Some(rest), ""),
        },
        None => (None, rest),
    };
    Ok(Split { scheme, authority, path, query, fragment })
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn split_scheme(text: &str) -> Result<(Option<&str>, &str), String> {
    for (at, character) in text.char_indices() {
        match character {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((text.get(..at), text.get(at + 1..).unwrap_or_default())),
            _ => break,
        }
    }
    Ok((None, text))
}

fn parse(text: &str) -> Result<Url, String> {
    if text.len() > URL_LIMIT {
        return Err(format!("longer than {URL_LIMIT} bytes"));
    }
    if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let split = split(text)?;
    if split.scheme.is_none() && split.authority.is_none() {
        let first = split.path.split('/').next().unwrap_or_default();
        if first.contains(':') {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let scheme_text = split.scheme.unwrap_or_default().to_ascii_lowercase();
    let scheme = match &*scheme_text {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => Scheme::Other,
    };
    let (userinfo, authority) = match split.authority.map(|a| a.rsplit_once('@').ok_or(a)) {
        Some(Ok((userinfo, authority))) => (Some(userinfo), authority),
        Some(Err(authority)) => (None, authority),
        None => (None, ""),
    };
    let (host, port) = split_host(authority)?;
    let path = escape::path(split.path)?;
    let mut target = if path.is_empty() { "/".to_owned() } else { path.clone() };
    if let Some(query) = split.query {
        target.push('?');
        target.push_str(&query.replace(' ', "%20"));
    }
    let written = Written { split: &split, scheme: &scheme_text, authority, path: &path };
    let bare = written.text(None);
    let (text, tag) = match userinfo {
        Some(user) => {
            let mask = if user.contains(':') { "****:****" } else { "****" };
            (written.text(Some(user)), written.text(Some(mask)))
        }
        None => (bare.clone(), bare.clone()),
    };
    Ok(Url(Rc::new(Parts {
        text,
        tag,
        bare,
        scheme,
        scheme_text,
        userinfo: userinfo.map(credentials).transpose()?,
        authority: authority.to_owned(),
        host,
        port: port.unwrap_or(if scheme == Scheme::Https { 443 } else { 80 }),
        target,
        path,
        query: split.query.map(str::to_owned),
        fragment: split.fragment.map(str::to_owned),
    })))
}

/// A URL's parts on the way back to text.
struct Written<'a> {
    split: &'a Split<'a>,
    scheme: &'a str,
    authority: &'a str,
    path: &'a str,
}

impl Written<'_> {
    fn text(&self, userinfo: Option<&str>) -> Rc<str> {
        let mut text = String::new();
        if self.split.scheme.is_some() {
            text.push_str(self.scheme);
            text.push(':');
        }
        // Go writes an authority without a host only in front of a path.
        let is_blank = self.split.authority == Some("") && self.path.is_empty();
        if self.split.authority.is_some() && !is_blank {
            text.push_str("//");
        }
        if let Some(userinfo) = userinfo {
            text.push_str(userinfo);
            text.push('@');
        }
        text.push_str(self.authority);
        text.push_str(self.path);
        for (mark, part) in [('?', self.split.query), ('#', self.split.fragment)] {
            if let Some(part) = part {
                text.push(mark);
                text.push_str(part);
            }
        }
        Rc::from(text)
    }
}

fn credentials(userinfo: &str) -> Result<Credentials, String> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    Ok(Credentials { user: escape::unescape(user)?, password: escape::unescape(password)? })
}

/// `host[:port]`, `[v6][:port]`: the host for look-up and the port if given.
fn split_host(authority: &str) -> Result<(String, Option<u16>), String> {
    let (host, port) = if authority.starts_with('[') {
        let end = authority.rfind(']').ok_or("missing ']' in host")?;
        let host = authority.get(1..end).unwrap_or_default();
        (host, authority.get(end + 1..).unwrap_or_default())
    } else {
        match authority.rfind(':') {
            Some(at) => authority.split_at(at),
            None => (authority, ""),
        }
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || (port == digits && !port.is_empty()) {
        return Err(format!("invalid port {port:?} after host"));
    }
    let number = match digits {
        "" => None,
        digits => Some(digits.parse().map_err(|_| format!("invalid port {port:?} after host"))?),
    };
    let host = escape::unescape(host)?;
    if let Some(bad) = host.chars().find(|c| " \"<>\\^`{|}".contains(*c)) {
        return Err(format!("invalid character {:?} in host name", bad.to_string()));
    }
    if host.is_ascii() {
        return Ok((host.to_ascii_lowercase(), number));
    }
    match url::Host::parse(&host) {
        Ok(ascii) => Ok((ascii.to_string(), number)),
        Err(error) => Err(format!("invalid host name {host:?}: {error}")),
    }
}

#[cfg(test)]
mod tests;
