//! Commands that change a hash.

use crate::{
    commands::{
        Call, Error, EventClass, Outcome,
        collections::{change, grow, pairs, tell},
    },
    values::Hash,
};

pub(super) fn set(call: &mut Call<'_, '_>) -> Outcome {
    let added = set_pairs(call)?;
    call.out.count(added);
    Ok(())
}

pub(super) fn set_many(call: &mut Call<'_, '_>) -> Outcome {
    set_pairs(call)?;
    call.out.ok();
    Ok(())
}

/// How many fields are new.
fn set_pairs(call: &mut Call<'_, '_>) -> Result<usize, Error> {
    let (key, arguments) = (call.key(), call.arguments);
    if !arguments.len().is_multiple_of(2) {
        return Err(Error::Arity(call.spec.name));
    }
    let added = grow(call, &key, |hash: &mut Hash| {
        pairs(arguments, 2).filter(|(field, value)| hash.set(field, value)).count()
    })?;
    call.changed(&key, EventClass::HASH, "hset");
    Ok(added)
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
        arguments.iter().skip(2).filter(|field| hash.remove(field)).count()
    })?;
    let removed = changed.as_ref().map_or(0, |changed| changed.answer);
    if removed > 0 {
        tell::<Hash>(call, &key, "hdel", changed.is_some_and(|changed| changed.emptied));
    }
    call.out.count(removed);
    Ok(())
}
