//! The response object: native, its properties become JavaScript values only when a script reads them.
//!
//! The properties are accessors of the prototype, so `for in`, `JSON.stringify` and assignment see
//! them, but `Object.keys` and `{ ...response }`, which look at own properties alone, do not: own
//! properties would have to be made for every response.

mod json;
mod page;
mod parts;

use std::cell::RefCell;

use plimsoll_clients::http::{ErrorCode, Response};
use rquickjs::{
    Class, Ctx, Function, IntoJs, JsLifetime, Object, Result, Value,
    class::{JsClass, Readable, Trace, Tracer},
    function::{Constructor, Opt, This},
    object::{Accessor, Property},
};

use super::params::ResponseType;
use crate::modules::arguments;

/// What one exchange ended with, as a script sees it.
pub(super) struct ResponseObject<'js> {
    end: End,
    response_type: ResponseType,
    /// Properties that were assigned, or that hold an object once made: `(index in FIELDS, value)`.
    values: RefCell<Vec<(usize, Value<'js>)>>,
}

enum End {
    Exchange(Box<Response>),
    /// Nothing was sent: the script's arguments were wrong.
    Unsent {
        error: String,
        code: ErrorCode,
    },
    /// A member of a batch in which another could not be sent.
    Blank,
}

impl<'js> Trace<'js> for ResponseObject<'js> {
    fn trace<'a>(&self, tracer: Tracer<'a, 'js>) {
        if let Ok(values) = self.values.try_borrow() {
            values.iter().for_each(|(_, value)| value.trace(tracer));
        }
    }
}

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: the one lifetime is that of the runtime.
unsafe impl<'js> JsLifetime<'js> for ResponseObject<'js> {
    type Changed<'to> = ResponseObject<'to>;
}

type Read = for<'js> fn(&Ctx<'js>, &ResponseObject<'js>) -> Result<Value<'js>>;

/// One property.
struct Field {
    name: &'static str,
    /// Made once and then kept, since scripts may change it.
    kept: bool,
    read: Read,
}

const fn plain(name: &'static str, read: Read) -> Field {
    Field { name, kept: false, read }
}

const fn kept(name: &'static str, read: Read) -> Field {
    Field { name, kept: true, read }
}

const BODY: &str = "body";

/// In k6's order.
const FIELDS: &[Field] = &[
    plain("remote_ip", parts::remote_ip),
    plain("remote_port", parts::remote_port),
    plain("url", parts::url),
    plain("status", parts::status),
    plain("status_text", parts::status_text),
    plain("proto", parts::proto),
    kept("headers", parts::headers),
    kept("cookies", parts::cookies),
    kept(BODY, parts::body),
    kept("timings", parts::timings),
    plain("tls_version", parts::tls_version),
    plain("tls_cipher_suite", parts::tls_cipher_suite),
    kept("ocsp", parts::ocsp),
    plain("error", parts::error),
    plain("error_code", parts::error_code),
    kept("request", parts::request),
];

impl<'js> ResponseObject<'js> {
    fn get(&self, ctx: &Ctx<'js>, index: usize, field: &Field) -> Result<Value<'js>> {
        let known =
            self.values.borrow().iter().find(|(at, _)| *at == index).map(|(_, v)| v.clone());
        if let Some(value) = known {
            return Ok(value);
        }
        let value = (field.read)(ctx, self)?;
        if field.kept {
            self.values.borrow_mut().push((index, value.clone()));
        }
        Ok(value)
    }

    fn set(&self, index: usize, value: Value<'js>) {
        let mut values = self.values.borrow_mut();
        match values.iter_mut().find(|(at, _)| *at == index) {
            Some((_, known)) => *known = value,
            None => values.push((index, value)),
        }
    }

    fn exchange(&self) -> Option<&Response> {
        match &self.end {
            End::Exchange(response) => Some(response),
            End::Unsent { .. } | End::Blank => None,
        }
    }

    /// The body's bytes; what a script assigned to `body` counts. `None` without a body.
    fn body_bytes(&self) -> Option<bytes::Bytes> {
        let index = FIELDS.iter().position(|field| field.name == BODY);
        let values = self.values.borrow();
        let assigned = values.iter().find(|(at, _)| Some(*at) == index).map(|(_, value)| value);
        if let Some(text) = assigned.and_then(Value::as_string) {
            return Some(bytes::Bytes::from(text.to_string().unwrap_or_default()));
        }
        match &self.end {
            End::Exchange(_) if self.response_type == ResponseType::None => None,
            End::Exchange(response) => response.body.clone(),
            End::Unsent { .. } | End::Blank => Some(bytes::Bytes::new()),
        }
    }
}

type Own<'js> = This<Class<'js, ResponseObject<'js>>>;

impl<'js> JsClass<'js> for ResponseObject<'js> {
    const NAME: &'static str = "Response";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let prototype = Object::new(ctx.clone())?;
        for (index, field) in FIELDS.iter().enumerate() {
            let get = move |ctx: Ctx<'js>, this: Own<'js>| this.borrow().get(&ctx, index, field);
            let set = move |this: Own<'js>, value: Value<'js>| this.borrow().set(index, value);
            prototype.prop(field.name, Accessor::new(get, set).enumerable().configurable())?;
        }
        let method = |name: &str, function: Function<'js>| {
            prototype
                .prop(name, Property::from(function.with_name(name)?).writable().configurable())
        };
        method("json", Function::new(ctx.clone(), json::json)?)?;
        method("html", Function::new(ctx.clone(), page::html)?)?;
        method("submitForm", Function::new(ctx.clone(), page::submit_form)?)?;
        method("clickLink", Function::new(ctx.clone(), page::click_link)?)?;
        method("toJSON", Function::new(ctx.clone(), to_json)?)?;
        Ok(Some(prototype))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

/// The whole as a plain object, for `JSON.stringify` and `console.log`.
fn to_json<'js>(ctx: Ctx<'js>, this: Own<'js>, _key: Opt<Value<'js>>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    for (index, field) in FIELDS.iter().enumerate() {
        object.set(field.name, this.borrow().get(&ctx, index, field)?)?;
    }
    Ok(object)
}

/// The object of an exchange that took place.
pub(super) fn of<'js>(
    ctx: &Ctx<'js>,
    response: Response,
    response_type: ResponseType,
) -> Result<Value<'js>> {
    instance(ctx, End::Exchange(Box::new(response)), response_type)
}

/// The object of a request that was never sent.
pub(super) fn unsent<'js>(ctx: &Ctx<'js>, error: String, code: ErrorCode) -> Result<Value<'js>> {
    instance(ctx, End::Unsent { error, code }, ResponseType::Text)
}

/// The object of a batch's member that was not sent because of another.
pub(super) fn blank<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    instance(ctx, End::Blank, ResponseType::Text)
}

fn instance<'js>(ctx: &Ctx<'js>, end: End, response_type: ResponseType) -> Result<Value<'js>> {
    let object = ResponseObject { end, response_type, values: RefCell::new(Vec::new()) };
    Class::instance(ctx.clone(), object)?.into_js(ctx)
}

/// The text of an argument, `None` when it is missing.
fn given_text(value: Option<Value<'_>>) -> Result<Option<String>> {
    arguments::given(value).map(|value| arguments::text(&value)).transpose()
}
