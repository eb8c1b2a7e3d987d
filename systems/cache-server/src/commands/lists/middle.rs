//! Changes within a list.

use super::read::place;
use crate::{
    commands::{
        Call, Error, Outcome,
        collections::{Changed, change, find, index_range, make_room, tell},
        is,
    },
    values::List,
};

/// What an element may cost beside its bytes when its block is split for it.
const SPLIT_BYTES: usize = 256;

pub(super) fn set(call: &mut Call<'_, '_>) -> Outcome {
    let (key, element) = (call.key(), call.argument(3)?);
    if find::<List>(call.shards, &key, call.now)?.is_none() {
        return Err(Error::NoSuchKey);
    }
    let index = call.integer(2)?;
    make_room(call, &key, element.len() + SPLIT_BYTES)?;
    let changed = change(call.shards, &key, call.now, |list: &mut List| {
        place(index, list.len()).is_some_and(|place| list.set(place, element))
    })?;
    if !changed.ok_or(Error::NoSuchKey)?.answer {
        return Err(Error::IndexOutOfRange);
    }
    tell::<List>(call, &key, "lset", false);
    call.out.ok();
    Ok(())
}

pub(super) fn insert(call: &mut Call<'_, '_>) -> Outcome {
    let (key, pivot, element) = (call.key(), call.argument(3)?, call.argument(4)?);
    let behind = match call.argument(2)? {
        word if is(word, "before") => 0,
        word if is(word, "after") => 1,
        _ => return Err(Error::Syntax),
    };
    make_room(call, &key, element.len() + SPLIT_BYTES)?;
    let changed = change(call.shards, &key, call.now, |list: &mut List| {
        let index = list.iter().position(|element| element == pivot)?;
        list.insert(index + behind, element);
        Some(list.len())
    })?;
    match changed.map(|changed| changed.answer) {
        None => call.out.integer(0),
        Some(None) => call.out.integer(-1),
        Some(Some(length)) => {
            tell::<List>(call, &key, "linsert", false);
            call.out.count(length);
        }
    }
    Ok(())
}

pub(super) fn remove(call: &mut Call<'_, '_>) -> Outcome {
    let (key, count, element) = (call.key(), call.integer(2)?, call.argument(3)?);
    let limit = match usize::try_from(count.unsigned_abs()) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(limit) => limit,
    };
    let changed = change(call.shards, &key, call.now, |list: &mut List| {
        list.remove_equal(element, limit, count < 0)
    })?;
    let (removed, emptied) =
        changed.map_or((0, false), |Changed { answer, emptied }| (answer, emptied));
    if removed > 0 {
        tell::<List>(call, &key, "lrem", emptied);
    }
    call.out.count(removed);
    Ok(())
}

pub(super) fn trim(call: &mut Call<'_, '_>) -> Outcome {
    let (key, start, stop) = (call.key(), call.integer(2)?, call.integer(3)?);
    let changed = change(call.shards, &key, call.now, |list: &mut List| {
        let kept = index_range(start, stop, list.len());
        list.remove_back(list.len() - kept.end);
        list.remove_front(kept.start);
    })?;
    if let Some(Changed { emptied, .. }) = changed {
        tell::<List>(call, &key, "ltrim", emptied);
    }
    call.out.ok();
    Ok(())
}
