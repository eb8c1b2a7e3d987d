//! Paths into JSON text in gjson's syntax, as `response.json(path)` takes them.
//!
//! Works on the text itself and returns pieces of it; nothing outside the path is parsed. The text
//! must be valid JSON (see [`super::syntax`]); on other text the result is arbitrary but harmless.
//!
//! Components are separated by `.` or `|`. `name`, `na*e` and `n?me` are keys, `\` takes the next
//! character as it is, a number is an index, `#` is the length of an array or, with more behind it,
//! each of its elements, `#(a.b>1)` the first element that matches and `#(...)#` all of them.
//! `@name:argument` is a modifier, `[a,b]` and `{a,"k":b}` collect several paths, `!` starts a literal.

mod modify;
mod query;
mod scan;
mod select;

use std::borrow::Cow;

use self::scan::{Kind, elements, kind, members};

/// How deep paths nest (`#.`, queries, collections); past it nothing is found.
const DEPTH_LIMIT: usize = 32;

/// How long a value may become by modifiers and collections, in bytes; past it nothing is found. Each
/// `@tostr` may double it. Less in tests, which reach it.
const MADE_LIMIT: usize = if cfg!(test) { 1 << 20 } else { 64 << 20 };

type Raw<'a> = Cow<'a, str>;

/// The value at `path`, as JSON text.
pub(crate) fn get<'a>(json: &'a str, path: &str) -> Option<Raw<'a>> {
    find(Cow::Borrowed(json.trim()), path, 0)
}

/// One step of a path and what separates it from the next.
struct Component<'p> {
    /// With its escapes.
    text: &'p str,
    wild: bool,
    escaped: bool,
    rest: &'p str,
    /// Separated by `|`, so that it applies to the whole of a `#` result.
    piped: bool,
}

/// Cuts the first component off; `rest` is empty at the end of the path.
fn component(path: &str) -> Component<'_> {
    let mut component =
        Component { text: path, wild: false, escaped: false, rest: "", piped: false };
    let mut bytes = path.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                component.escaped = true;
                let _skipped = bytes.next();
            }
            b'*' | b'?' => component.wild = true,
            b'.' | b'|' => {
                component.text = path.get(..at).unwrap_or_default();
                component.rest = path.get(at + 1..).unwrap_or_default();
                component.piped = byte == b'|';
                break;
            }
            _ => {}
        }
    }
    component
}

fn find<'a>(json: Raw<'a>, path: &str, depth: usize) -> Option<Raw<'a>> {
    if depth > DEPTH_LIMIT {
        return None;
    }
    let lines;
    let (mut json, mut path) = match path.strip_prefix("..") {
        Some(rest) => {
            lines = format!("[{}]", scan::values(&json).collect::<Vec<_>>().join(","));
            (Cow::Owned(lines), rest)
        }
        None => (json, path),
    };
    loop {
        if matches!(&json, Cow::Owned(made) if made.len() > MADE_LIMIT) {
            return None;
        }
        match path.as_bytes().first() {
            Some(b'@') => {
                if let Some(call) = modify::parse(path) {
                    json = modify::apply(&json, &call)?;
                    path = call.rest;
                    if call.done {
                        return Some(json);
                    }
                    continue;
                }
            }
            Some(b'!') => {
                let (literal, rest) = select::literal(path)?;
                json = Cow::Owned(literal);
                match rest {
                    Some(rest) => path = rest,
                    None => return Some(json),
                }
                continue;
            }
            Some(b'[' | b'{') => {
                if let Some((parts, rest)) = select::parse(path) {
                    json = Cow::Owned(select::collect(&json, &parts, depth));
                    match rest {
                        Some(rest) => path = rest,
                        None => return Some(json),
                    }
                    continue;
                }
            }
            Some(b'#') if kind(&json) == Kind::Array => return in_array(&json, path, depth),
            _ => {}
        }
        let step = component(path);
        let ended = step.text.len() == path.len();
        json = child(&json, &step)?;
        if ended {
            return Some(json);
        }
        path = step.rest;
    }
}

