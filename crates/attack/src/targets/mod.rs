//! What is sent: targets read from text, whole before the attack or one by one while it runs.
//!
//! Two formats, both known from vegeta: [`http`] is written by hand, [`json`] by programs. Every
//! target is checked when it is read, so that a mistake is told with its place before it is sent.

mod error;
pub mod http;
pub mod json;
mod lines;
mod stream;
#[cfg(test)]
mod tests;

use std::{io::BufRead, sync::Arc};

use bytes::Bytes;
use plimsoll_clients::http::{
    Headers, Url,
    url::{Scheme, URL_LIMIT},
};

pub use error::TargetError;
pub use stream::Stream;

/// Targets of one list; an endless stream is for `-lazy`.
pub const TARGETS_LIMIT: usize = 10_000_000;
/// Bytes of one line: room for the longest URL, or a body in base64.
pub const LINE_LIMIT: usize = 2 * URL_LIMIT + 4 * BODY_LIMIT / 3;
/// Bytes of one body.
pub const BODY_LIMIT: usize = 64 << 20;
/// Headers of one target.
pub const HEADERS_LIMIT: usize = 1000;

/// One request to send. Owned by no thread: each worker prepares its own from it.
#[derive(Clone, Debug)]
pub struct Target {
    pub method: Arc<str>,
    pub url: Arc<str>,
    /// Its own after those of all targets.
    pub headers: Headers,
    pub body: Option<Bytes>,
}

/// What every target has unless it says otherwise (`-header`, `-body`).
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// Sent with every target, before its own headers.
    pub headers: Headers,
    /// The body of targets without one.
    pub body: Option<Bytes>,
}

/// How targets are written (`-format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Http,
    Json,
}

impl Target {
    /// A target that was checked.
    ///
    /// # Errors
    /// What is wrong with it, without a place.
    pub fn new(
        method: &str,
        url: &str,
        headers: Headers,
        body: Option<Bytes>,
    ) -> Result<Target, TargetError> {
        check_method(method)?;
        check_url(url)?;
        Ok(Target { method: Arc::from(method), url: Arc::from(url), headers, body })
    }
}

/// One target after the other.
pub trait Reader: Send {
    /// `None` at the end.
    ///
    /// # Errors
    /// What cannot be read or is no target, with its place. Nothing more comes after it.
    fn next(&mut self) -> Result<Option<Target>, TargetError>;
}

/// A reader of `text`, which errors call `name`. Body files of the http format are looked for as
/// written, so below the working folder.
pub fn reader(
    format: Format,
    text: impl BufRead + Send + 'static,
    name: &str,
    defaults: Defaults,
) -> Box<dyn Reader> {
    match format {
        Format::Http => Box::new(http::HttpReader::new(text, name, defaults)),
        Format::Json => Box::new(json::JsonReader::new(text, name, defaults)),
    }
}

/// Reads all targets.
///
/// # Errors
/// The first that is none, no target at all, or more than [`TARGETS_LIMIT`].
pub fn read_all(reader: &mut dyn Reader, name: &str) -> Result<Vec<Target>, TargetError> {
    let mut targets = Vec::new();
    while let Some(target) = reader.next()? {
        if targets.len() >= TARGETS_LIMIT {
            return Err(TargetError::new(format!("more than {TARGETS_LIMIT} targets"))
                .at_name(name)
                .hint("read them as they are sent, with -lazy"));
        }
        targets.push(target);
    }
    if targets.is_empty() {
        return Err(TargetError::new("no targets: expected METHOD URL on a line")
            .at_name(name)
            .hint("for example: GET http://127.0.0.1:8080/"));
    }
    Ok(targets)
}

/// Parses `Name: value`.
///
/// # Errors
/// Without a colon, or with characters that no header may have.
pub fn parse_header(line: &str) -> Result<(&str, &str), TargetError> {
    let malformed = || {
        TargetError::new(format!("expected a header as Name: value, found {}", shown(line)))
            .hint("a body is named by @FILE on a line of its own")
    };
    let (name, value) = line.split_once(':').ok_or_else(malformed)?;
    let (name, value) = (name.trim(), value.trim());
    check_header(name, value)?;
    Ok((name, value))
}

fn check_header(name: &str, value: &str) -> Result<(), TargetError> {
    if !is_token(name) {
        return Err(TargetError::new(format!("{} is no name of a header", shown(name))));
    }
    if value.bytes().any(|byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f) {
        let message = format!("the value of the header {name} has a control character");
        return Err(TargetError::new(message));
    }
    Ok(())
}

fn check_method(method: &str) -> Result<(), TargetError> {
    if is_token(method) {
        return Ok(());
    }
    Err(TargetError::new(format!("expected a method, found {}", shown(method)))
        .hint("a target is METHOD URL, such as GET http://127.0.0.1:8080/"))
}

fn check_url(text: &str) -> Result<(), TargetError> {
    let url = Url::parse(text).map_err(|error| TargetError::new(error.message))?;
    let example = "write it as http://HOST:PORT/PATH or https://...";
    match url.scheme() {
        _ if url.scheme_text().is_empty() => {
            Err(TargetError::new(format!("the URL {} has no scheme", shown(text))).hint(example))
        }
        Scheme::Other => {
            let scheme = url.scheme_text();
            let message = format!("unknown scheme {scheme:?}: expected http or https");
            let hint = match scheme {
                "redis" | "rediss" => "redis targets are given on the command line, with --command",
                _ => example,
            };
            Err(TargetError::new(message).hint(hint))
        }
        _ if url.host().is_empty() => {
            Err(TargetError::new(format!("the URL {} has no host", shown(text))).hint(example))
        }
        _ => Ok(()),
    }
}

/// A token of RFC 9110: the rule for methods and names of headers.
fn is_token(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

/// As a message shows it: quoted, and cut when it is long.
fn shown(text: &str) -> String {
    /// Enough to find the place by.
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{:?}...", text.get(..at).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
