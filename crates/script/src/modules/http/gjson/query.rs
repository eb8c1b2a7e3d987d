//! `#(path op value)`: which elements of an array match.

use std::{borrow::Cow, cmp::Ordering};

use super::{
    find, matches,
    scan::{self, Kind, kind, outside_brackets},
};

/// Longer ones first.
const OPERATORS: &[&str] = &["==", "!=", "<=", ">=", "!%", "=", "<", ">", "%"];

pub(super) struct Query<'p> {
    path: &'p str,
    /// `(operator, value)`; without it the path must exist.
    condition: Option<(&'static str, Cow<'p, str>)>,
    /// `#(...)#`
    pub(super) all: bool,
    /// From the separator on.
    pub(super) rest: &'p str,
}

/// `None`: a query without an end. `Some(None)`: not a query.
pub(super) fn parse(path: &str) -> Option<Option<Query<'_>>> {
    let close: &[u8] = match path.as_bytes().get(1) {
        Some(b'(') => b")",
        Some(b'[') => b"]",
        _ => return Some(None),
    };
    let inner = path.get(2..)?;
    let end = outside_brackets(inner, close)?;
    let (inner, rest) = (inner.get(..end)?.trim(), inner.get(end + 1..)?);
    let (all, rest) = match rest.strip_prefix('#') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let Some(at) = outside_brackets(inner, b"=!<>%") else {
        return Some(Some(Query { path: inner, condition: None, all, rest }));
    };
    let (path, condition) = inner.split_at_checked(at)?;
    let operator = OPERATORS.iter().find(|operator| condition.starts_with(**operator));
    let condition = operator.map(|operator| {
        let value = condition.get(operator.len()..).unwrap_or_default().trim();
        (*operator, scan::text(value))
    });
    Some(Some(Query { path: path.trim(), condition, all, rest }))
}

impl Query<'_> {
    pub(super) fn accepts(&self, element: &str, depth: usize) -> bool {
        let value = if self.path.is_empty() {
            Some(Cow::Borrowed(element))
        } else {
            find(Cow::Borrowed(element), self.path, depth + 1)
        };
        let Some((operator, wanted)) = &self.condition else { return value.is_some() };
        if let Some(class) = wanted.strip_prefix('~') {
            return compares(
                operator,
                if is_of(value.as_deref(), class) { Ordering::Equal } else { Ordering::Less },
            );
        }
        value.is_some_and(|value| holds(&value, operator, wanted))
    }
}

fn holds(value: &str, operator: &str, wanted: &str) -> bool {
    match kind(value) {
        Kind::String => {
            let text = scan::text(value);
            match operator {
                "%" => matches(&text, wanted),
                "!%" => !matches(&text, wanted),
                _ => compares(operator, (*text).cmp(wanted)),
            }
        }
        Kind::Number => {
            let wanted: f64 = wanted.parse().unwrap_or(0.0);
            let value: f64 = value.parse().unwrap_or(0.0);
            value.partial_cmp(&wanted).is_some_and(|ordering| compares(operator, ordering))
        }
        Kind::True => match operator {
            "=" | "==" => wanted == "true",
            "!=" => wanted != "true",
            ">" => wanted == "false",
            operator => operator == ">=",
        },
        Kind::False => match operator {
            "=" | "==" => wanted == "false",
            "!=" => wanted != "false",
            "<" => wanted == "true",
            operator => operator == "<=",
        },
        Kind::Object | Kind::Array | Kind::Null | Kind::Nothing => false,
    }
}

fn compares(operator: &str, ordering: Ordering) -> bool {
    match operator {
        "=" | "==" => ordering.is_eq(),
        "!=" => ordering.is_ne(),
        "<" => ordering.is_lt(),
        "<=" => ordering.is_le(),
        ">" => ordering.is_gt(),
        ">=" => ordering.is_ge(),
        _ => false,
    }
}

/// `~true`, `~false`, `~null` and `~*`: like true, like false, like null, there at all.
fn is_of(value: Option<&str>, class: &str) -> bool {
    let kind_of = value.map(kind);
    let is_zero = || value.and_then(|value| value.parse::<f64>().ok()) == Some(0.0);
    let says = |words: &[&str]| value.is_some_and(|value| words.contains(&&*scan::text(value)));
    match class {
        "true" => match kind_of {
            Some(Kind::Number) => !is_zero(),
            Some(Kind::String) => says(&["1", "t", "T", "true", "TRUE", "True"]),
            kind => kind == Some(Kind::True),
        },
        "false" => match kind_of {
            Some(Kind::Number) => is_zero(),
            Some(Kind::String) => says(&["", "0", "f", "F", "false", "FALSE", "False"]),
            kind => matches!(kind, None | Some(Kind::False | Kind::Null)),
        },
        "null" => matches!(kind_of, None | Some(Kind::Null)),
        "*" => value.is_some(),
        _ => false,
    }
}
