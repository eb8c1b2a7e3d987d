//! Where an origin redirects to: another path of its own, never another origin. The rule says whom to ask,
//! and headers meant for one origin are nothing for others.

use http::{HeaderMap, StatusCode, header};

use super::rule::Site;
use crate::commands::Failure;

/// Redirects that are followed for one answer.
pub(super) const REDIRECTS_MAX: usize = 3;

/// The path and query of what is to be asked instead, `path` being that of this answer; `None` when it is no
/// redirect.
///
/// # Errors
/// When that is at another origin, or nowhere.
pub(super) fn target(
    site: &Site,
    path: &str,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<String>, Failure> {
    let is_redirect = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = headers.get(header::LOCATION).filter(|_| is_redirect) else {
        return Ok(None);
    };
    // Some write names in it that are no ASCII, as they are.
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| Failure::Broken)?;
    // What is behind it is for browsers.
    let location = location.split('#').next().unwrap_or_default().trim();
    let reference = match location.strip_prefix("//") {
        Some(rest) => Some(format!("{}://{rest}", site.scheme())),
        None => has_scheme(location).then(|| location.to_owned()),
    };
    let Some(url) = reference else { return Ok(Some(resolve(path, location))) };
    let (other, path) = Site::read(&url).map_err(|_| Failure::Elsewhere)?;
    if other.name != site.name {
        return Err(Failure::Elsewhere);
    }
    Ok(Some(normal(path)))
}

fn has_scheme(reference: &str) -> bool {
    let (before, _) = reference.split_once(':').unwrap_or_default();
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    before.starts_with(|c: char| c.is_ascii_alphabetic()) && before.chars().all(is_scheme)
}

/// A reference without an origin, as it is meant behind `base` (RFC 3986, section 5.2).
fn resolve(base: &str, reference: &str) -> String {
    let (base_path, _) = split_query(base);
    let (path, _) = split_query(reference);
    if reference.is_empty() {
        return normal(base);
    }
    if path.is_empty() {
        return normal(&format!("{base_path}{reference}"));
    }
    if path.starts_with('/') {
        return normal(reference);
    }
    let folder = base_path.rsplit_once('/').map_or("", |(folder, _)| folder);
    normal(&format!("{folder}/{reference}"))
}

/// The query keeps its question mark.
fn split_query(text: &str) -> (&str, &str) {
    text.split_at_checked(text.find('?').unwrap_or(text.len())).unwrap_or((text, ""))
}

/// With a slash in front, and without the segments `.` and `..`.
fn normal(text: &str) -> String {
    let (path, query) = split_query(text);
    let mut segments: Vec<&str> = Vec::new();
    let mut all = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = all.next() {
        match segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            segment => {
                segments.push(segment);
                continue;
            }
        }
        // What a folder's name leads to ends with a slash.
        if all.peek().is_none() {
            segments.push("");
        }
    }
    format!("/{}{query}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::{prop_assert, prop_oneof, proptest};

    use super::*;
    use crate::serve::origin::rule::read_all;

    fn follow(base: &str, location: &str) -> Result<Option<String>, Failure> {
        let rules = read_all("*=http://h:80/", Vec::new()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, HeaderValue::from_bytes(location.as_bytes()).unwrap());
        target(&rules[0].site, base, StatusCode::FOUND, &headers)
    }

    fn check(base: &str, location: &str, expected: &str) {
        assert_eq!(follow(base, location), Ok(Some(expected.to_owned())), "{base} {location}");
    }

    #[test]
    fn references_are_resolved() {
        check("/a/b?c", "/x?y", "/x?y");
        check("/a/b?c", "x", "/a/x");
        check("/a/b?c", "../x/./y", "/x/y");
        check("/a/b?c", "../../../x", "/x");
        check("/a/b/", ".", "/a/b/");
        check("/a/b/c", "..", "/a/");
        check("/a/b?c", "?y=/../z", "/a/b?y=/../z");
        check("/a/b?c", "", "/a/b?c");
        check("", "x", "/x");
        check("?c", "?d", "/?d");
        check("/a", "http://h/x#y", "/x");
        check("/a", "HTTP://h:80?q", "/?q");
        check("/a", "//h/x", "/x");
        check("/a", "/x:y/z", "/x:y/z");
        check("/a", "HTTP://H:80/x", "/x");
        check("/a", "/caf\u{e9}", "/caf\u{e9}");
    }

    #[test]
    fn other_origins_are_not_asked() {
        for location in
            ["https://h/", "http://h:81/", "//g/", "http://u@h/", "ftp://h/", "mailto:x", "http:/x"]
        {
            assert_eq!(follow("/a", location), Err(Failure::Elsewhere), "{location}");
        }
        let rules = read_all("*=http://h/", Vec::new()).unwrap();
        let none = HeaderMap::new();
        assert_eq!(target(&rules[0].site, "/a", StatusCode::FOUND, &none), Ok(None));
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, HeaderValue::from_static("/x"));
        assert_eq!(target(&rules[0].site, "/a", StatusCode::CREATED, &headers), Ok(None));
    }

    proptest! {
        /// Whatever an origin says, it is asked for a path, and never for one with steps out of folders.
        #[test]
        fn any_reference_makes_a_path(
            base in "[/a.?]{0,8}",
            location in prop_oneof!["[/a.?:]{0,12}", "[ -~]{0,20}"],
        ) {
            if let Ok(Some(path)) = follow(&base, &location) {
                prop_assert!(path.starts_with('/'), "{path}");
                let (path, _) = split_query(&path);
                let is_step = |segment| matches!(segment, "." | "..");
                prop_assert!(!path.split('/').any(is_step), "{path}");
            }
        }
    }
}
