//! The JSON format, written by programs: one object per line.
//!
//! ```text
//! {"method":"POST","url":"http://127.0.0.1:8080/","body":"aGk=","header":{"Accept":["*/*"]}}
//! ```
//!
//! `method` and `url` must be there; `body` is base64.

use std::{collections::BTreeMap, io::BufRead};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;

use super::{
    BODY_LIMIT, Defaults, HEADERS_LIMIT, Reader, Target, TargetError, check_header, lines::Lines,
};

/// Reads targets one by one.
pub struct JsonReader<R> {
    lines: Lines<R>,
    defaults: Defaults,
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    method: String,
    url: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    header: Option<BTreeMap<String, Vec<String>>>,
}

impl<R: BufRead> JsonReader<R> {
    /// `name`: what errors call the text.
    pub fn new(text: R, name: &str, defaults: Defaults) -> JsonReader<R> {
        JsonReader { lines: Lines::new(text, name), defaults }
    }

    fn read(&mut self) -> Result<Option<Target>, TargetError> {
        let parsed = loop {
            match self.lines.next()? {
                None => return Ok(None),
                Some("") => {}
                Some(line) => break parse(line, &self.defaults),
            }
        };
        parsed.map(Some).map_err(|error| self.lines.fail(error))
    }
}

impl<R: BufRead + Send> Reader for JsonReader<R> {
    fn next(&mut self) -> Result<Option<Target>, TargetError> {
        self.read()
    }
}

fn parse(line: &str, defaults: &Defaults) -> Result<Target, TargetError> {
    let written: Written = serde_json::from_str(line).map_err(|error| malformed(&error))?;
    let mut headers = defaults.headers.clone();
    let own: usize = written.header.iter().flatten().map(|(_, values)| values.len()).sum();
    if own > HEADERS_LIMIT {
        let message = format!("more than {HEADERS_LIMIT} headers in one target");
        return Err(TargetError::new(message));
    }
    for (name, values) in written.header.iter().flatten() {
        for value in values {
            check_header(name, value)?;
            headers.push(name, value);
        }
    }
    let body = match written.body.as_deref() {
        None | Some("") => defaults.body.clone(),
        Some(text) => Some(decode(text)?),
    };
    Target::new(&written.method, &written.url, headers, body)
}

fn decode(text: &str) -> Result<Bytes, TargetError> {
    let body = STANDARD.decode(text).map_err(|error| {
        TargetError::new(format!("the body is not base64: {error}"))
            .hint("encode it, for example with: base64 -w0 FILE")
    })?;
    if body.len() > BODY_LIMIT {
        return Err(TargetError::new(format!("the body is longer than {BODY_LIMIT} bytes")));
    }
    Ok(Bytes::from(body))
}

/// The parser's message without its line, which is always the first, but with its column.
fn malformed(error: &serde_json::Error) -> TargetError {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or(&text);
    TargetError::new(format!("column {}: {reason}", error.column())).hint(
        "a target is a line such as {\"method\":\"GET\",\"url\":\"http://127.0.0.1:8080/\"}; \
         for the other format use -format=http",
    )
}
