//! `vu.tags` and `vu.metrics.{tags,metadata}`: objects that write through to the VU's samples.

use plimsoll_metrics::TagSet;
use rquickjs::{Array, Coerced, Ctx, Exception, Function, Object, Result, Value};

use crate::{
    modules::tags,
    vu::{VuState, error, intrinsics},
};

/// Entries that a script may add to one VU's tags or metadata.
const ENTRIES_LIMIT: usize = 1000;

/// Which of the VU's two sets an object stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Map {
    Tags,
    Metadata,
}

impl Map {
    fn get(self, vu: &VuState) -> TagSet {
        match self {
            Map::Tags => vu.tags.borrow().clone(),
            Map::Metadata => vu.metadata.borrow().clone().unwrap_or_default(),
        }
    }

    fn set(self, vu: &VuState, set: TagSet) {
        match self {
            Map::Tags => drop(vu.tags.replace(set)),
            Map::Metadata => drop(vu.metadata.replace(Some(set).filter(|set| !set.is_empty()))),
        }
    }

    fn invalid(self, key: &str) -> String {
        match self {
            Map::Tags => tags::invalid(key),
            Map::Metadata => format!(
                "invalid value for metric metadata '{key}': only String, Boolean and Number types are \
                 accepted as a metric metadata value"
            ),
        }
    }
}

/// A live view of the VU's set.
pub(super) fn object<'js>(ctx: &Ctx<'js>, map: Map) -> Result<Value<'js>> {
    let handler = Object::new(ctx.clone())?;
    let get =
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, target: Object<'js>, key: Value<'js>| {
            let set = map.get(&*VuState::of(&ctx)?);
            match name_of(&key)?.and_then(|name| set.get(&name).map(str::to_string)) {
                Some(value) => Ok(rquickjs::String::from_str(ctx, &value)?.into_value()),
                // Methods of every object, such as `hasOwnProperty` and `toString`.
                None => target.get::<_, Value<'js>>(key),
            }
        })?;
    let set = Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>, _target: Object<'js>, key: Value<'js>, value: Value<'js>| {
            let vu = VuState::of(&ctx)?;
            let name = key.get::<Coerced<String>>()?.0;
            let Some(text) = tags::to_text(&value)? else {
                return Err(Exception::throw_type(&ctx, &map.invalid(&name)));
            };
            let known = map.get(&vu);
            if known.len() >= ENTRIES_LIMIT && known.get(&name).is_none() {
                return Err(error::throw(&ctx, &format!("more than {ENTRIES_LIMIT} tags")));
            }
            map.set(&vu, known.with(&name, &text));
            Ok(true)
        },
    )?;
    let has =
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, _target: Object<'js>, key: Value<'js>| {
            let set = map.get(&*VuState::of(&ctx)?);
            Result::Ok(name_of(&key)?.is_some_and(|name| set.get(&name).is_some()))
        })?;
    let delete =
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, _target: Object<'js>, key: Value<'js>| {
            let vu = VuState::of(&ctx)?;
            if let Some(name) = name_of(&key)? {
                map.set(&vu, map.get(&vu).without(&name));
            }
            Result::Ok(true)
        })?;
    let own_keys = Function::new(ctx.clone(), move |ctx: Ctx<'js>| {
        let keys = Array::new(ctx.clone())?;
        for (index, (name, _)) in map.get(&*VuState::of(&ctx)?).iter().enumerate() {
            keys.set(index, name)?;
        }
        Result::Ok(keys)
    })?;
    let describe =
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, _target: Object<'js>, key: Value<'js>| {
            let set = map.get(&*VuState::of(&ctx)?);
            let Some(value) = name_of(&key)?.and_then(|name| set.get(&name).map(str::to_string))
            else {
                return Ok(Value::new_undefined(ctx));
            };
            let descriptor = Object::new(ctx)?;
            descriptor.set("value", value)?;
            for flag in ["writable", "enumerable", "configurable"] {
                descriptor.set(flag, true)?;
            }
            Result::Ok(descriptor.into_value())
        })?;
    for (trap, function) in [
        ("get", get),
        ("set", set),
        ("has", has),
        ("deleteProperty", delete),
        ("ownKeys", own_keys),
        ("getOwnPropertyDescriptor", describe),
    ] {
        handler.set(trap, function)?;
    }
    intrinsics::proxy(ctx, Object::new(ctx.clone())?, handler).map(Object::into_value)
}

/// A key as a tag's name; symbols are none.
fn name_of(key: &Value<'_>) -> Result<Option<String>> {
    key.as_string().map(|name| name.to_string()).transpose()
}
