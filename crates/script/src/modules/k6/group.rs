//! `group(name, function)`: tags what happens inside, and times it.

use std::rc::Rc;

use plimsoll_metrics::Builtin;
use plimsoll_runtime::clock::Instant;
use rquickjs::{Coerced, Ctx, Error, Function, Result, Value, function::Opt};

use super::check::GROUP_SEPARATOR;
use crate::{
    modules::is_async_function,
    vu::{VuState, error},
};

pub(super) fn function<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<Function<'js>> {
    let vu = Rc::downgrade(vu);
    Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>, name: Opt<Value<'js>>, body: Opt<Value<'js>>| {
            let vu = vu.upgrade().ok_or(Error::Unknown)?;
            let name = match name.0.filter(|name| !name.is_undefined() && !name.is_null()) {
                Some(name) => name.get::<Coerced<String>>()?.0,
                None => String::new(),
            };
            group(&ctx, &vu, &name, body.0)
        },
    )?
    .with_name("group")
}

fn group<'js>(
    ctx: &Ctx<'js>,
    vu: &VuState,
    name: &str,
    body: Option<Value<'js>>,
) -> Result<Value<'js>> {
    if vu.is_init() {
        return Err(error::throw(ctx, "Using group() in the init context is not supported"));
    }
    let Some(body) = body.and_then(Value::into_function) else {
        return Err(error::throw(ctx, "group() requires a callback as a second argument"));
    };
    if is_async_function(&body) {
        return Err(error::throw(ctx, ASYNC_MESSAGE));
    }
    if name.contains(GROUP_SEPARATOR) {
        return Err(error::throw(ctx, "group and check names may not contain '::'"));
    }
    let outer = vu.group.borrow().clone();
    if !name.is_empty() {
        vu.enter_group(format!("{outer}{GROUP_SEPARATOR}{name}").into());
    }
    let started = Instant::now();
    let result = body.call::<_, Value<'js>>(());
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    let tags = vu.tags.borrow().clone();
    vu.record(Builtin::GroupDuration.id(), &tags, milliseconds);
    vu.enter_group(outer);
    result
}

const ASYNC_MESSAGE: &str = "group() does not support async functions as arguments, please see \
     https://grafana.com/docs/k6/latest/javascript-api/k6/group/ for more info";
