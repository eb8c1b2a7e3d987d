//! `k6/experimental/redis`: a client whose functions return promises.
//!
//! What the server refuses rejects with a `String` object and everything else with a plain object,
//! neither of them an `Error`: so does k6, and `String(error)` is the message of both.

mod call;
mod commands;
mod fields;
mod options;
mod socket;
mod state;
mod value;

use std::rc::Rc;

use rquickjs::{
    Class, Ctx, Function, JsLifetime, Object, Result, Value,
    class::{JsClass, Readable, Trace, Tracer},
    function::{Constructor, Rest, This},
};

use self::{commands::COMMANDS, options::ClientOptions, state::ClientState};
use super::{Module, arguments::type_name};
use crate::vu::{VuState, error};

pub const MODULE: Module =
    Module { name: "k6/experimental/redis", exports: &["Client"], build, named: None };

fn build<'js>(ctx: &Ctx<'js>, _: &Rc<VuState>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("Client", Constructor::new_class::<Client, _, _>(ctx.clone(), construct)?)?;
    Ok(object)
}

/// What `new Client(..)` makes.
struct Client {
    state: Rc<ClientState>,
}

#[expect(unsafe_code, reason = "a contract of rquickjs")]
// SAFETY: no JavaScript lifetime inside.
unsafe impl<'js> JsLifetime<'js> for Client {
    type Changed<'to> = Client;
}

impl<'js> Trace<'js> for Client {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

type Me<'js> = This<Class<'js, Client>>;

impl<'js> JsClass<'js> for Client {
    const NAME: &'static str = "Client";
    type Mutable = Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let object = Object::new(ctx.clone())?;
        for command in COMMANDS {
            let run = move |ctx: Ctx<'js>, me: Me<'js>, arguments: Rest<Value<'js>>| {
                let state = me.0.borrow().state.clone();
                call::call(&ctx, state, command, &arguments.0)
            };
            let function = Function::new(ctx.clone(), run)?.with_name(command.function)?;
            object.set(command.function, function)?;
        }
        let is_connected = |me: Me<'js>| me.0.borrow().state.is_connected();
        object.set("isConnected", Function::new(ctx.clone(), is_connected)?)?;
        Ok(Some(object))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

fn construct<'js>(ctx: Ctx<'js>, given: Rest<Value<'js>>) -> Result<Class<'js, Client>> {
    let [given] = &*given.0 else {
        return Err(error::throw(&ctx, "must specify one argument"));
    };
    let options = if let Some(url) = given.as_string() {
        ClientOptions::from_url(&super::arguments::string(url)?)
    } else if given.is_object() && !given.is_array() && !given.is_function() {
        let json = ctx.json_stringify(given.clone())?;
        let json = json.map(|json| json.to_string()).transpose()?.unwrap_or_default();
        ClientOptions::from_json(&json)
    } else {
        let kind = type_name(given);
        let message = format!("invalid options type: {kind}; expected string or object");
        return Err(error::throw(&ctx, &message));
    };
    let options = options
        .map_err(|reason| error::throw(&ctx, &format!("invalid options; reason: {reason}")))?;
    Class::instance(ctx, Client { state: Rc::new(ClientState::new(options)) })
}

#[cfg(test)]
mod tests;