/// The member or element that a plain component names.
fn child<'a>(json: &Raw<'a>, step: &Component<'_>) -> Option<Raw<'a>> {
    match kind(json) {
        Kind::Object => pick(json, |json| {
            members(json).find(|(key, _)| matches_key(key, step)).map(|(_, value)| value)
        }),
        Kind::Array => {
            let index: usize = step.text.parse().ok()?;
            pick(json, |json| elements(json).nth(index))
        }
        _ => None,
    }
}

/// Keeps a piece of borrowed text borrowed.
fn pick<'a>(
    json: &Raw<'a>,
    pick: impl for<'t> FnOnce(&'t str) -> Option<&'t str>,
) -> Option<Raw<'a>> {
    match json {
        Cow::Borrowed(json) => pick(json).map(Cow::Borrowed),
        Cow::Owned(json) => pick(json).map(|piece| Cow::Owned(piece.to_owned())),
    }
}

fn matches_key(raw_key: &str, step: &Component<'_>) -> bool {
    let key = scan::text(raw_key);
    if step.wild {
        return matches(&key, step.text);
    }
    if step.escaped { *key == *unescape(step.text) } else { *key == *step.text }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

/// `*` any text, `?` any character, `\` the next character as it is. Linear in practice and never
/// worse than the product of both lengths.
fn matches(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut in_pattern) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(at) {
        let (literal, width) = match pattern.get(in_pattern) {
            Some('\\') => (pattern.get(in_pattern + 1), 2),
            other => (other, 1),
        };
        let wild = width == 1;
        match literal {
            Some('*') if wild => {
                star = Some((in_pattern + 1, at));
                in_pattern += 1;
            }
            Some('?') if wild => {
                at += 1;
                in_pattern += 1;
            }
            Some(&wanted) if wanted == c => {
                at += 1;
                in_pattern += width;
            }
            _ => match &mut star {
                Some((after, from)) => {
                    *from += 1;
                    at = *from;
                    in_pattern = *after;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(in_pattern).all(|&c| c == '*')
}

/// Paths that start with `#` on an array.
fn in_array<'a>(json: &Raw<'a>, path: &str, depth: usize) -> Option<Raw<'a>> {
    if let Some(query) = query::parse(path)? {
        let (rest, piped) = match query.rest.split_at_checked(1) {
            None => (None, None),
            Some((".", rest)) => element_path(rest),
            Some((_, rest)) => (None, Some(rest)),
        };
        let mut found = elements(json).filter(|element| query.accepts(element, depth));
        if query.all {
            let found: Vec<&str> = found.collect();
            return mapped(found.into_iter(), rest, piped, depth);
        }
        let first = Cow::Owned(found.next()?.to_owned());
        return match query.rest.get(1..) {
            Some(rest) => find(first, rest, depth + 1),
            None => Some(first),
        };
    }
    match path.get(1..).and_then(|rest| rest.split_at_checked(1)) {
        None => Some(Cow::Owned(elements(json).count().to_string())),
        Some((".", rest)) => {
            let (each, piped) = element_path(rest);
            mapped(elements(json), each, piped, depth)
        }
        Some(("|", rest)) => find(Cow::Owned(elements(json).count().to_string()), rest, depth + 1),
        Some(_) => None,
    }
}

/// `(path for each element, path for the whole result)`: cut at the first `|` outside brackets.
fn element_path(path: &str) -> (Option<&str>, Option<&str>) {
    match scan::outside_brackets(path, b"|") {
        Some(at) => (path.get(..at), path.get(at + 1..)),
        None => (Some(path), None),
    }
}

/// An array of what `each` finds in the elements, then `piped` of it.
fn mapped<'a, 'e>(
    elements: impl Iterator<Item = &'e str>,
    each: Option<&str>,
    piped: Option<&str>,
    depth: usize,
) -> Option<Raw<'a>> {
    let mut out = String::from("[");
    for element in elements {
        let value = match each {
            Some(path) => find(Cow::Borrowed(element), path, depth + 1),
            None => Some(Cow::Borrowed(element)),
        };
        if let Some(value) = value {
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str(&value);
        }
    }
    out.push(']');
    match piped {
        Some(path) => find(Cow::Owned(out), path, depth + 1),
        None => Some(Cow::Owned(out)),
    }
}

#[cfg(test)]
mod tests;
