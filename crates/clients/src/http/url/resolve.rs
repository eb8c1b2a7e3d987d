//! Relative references (RFC 3986, section 5).

use super::{Url, split};

/// The text of the URL that `reference` means on `base`. Its errors are left to the parser.
pub(super) fn resolve(base: &Url, reference: &str) -> String {
    let Ok(parts) = split(reference) else {
        return reference.to_owned();
    };
    if parts.scheme.is_some() {
        return reference.to_owned();
    }
    let mut text = format!("{}:", base.scheme_text());
    text.push_str("//");
    if let Some(authority) = parts.authority {
        text.push_str(authority);
        text.push_str(&remove_dots(parts.path));
        push(&mut text, '?', parts.query);
    } else {
        if let Some(at) = base.as_str().rfind('@').filter(|_| base.credentials().is_some()) {
            // Go hands the credentials on within one authority.
            let start = base.scheme_text().len() + 3;
            text.push_str(base.as_str().get(start..=at).unwrap_or_default());
        }
        text.push_str(base.authority());
        if parts.path.is_empty() {
            text.push_str(&base.0.path);
            push(&mut text, '?', parts.query.or(base.0.query.as_deref()));
        } else {
            let directory = base.path().rfind('/').map_or("/", |at| &base.path()[..=at]);
            let path = match parts.path.starts_with('/') {
                true => remove_dots(parts.path),
                false => remove_dots(&format!("{directory}{}", parts.path)),
            };
            text.push_str(&path);
            push(&mut text, '?', parts.query);
        }
    }
    push(&mut text, '#', parts.fragment);
    text
}

fn push(text: &mut String, mark: char, part: Option<&str>) {
    if let Some(part) = part {
        text.push(mark);
        text.push_str(part);
    }
}

/// The path without `.` and `..` segments, absolute.
fn remove_dots(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let mut segments: Vec<&str> = Vec::new();
    let mut parts = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = parts.next() {
        let last = parts.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    segments.pop();
                }
                if last {
                    segments.push("");
                }
            }
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/"))
}
