//! Strings of several keys in one command.

use super::{missed, put};
use crate::{
    commands::{
        call::Call,
        error::{Error, Outcome},
        held::Held,
        parted::Parted,
        reply::Reply,
    },
    store::{Deadline, NewValue},
};

pub(super) fn mget(call: &mut Call<'_, '_>) -> Outcome {
    let total = call.arguments.len() - 1;
    if call.keys.len() == total {
        call.out.array(total);
        give(call, None);
        return Ok(());
    }
    let mut parted = Parted::resume(call);
    let mut part = Reply::new(call.out.protocol());
    give(call, Some(&mut part));
    parted.keep(part);
    if let Some(parted) = parted.end(call) {
        call.out.array(total);
        parted.reply(call.out);
    }
    Ok(())
}

/// Writes the strings of the call's keys to `apart` or else into the reply.
fn give(call: &mut Call<'_, '_>, mut apart: Option<&mut Reply>) {
    for part in Held::parts(call.keys) {
        call.shards.load(part);
        for key in part {
            let value = call.shards.of(key).find(key, call.now).map(|item| item.value);
            // A collection is no string: as if it were not there.
            let is_there = value.is_some();
            let out = apart.as_deref_mut().unwrap_or(&mut *call.out);
            if value.is_none_or(|value| out.string(value).is_err()) {
                out.null();
            }
            if !is_there {
                missed(call, key);
            }
        }
    }
}

pub(super) fn mset(call: &mut Call<'_, '_>) -> Outcome {
    check_pairs(call)?;
    store(call)?;
    call.out.ok();
    Ok(())
}

pub(super) fn msetnx(call: &mut Call<'_, '_>) -> Outcome {
    check_pairs(call)?;
    let exists = |key| call.shards.look(key).peek(key, call.now).is_some();
    let is_free = !call.keys.iter().any(exists);
    if is_free {
        store(call)?;
    }
    call.out.flag(is_free);
    Ok(())
}

fn check_pairs(call: &Call<'_, '_>) -> Outcome {
    if call.arguments.len().is_multiple_of(2) { Err(Error::Arity(call.spec.name)) } else { Ok(()) }
}

fn store(call: &mut Call<'_, '_>) -> Outcome {
    let mut values = (2..).step_by(2);
    for part in Held::parts(call.keys) {
        call.shards.load(part);
        for (key, at) in part.iter().zip(&mut values) {
            let value = call.argument(at)?;
            put(call, key, NewValue::Bytes(value), Deadline::None, "set")?;
        }
    }
    Ok(())
}
