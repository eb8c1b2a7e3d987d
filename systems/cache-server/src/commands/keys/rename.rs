//! Keys that get another name, or a double.

use crate::{
    commands::{
        call::Call,
        changes::EventClass,
        error::{Error, Outcome},
        steps::{Steps, Walk, is_large},
    },
    store::{Deadline, Key, NewValue, ValueRef},
    values::{Hash, Object},
};

/// The command's two keys.
fn pair<'c>(call: &Call<'c, '_>) -> Result<(Key<'c>, Key<'c>), Error> {
    match call.keys {
        [source, target] => Ok((*source, *target)),
        _ => Err(Error::Syntax),
    }
}

pub(super) fn rename(call: &mut Call<'_, '_>) -> Outcome {
    let (source, target) = pair(call)?;
    move_value(call, &source, &target)?;
    call.out.ok();
    Ok(())
}

pub(super) fn renamenx(call: &mut Call<'_, '_>) -> Outcome {
    let (source, target) = pair(call)?;
    let is_taken = call.shards.look(&target).peek(&target, call.now).is_some();
    if call.shards.look(&source).peek(&source, call.now).is_none() {
        return Err(Error::NoSuchKey);
    }
    if !is_taken {
        move_value(call, &source, &target)?;
    }
    call.out.flag(!is_taken);
    Ok(())
}

fn move_value(call: &mut Call<'_, '_>, source: &Key<'_>, target: &Key<'_>) -> Outcome {
    let now = call.now;
    let item = call.shards.look(source).peek(source, now).ok_or(Error::NoSuchKey)?;
    if source.bytes() == target.bytes() {
        return Ok(());
    }
    // The room is made first: the value must not be lost between its two keys.
    let bytes = target.bytes().len() + bytes_of(item.value);
    call.shards.of(target).make_room(bytes, now)?;
    let taken = call.shards.of(source).take(source, now).ok_or(Error::NoSuchKey)?;
    call.shards.of(target).set_taken(target, taken, now);
    call.changed(source, EventClass::GENERIC, "rename_from");
    call.changed(target, EventClass::GENERIC, "rename_to");
    Ok(())
}

fn bytes_of(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Bytes(bytes) => bytes.len(),
        ValueRef::Large(bytes) => bytes.len(),
        ValueRef::Object(object) => object.bytes(),
    }
}

pub(super) fn copy(call: &mut Call<'_, '_>) -> Outcome {
    let (source, target) = pair(call)?;
    let mut replaces = false;
    let mut words = call.words(3);
    while words.peek().is_some() {
        if words.take("replace") {
            replaces = true;
        } else if words.take("db") {
            if words.integer()? != 0 {
                return Err(Error::text("ERR DB index is out of range"));
            }
        } else {
            return Err(Error::Syntax);
        }
    }
    if source.bytes() == target.bytes() {
        return Err(Error::text("ERR source and destination objects are the same"));
    }
    let now = call.now;
    let is_taken = call.shards.look(&target).peek(&target, now).is_some();
    let item = call.shards.look(&source).peek(&source, now);
    let Some(item) = item.filter(|_| replaces || !is_taken) else {
        // There was something to copy when it began.
        Walk::discard(call.walk, call.shards);
        call.out.flag(false);
        return Ok(());
    };
    let deadline = item.deadline.map_or(Deadline::None, Deadline::At);
    let value = match item.value {
        ValueRef::Bytes(bytes) => NewValue::Large(bytes::Bytes::copy_from_slice(bytes)),
        ValueRef::Large(bytes) => NewValue::Large(bytes.clone()),
        ValueRef::Object(_) => match copy_object(call, &source, &target)? {
            Some(object) => NewValue::Object(Box::new(object)),
            None => return Ok(()),
        },
    };
    // A string may have taken the place of the collection with which it began.
    Walk::discard(call.walk, call.shards);
    call.shards.of(&target).set(&target, value, deadline, now)?;
    call.changed(&target, EventClass::GENERIC, "copy_to");
    call.out.flag(true);
    Ok(())
}

/// Goes on with a copy of a collection; `None` when the command comes back.
fn copy_object(
    call: &mut Call<'_, '_>,
    source: &Key<'_>,
    target: &Key<'_>,
) -> Result<Option<Object>, Error> {
    let item = call.shards.look(source).peek(source, call.now);
    let object = item.and_then(|item| item.value.as_object()).ok_or(Error::NoSuchKey)?;
    let (is_large, bytes) = (is_large(object), object.bytes());
    if call.walk.is_none() && call.shards.of(target).refuses(bytes) {
        return Err(Error::OutOfMemory);
    }
    let Some(mut steps) = Steps::start(call, &[*source], is_large) else { return Ok(None) };
    let item = call.shards.look(source).peek(source, call.now);
    let object = item.and_then(|item| item.value.as_object()).ok_or(Error::NoSuchKey)?;
    let copy = |copy: &mut Option<Object>, budget| {
        copy.get_or_insert_with(|| Object::Hash(Hash::new())).copy_from(object, budget)
    };
    let bytes = object.bytes();
    if !steps.work(copy) || !steps.has_room(call, target, bytes) {
        steps.put_off(call);
        return Ok(None);
    }
    Ok(steps.made)
}
