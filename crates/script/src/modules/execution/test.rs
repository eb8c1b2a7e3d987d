//! `test`: abort, fail, options.

use plimsoll_engine::control::StopReason;
use rquickjs::{Coerced, Ctx, Exception, Function, Object, Result, Value, function::Opt};

use super::getter;
use crate::{
    modules::data::freeze,
    vu::{Phase, VuState, error, error::ScriptError, interrupt},
};

pub(super) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("abort", Function::new(ctx.clone(), abort)?.with_name("abort")?)?;
    object.set("fail", Function::new(ctx.clone(), fail)?.with_name("fail")?)?;
    getter(&object, "options", options)?;
    Ok(object)
}

fn message_of<'js>(message: Opt<Value<'js>>) -> Result<Option<String>> {
    match message.0.filter(|message| !message.is_undefined()) {
        Some(message) => Ok(Some(message.get::<Coerced<String>>()?.0)),
        None => Ok(None),
    }
}

/// Ends the whole run; this call never returns to the script.
fn abort<'js>(ctx: Ctx<'js>, message: Opt<Value<'js>>) -> Result<()> {
    let vu = VuState::of(&ctx)?;
    let mut text = "test aborted".to_string();
    if let Some(reason) = message_of(message)?.filter(|reason| !reason.is_empty()) {
        text = format!("{text}: {reason}");
    }
    let here = Exception::from_message(ctx.clone(), "")?.into_object().into_value();
    let mut here = ScriptError::from_value(&ctx, here);
    here.map_positions(&vu.test.modules);
    let is_stage = matches!(vu.phase.get(), Phase::Setup | Phase::Teardown | Phase::Summary);
    if let Some(place) = here.frames.iter().find(|frame| !is_stage && !frame.ends_with("(native)"))
    {
        text = format!("{text} at {place}");
    }
    if let Some(worker) = &vu.worker
        && !vu.is_init()
    {
        worker.control.stop(StopReason::ScriptAbort(text.clone()));
    }
    vu.abort_message.replace(Some(text));
    Err(interrupt::throw(&ctx))
}

/// Marks the run as failed; it goes on.
fn fail<'js>(ctx: Ctx<'js>, message: Opt<Value<'js>>) -> Result<()> {
    let vu = VuState::of(&ctx)?;
    let mut text = "test marked as failed".to_string();
    if let Some(message) = message_of(message)? {
        text = format!("{text}: {message}");
    }
    match &vu.worker {
        Some(worker) => worker.control.mark_failed(),
        None => {
            let message = "marking the test as failed is not supported here";
            return Err(error::throw(&ctx, message));
        }
    }
    vu.test.log.error(&text);
    Ok(())
}

/// The consolidated options, frozen.
fn options<'js>(ctx: &Ctx<'js>, vu: &VuState) -> Result<Value<'js>> {
    let json = match vu.test.options_json() {
        Some(json) if !vu.is_init() => json,
        _ => {
            let message = "getting test options in the init context is not supported";
            return Err(error::throw(ctx, message));
        }
    };
    let options = ctx.json_parse(json)?;
    freeze(ctx, &options)?;
    Ok(options)
}
