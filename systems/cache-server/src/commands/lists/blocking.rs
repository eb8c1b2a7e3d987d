//! List commands that wait for an element.

use super::{
    Side,
    ends::pop_up_to,
    transfer::{arguments, pop_several, sides, transfer_one},
};
use crate::{
    commands::{Call, Outcome, collections::find, waiting},
    values::List,
};

/// `BLPOP` and `BRPOP`.
pub(super) fn pop(call: &mut Call<'_, '_>) -> Outcome {
    let timeout = call.argument(call.arguments.len() - 1)?;
    let until = waiting::until(timeout, call.now)?;
    let side = Side::of_name(call.spec.name, 1);
    waiting::take_or_wait(call, until, |call, key| {
        let popped = pop_up_to(call, key, side, 1, |out, _| {
            out.array(2);
            out.bulk(key.bytes());
        })?;
        Ok(popped > 0)
    })
}

/// `BLMPOP`.
pub(super) fn pop_many(call: &mut Call<'_, '_>) -> Outcome {
    let until = waiting::until(call.argument(1)?, call.now)?;
    let (side, count) = arguments(call, 2)?;
    waiting::take_or_wait(call, until, |call, key| pop_several(call, key, side, count))
}

/// `BLMOVE` and `BRPOPLPUSH`.
pub(super) fn transfer(call: &mut Call<'_, '_>) -> Outcome {
    let (from, to) = sides(call)?;
    let timeout = call.argument(call.arguments.len() - 1)?;
    let until = waiting::until(timeout, call.now)?;
    let key = call.key();
    // Only the list that it waits for may hold something else by now.
    let is_for_others = call.is_retry && find::<List>(call.shards, &key, call.now).is_err();
    if is_for_others || !transfer_one(call, from, to)? {
        waiting::wait(call, until);
    }
    Ok(())
}
