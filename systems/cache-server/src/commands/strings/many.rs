//! Strings of several keys in one command.

use super::{missed, tell};
use crate::{
    commands::{
        call::Call,
        error::{Error, Outcome},
        held::Held,
        parted::Parted,
        reply::Reply,
    },
    store::{Deadline, Key, NewValue},
};

/// What an item takes beside its key and its value: the head of its record, and its place in the index.
const ITEM_BYTES: usize = 24;

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

/// All of them or none.
fn store(call: &mut Call<'_, '_>) -> Outcome {
    if make_room(call, |_, _| 0).is_err() {
        // What takes the place of something as long needs no more.
        make_room(call, |call, key| {
            let old = call.shards.look(key).peek(key, call.now);
            // A collection may leave bit by bit, and its room with it.
            let old = old.and_then(|item| item.value.as_bytes());
            old.map_or(0, |value| ITEM_BYTES + key.bytes().len() + value.len())
        })?;
    }
    let mut values = (2..).step_by(2);
    for part in Held::parts(call.keys) {
        call.shards.load(part);
        for (key, at) in part.iter().zip(&mut values) {
            let value = NewValue::Bytes(call.argument(at)?);
            let stored = call.shards.of(key).set_in_room(key, value, Deadline::None, call.now);
            tell(call, key, stored, "set");
        }
    }
    Ok(())
}

/// Room for all pairs, less what `is_there` of each key already.
fn make_room(
    call: &mut Call<'_, '_>,
    is_there: impl Fn(&Call<'_, '_>, &Key<'_>) -> usize,
) -> Outcome {
    let store = call.shards.store();
    let mut needs = vec![0; store.shards()];
    for (key, at) in call.keys.iter().zip((2..).step_by(2)) {
        let bytes = ITEM_BYTES + key.bytes().len() + call.argument(at)?.len();
        if let Some(need) = needs.get_mut(store.shard_of(key.slot())) {
            *need += bytes.saturating_sub(is_there(call, key));
        }
    }
    let keys: Vec<_> = call.shards.one_per_shard(call.keys).collect();
    for key in keys {
        let need = needs.get_mut(store.shard_of(key.slot())).map_or(0, std::mem::take);
        if need > 0 {
            call.shards.of(key).make_room(need, call.now)?;
        }
    }
    Ok(())
}
