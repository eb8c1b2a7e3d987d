//! Moving elements from one list to another, and taking them from the first that has any.

use super::{
    Side,
    ends::{pop_up_to, push_one},
};
use crate::{
    commands::{
        Call, Error, Outcome,
        collections::{Changed, change, count_option, counted_keys, find, grow, make_room, tell},
        waiting::take_first,
    },
    store::Key,
    values::List,
};

/// `LMOVE` and `RPOPLPUSH`.
pub(super) fn transfer(call: &mut Call<'_, '_>) -> Outcome {
    let (from, to) = sides(call)?;
    if !transfer_one(call, from, to)? {
        call.out.null();
    }
    Ok(())
}

/// Which end an element leaves, and which it goes to.
///
/// # Errors
/// When the arguments name none.
pub(super) fn sides(call: &Call<'_, '_>) -> Result<(Side, Side), Error> {
    if call.spec.name.ends_with("rpoplpush") {
        return Ok((Side::Back, Side::Front));
    }
    let side = |index| Side::of_word(call.argument(index)?).ok_or(Error::Syntax);
    Ok((side(3)?, side(4)?))
}

/// Moves one element and replies it; whether there was one.
///
/// # Errors
/// When either key holds something else, or memory is full: nothing is moved then.
pub(super) fn transfer_one(call: &mut Call<'_, '_>, from: Side, to: Side) -> Result<bool, Error> {
    let [source, target] = match call.keys {
        [source, target, ..] => [*source, *target],
        _ => return Err(Error::Syntax),
    };
    let Some(element) = end(call, &source, from)? else { return Ok(false) };
    // Before anything is taken, so that an element is never on neither list.
    make_room(call, &target, element.len())?;
    grow(call, &target, |list: &mut List| push_one(list, to, &element))?;
    // On one list, to and from the same end, this takes what was just put there: as it should be.
    let changed = change(call.shards, &source, call.now, |list: &mut List| match from {
        Side::Front => list.remove_front(1),
        Side::Back => list.remove_back(1),
    })?;
    tell::<List>(call, &target, to.push_event(), false);
    let emptied = changed.is_some_and(|Changed { emptied, .. }| emptied);
    tell::<List>(call, &source, from.pop_event(), emptied);
    call.out.bulk(&element);
    Ok(true)
}

fn end(call: &mut Call<'_, '_>, key: &Key<'_>, side: Side) -> Result<Option<Vec<u8>>, Error> {
    let list: Option<&List> = find(call.shards, key, call.now)?;
    let element = list.and_then(|list| match side {
        Side::Front => list.front(),
        Side::Back => list.back(),
    });
    Ok(element.map(<[u8]>::to_vec))
}

/// `LMPOP`.
pub(super) fn pop_many(call: &mut Call<'_, '_>) -> Outcome {
    let (side, count) = arguments(call, 1)?;
    if !take_first(call, |call, key| pop_several(call, key, side, count))? {
        call.out.null_array();
    }
    Ok(())
}

/// What stands behind the keys, whose number is at `at`.
///
/// # Errors
/// When it is not what belongs there.
pub(super) fn arguments(call: &Call<'_, '_>, at: usize) -> Result<(Side, usize), Error> {
    let keys = counted_keys(call, at)?;
    let mut words = call.words(at + 1 + keys);
    let side = Side::of_word(words.demand()?).ok_or(Error::Syntax)?;
    let count = count_option(&mut words)?;
    Ok((side, count))
}

/// Takes up to `count` elements and replies the key and them; whether there were any.
///
/// # Errors
/// When the key holds something else.
pub(super) fn pop_several(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    side: Side,
    count: usize,
) -> Result<bool, Error> {
    let popped = pop_up_to(call, key, side, count, |out, taken| {
        out.array(2);
        out.bulk(key.bytes());
        out.array(taken);
    })?;
    Ok(popped > 0)
}
