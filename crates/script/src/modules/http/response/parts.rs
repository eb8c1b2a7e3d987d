//! The properties of a response, each made when it is read.

use std::time::Duration;

use plimsoll_clients::http::{Headers, Response, timings::millis};
use rquickjs::{Ctx, IntoJs, Object, Result, String as JsString, Value};

use super::{End, ResponseObject, ResponseType};
use crate::modules::arguments;

/// What k6 shows as `expires` of a cookie without one: Go's zero time.
const NO_EXPIRY: i64 = -6_795_364_578_871;

fn text<'js>(ctx: &Ctx<'js>, text: &str) -> Result<Value<'js>> {
    Ok(JsString::from_str(ctx.clone(), text)?.into_value())
}

pub(super) fn remote_ip<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    match this.exchange().and_then(|response| response.remote) {
        Some(address) => text(ctx, &address.ip().to_string()),
        None => text(ctx, ""),
    }
}

pub(super) fn remote_port<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    this.exchange()
        .and_then(|response| response.remote)
        .map_or(0, |address| address.port())
        .into_js(ctx)
}

pub(super) fn url<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    text(ctx, this.exchange().map_or("", |response| response.url.as_str()))
}

pub(super) fn status<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    this.exchange().map_or(0, |response| response.status).into_js(ctx)
}

pub(super) fn status_text<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    text(ctx, this.exchange().map_or("", |response| &response.status_text))
}

pub(super) fn proto<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    text(ctx, this.exchange().map_or("", |response| response.proto.as_str()))
}

pub(super) fn tls_version<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    text(ctx, this.exchange().and_then(|response| response.tls).map_or("", |tls| tls.version))
}

pub(super) fn tls_cipher_suite<'js>(
    ctx: &Ctx<'js>,
    this: &ResponseObject<'js>,
) -> Result<Value<'js>> {
    text(ctx, this.exchange().and_then(|response| response.tls).map_or("", |tls| tls.cipher_suite))
}

pub(super) fn error<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    match &this.end {
        End::Exchange(response) => text(ctx, response.error_message()),
        End::Unsent { error, .. } => text(ctx, error),
        End::Blank => text(ctx, ""),
    }
}

pub(super) fn error_code<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    match &this.end {
        End::Exchange(response) => response.error_code.0,
        End::Unsent { code, .. } => code.0,
        End::Blank => 0,
    }
    .into_js(ctx)
}

pub(super) fn headers<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    let object = Object::new(ctx.clone())?;
    if let Some(response) = this.exchange() {
        for (name, value) in response.headers.joined() {
            object.set(&*name, &*value)?;
        }
    }
    Ok(object.into_value())
}

/// `{ name: [{ name, value, domain, ... }] }`
pub(super) fn cookies<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    let object = Object::new(ctx.clone())?;
    for cookie in this.exchange().map(Response::cookies).unwrap_or_default() {
        let shown = Object::new(ctx.clone())?;
        shown.set("name", &*cookie.name)?;
        shown.set("value", &*cookie.value)?;
        shown.set("domain", &*cookie.domain)?;
        shown.set("path", &*cookie.path)?;
        shown.set("http_only", cookie.http_only)?;
        shown.set("secure", cookie.secure)?;
        shown.set("max_age", cookie.max_age.unwrap_or(0))?;
        shown.set("expires", cookie.expires.unwrap_or(NO_EXPIRY))?;
        append(&object, &cookie.name, shown)?;
    }
    Ok(object.into_value())
}

fn append<'js>(object: &Object<'js>, key: &str, item: impl IntoJs<'js>) -> Result<()> {
    let known: Option<rquickjs::Array<'js>> = object.get(key)?;
    let list = match known {
        Some(list) => list,
        None => rquickjs::Array::new(object.ctx().clone())?,
    };
    list.set(list.len(), item)?;
    object.set(key, list)
}

pub(super) fn body<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    let Some(response) = this.exchange() else { return Ok(Value::new_null(ctx.clone())) };
    match (&response.body, this.response_type) {
        (None, _) | (_, ResponseType::None) => Ok(Value::new_null(ctx.clone())),
        (Some(bytes), ResponseType::Binary) => arguments::array_buffer(ctx, bytes.to_vec()),
        (Some(bytes), ResponseType::Text) => match std::str::from_utf8(bytes) {
            Ok(plain) => text(ctx, plain),
            Err(_) => text(ctx, &decoded(bytes)),
        },
    }
}

/// As Go does it: every byte that is no UTF-8 becomes one replacement character.
fn decoded(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

pub(super) fn timings<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    let timings = this.exchange().map(|response| response.timings).unwrap_or_default();
    let object = Object::new(ctx.clone())?;
    let set = |name: &str, phase: Duration| object.set(name, millis(phase));
    set("duration", timings.duration())?;
    set("blocked", timings.blocked)?;
    set("looking_up", timings.looking_up)?;
    set("connecting", timings.connecting)?;
    set("tls_handshaking", timings.tls_handshaking)?;
    set("sending", timings.sending)?;
    set("waiting", timings.waiting)?;
    set("receiving", timings.receiving)?;
    Ok(object.into_value())
}

/// No OCSP response is asked for: the shape with nothing in it, as in k6 without one.
pub(super) fn ocsp<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    let object = Object::new(ctx.clone())?;
    for name in ["produced_at", "this_update", "next_update", "revoked_at"] {
        object.set(name, 0)?;
    }
    object.set("revocation_reason", "")?;
    let over_tls = this.exchange().is_some_and(|response| response.tls.is_some());
    object.set("status", if over_tls { "unknown" } else { "" })?;
    Ok(object.into_value())
}

/// The first request of the exchange; null when nothing was sent.
pub(super) fn request<'js>(ctx: &Ctx<'js>, this: &ResponseObject<'js>) -> Result<Value<'js>> {
    let Some(response) = this.exchange() else { return Ok(Value::new_null(ctx.clone())) };
    let object = Object::new(ctx.clone())?;
    let sent = &response.request;
    let agent = crate::vu::VuState::of(ctx)?.test.http_config().map(|c| c.user_agent.clone());
    object.set("method", &*sent.method)?;
    object.set("url", &**sent.url.as_str())?;
    object.set(
        "headers",
        lists(ctx, &response.request_headers(agent.as_deref().unwrap_or_default()))?,
    )?;
    let body = sent.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    object.set("body", &*body)?;
    let cookies = Object::new(ctx.clone())?;
    for (name, value) in &response.sent_cookies {
        let shown = Object::new(ctx.clone())?;
        shown.set("name", &**name)?;
        shown.set("value", &**value)?;
        shown.set("replace", false)?;
        append(&cookies, name, shown)?;
    }
    object.set("cookies", cookies)?;
    Ok(object.into_value())
}

/// `{ name: [values] }`
fn lists<'js>(ctx: &Ctx<'js>, headers: &Headers) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    for (name, value) in headers.iter() {
        append(&object, &name, &*value)?;
    }
    Ok(object)
}
