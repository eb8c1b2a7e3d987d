//! JavaScript exceptions: thrown by host functions, and told to people as k6 does.

use rquickjs::{Coerced, Ctx, Error, Exception, Object, Value};

use crate::loader::Modules;

/// Name of the errors that k6's host functions throw; scripts compare with it.
const HOST_ERROR_NAME: &str = "GoError";

/// Throws an error named `GoError` with `message`, as k6's own functions do.
pub fn throw(ctx: &Ctx<'_>, message: &str) -> Error {
    match host_error(ctx, message) {
        Ok(error) => error.throw(),
        Err(error) => error,
    }
}

/// As [`throw`], blaming a place of a script that is not running: `file:///script.js:1:2`.
pub(crate) fn throw_at(ctx: &Ctx<'_>, message: &str, place: Option<&str>) -> Error {
    let Some(place) = place else { return throw(ctx, message) };
    match host_error(ctx, message) {
        Ok(error) => match error.as_object().set("stack", format!("    at {place}\n")) {
            Ok(()) => error.throw(),
            Err(error) => error,
        },
        Err(error) => error,
    }
}

fn host_error<'js>(ctx: &Ctx<'js>, message: &str) -> rquickjs::Result<Exception<'js>> {
    let error = Exception::throw_message(ctx, message);
    let Some(object) = ctx.catch().into_object() else { return Err(error) };
    object.prop(
        "name",
        rquickjs::object::Property::from(HOST_ERROR_NAME).writable().configurable(),
    )?;
    Exception::from_object(object).ok_or(error)
}

/// What a script threw, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScriptError {
    /// `Name: message`, or the thrown value as a string.
    pub(crate) summary: String,
    /// Places, innermost first: `name (file:///script.js:1:2)`.
    pub(crate) frames: Vec<String>,
}

impl ScriptError {
    /// Takes the pending exception.
    pub(crate) fn catch(ctx: &Ctx<'_>, error: Error) -> ScriptError {
        if error.is_exception() {
            ScriptError::from_value(ctx, ctx.catch())
        } else {
            ScriptError { summary: error.to_string(), frames: Vec::new() }
        }
    }

    /// Turns places in compiled code into places in the user's source.
    pub(crate) fn map_positions(&mut self, modules: &Modules) {
        for frame in &mut self.frames {
            if let Some(mapped) = map_frame(frame, modules) {
                *frame = mapped;
            }
        }
    }

    pub(crate) fn from_value<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> ScriptError {
        let stack = value.as_object().and_then(|object| object.get::<_, String>("stack").ok());
        let error = value.as_object().filter(|object| object.is_error());
        let summary = match error.and_then(summary_of) {
            Some(summary) => summary,
            None => match value.get::<Coerced<String>>() {
                Ok(text) => text.0,
                Err(_) => {
                    ctx.catch();
                    "unprintable value".to_string()
                }
            },
        };
        ScriptError { summary, frames: stack.as_deref().map(parse_stack).unwrap_or_default() }
    }
}

/// `name (url:line:column)` or `url:line:column` with the place that the user knows.
fn map_frame(frame: &str, modules: &Modules) -> Option<String> {
    let (head, place, tail) = match frame.rsplit_once('(') {
        Some((head, place)) => (head, place.strip_suffix(')')?, ")"),
        None => ("", frame, ""),
    };
    let (rest, column) = place.rsplit_once(':')?;
    let (url, line) = rest.rsplit_once(':')?;
    let (line, column) = modules.original_position(url, line.parse().ok()?, column.parse().ok()?);
    let open = if tail.is_empty() { "" } else { "(" };
    Some(format!("{head}{open}{url}:{line}:{column}{tail}"))
}

fn summary_of(error: &Object<'_>) -> Option<String> {
    let name: String = error.get("name").ok()?;
    let message: String = error.get("message").ok()?;
    Some(if message.is_empty() { name } else { format!("{name}: {message}") })
}

fn parse_stack(stack: &str) -> Vec<String> {
    stack
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("at "))
        .map(|frame| match frame.strip_prefix("<anonymous> (").and_then(|f| f.strip_suffix(')')) {
            Some(place) => place.to_string(),
            None => frame.to_string(),
        })
        .collect()
}

impl std::fmt::Display for ScriptError {
    /// As k6 prints it: one line per frame, each ended.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.summary)?;
        if !self.frames.is_empty() {
            f.write_str("\n")?;
        }
        for frame in &self.frames {
            writeln!(f, "\tat {frame}")?;
        }
        Ok(())
    }
}
