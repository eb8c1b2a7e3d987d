//! The `params` argument: how one request differs from the defaults.

use std::{rc::Rc, time::Duration};

use plimsoll_clients::http::{Auth, Compression, CookieJar, Request, RequestCookie};
use rquickjs::{Class, Coerced, Object, Value};

use super::{
    cookie_jar::JarObject,
    failure::{Build, Failure},
    marks,
    state::Defaults,
};
use crate::{
    modules::{arguments, tags},
    options::{SignedDuration, parse_duration},
};

/// Headers, cookies or tags that one request may give.
const ENTRIES_LIMIT: usize = 10_000;

/// How a response's body reaches the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseType {
    Text,
    Binary,
    None,
}

/// What concerns the script rather than the client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) response_type: ResponseType,
    pub(super) throw: bool,
}

impl From<Defaults> for Answer {
    fn from(defaults: Defaults) -> Answer {
        let discard = defaults.discard_bodies;
        let response_type = if discard { ResponseType::None } else { ResponseType::Text };
        Answer { response_type, throw: defaults.throw }
    }
}

/// Applies `params` to a request; anything but an object changes nothing, as in k6.
pub(super) fn apply(params: &Value<'_>, request: &mut Request, answer: &mut Answer) -> Build<()> {
    let Some(params) = params.as_object() else { return Ok(()) };
    for property in params.props::<String, Value<'_>>().take(ENTRIES_LIMIT) {
        let (key, value) = property?;
        match key.as_str() {
            "headers" => headers(&value, request)?,
            "cookies" => cookies(&value, request)?,
            "jar" => {
                if let Some(jar) = jar(&value) {
                    request.jar = Some(jar);
                }
            }
            "tags" => self::tags(&value, request)?,
            "timeout" => request.timeout = timeout(&value)?,
            "redirects" => {
                let most = value.get::<Coerced<f64>>()?.0;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "`as` saturates"
                )]
                let most = most as u32;
                request.redirects = Some(most);
            }
            "auth" => request.auth = auth(&value.get::<Coerced<String>>()?.0),
            "compression" => request.compression = compression(&value.get::<Coerced<String>>()?.0)?,
            "responseType" => {
                answer.response_type = response_type(&value.get::<Coerced<String>>()?.0)?
            }
            "throw" => answer.throw = value.get::<Coerced<bool>>()?.0,
            "responseCallback" => {
                let callback = marks::as_statuses(&value);
                request.expected =
                    callback.ok_or_else(|| Failure::argument("unsupported responseCallback"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn headers(value: &Value<'_>, request: &mut Request) -> Build<()> {
    let Some(object) = value.as_object() else { return Ok(()) };
    for property in object.props::<String, Value<'_>>().take(ENTRIES_LIMIT) {
        let (name, value) = property?;
        request.headers.set(&name, &arguments::text(&value)?);
    }
    Ok(())
}

fn cookies(value: &Value<'_>, request: &mut Request) -> Build<()> {
    let Some(object) = value.as_object() else { return Ok(()) };
    for property in object.props::<String, Value<'_>>().take(ENTRIES_LIMIT) {
        let (name, value) = property?;
        if value.is_null() || value.is_undefined() {
            continue;
        }
        let (value, replace) = match value.as_object() {
            Some(object) => cookie_object(object)?,
            None => (arguments::text(&value)?, false),
        };
        request.cookies.push(RequestCookie {
            name: Rc::from(name),
            value: Rc::from(value),
            replace,
        });
    }
    Ok(())
}

/// `{ value, replace }`
fn cookie_object(object: &Object<'_>) -> Build<(String, bool)> {
    let value =
        arguments::given(Some(object.get("value")?)).map(|v| arguments::text(&v)).transpose()?;
    let replace = object.get::<_, Coerced<bool>>("replace")?.0;
    Ok((value.unwrap_or_default(), replace))
}

/// What is not a jar is ignored, as in k6.
fn jar(value: &Value<'_>) -> Option<Rc<CookieJar>> {
    let class = Class::<JarObject>::from_object(value.as_object()?)?;
    Some(class.borrow().0.clone())
}

fn tags(value: &Value<'_>, request: &mut Request) -> Build<()> {
    let Some(object) = value.as_object() else { return Ok(()) };
    for property in object.props::<String, Value<'_>>().take(ENTRIES_LIMIT) {
        let (key, value) = property?;
        let Some(text) = tags::to_text(&value)? else {
            return Err(Failure::argument(format!(
                "invalid HTTP request metric tags: invalid value for metric tag '{key}': only String, \
                 Boolean and Number types are accepted as a metric tag values"
            )));
        };
        if key == "name" {
            request.name = Some(Rc::from(text));
        } else {
            request.tags.push((Rc::from(key), Rc::from(text)));
        }
    }
    Ok(())
}

/// Milliseconds, or a text as in the options.
fn timeout(value: &Value<'_>) -> Build<Duration> {
    let duration = if let Some(millis) = value.as_number() {
        SignedDuration::from_millis_f64(millis)
    } else if let Some(text) = value.as_string() {
        let text = text.to_string()?;
        parse_duration(&text)
            .map_err(|error| Failure::argument(format!("invalid timeout value: {error}")))?
    } else {
        let kind = arguments::type_name(value);
        return Err(Failure::argument(format!(
            "invalid timeout value: unable to use type {kind} as a duration value"
        )));
    };
    Ok(duration.to_std())
}

fn auth(name: &str) -> Auth {
    match name {
        "basic" => Auth::Basic,
        "digest" => Auth::Digest,
        "ntlm" => Auth::Ntlm,
        _ => Auth::None,
    }
}

fn compression(names: &str) -> Build<Vec<Compression>> {
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let coding = |name: &str| {
        Compression::from_name(name).ok_or_else(|| {
            Failure::argument(format!(
                "unknown compression algorithm {name}, supported algorithms are [gzip deflate zstd br]"
            ))
        })
    };
    names.map(coding).collect()
}

fn response_type(name: &str) -> Build<ResponseType> {
    match name {
        "text" => Ok(ResponseType::Text),
        "binary" => Ok(ResponseType::Binary),
        "none" => Ok(ResponseType::None),
        _ => Err(Failure::argument(format!("{name} does not belong to ResponseType values"))),
    }
}
