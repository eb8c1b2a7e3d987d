//! `Set-Cookie` lines.

use super::{Cookie, parse_http_date};

impl Cookie {
    /// A `Set-Cookie` line; `None` when its name or value is not what RFC 6265 allows.
    pub fn parse(line: &str) -> Option<Cookie> {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let name = name.trim();
        if !plimsoll_wire::http1::is_field_name(name.as_bytes()) {
            return None;
        }
        let mut cookie =
            Cookie { name: name.to_owned(), value: unquote(value)?, ..Cookie::default() };
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            cookie.take_in(&key.to_ascii_lowercase(), value);
        }
        Some(cookie)
    }

    fn take_in(&mut self, key: &str, value: &str) {
        let Some(value) = unquote(value) else { return };
        match key {
            "secure" => self.secure = true,
            "httponly" => self.http_only = true,
            "domain" => self.domain = value,
            "path" => self.path = value,
            "expires" => self.expires = parse_http_date(&value),
            "max-age" => {
                let digits = value.strip_prefix('-').unwrap_or(&value);
                if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    // What does not fit is far in the future or the past alike.
                    let limit = if value.starts_with('-') { -1 } else { i64::MAX };
                    self.max_age = Some(value.parse().unwrap_or(limit));
                }
            }
            _ => {}
        }
    }
}

/// The value without its quotes; `None` when it has a byte that no cookie may have.
fn unquote(value: &str) -> Option<String> {
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    let allowed = |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b';' | b'\\');
    inner.bytes().all(allowed).then(|| inner.to_owned())
}
