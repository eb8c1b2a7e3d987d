//! The response object: native, its properties become JavaScript values only when a script reads them.
//!
//! An exotic class answers for its properties, as own ones, without having any: making them for
//! every response would cost more than the few that a script reads.

mod json;
mod names;
mod page;
mod parts;

use std::cell::RefCell;

use plimsoll_clients::http::{ErrorCode, Response};
use rquickjs::{
    Atom, Class, Ctx, Exception, IntoJs, JsLifetime, Object, Result, Value,
    class::{
        ClassKind, JsCell, JsClass, PropertyDescriptor, PropertyName, Readable, Trace, Tracer,
    },
    function::{Constructor, This},
    qjs,
};

use self::names::Slot;
use super::params::ResponseType;
use crate::modules::arguments;

/// What one exchange ended with, as a script sees it.
pub(super) struct ResponseObject<'js> {
    end: End,
    response_type: ResponseType,
    /// Properties that were assigned, or that hold an object once made: `(index in FIELDS or [`PARSED`], value)`.
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

/// Where [`ResponseObject::values`] keeps the parsed body.
const PARSED: usize = FIELDS.len();

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
    fn read(&self, ctx: &Ctx<'js>, slot: Slot<'js>) -> Result<Value<'js>> {
        match slot {
            Slot::Field(index) => match FIELDS.get(index) {
                Some(field) => self.get(ctx, index, field),
                None => Ok(Value::new_undefined(ctx.clone())),
            },
            Slot::Method(function) => Ok(function),
        }
    }

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

    /// The body as it was parsed before, which a script may have changed since, as in k6.
    fn parsed(&self) -> Option<Value<'js>> {
        let values = self.values.borrow();
        values.iter().find(|(at, _)| *at == PARSED).map(|(_, value)| value.clone())
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

    const KIND: ClassKind = ClassKind::Exotic;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        names::prepare(ctx)?;
        Object::new(ctx.clone()).map(Some)
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }

    fn exotic_get_property(
        this: &JsCell<'js, Self>,
        ctx: &Ctx<'js>,
        name: Atom<'js>,
        _receiver: Value<'js>,
    ) -> Result<Value<'js>> {
        match names::find(ctx, &name)? {
            Some(slot) => this.borrow().read(ctx, slot),
            // What every object has, such as `hasOwnProperty`.
            None => match Class::<Self>::prototype(ctx)? {
                Some(prototype) => prototype.get(name),
                None => Ok(Value::new_undefined(ctx.clone())),
            },
        }
    }

    fn exotic_set_property(
        this: &JsCell<'js, Self>,
        ctx: &Ctx<'js>,
        name: Atom<'js>,
        _receiver: Value<'js>,
        value: Value<'js>,
    ) -> Result<bool> {
        #[expect(unsafe_code, reason = "rquickjs 0.14 drops a value here that QuickJS frees too")]
        // SAFETY: context and value are alive; the new reference is the one that QuickJS frees.
        unsafe {
            qjs::JS_DupValue(ctx.as_raw().as_ptr(), value.as_raw());
        }
        let Some(Slot::Field(index)) = names::find(ctx, &name)? else {
            let name = name.to_string()?;
            let message = format!("Cannot assign to property {name} of a host object");
            return Err(Exception::throw_type(ctx, &message));
        };
        this.borrow().set(index, value);
        Ok(true)
    }

    fn exotic_delete_property(
        _this: &JsCell<'js, Self>,
        ctx: &Ctx<'js>,
        name: Atom<'js>,
    ) -> Result<bool> {
        Ok(names::find(ctx, &name)?.is_none())
    }

    fn exotic_has_property(
        _this: &JsCell<'js, Self>,
        ctx: &Ctx<'js>,
        name: Atom<'js>,
    ) -> Result<bool> {
        if names::find(ctx, &name)?.is_some() {
            return Ok(true);
        }
        Class::<Self>::prototype(ctx)?.map_or(Ok(false), |prototype| prototype.contains_key(name))
    }

    fn exotic_get_own_property(
        this: &JsCell<'js, Self>,
        ctx: &Ctx<'js>,
        name: Atom<'js>,
    ) -> Result<Option<PropertyDescriptor<'js>>> {
        let Some(slot) = names::find(ctx, &name)? else { return Ok(None) };
        let value = this.borrow().read(ctx, slot)?;
        Ok(Some(PropertyDescriptor::new_value(value, false, true, true)))
    }

    fn exotic_get_own_property_names(
        _this: &JsCell<'js, Self>,
        ctx: &Ctx<'js>,
    ) -> Result<Vec<PropertyName<'js>>> {
        let name = |atom| PropertyName { atom, is_enumerable: true };
        Ok(names::all(ctx)?.into_iter().map(name).collect())
    }
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
