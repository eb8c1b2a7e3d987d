//! Walks valid JSON text piece by piece.

use std::borrow::Cow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
    /// No text at all.
    Nothing,
}

pub(super) fn kind(json: &str) -> Kind {
    match json.as_bytes().first() {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b't') => Kind::True,
        Some(b'f') => Kind::False,
        Some(b'n') => Kind::Null,
        Some(_) => Kind::Number,
        None => Kind::Nothing,
    }
}

/// Length of the value that `json` starts with.
fn value_len(json: &str) -> usize {
    let bytes = json.as_bytes();
    match bytes.first() {
        Some(b'"') => string_len(bytes),
        Some(b'{' | b'[') => {
            let (mut depth, mut at) = (0_usize, 0);
            while let Some(&byte) = bytes.get(at) {
                match byte {
                    b'"' => {
                        at += string_len(bytes.get(at..).unwrap_or_default());
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth = depth.saturating_sub(1);
                        if depth == 0 {
                            return at + 1;
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
            at
        }
        _ => {
            let ends =
                |b: &u8| matches!(b, b',' | b']' | b'}' | b':' | b' ' | b'\t' | b'\n' | b'\r');
            bytes.iter().position(ends).unwrap_or(bytes.len())
        }
    }
}

/// Length of the string that `bytes` starts with, quotes included.
pub(super) fn string_len(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(offset) = memchr_quote(bytes.get(at..).unwrap_or_default()) {
        at += offset;
        if bytes.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

fn memchr_quote(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'))
}

/// Values one after the other, whatever stands between them.
pub(super) fn values(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        let separator = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ':');
        rest = rest.trim_start_matches(separator);
        if rest.is_empty() || rest.starts_with([']', '}']) {
            return None;
        }
        let (value, after) = rest.split_at_checked(value_len(rest))?;
        rest = after;
        Some(value)
    })
}

pub(super) fn elements(array: &str) -> impl Iterator<Item = &str> {
    values(array.strip_prefix('[').unwrap_or_default())
}

/// `(key with its quotes, value)`
pub(super) fn members(object: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut pieces = values(object.strip_prefix('{').unwrap_or_default());
    std::iter::from_fn(move || Some((pieces.next()?, pieces.next()?)))
}

/// What a JSON string says; other JSON as it stands.
pub(super) fn text(json: &str) -> Cow<'_, str> {
    let Some(inner) = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Cow::Borrowed(json);
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    // A lone surrogate, which serde refuses, is nothing that a path could name.
    serde_json::from_str::<String>(json).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// `text` as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Where the first of `wanted` stands in a path outside brackets, strings and escapes.
pub(super) fn outside_brackets(path: &str, wanted: &[u8]) -> Option<usize> {
    let bytes = path.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        if depth == 0 && wanted.contains(&byte) {
            return Some(at);
        }
        match byte {
            b'\\' => at += 1,
            b'"' => {
                at += string_len(bytes.get(at..).unwrap_or_default());
                continue;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}
