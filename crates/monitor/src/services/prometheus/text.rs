//! Prometheus's text format 0.0.4, and what OpenMetrics 1.0 adds to it.
//!
//! A page is read line by line; a [`Sample`] borrows from it. What OpenMetrics has beside the values
//! (units, exemplars, times of creation) is read over.

use std::{borrow::Cow, collections::HashMap};

/// Lines of one page, comments included.
pub const LINES_LIMIT: usize = 1_000_000;

/// Labels of one sample.
pub const LABELS_LIMIT: usize = 64;

/// Names of metrics whose type is remembered; further ones count as untyped.
const TYPES_LIMIT: usize = 100_000;

/// What a page says about the samples of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
    /// A histogram of what is there now: its counts may fall.
    GaugeHistogram,
    Summary,
    /// Facts in labels; its value is always 1.
    Info,
    StateSet,
    #[default]
    Unknown,
}

impl Kind {
    fn from_word(word: &str) -> Kind {
        match word {
            "counter" => Kind::Counter,
            "gauge" => Kind::Gauge,
            "histogram" => Kind::Histogram,
            "gaugehistogram" => Kind::GaugeHistogram,
            "summary" => Kind::Summary,
            "info" => Kind::Info,
            "stateset" => Kind::StateSet,
            _ => Kind::Unknown,
        }
    }
}

/// Name and value, in the order of the page.
pub type Label<'a> = (&'a str, Cow<'a, str>);

/// One line with a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'s, 'a> {
    /// Name and labels as they stand on the page: the same for the same series from page to page, if the server
    /// keeps the order of its labels, as all do.
    pub key: &'a str,
    pub name: &'a str,
    pub labels: &'s [Label<'a>],
    pub value: f64,
    /// Of the family that the name belongs to.
    pub kind: Kind,
    /// The name without the family's: `_sum`, `_count`, `_bucket`, `_total`, `_created`, or nothing.
    pub suffix: &'a str,
}

/// Why a page makes no sense. The rest of it is not read, as Prometheus itself does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    pub what: &'static str,
}

/// What is wrong with a line.
type Wrong = &'static str;

/// Endings by which samples of one family are told apart; the longer of two that fit is first.
const SUFFIXES: &[&str] =
    &["_gcount", "_bucket", "_created", "_count", "_total", "_gsum", "_info", "_sum"];

/// Reads a page and gives its samples, in order.
///
/// # Errors
/// At the first line that is neither a comment nor a sample, and at a page of too many lines.
pub fn parse<'a>(page: &'a str, mut each: impl FnMut(Sample<'_, 'a>)) -> Result<(), ParseError> {
    let mut types: HashMap<&'a str, Kind> = HashMap::new();
    let mut labels = Vec::new();
    for (at, line) in page.lines().enumerate() {
        let wrong = |what| ParseError { line: at + 1, what };
        if at >= LINES_LIMIT {
            return Err(wrong("too many lines"));
        }
        let line = line.trim_matches([' ', '\t']);
        if let Some(comment) = line.strip_prefix('#') {
            match comment_type(comment) {
                Comment::Type(name, kind) if types.len() < TYPES_LIMIT => {
                    types.insert(name, kind);
                }
                Comment::Type(..) | Comment::Other => {}
                Comment::End => return Ok(()),
            }
        } else if !line.is_empty() {
            labels.clear();
            let (key, name, value) = sample(line, &mut labels).map_err(wrong)?;
            let (kind, suffix) = family(&types, name);
            each(Sample { key, name, labels: &labels, value, kind, suffix });
        }
    }
    Ok(())
}

enum Comment<'a> {
    Type(&'a str, Kind),
    /// `# EOF`
    End,
    Other,
}

/// Of a line without its `#`.
fn comment_type(comment: &str) -> Comment<'_> {
    let mut words = comment.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some("TYPE"), Some(name), Some(kind)) => Comment::Type(name, Kind::from_word(kind)),
        (Some("EOF"), None, None) => Comment::End,
        _ => Comment::Other,
    }
}

/// The type that a name's samples have, and the ending that the name has beside its family's.
fn family<'a>(types: &HashMap<&str, Kind>, name: &'a str) -> (Kind, &'a str) {
    if let Some(kind) = types.get(name) {
        return (*kind, "");
    }
    for suffix in SUFFIXES {
        let Some(kind) = name.strip_suffix(suffix).and_then(|family| types.get(family)) else {
            continue;
        };
        return (*kind, name.get(name.len() - suffix.len()..).unwrap_or_default());
    }
    (Kind::Unknown, "")
}

