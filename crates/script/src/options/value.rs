//! Typed readers of JSON values and of texts, with k6's leniencies.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    duration::{SignedDuration, parse_duration},
    error::{OptionsError, Reason, Source},
};

pub(crate) type Read<T> = Result<T, Reason>;

const DURATION_HINT: &str =
    "write it as \"30s\", \"1m30s\" or \"1h\", or as a number of milliseconds";

/// The keys of one JSON object, read one by one.
pub(crate) struct Fields<'a> {
    pub(crate) map: &'a Map<String, Value>,
    pub(crate) source: Source,
}

impl Fields<'_> {
    /// `None` when the key is absent or null.
    pub(crate) fn get<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Value) -> Read<T>,
    ) -> Result<Option<T>, OptionsError> {
        match self.map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).map_err(|reason| reason.at_key(self.source, key)),
        }
    }
}

/// As [`Fields::get`] for a key inside an option.
pub(crate) fn inner<T>(
    map: &Map<String, Value>,
    key: &str,
    read: impl FnOnce(&Value) -> Read<T>,
) -> Read<Option<T>> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some).map_err(|reason| reason.under(&format!(".{key}"))),
    }
}

fn wrong(value: &Value, wanted: &str) -> Reason {
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    };
    Reason::new(format!("expected {wanted}, found {found}"))
}

pub(crate) fn boolean(value: &Value) -> Read<bool> {
    value.as_bool().ok_or_else(|| wrong(value, "true or false"))
}

/// k6 takes a whole number, also as a string.
pub(crate) fn integer(value: &Value) -> Read<i64> {
    match value {
        Value::String(text) => integer_text(text),
        Value::Number(number) => {
            let whole = number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15);
            #[expect(clippy::cast_possible_truncation, reason = "whole and small, tested above")]
            let whole = number.as_i64().or(whole.map(|n| n as i64));
            whole.ok_or_else(|| wrong(value, "a whole number"))
        }
        _ => Err(wrong(value, "a whole number")),
    }
}

pub(crate) fn text(value: &Value) -> Read<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(value, "a string"))
}

pub(crate) fn duration(value: &Value) -> Read<SignedDuration> {
    match value {
        Value::String(text) => duration_text(text),
        Value::Number(number) => {
            Ok(SignedDuration::from_millis_f64(number.as_f64().unwrap_or(0.0)))
        }
        _ => Err(wrong(value, "a duration").hint(DURATION_HINT)),
    }
}

pub(crate) fn object(value: &Value) -> Read<&Map<String, Value>> {
    value.as_object().ok_or_else(|| wrong(value, "an object"))
}

pub(crate) fn list<T>(value: &Value, read: impl Fn(&Value) -> Read<T>) -> Read<Vec<T>> {
    let items = value.as_array().ok_or_else(|| wrong(value, "an array"))?;
    let item = |(index, item)| read(item).map_err(|reason| reason.under(&format!("[{index}]")));
    items.iter().enumerate().map(item).collect()
}

pub(crate) fn texts(value: &Value) -> Read<Vec<String>> {
    list(value, text)
}

pub(crate) fn map_of<T>(
    value: &Value,
    read: impl Fn(&str, &Value) -> Read<T>,
) -> Read<BTreeMap<String, T>> {
    let entry = |(key, value): (&String, &Value)| {
        let read = read(key, value).map_err(|reason| reason.under(&format!(".{key}")))?;
        Ok((key.clone(), read))
    };
    object(value)?.iter().map(entry).collect()
}

pub(crate) fn text_map(value: &Value) -> Read<BTreeMap<String, String>> {
    map_of(value, |_, value| text(value).map_err(|r| r.hint("put the value in quotes")))
}

pub(crate) fn boolean_text(text: &str) -> Read<bool> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Reason::new(format!("expected true or false, found {text:?}"))),
    }
}

pub(crate) fn integer_text(text: &str) -> Read<i64> {
    text.parse().map_err(|_| Reason::new(format!("expected a whole number, found {text:?}")))
}

pub(crate) fn duration_text(text: &str) -> Read<SignedDuration> {
    parse_duration(text).map_err(|error| Reason::new(error.to_string()).hint(DURATION_HINT))
}

/// Comma-separated, empty parts dropped.
pub(crate) fn comma_list<T>(text: &str, read: impl Fn(&str) -> Read<T>) -> Read<Vec<T>> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(read).collect()
}
