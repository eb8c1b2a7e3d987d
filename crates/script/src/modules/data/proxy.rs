//! The script's view of shared elements: an array that cannot be written.

use std::sync::Arc;

use rquickjs::{Array, Ctx, Exception, Function, Object, Result, Value, qjs};

use super::SharedElements;
use crate::vu::intrinsics;

/// An array-like object for scripts whose elements are decoded and frozen when read.
pub fn array_object<'js>(ctx: &Ctx<'js>, elements: Arc<SharedElements>) -> Result<Object<'js>> {
    let handler = Object::new(ctx.clone())?;
    let shared = elements.clone();
    let get =
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, target: Object<'js>, key: Value<'js>| {
            match index_of(&key)? {
                Key::Index(index) => element(&ctx, &shared, index),
                Key::Length => Ok(Value::new_number(ctx, shared.0.len() as f64)),
                Key::Other => target.get(key),
            }
        })?;
    let shared = elements.clone();
    let has =
        Function::new(ctx.clone(), move |target: Object<'js>, key: Value<'js>| {
            match index_of(&key)? {
                Key::Index(index) => Ok(index < shared.0.len()),
                Key::Length => Ok(true),
                Key::Other => target.contains_key(key),
            }
        })?;
    let shared = elements.clone();
    let own_keys = Function::new(ctx.clone(), move |ctx: Ctx<'js>| {
        let keys = Array::new(ctx)?;
        for index in 0..shared.0.len() {
            keys.set(index, index.to_string())?;
        }
        keys.set(shared.0.len(), "length")?;
        Result::Ok(keys)
    })?;
    let describe =
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, _target: Object<'js>, key: Value<'js>| {
            descriptor(&ctx, &elements, &key)
        })?;
    handler.set("get", get)?;
    handler.set("has", has)?;
    handler.set("ownKeys", own_keys)?;
    handler.set("getOwnPropertyDescriptor", describe)?;
    let set =
        Function::new(ctx.clone(), |ctx: Ctx<'js>, _target: Object<'js>, key: Value<'js>| {
            Err::<bool, _>(match index_of(&key)? {
                Key::Other => {
                    let key = key.get::<rquickjs::Coerced<String>>()?.0;
                    let message = format!("Cannot set property \"{key}\" on a dynamic array");
                    Exception::throw_type(&ctx, &message)
                }
                _ => immutable(&ctx),
            })
        })?;
    handler.set("set", set)?;
    for trap in ["deleteProperty", "defineProperty", "setPrototypeOf", "preventExtensions"] {
        handler.set(
            trap,
            Function::new(ctx.clone(), |ctx: Ctx<'js>| Err::<bool, _>(immutable(&ctx)))?,
        )?;
    }
    let target = Array::new(ctx.clone())?.into_object();
    intrinsics::proxy(ctx, target, handler)
}

enum Key {
    Index(usize),
    Length,
    Other,
}

fn index_of(key: &Value<'_>) -> Result<Key> {
    let Some(text) = key.as_string() else { return Ok(Key::Other) };
    let text = text.to_string()?;
    if text == "length" {
        return Ok(Key::Length);
    }
    // Canonical forms only: neither "01" nor "+1" is an index.
    match text.parse::<u32>() {
        Ok(index) if index.to_string() == text => Ok(Key::Index(index as usize)),
        _ => Ok(Key::Other),
    }
}

fn immutable(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_type(ctx, "SharedArray is immutable")
}

fn element<'js>(ctx: &Ctx<'js>, elements: &SharedElements, index: usize) -> Result<Value<'js>> {
    match elements.0.get(index) {
        None => Ok(Value::new_undefined(ctx.clone())),
        Some(None) => {
            let message = "invalid character 'u' looking for beginning of value";
            Err(Exception::throw_syntax(ctx, message))
        }
        Some(Some(json)) => {
            let value = ctx.json_parse(&**json)?;
            freeze(ctx, &value)?;
            Ok(value)
        }
    }
}

fn descriptor<'js>(
    ctx: &Ctx<'js>,
    elements: &SharedElements,
    key: &Value<'js>,
) -> Result<Value<'js>> {
    let value = match index_of(key)? {
        Key::Index(index) if index < elements.0.len() => element(ctx, elements, index)?,
        Key::Length => Value::new_number(ctx.clone(), elements.0.len() as f64),
        _ => return Ok(Value::new_undefined(ctx.clone())),
    };
    let is_index = !matches!(index_of(key)?, Key::Length);
    let descriptor = Object::new(ctx.clone())?;
    descriptor.set("value", value)?;
    // A proxy may not deny what its target has: an array's length is writable, its elements are not there.
    descriptor.set("writable", !is_index)?;
    descriptor.set("enumerable", is_index)?;
    descriptor.set("configurable", is_index)?;
    Ok(descriptor.into_value())
}

/// Freezes a decoded value through and through.
pub(crate) fn freeze<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<()> {
    let mut pending: Vec<Object<'js>> = value.as_object().cloned().into_iter().collect();
    while let Some(object) = pending.pop() {
        for child in object.values::<Value<'js>>() {
            pending.extend(child?.into_object());
        }
        #[expect(unsafe_code, reason = "rquickjs has no safe call for it")]
        // SAFETY: context and object are alive; the call takes no ownership.
        let failed = unsafe { qjs::JS_FreezeObject(ctx.as_raw().as_ptr(), object.as_raw()) < 0 };
        if failed {
            return Err(rquickjs::Error::Exception);
        }
    }
    Ok(())
}
