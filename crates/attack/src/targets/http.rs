//! The http format, written by hand:
//!
//! ```text
//! # a comment
//! GET http://127.0.0.1:8080/
//! POST http://127.0.0.1:8080/things
//! Content-Type: application/json
//! @thing.json
//! ```
//!
//! A target ends with its body, an empty line, or the first line of the next target. A line that
//! begins with `METHOD` in upper case and a blank begins a target.

use std::{
    collections::HashMap,
    io::{BufRead, Read},
    path::PathBuf,
};

use bytes::Bytes;

use super::{
    BODY_LIMIT, Defaults, HEADERS_LIMIT, Reader, Target, TargetError, lines::Lines, parse_header,
    shown,
};

/// Body files kept in memory, so that many targets with one body read it once.
const BODIES_KEPT: usize = 1024;

/// Reads targets one by one.
pub struct HttpReader<R> {
    lines: Lines<R>,
    defaults: Defaults,
    bodies: HashMap<PathBuf, Bytes>,
}

impl<R: BufRead> HttpReader<R> {
    /// `name`: what errors call the text.
    pub fn new(text: R, name: &str, defaults: Defaults) -> HttpReader<R> {
        HttpReader { lines: Lines::new(text, name), defaults, bodies: HashMap::new() }
    }

    fn read(&mut self) -> Result<Option<Target>, TargetError> {
        let first = loop {
            match self.lines.next()? {
                None => return Ok(None),
                Some("") => {}
                Some(line) if line.starts_with('#') => {}
                Some(line) => break line.to_owned(),
            }
        };
        let number = self.lines.number();
        let (method, url) = split(&first).map_err(|error| self.lines.fail(error))?;
        let mut headers = self.defaults.headers.clone();
        let mut own_headers = 0;
        let body = loop {
            match self.lines.next()? {
                None | Some("") => break None,
                Some(line) if line.starts_with('#') => {}
                Some(line) if begins_target(line) => {
                    self.lines.put_back();
                    break None;
                }
                Some(line) if line.starts_with('@') => {
                    let path = PathBuf::from(line.trim_start_matches('@').trim_start());
                    break Some(self.body(path)?);
                }
                Some(line) => {
                    let header = parse_header(line);
                    own_headers += 1;
                    if own_headers > HEADERS_LIMIT {
                        let message = format!("more than {HEADERS_LIMIT} headers in one target");
                        return Err(self.lines.fail(TargetError::new(message)));
                    }
                    match header {
                        Ok((name, value)) => headers.push(name, value),
                        Err(error) => return Err(self.lines.fail(error)),
                    }
                }
            }
        };
        let body = body.or_else(|| self.defaults.body.clone());
        let target = Target::new(method, url, headers, body);
        target.map(Some).map_err(|error| self.lines.fail_at(number, error))
    }

    fn body(&mut self, path: PathBuf) -> Result<Bytes, TargetError> {
        if let Some(body) = self.bodies.get(&path) {
            return Ok(body.clone());
        }
        let body = read_body(&path).map_err(|error| self.lines.fail(error))?;
        if self.bodies.len() < BODIES_KEPT {
            self.bodies.insert(path, body.clone());
        }
        Ok(body)
    }
}

impl<R: BufRead + Send> Reader for HttpReader<R> {
    fn next(&mut self) -> Result<Option<Target>, TargetError> {
        self.read()
    }
}

/// A body from a file (`@FILE`, `-body FILE`).
///
/// # Errors
/// When it cannot be read or is longer than [`BODY_LIMIT`].
pub fn read_body(path: &std::path::Path) -> Result<Bytes, TargetError> {
    let name = path.display();
    let failed = |error: std::io::Error| {
        TargetError::new(format!("the body file {name} cannot be read: {error}"))
            .hint("its path starts in the folder that the command was started in")
    };
    let mut body = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(BODY_LIMIT as u64 + 1).read_to_end(&mut body).map_err(failed)?;
    if body.len() > BODY_LIMIT {
        let message = format!("the body file {name} is longer than {BODY_LIMIT} bytes");
        return Err(TargetError::new(message));
    }
    Ok(Bytes::from(body))
}

fn split(line: &str) -> Result<(&str, &str), TargetError> {
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(method), Some(url), None) => Ok((method, url)),
        _ => Err(TargetError::new(format!("expected METHOD URL, found {}", shown(line)))
            .hint("for example: GET http://127.0.0.1:8080/")),
    }
}

/// Whether the line is a target's first rather than a header.
fn begins_target(line: &str) -> bool {
    let method = line.trim_start_matches(|c: char| c.is_ascii_uppercase());
    method.len() < line.len() && method.starts_with(char::is_whitespace)
}
