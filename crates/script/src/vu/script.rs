//! What runs on a VU's coroutine: init, then commands one by one until the VU is dropped.

use std::rc::Rc;

use rquickjs::{Ctx, Function, Object, Value};

use super::{
    Mailbox, Phase, VuState, context, error::ScriptError, events, interrupt::StopCause,
    state::VuHandle,
};
use crate::{globals, loader};

/// What the owner of a VU asks of it.
pub(crate) enum Command {
    /// Calls an exported function, with setup data as JSON; its result comes back as JSON if `wanted`.
    Call { function: String, phase: Phase, data: Option<std::sync::Arc<str>>, wanted: bool },
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Init went well: names of the exported functions and the `options` object as JSON.
    Initialized(Exports),
    /// A function returned; its result as JSON when asked for and not `undefined`.
    Returned(Option<String>),
    Threw(Thrown),
    Stopped(StopCause),
    /// The coroutine ended before.
    Gone,
}

/// What the entry script exports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exports {
    /// Names of exported functions.
    pub functions: Vec<String>,
    /// `options` as JSON, when there are any.
    pub options: Option<String>,
}

/// An exception that a script did not catch.
#[derive(Debug)]
pub(crate) struct Thrown {
    pub(crate) error: ScriptError,
    /// Whether it is a promise's rejection that nobody handled.
    pub(crate) in_promise: bool,
}

/// The coroutine's body.
pub(super) fn main(vu: &Rc<VuState>, mailbox: &Mailbox) {
    let (runtime, context) = match context::new(vu) {
        Ok(made) => made,
        Err(error) => {
            let error = ScriptError { summary: error.to_string(), frames: Vec::new() };
            mailbox.put_reply(Reply::Threw(Thrown { error, in_promise: false }));
            return;
        }
    };
    context.with(|ctx| {
        let exports = match init(&ctx, vu) {
            Ok(exports) => exports,
            Err(error) => {
                mailbox.put_reply(failure(&ctx, vu, error));
                vu.events.clear();
                return;
            }
        };
        mailbox.put_reply(Reply::Initialized(describe(&exports)));
        while !vu.fiber.is_killed() {
            vu.fiber.suspend();
            if let Some(command) = mailbox.take_command() {
                let reply = obey(&ctx, vu, &exports, command);
                mailbox.put_reply(reply);
            }
        }
        vu.events.clear();
    });
    drop(context);
    drop(runtime);
}

fn init<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> rquickjs::Result<Object<'js>> {
    if ctx.store_userdata(VuHandle(vu.clone())).is_err() {
        return Err(rquickjs::Error::Unknown);
    }
    loader::vu_loader::prepare(ctx)?;
    globals::install(ctx, vu)?;
    loader::vu_loader::import_entry(ctx, vu)
}

fn describe(exports: &Object<'_>) -> Exports {
    let functions = exports
        .props::<String, Value<'_>>()
        .filter_map(|property| property.ok())
        .filter(|(_, value)| value.is_function())
        .map(|(name, _)| name)
        .collect();
    let options = exports.get::<_, Value<'_>>("options").ok().filter(|value| !value.is_undefined());
    let options = options
        .and_then(|value| exports.ctx().json_stringify(value).ok().flatten())
        .and_then(|text| text.to_string().ok());
    Exports { functions, options }
}

fn obey<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>, exports: &Object<'js>, command: Command) -> Reply {
    match command {
        Command::Call { function, phase, data, wanted } => {
            vu.phase.set(phase);
            let called = call(ctx, vu, exports, &function, data.as_deref(), wanted);
            let reply = match called {
                Ok(result) => Reply::Returned(result),
                Err(error) => failure(ctx, vu, error),
            };
            vu.events.clear();
            reply
        }
    }
}

fn call<'js>(
    ctx: &Ctx<'js>,
    vu: &Rc<VuState>,
    exports: &Object<'js>,
    function: &str,
    data: Option<&str>,
    wanted: bool,
) -> rquickjs::Result<Option<String>> {
    let function: Function<'js> = exports.get(function)?;
    let data = match data {
        Some(json) => ctx.json_parse(json)?,
        None => Value::new_undefined(ctx.clone()),
    };
    let result: Value<'js> = function.call((data,))?;
    events::drain(ctx, vu)?;
    let result = match result.as_promise() {
        Some(promise) => match promise.result::<Value<'js>>() {
            Some(result) => result?,
            None => Value::new_undefined(ctx.clone()),
        },
        None => result,
    };
    if !wanted {
        return Ok(None);
    }
    ctx.json_stringify(result)?.map(|text| text.to_string()).transpose()
}

/// Sorts an error into "was stopped" and "threw".
fn failure(ctx: &Ctx<'_>, vu: &VuState, error: rquickjs::Error) -> Reply {
    if let Some(cause) = vu.stop_cause() {
        ctx.catch();
        return Reply::Stopped(cause);
    }
    let in_promise = vu.events.uncaught_rejection.replace(false);
    Reply::Threw(Thrown { error: ScriptError::catch(ctx, error), in_promise })
}
