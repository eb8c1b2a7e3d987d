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

use self::{
    commands::COMMANDS,
    options::ClientOptions,
    state::{ClientState, Clients},
};
use super::{Module, arguments::type_name};
use crate::vu::{VuState, error};

pub const MODULE: Module =
    Module { name: "k6/experimental/redis", exports: &["Client"], build, named: None };

fn build<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<Object<'js>> {
    let clients = Rc::new(Clients::default());
    let used = clients.clone();
    vu.on_iteration_end(move |vu| used.end_iteration(vu));
    let construct = move |ctx: Ctx<'js>, given: Rest<Value<'js>>| {
        let options = options(&ctx, &given.0)?;
        let state = ClientState::new(options, clients.clone());
        Class::instance(ctx, Client { state: Rc::new(state) })
    };
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

/// Of the constructor's only argument.
fn options<'js>(ctx: &Ctx<'js>, given: &[Value<'js>]) -> Result<ClientOptions> {
    let [given] = given else {
        return Err(error::throw(ctx, "must specify one argument"));
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
        return Err(error::throw(ctx, &message));
    };
    options.map_err(|reason| error::throw(ctx, &format!("invalid options; reason: {reason}")))
}

#[cfg(test)]
mod tests;
