//! Commands that change a set.

use crate::{
    commands::{
        Call, Error, EventClass, Outcome,
        built::{self, Built},
        collections::{change, find, grow, tell},
    },
    values::Set,
};

pub(super) fn add(call: &mut Call<'_, '_>) -> Outcome {
    let (key, arguments) = (call.key(), call.arguments);
    let built = built::build_named(call, (2, 1), |set: &mut Set, at| {
        set.insert(arguments.get(at).unwrap_or_default());
        Ok(())
    })?;
    let added = match built {
        Built::PutOff => return Ok(()),
        Built::Whole(set) => built::put(call, &key, set)?,
        Built::Not => grow(call, &key, |set: &mut Set| set.insert_all(arguments.iter().skip(2)))?,
    };
    if added > 0 {
        call.changed(&key, EventClass::SET, "sadd");
    }
    call.out.count(added);
    Ok(())
}

pub(super) fn remove(call: &mut Call<'_, '_>) -> Outcome {
    let (key, arguments) = (call.key(), call.arguments);
    let changed = change(call.shards, &key, call.now, |set: &mut Set| {
        set.remove_all(arguments.iter().skip(2))
    })?;
    let removed = changed.as_ref().map_or(0, |changed| changed.answer);
    if removed > 0 {
        tell::<Set>(call, &key, "srem", changed.is_some_and(|changed| changed.emptied));
    }
    call.out.count(removed);
    Ok(())
}

/// `SMOVE`.
pub(super) fn transfer(call: &mut Call<'_, '_>) -> Outcome {
    let [source, target] = match call.keys {
        [source, target, ..] => [*source, *target],
        _ => return Err(Error::Syntax),
    };
    let member = call.argument(3)?;
    let set: Option<&Set> = find(call.shards, &source, call.now)?;
    let is_there = set.map(|set| set.contains(member));
    if is_there.is_some() {
        find::<Set>(call.shards, &target, call.now)?;
    }
    if is_there != Some(true) || source.bytes() == target.bytes() {
        call.out.flag(is_there == Some(true));
        return Ok(());
    }
    // First added, so that the member is never nowhere when memory is full.
    let is_new = grow(call, &target, |set: &mut Set| set.insert(member))?;
    let changed = change(call.shards, &source, call.now, |set: &mut Set| set.remove(member))?;
    tell::<Set>(call, &source, "srem", changed.is_some_and(|changed| changed.emptied));
    if is_new {
        call.changed(&target, EventClass::SET, "sadd");
    }
    call.out.flag(true);
    Ok(())
}
