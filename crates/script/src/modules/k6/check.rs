//! `check(value, conditions, tags)`: each condition is one sample of `checks`.

use std::rc::Rc;

use plimsoll_metrics::Builtin;
use rquickjs::{Ctx, Error, Function, Result, Value, function::Opt};

use crate::{
    modules::tags,
    vu::{VuState, error},
};

/// What may not be in the name of a check or a group: it separates groups in paths.
pub(super) const GROUP_SEPARATOR: &str = "::";

pub(super) fn function<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<Function<'js>> {
    let vu = Rc::downgrade(vu);
    Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>,
              value: Value<'js>,
              conditions: Opt<Value<'js>>,
              extra: Opt<Value<'js>>| {
            let vu = vu.upgrade().ok_or(Error::Unknown)?;
            check(&ctx, &vu, value, conditions.0, extra.0)
        },
    )?
    .with_name("check")
}

fn check<'js>(
    ctx: &Ctx<'js>,
    vu: &VuState,
    value: Value<'js>,
    conditions: Option<Value<'js>>,
    extra: Option<Value<'js>>,
) -> Result<bool> {
    if vu.is_init() {
        return Err(error::throw(ctx, "Using check() in the init context is not supported"));
    }
    let Some(conditions) = conditions.filter(|value| !value.is_undefined() && !value.is_null())
    else {
        return Err(error::throw(ctx, "no checks provided to `check`"));
    };
    let Some(conditions) = conditions.as_object() else { return Ok(true) };
    let mut base = vu.tags.borrow().clone();
    if let Some(extra) = extra {
        base = tags::extend(ctx, &base, &extra)?;
    }
    let mut all = true;
    for property in conditions.props::<String, Value<'js>>() {
        let (name, condition) = property?;
        if name.contains(GROUP_SEPARATOR) {
            return Err(error::throw(ctx, "group and check names may not contain '::'"));
        }
        let outcome = match condition.as_function() {
            Some(function) => function.call::<_, Value<'js>>((value.clone(),)),
            None => Ok(condition),
        };
        let outcome = match outcome {
            // An interrupted check says nothing about the target.
            Err(error) if vu.stop_cause().is_some() => return Err(error),
            other => other,
        };
        if outcome.as_ref().is_ok_and(Value::is_promise) {
            return Err(error::throw(ctx, ASYNC_MESSAGE));
        }
        let passed = outcome.as_ref().is_ok_and(truthy);
        vu.record(Builtin::Checks.id(), &base.with("check", &name), f64::from(u8::from(passed)));
        outcome?;
        all &= passed;
    }
    Ok(all)
}

const ASYNC_MESSAGE: &str = "Using `async` functions as checks isn't supported";

/// JavaScript's truth.
fn truthy(value: &Value<'_>) -> bool {
    value.get::<rquickjs::Coerced<bool>>().is_ok_and(|truth| truth.0)
}
