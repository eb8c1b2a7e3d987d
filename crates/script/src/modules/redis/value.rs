//! Answers as JavaScript values.

use plimsoll_clients::redis::{Answer, Value as Reply};
use rquickjs::{
    Ctx, Error, Function, IntoJs, Object, Result, Value, function::Constructor, object::Property,
};

use super::commands::Gives;

/// Go's text for a reply without a value.
const NIL: &str = "redis: nil";

/// Why a promise is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// By the server, or by the client's own rules about it.
    Server(String),
    /// Before there was a reply.
    Client(String),
}

pub(super) fn of_answer<'js>(ctx: &Ctx<'js>, answer: Answer, gives: Gives) -> Result<Value<'js>> {
    match answer {
        Answer::Value(Reply::Null) => Err(reject(ctx, &Refusal::Server(NIL.to_owned()))),
        Answer::Value(reply) => of_reply(ctx, reply, gives),
        Answer::Error(message) => Err(reject(ctx, &Refusal::Server(message.to_string()))),
        Answer::Lost(error) if error.is_of_server() => {
            Err(reject(ctx, &Refusal::Server(error.detail.clone())))
        }
        Answer::Lost(error) => Err(reject(ctx, &Refusal::Client(error.detail.clone()))),
        Answer::None | Answer::Ok | Answer::Null => Ok(Value::new_undefined(ctx.clone())),
    }
}

fn of_reply<'js>(ctx: &Ctx<'js>, reply: Reply, gives: Gives) -> Result<Value<'js>> {
    match (gives, reply) {
        (Gives::Boolean, Reply::Integer(number)) => (number == 1).into_js(ctx),
        (Gives::Seconds, Reply::Integer(number)) if number < 0 => {
            (number as f64 / 1e9).into_js(ctx)
        }
        (Gives::Fields, Reply::Array(values)) => {
            let object = Object::new(ctx.clone())?;
            let mut values = values.into_iter();
            while let (Some(name), Some(value)) = (values.next(), values.next()) {
                object.set(text(&name), any(ctx, value)?)?;
            }
            Ok(object.into_value())
        }
        (_, reply) => any(ctx, reply),
    }
}

fn any<'js>(ctx: &Ctx<'js>, reply: Reply) -> Result<Value<'js>> {
    match reply {
        Reply::Null => Ok(Value::new_null(ctx.clone())),
        Reply::Integer(number) => (number as f64).into_js(ctx),
        Reply::Double(number) => number.into_js(ctx),
        Reply::Boolean(flag) => flag.into_js(ctx),
        Reply::Array(values) | Reply::Set(values) | Reply::Push(values) => {
            let values = values.into_iter().map(|value| any(ctx, value));
            values.collect::<Result<Vec<_>>>()?.into_js(ctx)
        }
        Reply::Map(pairs) => {
            let object = Object::new(ctx.clone())?;
            for (name, value) in pairs {
                object.set(text(&name), any(ctx, value)?)?;
            }
            Ok(object.into_value())
        }
        Reply::Error(message) => string_object(ctx, &String::from_utf8_lossy(&message)),
        reply => text(&reply).into_js(ctx),
    }
}

/// JavaScript strings have no bytes: what is no UTF-8 becomes replacement characters.
fn text(reply: &Reply) -> String {
    match reply {
        Reply::Integer(number) => number.to_string(),
        reply => String::from_utf8_lossy(reply.as_bytes().unwrap_or_default()).into_owned(),
    }
}

/// Throws what k6 rejects with.
pub(super) fn reject(ctx: &Ctx<'_>, refusal: &Refusal) -> Error {
    let value = match refusal {
        Refusal::Server(message) => string_object(ctx, message),
        Refusal::Client(message) => plain_object(ctx, message),
    };
    match value {
        Ok(value) => ctx.throw(value),
        Err(error) => error,
    }
}

fn string_object<'js>(ctx: &Ctx<'js>, message: &str) -> Result<Value<'js>> {
    let string: Constructor<'js> = ctx.globals().get("String")?;
    let object: Object<'js> = string.construct((message,))?;
    set_error(ctx, &object, message)?;
    Ok(object.into_value())
}

fn plain_object<'js>(ctx: &Ctx<'js>, message: &str) -> Result<Value<'js>> {
    let object = Object::new(ctx.clone())?;
    set_error(ctx, &object, message)?;
    object.prop("toString", Property::from(text_function(ctx, message)?).configurable())?;
    Ok(object.into_value())
}

/// Go's errors have a function that tells them.
fn set_error<'js>(ctx: &Ctx<'js>, object: &Object<'js>, message: &str) -> Result<()> {
    object.set("error", text_function(ctx, message)?)
}

fn text_function<'js>(ctx: &Ctx<'js>, message: &str) -> Result<Function<'js>> {
    let message = message.to_owned();
    Function::new(ctx.clone(), move || message.clone())
}
