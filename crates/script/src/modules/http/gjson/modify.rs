//! `@name` and `@name:argument`: whole values changed.

use std::borrow::Cow;

use super::{
    DEPTH_LIMIT, Raw, find,
    scan::{self, Kind, elements, kind, members, outside_brackets},
};

pub(super) struct Call<'p> {
    name: &'p str,
    argument: &'p str,
    pub(super) rest: &'p str,
    /// Nothing stands behind it.
    pub(super) done: bool,
}

const NAMES: &[&str] = &[
    "this", "valid", "pretty", "ugly", "reverse", "flatten", "join", "keys", "values", "tostr",
    "fromstr", "group", "dig",
];

/// `None` when there is no such modifier: then it is a key.
pub(super) fn parse(path: &str) -> Option<Call<'_>> {
    let text = path.strip_prefix('@')?;
    let end = text.find(['.', '|', ':']).unwrap_or(text.len());
    let name = text.get(..end)?;
    if !NAMES.contains(&name) {
        return None;
    }
    let tail = text.get(end..)?;
    let (argument, tail) = match tail.strip_prefix(':') {
        Some(argument) => {
            // An argument that is no JSON goes to the next `|`: it may be a path itself.
            let json = argument.starts_with(['{', '[', '"']);
            let end = outside_brackets(argument, if json { b".|" } else { b"|" });
            argument.split_at_checked(end.unwrap_or(argument.len()))?
        }
        None => ("", tail),
    };
    Some(Call { name, argument, rest: tail.get(1..).unwrap_or_default(), done: tail.is_empty() })
}

pub(super) fn apply<'a>(json: &Raw<'a>, call: &Call<'_>) -> Option<Raw<'a>> {
    let json_kind = kind(json);
    let changed = match (call.name, json_kind) {
        ("reverse", Kind::Array) => {
            let mut all: Vec<&str> = elements(json).collect();
            all.reverse();
            array(all)
        }
        ("reverse", Kind::Object) => {
            let mut all: Vec<_> = members(json).collect();
            all.reverse();
            object(all)
        }
        ("flatten", Kind::Array) => array(flat(json, flag(call.argument, "deep"), 0)),
        ("join", Kind::Array) => joined(json, flag(call.argument, "preserve")),
        ("keys", Kind::Object) => array(members(json).map(|(key, _)| key)),
        ("keys", Kind::Array) => array(elements(json).map(|_| "null")),
        ("values", Kind::Object) => array(members(json).map(|(_, value)| value)),
        (
            "keys" | "values",
            Kind::String | Kind::Number | Kind::True | Kind::False | Kind::Null,
        ) => "[]".to_owned(),
        ("tostr", _) => scan::quoted(json),
        ("fromstr", Kind::String) => {
            let text = scan::text(json).into_owned();
            serde_json::from_str::<serde::de::IgnoredAny>(&text).ok()?;
            text.trim().to_owned()
        }
        ("group", Kind::Object) => grouped(json),
        ("dig", _) => {
            let mut found = Vec::new();
            dig(json, call.argument, 0, &mut found);
            array(found.iter().map(String::as_str))
        }
        _ => return Some(json.clone()),
    };
    Some(Cow::Owned(changed))
}

/// Whether a JSON argument has a true member of that name.
fn flag(argument: &str, name: &str) -> bool {
    find(Cow::Borrowed(argument), name, 0).as_deref() == Some("true")
}

fn array<'e>(values: impl IntoIterator<Item = &'e str>) -> String {
    let values: Vec<&str> = values.into_iter().collect();
    format!("[{}]", values.join(","))
}

fn object<'e>(pairs: impl IntoIterator<Item = (&'e str, &'e str)>) -> String {
    let pairs: Vec<String> =
        pairs.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
    format!("{{{}}}", pairs.join(","))
}

fn flat(json: &str, deep: bool, depth: usize) -> Vec<&str> {
    let mut out = Vec::new();
    for element in elements(json) {
        match kind(element) {
            Kind::Array if deep && depth < DEPTH_LIMIT => {
                out.extend(flat(element, deep, depth + 1))
            }
            Kind::Array => out.extend(elements(element)),
            _ => out.push(element),
        }
    }
    out
}

/// Objects of an array as one; of equal keys the last value wins unless both are preserved.
fn joined(json: &str, preserve: bool) -> String {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for (key, value) in elements(json).filter(|e| kind(e) == Kind::Object).flat_map(members) {
        match pairs.iter_mut().find(|(known, _)| !preserve && *known == key) {
            Some((_, known)) => *known = value,
            None => pairs.push((key, value)),
        }
    }
    object(pairs)
}

/// `{"a":[1,2],"b":[3]}` to `[{"a":1,"b":3},{"a":2}]`
fn grouped(json: &str) -> String {
    let mut rows: Vec<Vec<(&str, &str)>> = Vec::new();
    for (key, column) in members(json).filter(|(_, column)| kind(column) == Kind::Array) {
        for (index, value) in elements(column).enumerate() {
            if rows.len() <= index {
                rows.push(Vec::new());
            }
            if let Some(row) = rows.get_mut(index) {
                row.push((key, value));
            }
        }
    }
    let rows: Vec<String> = rows.into_iter().map(object).collect();
    array(rows.iter().map(String::as_str))
}

/// What `path` finds in a value and in everything below it.
fn dig(json: &str, path: &str, depth: usize, found: &mut Vec<String>) {
    if depth > DEPTH_LIMIT {
        return;
    }
    if let Some(value) = find(Cow::Borrowed(json), path, depth) {
        found.push(value.into_owned());
    }
    match kind(json) {
        Kind::Object => members(json).for_each(|(_, value)| dig(value, path, depth + 1, found)),
        Kind::Array => elements(json).for_each(|value| dig(value, path, depth + 1, found)),
        _ => {}
    }
}
