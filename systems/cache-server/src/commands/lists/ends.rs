//! Putting elements on the ends of a list, and taking them from there.

use super::Side;
use crate::{
    commands::{
        Call, Error, Outcome, Reply,
        built::{self, Built},
        collections::{Changed, change, find, grow, positive_count, put, tell},
    },
    store::Key,
    values::{List, Object},
};

/// `LPUSH`, `RPUSH`, and with `X` behind them.
pub(super) fn push(call: &mut Call<'_, '_>) -> Outcome {
    let (key, arguments) = (call.key(), call.arguments);
    let side = Side::of_name(call.spec.name, 0);
    let only_existing = call.spec.name.ends_with('x');
    let begins = call.walk.is_none();
    if only_existing && begins && find::<List>(call.shards, &key, call.now)?.is_none() {
        call.out.integer(0);
        return Ok(());
    }
    let built = built::build(call, (2, 1), |list: &mut List, at| {
        push_one(list, side, arguments.get(at).unwrap_or_default());
        Ok(())
    })?;
    let length = match built {
        Built::PutOff => return Ok(()),
        Built::Whole(list) => push_built(call, &key, side, list, only_existing)?,
        Built::Not => grow(call, &key, |list: &mut List| {
            arguments.iter().skip(2).for_each(|element| push_one(list, side, element));
            list.len()
        })?,
    };
    if length == 0 {
        call.out.integer(0);
        return Ok(());
    }
    tell::<List>(call, &key, side.push_event(), false);
    call.out.count(length);
    Ok(())
}

/// Behind what is there, or before it, goes what was built as it is. How many there are then.
fn push_built(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    side: Side,
    built: List,
    only_existing: bool,
) -> Result<usize, Error> {
    let mut built = Some(built);
    let pushed = change(call.shards, key, call.now, |list: &mut List| {
        match (built.take(), side) {
            (Some(built), Side::Front) => list.prepend(built),
            (Some(built), Side::Back) => list.append(built),
            (None, _) => {}
        }
        list.len()
    });
    match (pushed, built) {
        (Ok(None), Some(built)) if !only_existing => {
            let length = built.len();
            put(call, key, built)?;
            Ok(length)
        }
        (pushed, built) => {
            if let Some(built) = built {
                call.shards.drop_bit_by_bit(Object::List(built));
            }
            Ok(pushed?.map_or(0, |pushed| pushed.answer))
        }
    }
}

pub(super) fn push_one(list: &mut List, side: Side, element: &[u8]) {
    match side {
        Side::Front => list.push_front(element),
        Side::Back => list.push_back(element),
    }
}

/// `LPOP` and `RPOP`.
pub(super) fn pop(call: &mut Call<'_, '_>) -> Outcome {
    let (key, side) = (call.key(), Side::of_name(call.spec.name, 0));
    let count = match call.arguments.len() {
        2 => None,
        3 => Some(positive_count(call.argument(2)?)?),
        _ => return Err(Error::Arity(call.spec.name)),
    };
    if let Some(0) = count {
        match find::<List>(call.shards, &key, call.now)? {
            Some(_) => call.out.array(0),
            None => call.out.null_array(),
        }
        return Ok(());
    }
    let popped = pop_up_to(call, &key, side, count.unwrap_or(1), |out, taken| {
        if count.is_some() {
            out.array(taken);
        }
    })?;
    match (popped, count) {
        (0, Some(_)) => call.out.null_array(),
        (0, None) => call.out.null(),
        _ => {}
    }
    Ok(())
}

/// Takes up to `count` elements, writes what `head` writes for their number and then them, and tells
/// of it. How many; nothing is written for none.
///
/// # Errors
/// When the key holds something else.
pub(super) fn pop_up_to(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    side: Side,
    count: usize,
    head: impl FnOnce(&mut Reply, usize),
) -> Result<usize, Error> {
    let out = &mut *call.out;
    let changed = change(call.shards, key, call.now, |list: &mut List| {
        let taken = count.min(list.len());
        head(out, taken);
        match side {
            Side::Front => {
                list.iter().take(taken).for_each(|element| out.bulk(element));
                list.remove_front(taken);
            }
            Side::Back => {
                list.iter().rev().take(taken).for_each(|element| out.bulk(element));
                list.remove_back(taken);
            }
        }
        taken
    })?;
    let Some(Changed { answer: taken, emptied }) = changed else { return Ok(0) };
    if taken > 0 {
        tell::<List>(call, key, side.pop_event(), emptied);
    }
    Ok(taken)
}
