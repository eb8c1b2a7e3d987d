//! Values of variables such as `K6_PROMETHEUS_RW_PUSH_INTERVAL`, as k6 reads them.

use std::{collections::BTreeMap, time::Duration};

/// The variables of one output.
#[derive(Clone, Copy)]
pub(crate) struct Variables<'a>(pub(crate) &'a BTreeMap<String, String>);

impl<'a> Variables<'a> {
    /// One that is empty counts as not set.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// `1m30s`, `500ms`; a bare number is milliseconds.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn duration(self, name: &str) -> Result<Option<Duration>, String> {
        let Some(value) = self.text(name) else { return Ok(None) };
        duration(value).map(Some).ok_or_else(|| format!("{name}: invalid duration \"{value}\""))
    }

    /// The words that Go takes.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn boolean(self, name: &str) -> Result<Option<bool>, String> {
        match self.text(name) {
            None => Ok(None),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(Some(true)),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(Some(false)),
            Some(value) => Err(format!("{name}: \"{value}\" is neither true nor false")),
        }
    }

    /// The file that a variable names, as text.
    ///
    /// # Errors
    /// A sentence, when it cannot be read.
    pub(crate) fn file(self, name: &str) -> Result<Option<String>, String> {
        let Some(path) = self.text(name) else { return Ok(None) };
        std::fs::read_to_string(path).map(Some).map_err(|error| format!("{name}: {path}: {error}"))
    }

    /// What is set with names that begin with `prefix`: the rest of the name, and the value.
    pub(crate) fn beginning_with(self, prefix: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let rest = move |(name, value): (&'a String, &'a String)| {
            Some((name.strip_prefix(prefix)?, value.as_str()))
        };
        self.0.iter().filter_map(rest)
    }
}

/// `1m30s`, `500ms`; a bare number is milliseconds.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 7] = [
        ("ns", 1e-9),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
    ];
    if let Ok(millis) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let (mut rest, mut seconds) = (text, 0.0);
    while !rest.is_empty() {
        let number_end = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let (number, unit_and_rest) = rest.split_at(number_end);
        let unit_end = unit_and_rest
            .find(|char: char| char.is_ascii_digit() || char == '.')
            .unwrap_or(unit_and_rest.len());
        let (unit, after) = unit_and_rest.split_at(unit_end);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        seconds += number.parse::<f64>().ok()? * scale;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_k6_reads_them() {
        let pairs = [("A", "1m0.5s"), ("B", "250"), ("C", "True"), ("D", "x"), ("E", "")];
        let values =
            pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let variables = Variables(&values);
        assert_eq!(variables.duration("A"), Ok(Some(Duration::from_millis(60_500))));
        assert_eq!(variables.duration("B"), Ok(Some(Duration::from_millis(250))));
        assert_eq!(variables.duration("D").unwrap_err(), "D: invalid duration \"x\"");
        assert_eq!(variables.boolean("C"), Ok(Some(true)));
        assert_eq!(variables.boolean("D").unwrap_err(), "D: \"x\" is neither true nor false");
        assert_eq!((variables.text("E"), variables.boolean("E")), (None, Ok(None)));
        assert!(variables.beginning_with("").any(|pair| pair == ("D", "x")));
    }
}