/// The text of a series, its name and its value.
fn sample<'a>(line: &'a str, into: &mut Vec<Label<'a>>) -> Result<(&'a str, &'a str, f64), Wrong> {
    let length = line.bytes().take_while(|byte| is_name_byte(*byte)).count();
    let (mut name, after) = line.split_at_checked(length).unwrap_or((line, ""));
    let mut rest = after.trim_start_matches([' ', '\t']);
    if let Some(inside) = rest.strip_prefix('{') {
        let (quoted, after) = labels(inside, into)?;
        rest = after;
        if let Some(quoted) = quoted.filter(|_| name.is_empty()) {
            name = quoted;
        }
    } else if after.len() == rest.len() && !rest.is_empty() {
        return Err("a name with a character that none may have");
    }
    if name.is_empty() {
        return Err("a sample without a name");
    }
    let key = line.get(..line.len() - rest.len()).unwrap_or(line).trim_end_matches([' ', '\t']);
    let mut words = rest.split([' ', '\t']).filter(|word| !word.is_empty());
    let value = words.next().ok_or("a sample without a value")?;
    let value = value.parse().map_err(|_| "a value that is no number")?;
    match words.next() {
        // An exemplar of OpenMetrics.
        None | Some("#") => {}
        Some(time) => {
            let _: f64 = time.parse().map_err(|_| "a time that is no number")?;
            if words.next().is_some_and(|word| word != "#") {
                return Err("something behind the value and its time");
            }
        }
    }
    Ok((key, name, value))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

/// Reads labels up to the closing brace: a name that stands among them (in quotes, as Prometheus 3 writes
/// names with other characters), and what is behind the brace.
fn labels<'a>(
    mut rest: &'a str,
    into: &mut Vec<Label<'a>>,
) -> Result<(Option<&'a str>, &'a str), Wrong> {
    let blanks = [' ', '\t'];
    let mut metric = None;
    loop {
        rest = rest.trim_start_matches(blanks);
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((metric, after));
        }
        let (name, after) = label_name(rest)?;
        rest = after.trim_start_matches(blanks);
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start_matches(blanks);
            let after = after.strip_prefix('"').ok_or("a label's value without quotes")?;
            let (value, after) = quoted(after)?;
            if into.len() >= LABELS_LIMIT {
                return Err("too many labels");
            }
            into.push((name, value));
            rest = after.trim_start_matches(blanks);
        } else if metric.is_none() && into.is_empty() {
            metric = Some(name);
        } else {
            return Err("a label without a value");
        }
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return Err("labels without an end"),
        }
    }
}

/// A label's name, in quotes or not, and what is behind it.
fn label_name(text: &str) -> Result<(&str, &str), Wrong> {
    if let Some(inside) = text.strip_prefix('"') {
        return match quoted(inside)? {
            (Cow::Borrowed(name), after) if !name.is_empty() => Ok((name, after)),
            _ => Err("a name that cannot be taken"),
        };
    }
    let length = text.bytes().take_while(|byte| is_name_byte(*byte)).count();
    match text.split_at_checked(length) {
        Some((name, after)) if !name.is_empty() => Ok((name, after)),
        _ => Err("a label without a name"),
    }
}

/// A text up to its closing quotes, and what is behind them.
fn quoted(text: &str) -> Result<(Cow<'_, str>, &str), Wrong> {
    let mut escaped = false;
    let mut has_escapes = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => (escaped, has_escapes) = (true, true),
            b'"' => {
                let (inside, after) = (text.get(..at), text.get(at + 1..));
                let (Some(inside), Some(after)) = (inside, after) else { break };
                let inside = if has_escapes { unescaped(inside).into() } else { inside.into() };
                return Ok((inside, after));
            }
            _ => {}
        }
    }
    Err("quotes that are not closed")
}

/// A backslash before anything else stands for itself, as Prometheus reads it.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match (char, char == '\\') {
            (_, true) => match chars.next() {
                Some('n') => out.push('\n'),
                Some(char @ ('\\' | '"')) => out.push(char),
                Some(char) => out.extend(['\\', char]),
                None => out.push('\\'),
            },
            (char, false) => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests;
