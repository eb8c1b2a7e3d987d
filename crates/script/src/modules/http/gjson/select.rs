//! `[a,b]`, `{a,"k":b}` and `!literal`: values made from several paths or from none.

use std::borrow::Cow;

use super::{
    find,
    scan::{self, outside_brackets, string_len},
};

/// The parts of a collection: `(key, path)`.
pub(super) struct Parts<'p> {
    object: bool,
    parts: Vec<(Option<String>, &'p str)>,
}

/// What stands behind a bracket's end: `None` at the end of the path.
type Rest<'p> = Option<&'p str>;

fn after(path: &str, end: usize) -> Option<Rest<'_>> {
    match path.as_bytes().get(end) {
        None => Some(None),
        Some(b'.' | b'|') => path.get(end + 1..).map(Some),
        Some(_) => None,
    }
}

/// `None` when the bracket does not close: then it is part of a key.
pub(super) fn parse(path: &str) -> Option<(Parts<'_>, Rest<'_>)> {
    let object = path.starts_with('{');
    let inner = path.get(1..)?;
    let end = outside_brackets(inner, if object { b"}" } else { b"]" })?;
    let rest = after(inner, end + 1)?;
    let mut inner = inner.get(..end)?;
    let mut parts = Vec::new();
    loop {
        let cut = outside_brackets(inner, b",");
        let part = inner.get(..cut.unwrap_or(inner.len()))?.trim();
        if !part.is_empty() {
            parts.push(if object { keyed(part)? } else { (None, part) });
        }
        match cut {
            Some(at) => inner = inner.get(at + 1..)?,
            None => return Some((Parts { object, parts }, rest)),
        }
    }
}

/// `"key":path`, or a path whose last component is the key.
fn keyed(part: &str) -> Option<(Option<String>, &str)> {
    if part.starts_with('"') {
        let end = string_len(part.as_bytes());
        if let Some(path) = part.get(end..).and_then(|rest| rest.trim_start().strip_prefix(':')) {
            // Anew, for in a path it may have what JSON wants escaped.
            return Some((Some(scan::quoted(&scan::text(part.get(..end)?))), path.trim()));
        }
    }
    let mut last = part;
    while let Some(at) = outside_brackets(last, b".|") {
        last = last.get(at + 1..)?;
    }
    let plain = last
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b':') || b >= 128);
    let key = if plain && !last.is_empty() { last } else { "_" };
    Some((Some(scan::quoted(key)), part))
}

/// Paths that find nothing are left out.
pub(super) fn collect(json: &str, parts: &Parts<'_>, depth: usize) -> String {
    let mut out = String::from(if parts.object { "{" } else { "[" });
    for (key, path) in &parts.parts {
        let Some(value) = find(Cow::Borrowed(json), path, depth + 1) else { continue };
        if out.len() > 1 {
            out.push(',');
        }
        if let Some(key) = key {
            out.push_str(key);
            out.push(':');
        }
        out.push_str(&value);
    }
    out.push(if parts.object { '}' } else { ']' });
    out
}

/// `!"text"`, `!5`, `!{...}`: the JSON behind the mark.
pub(super) fn literal(path: &str) -> Option<(String, Rest<'_>)> {
    let text = path.get(1..)?;
    let end = match text.as_bytes().first()? {
        b'"' => string_len(text.as_bytes()),
        b'{' | b'[' => {
            let close: &[u8] = if text.starts_with('{') { b"}" } else { b"]" };
            1 + outside_brackets(text.get(1..)?, close)? + 1
        }
        _ => outside_brackets(text, b".|,").unwrap_or(text.len()),
    };
    let value = text.get(..end)?;
    serde_json::from_str::<serde::de::IgnoredAny>(value).ok()?;
    Some((value.to_owned(), after(text, end)?))
}
