//! Where targets come from, by the flags.

use std::{
    fs::File,
    io::{BufRead, BufReader, IsTerminal},
};

use bytes::Bytes;
use plimsoll_attack::{
    http::Targets,
    targets::{
        Defaults, Format, Stream, Target, TargetError, http::read_body, parse_header, read_all,
        reader,
    },
};
use plimsoll_clients::http::Headers;

use super::redis;
use crate::{
    args::{AttackArgs, TargetFlags, TargetFormat},
    exit::{Exit, Failure},
};

/// What is attacked, in a few words.
pub(super) fn describe(args: &AttackArgs) -> String {
    match (&args.url, args.targets.targets.as_str()) {
        (Some(url), _) if redis::is_target(args) => redis::describe(url),
        (Some(url), _) => with_scheme(url),
        (None, "-" | "stdin") => "targets from standard input".to_owned(),
        (None, file) => file.to_owned(),
    }
}

/// Reads all targets, or starts to.
pub(super) fn open(args: &AttackArgs) -> Result<Targets, Failure> {
    let flags = &args.targets;
    let defaults = defaults(flags)?;
    if let Some(url) = &args.url {
        return one(url, flags, defaults);
    }
    let format = match flags.format {
        TargetFormat::Http => Format::Http,
        TargetFormat::Json => Format::Json,
    };
    let (text, name) = text(&flags.targets)?;
    let mut reader = reader(format, text, name, defaults);
    if flags.lazy {
        let stream = Stream::start(reader).map_err(|error| {
            Failure::new(Exit::Other, format!("start a thread for the targets: {error}"))
        })?;
        return Ok(Targets::Stream(stream));
    }
    let targets = read_all(&mut *reader, name).map_err(failure)?;
    Ok(Targets::List(targets.into()))
}

fn one(url: &str, flags: &TargetFlags, defaults: Defaults) -> Result<Targets, Failure> {
    let method = match &flags.method {
        Some(method) => method,
        None if defaults.body.is_some() => "POST",
        None => "GET",
    };
    let Defaults { headers, body } = defaults;
    let target = Target::new(method, &with_scheme(url), headers, body).map_err(failure)?;
    Ok(Targets::List(vec![target].into()))
}

/// As browsers and curl do: `127.0.0.1:8080/path` is meant as a URL.
fn with_scheme(url: &str) -> String {
    if url.contains("://") { url.to_owned() } else { format!("http://{url}") }
}

/// The text of targets and what errors call it.
fn text(name: &str) -> Result<(Box<dyn BufRead + Send>, &str), Failure> {
    if matches!(name, "-" | "stdin") {
        let stdin = std::io::stdin();
        if stdin.is_terminal() {
            let message = "no targets: neither a URL nor -targets is given, and standard input is \
                           a terminal";
            return Err(Failure::new(Exit::Other, message)
                .with_hint("plimsoll attack -duration=10s http://127.0.0.1:8080/"));
        }
        return Ok((Box::new(BufReader::new(stdin)), "standard input"));
    }
    let file = File::open(name).map_err(|error| {
        Failure::new(Exit::Other, format!("-targets {name}: cannot be read: {error}"))
            .with_hint("name a file with a target on each line, such as GET http://127.0.0.1:8080/")
    })?;
    Ok((Box::new(BufReader::new(file)), name))
}

fn defaults(flags: &TargetFlags) -> Result<Defaults, Failure> {
    let body = match (&flags.body, &flags.data) {
        (Some(path), _) => Some(read_body(path).map_err(failure)?),
        (None, Some(text)) => Some(Bytes::copy_from_slice(text.as_bytes())),
        (None, None) => None,
    };
    Ok(Defaults { headers: headers("-header", &flags.headers)?, body })
}

/// Headers of a flag.
pub(super) fn headers(flag: &str, lines: &[String]) -> Result<Headers, Failure> {
    let mut headers = Headers::default();
    for line in lines {
        let (name, value) = parse_header(line).map_err(|error| {
            let hint = "write it as 'Name: value'";
            Failure::new(Exit::BadConfiguration, format!("{flag} {line:?}: {}", error.message))
                .with_hint(hint)
        })?;
        headers.push(name, value);
    }
    Ok(headers)
}

fn failure(error: TargetError) -> Failure {
    let failure = Failure::new(Exit::BadConfiguration, error.to_string());
    Failure { hint: error.hint, ..failure }
}
