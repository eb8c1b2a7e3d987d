//! Cookies: RFC 6265 as Go's jar reads it, with k6's interface.
//!
//! No list of public suffixes: k6 has none either, and a load test sets its own cookies.

mod date;
mod parse;

use std::{cell::RefCell, rc::Rc};

use plimsoll_runtime::clock::Instant;

use super::url::{Scheme, Url};

pub use date::{format_http_date, parse_http_date};

/// Cookies in one jar; past it the oldest go.
pub const JAR_LIMIT: usize = 3000;

/// One cookie with its attributes, as a response sets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    /// As given; empty: the host that set it and no other.
    pub domain: String,
    /// As given; empty: the directory of the URL that set it.
    pub path: String,
    pub http_only: bool,
    pub secure: bool,
    /// Seconds; 0 or less: expire now; `None` when not given.
    pub max_age: Option<i64>,
    /// Milliseconds since the Unix epoch; `None` when not given or not a date.
    pub expires: Option<i64>,
}

/// A store of cookies, shared by the requests that name it. Interior mutability; one thread.
#[derive(Debug, Default)]
pub struct CookieJar {
    /// In order of creation.
    stored: RefCell<Vec<Stored>>,
}

#[derive(Debug)]
struct Stored {
    name: Rc<str>,
    value: Rc<str>,
    domain: String,
    host_only: bool,
    path: String,
    secure: bool,
    /// Milliseconds since the Unix epoch.
    expires: Option<i64>,
}

impl Stored {
    fn is_live(&self, now: i64) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    fn matches(&self, url: &Url) -> bool {
        let host = url.host();
        let domain =
            if self.host_only { self.domain == host } else { domain_matches(host, &self.domain) };
        domain && path_matches(url.path(), &self.path) && (!self.secure || is_secure(url))
    }
}

impl CookieJar {
    pub fn new() -> CookieJar {
        CookieJar::default()
    }

    /// Takes in a cookie as if a response from `url` had set it; one that is expired removes the
    /// stored one. `false` when the jar refuses it: no name, or a domain that is not the host's.
    pub fn set(&self, url: &Url, cookie: Cookie) -> bool {
        self.set_at(url, cookie, now_ms())
    }

    fn set_at(&self, url: &Url, cookie: Cookie, now: i64) -> bool {
        let Some((domain, host_only)) = effective_domain(url.host(), &cookie.domain) else {
            return false;
        };
        if cookie.name.is_empty() {
            return false;
        }
        let path = match cookie.path.starts_with('/') {
            true => cookie.path,
            false => default_path(url.path()).to_owned(),
        };
        let expires = match cookie.max_age {
            Some(seconds) if seconds <= 0 => Some(i64::MIN),
            Some(seconds) => Some(now.saturating_add(seconds.saturating_mul(1000))),
            None => cookie.expires,
        };
        let stored = Stored {
            name: Rc::from(cookie.name),
            value: Rc::from(cookie.value),
            domain,
            host_only,
            path,
            secure: cookie.secure,
            expires,
        };
        self.insert(stored, now);
        true
    }

    fn insert(&self, new: Stored, now: i64) {
        let mut all = self.stored.borrow_mut();
        let known = all.iter().position(|old| {
            old.name == new.name && old.domain == new.domain && old.path == new.path
        });
        match (known, new.is_live(now)) {
            // Replaced in place: the order of creation stays (RFC 6265, section 5.3).
            (Some(at), true) => {
                if let Some(old) = all.get_mut(at) {
                    *old = new;
                }
            }
            (Some(at), false) => drop(all.remove(at)),
            (None, true) => {
                if all.len() >= JAR_LIMIT {
                    all.remove(0);
                }
                all.push(new);
            }
            (None, false) => {}
        }
    }

    /// Pairs that a request to `url` carries: longest path first, then the oldest.
    pub fn cookies_for_url(&self, url: &Url) -> Vec<(Rc<str>, Rc<str>)> {
        let mut stored = self.stored.borrow_mut();
        if stored.is_empty() || url.scheme() == Scheme::Other {
            return Vec::new();
        }
        let now = now_ms();
        stored.retain(|cookie| cookie.is_live(now));
        let mut matching: Vec<&Stored> = stored.iter().filter(|c| c.matches(url)).collect();
        matching.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        matching.iter().map(|cookie| (cookie.name.clone(), cookie.value.clone())).collect()
    }

    /// Expires the names that a request to `url` would carry, as k6 does: as if a response from
    /// `url` had done so without naming a path, which leaves cookies of other paths alone.
    pub fn clear(&self, url: &Url) {
        for (name, _) in self.cookies_for_url(url) {
            self.delete(url, &name);
        }
    }

    /// Expires one name in the directory of `url`, for its very host.
    pub fn delete(&self, url: &Url, name: &str) {
        let name = name.to_owned();
        self.set(url, Cookie { name, max_age: Some(0), ..Cookie::default() });
    }

    pub fn is_empty(&self) -> bool {
        self.stored.borrow().is_empty()
    }

    /// Empties the jar: k6 does so between iterations unless `noCookiesReset`.
    pub fn reset(&self) {
        self.stored.borrow_mut().clear();
    }
}

/// A `name=value` pair as Go writes it in a `Cookie` field: a value with a blank or comma is
/// quoted, bytes that no value may have are dropped.
pub(super) fn write_pair(out: &mut String, name: &str, value: &str) {
    out.extend(name.chars().filter(|c| !matches!(c, '\n' | '\r')));
    out.push('=');
    let quoted = value.contains([' ', ',']);
    if quoted {
        out.push('"');
    }
    out.extend(value.chars().filter(|c| matches!(c, ' '..='~') && !matches!(c, '"' | ';' | '\\')));
    if quoted {
        out.push('"');
    }
}

fn now_ms() -> i64 {
    i64::try_from(Instant::now().unix_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn is_secure(url: &Url) -> bool {
    url.scheme() == Scheme::Https
}

/// The domain that a cookie is stored under and whether it is for that host only; `None` when
/// `host` may not set it.
fn effective_domain(host: &str, attribute: &str) -> Option<(String, bool)> {
    let attribute = attribute.strip_prefix('.').unwrap_or(attribute).to_ascii_lowercase();
    if attribute.is_empty() || attribute == host && is_ip(host) {
        return Some((host.to_owned(), true));
    }
    let own = !attribute.ends_with('.') && domain_matches(host, &attribute);
    own.then_some((attribute, false))
}

fn domain_matches(host: &str, domain: &str) -> bool {
    match host.strip_suffix(domain) {
        Some("") => true,
        Some(rest) => rest.ends_with('.') && !is_ip(host),
        None => false,
    }
}

fn is_ip(host: &str) -> bool {
    host.parse::<std::net::IpAddr>().is_ok()
}

/// RFC 6265, section 5.1.4.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => path.get(..at).unwrap_or("/"),
    }
}

fn path_matches(path: &str, cookie_path: &str) -> bool {
    match path.strip_prefix(cookie_path) {
        Some("") => true,
        Some(rest) => cookie_path.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests;
