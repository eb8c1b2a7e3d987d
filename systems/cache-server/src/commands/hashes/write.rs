//! Commands that change a hash.

use crate::{
    commands::{
        Call, Error, EventClass, Outcome,
        built::{self, Built},
        collections::{change, grow, pairs, tell},
    },
    values::Hash,
};

pub(super) fn set(call: &mut Call<'_, '_>) -> Outcome {
    if let Some(added) = set_pairs(call)? {
        call.out.count(added);
    }
    Ok(())
}

pub(super) fn set_many(call: &mut Call<'_, '_>) -> Outcome {
    if set_pairs(call)?.is_some() {
        call.out.ok();
    }
    Ok(())
}

/// How many fields are new; `None` when the command comes back for the others.
fn set_pairs(call: &mut Call<'_, '_>) -> Result<Option<usize>, Error> {
    let (key, arguments) = (call.key(), call.arguments);
    if !arguments.len().is_multiple_of(2) {
        return Err(Error::Arity(call.spec.name));
    }
    let built = built::build_named(call, (2, 2), |hash: &mut Hash, at| {
        let argument = |at| arguments.get(at).unwrap_or_default();
        hash.set(argument(at), argument(at + 1));
        Ok(())
    })?;
    let added = match built {
        Built::PutOff => return Ok(None),
        Built::Whole(hash) => built::put(call, &key, hash)?,
        Built::Not => grow(call, &key, |hash: &mut Hash| hash.set_all(pairs(arguments, 2)))?,
    };
    call.changed(&key, EventClass::HASH, "hset");
    Ok(Some(added))
}

pub(super) fn set_new(call: &mut Call<'_, '_>) -> Outcome {
    let (key, field, value) = (call.key(), call.argument(2)?, call.argument(3)?);
    let is_new = grow(call, &key, |hash: &mut Hash| {
        let is_new = !hash.contains(field);
        if is_new {
            hash.set(field, value);
        }
        is_new
    })?;
    if is_new {
        call.changed(&key, EventClass::HASH, "hset");
    }
    call.out.flag(is_new);
    Ok(())
}

pub(super) fn delete(call: &mut Call<'_, '_>) -> Outcome {
    let (key, arguments) = (call.key(), call.arguments);
    let changed = change(call.shards, &key, call.now, |hash: &mut Hash| {
        hash.remove_all(arguments.iter().skip(2))
    })?;
    let removed = changed.as_ref().map_or(0, |changed| changed.answer);
    if removed > 0 {
        tell::<Hash>(call, &key, "hdel", changed.is_some_and(|changed| changed.emptied));
    }
    call.out.count(removed);
    Ok(())
}
