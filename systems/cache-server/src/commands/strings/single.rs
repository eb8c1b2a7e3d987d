//! Reading a whole string, and what goes with it.

use super::missed;
use crate::{
    commands::{
        call::{Call, Words},
        changes::EventClass,
        error::{Error, Outcome},
        expiry::When,
    },
    store::{Deadline, Key, Millis},
};

pub(super) fn get(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    match call.shards.of(&key).find(&key, call.now) {
        Some(item) => return call.out.string(item.value),
        None => call.out.null(),
    }
    missed(call, &key);
    Ok(())
}

pub(super) fn strlen(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let length = match call.shards.of(&key).find(&key, call.now) {
        Some(item) => item.value.as_bytes().ok_or(Error::WrongType)?.len(),
        None => 0,
    };
    call.out.count(length);
    Ok(())
}

pub(super) fn getdel(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let shard = call.shards.of(&key);
    match shard.find(&key, call.now) {
        None => {
            call.out.null();
            call.shards.overtake(&key);
            missed(call, &key);
            return Ok(());
        }
        Some(item) => call.out.string(item.value)?,
    }
    shard.remove(&key, call.now);
    call.changed(&key, EventClass::GENERIC, "del");
    Ok(())
}

/// What GETEX does with the deadline.
enum Change<'c> {
    Nothing,
    Persist,
    At(When<'c>),
}

pub(super) fn getex(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    let change = change_of(call.words(2))?;
    let shard = call.shards.of(&key);
    let had_deadline = match shard.find(&key, call.now) {
        None => {
            call.out.null();
            missed(call, &key);
            return Ok(());
        }
        Some(item) => {
            call.out.string(item.value)?;
            item.deadline.is_some()
        }
    };
    match change {
        Change::Nothing => Ok(()),
        Change::Persist => {
            if had_deadline {
                shard.set_deadline(&key, Deadline::None, call.now);
                call.changed(&key, EventClass::GENERIC, "persist");
            }
            Ok(())
        }
        Change::At(when) => {
            let at = when.resolve("getex", call.now)?;
            expire_at(call, &key, at);
            Ok(())
        }
    }
}

fn expire_at(call: &mut Call<'_, '_>, key: &Key<'_>, at: Millis) {
    let shard = call.shards.of(key);
    if at <= call.now {
        shard.remove(key, call.now);
        call.changed(key, EventClass::GENERIC, "del");
    } else {
        shard.set_deadline(key, Deadline::At(at), call.now);
        call.changed(key, EventClass::GENERIC, "expire");
    }
}

fn change_of<'c>(mut words: Words<'c>) -> Result<Change<'c>, Error> {
    let mut change = Change::Nothing;
    while words.peek().is_some() {
        let next = if words.take("persist") {
            Change::Persist
        } else {
            Change::At(When::take(&mut words)?.ok_or(Error::Syntax)?)
        };
        if !matches!(change, Change::Nothing) {
            return Err(Error::Syntax);
        }
        change = next;
    }
    Ok(change)
}
