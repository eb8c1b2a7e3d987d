//! `k6/data`: arrays built once for all VUs, which decode an element each time it is read.

mod proxy;

use std::{rc::Rc, sync::Arc};

use rquickjs::{Coerced, Ctx, Error, Function, Object, Result, Value, function::Opt};

pub use proxy::array_object;
pub(crate) use proxy::freeze;

use super::Module;
use crate::vu::{VuState, error};

pub const MODULE: Module =
    Module { name: "k6/data", exports: &["SharedArray"], build, named: None };

/// Elements as JSON texts; `None` for what JSON cannot say.
pub struct SharedElements(pub Vec<Option<Box<str>>>);

fn build<'js>(ctx: &Ctx<'js>, vu: &Rc<VuState>) -> Result<Object<'js>> {
    let vu = Rc::downgrade(vu);
    let constructor = Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>, name: Opt<Value<'js>>, make: Opt<Value<'js>>| {
            let vu = vu.upgrade().ok_or(Error::Unknown)?;
            construct(&ctx, &vu, name.0, make.0)
        },
    )?;
    let object = Object::new(ctx.clone())?;
    object.set("SharedArray", super::constructor(ctx, "SharedArray", constructor)?)?;
    Ok(object)
}

fn construct<'js>(
    ctx: &Ctx<'js>,
    vu: &VuState,
    name: Option<Value<'js>>,
    make: Option<Value<'js>>,
) -> Result<Object<'js>> {
    if !vu.is_init() {
        return Err(error::throw(ctx, "new SharedArray must be called in the init context"));
    }
    let Some(make) = make.and_then(Value::into_function) else {
        let message = "a function is expected as the second argument of SharedArray's constructor";
        return Err(error::throw(ctx, message));
    };
    let name = match name {
        Some(name) => name.get::<Coerced<String>>()?.0,
        None => String::new(),
    };
    if name.is_empty() {
        return Err(error::throw(ctx, "empty name provided to SharedArray's constructor"));
    }
    if super::is_async_function(&make) {
        let message = "SharedArray constructor does not support async functions as second argument";
        return Err(error::throw(ctx, message));
    }
    if let Some(known) = vu.test.shared_array(&name) {
        return array_object(ctx, known);
    }
    let made: Value<'js> = make.call(())?;
    let Some(array) = made.as_array() else {
        return Err(error::throw(ctx, "only arrays can be made into SharedArray"));
    };
    let mut elements = Vec::with_capacity(array.len());
    for element in array.iter::<Value<'js>>() {
        let text = ctx.json_stringify(element?)?.map(|text| text.to_string()).transpose()?;
        elements.push(text.map(String::into_boxed_str));
    }
    array_object(ctx, vu.test.add_shared_array(name, Arc::new(SharedElements(elements))))
}

#[cfg(test)]
mod tests;
