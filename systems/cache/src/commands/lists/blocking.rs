//! List commands that wait for an element.

use super::{
    Side,
    ends::pop_up_to,
    transfer::{arguments, pop_first, sides, transfer_one},
};
use crate::commands::{Call, Outcome, waiting};

/// `BLPOP` and `BRPOP`.
pub(super) fn pop(call: &mut Call<'_, '_>) -> Outcome {
    let timeout = call.argument(call.arguments.len() - 1)?;
    let until = waiting::until(timeout, call.now)?;
    let side = Side::of_name(call.spec.name, 1);
    for key in call.keys {
        let popped = pop_up_to(call, key, side, 1, |out, _| {
            out.array(2);
            out.bulk(key.bytes());
        })?;
        if popped > 0 {
            return Ok(());
        }
    }
    waiting::wait(call, until);
    Ok(())
}

/// `BLMPOP`.
pub(super) fn pop_many(call: &mut Call<'_, '_>) -> Outcome {
    let until = waiting::until(call.argument(1)?, call.now)?;
    let (side, count) = arguments(call, 2)?;
    if !pop_first(call, side, count)? {
        waiting::wait(call, until);
    }
    Ok(())
}

/// `BLMOVE` and `BRPOPLPUSH`.
pub(super) fn transfer(call: &mut Call<'_, '_>) -> Outcome {
    let (from, to) = sides(call)?;
    let timeout = call.argument(call.arguments.len() - 1)?;
    let until = waiting::until(timeout, call.now)?;
    if !transfer_one(call, from, to)? {
        waiting::wait(call, until);
    }
    Ok(())
}
