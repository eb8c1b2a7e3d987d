//! The parts of `href`, by the generic syntax of URLs: nothing is resolved or normalised, and a
//! malformed URL has no parts.

use percent_encoding::percent_decode_str;

/// A split URL; missing parts are empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    /// Lower case, without `:`.
    pub(crate) scheme: String,
    pub(crate) username: String,
    pub(crate) password: String,
    /// Name or address with the port, if there is one.
    pub(crate) authority: String,
    /// Without the brackets of an IPv6 address.
    pub(crate) hostname: String,
    pub(crate) port: String,
    /// Decoded.
    pub(crate) path: String,
    /// Behind `?`, as written.
    pub(crate) query: String,
    /// Behind `#`, decoded.
    pub(crate) fragment: String,
}

impl Link {
    /// All parts empty when `text` is no URL.
    pub(crate) fn parse(text: &str) -> Link {
        split(text).unwrap_or_default()
    }

    /// `hostname[:port]` without the scheme's own port.
    pub(crate) fn host(&self) -> &str {
        match (self.scheme.as_str(), self.port.as_str()) {
            ("http", "80") | ("https", "443") => &self.hostname,
            _ => &self.authority,
        }
    }

    pub(crate) fn origin(&self) -> String {
        if self.scheme.is_empty() {
            String::new()
        } else {
            format!("{}://{}", self.scheme, self.authority)
        }
    }
}

fn split(text: &str) -> Option<Link> {
    if text.contains(|c: char| c.is_ascii_control()) {
        return None;
    }
    let mut link = Link::default();
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    link.fragment = decode(fragment)?;
    let rest = match scheme_end(rest)? {
        0 => rest,
        end => {
            link.scheme = rest.get(..end)?.to_ascii_lowercase();
            rest.get(end + 1..)?
        }
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    link.query = query.to_string();
    if let Some(rest) = rest.strip_prefix("//") {
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        split_authority(authority, &mut link)?;
        link.path = decode(path)?;
    } else if link.scheme.is_empty() || rest.starts_with('/') {
        let first = rest.split('/').next().unwrap_or_default();
        if link.scheme.is_empty() && first.contains(':') {
            return None;
        }
        link.path = decode(rest)?;
    }
    Some(link)
}

/// Length of the scheme; 0 for none, `None` for a URL that starts with `:`.
fn scheme_end(text: &str) -> Option<usize> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' => return (at > 0).then_some(at),
            _ => return Some(0),
        }
    }
    Some(0)
}

fn split_authority(authority: &str, link: &mut Link) -> Option<()> {
    let host = match authority.rsplit_once('@') {
        Some((user, host)) => {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            link.username = decode(name)?;
            link.password = decode(password)?;
            host
        }
        None => authority,
    };
    let bracket = host.strip_prefix('[').map(|inside| inside.split_once(']'));
    let (name, port) = match bracket {
        Some(None) => return None,
        Some(Some((address, ""))) => (address, ""),
        Some(Some((address, port))) => (address, port.strip_prefix(':')?),
        None => host.rsplit_once(':').unwrap_or((host, "")),
    };
    if !port.bytes().all(|b| b.is_ascii_digit())
        || name.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '|', '}'])
    {
        return None;
    }
    link.hostname = decode(name)?;
    link.port = port.to_string();
    link.authority = decode(host)?;
    Some(())
}

/// `None` for a `%` without two hex digits.
fn decode(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('%') {
        if behind.bytes().take(2).filter(u8::is_ascii_hexdigit).count() != 2 {
            return None;
        }
        rest = behind;
    }
    Some(percent_decode_str(text).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, origin: &str, host: &str, path: &str) {
        let link = Link::parse(text);
        assert_eq!(
            (link.origin().as_str(), link.host(), link.path.as_str()),
            (origin, host, path),
            "{text}"
        );
    }

    #[test]
    fn parts() {
        check(
            "http://user:pw@host.example:8080/p/a?q=1#f",
            "http://host.example:8080",
            "host.example:8080",
            "/p/a",
        );
        check("HTTP://UP.example", "http://UP.example", "UP.example", "");
        check("https://h:443/%20x", "https://h:443", "h", "/ x");
        check("http://[::1]:81/x", "http://[::1]:81", "[::1]:81", "/x");
        check("//h.x/p", "", "h.x", "/p");
        check("mailto:a@b.c", "mailto://", "", "");
    }

    #[test]
    fn malformed_urls_have_no_parts() {
        for text in
            ["http://a b/", "%zz", "http://[::1/", " http://h/ ", "http://h:x/", ":x", "a\nb"]
        {
            assert_eq!(Link::parse(text), Link::default(), "{text}");
        }
    }
}
