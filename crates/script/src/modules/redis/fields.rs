//! An object of options, read as Go reads JSON into a struct: its mistakes have those texts.

use serde_json::{Map, Value};

pub(super) struct Fields<'a> {
    /// Go's name of the struct.
    owner: &'static str,
    /// From the outermost object to this one, with a dot at its end.
    path: &'static str,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// Fails on a name that is not among `known`. Case does not matter, as in Go.
    pub(super) fn new(
        owner: &'static str,
        path: &'static str,
        map: &'a Map<String, Value>,
        known: &[&str],
    ) -> Result<Fields<'a>, String> {
        let unknown =
            map.keys().find(|key| !known.iter().any(|name| name.eq_ignore_ascii_case(key)));
        match unknown {
            Some(key) => Err(format!("json: unknown field \"{key}\"")),
            None => Ok(Fields { owner, path, map }),
        }
    }

    /// `null` says nothing.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        let found = self.map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<String, String> {
        match self.get(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(self.wrong(name, other, "string")),
        }
    }

    /// 0 when it is not given; `kind` as in Go.
    pub(super) fn integer(&self, name: &str, kind: &str) -> Result<i64, String> {
        match self.get(name) {
            None => Ok(0),
            Some(value) => value.as_i64().ok_or_else(|| self.wrong(name, value, kind)),
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| self.wrong(name, value, "bool")),
        }
    }

    pub(super) fn object(
        &self,
        name: &str,
        kind: &str,
    ) -> Result<Option<&'a Map<String, Value>>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(other) => Err(self.wrong(name, other, kind)),
        }
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let values = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(values)) => values,
            Some(other) => return Err(self.wrong(name, other, "[]string")),
        };
        let texts = values.iter().map(|value| match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(self.wrong(name, other, "string")),
        });
        texts.collect()
    }

    fn wrong(&self, name: &str, value: &Value, kind: &str) -> String {
        let found = match value {
            Value::Number(number) if number.as_i64().is_none() => format!("number {number}"),
            Value::Number(_) => "number".to_owned(),
            Value::String(_) => "string".to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) | Value::Null => "object".to_owned(),
        };
        let (owner, path) = (self.owner, self.path);
        format!(
            "json: cannot unmarshal {found} into Go struct field {owner}.{path}{name} of type {kind}"
        )
    }
}
