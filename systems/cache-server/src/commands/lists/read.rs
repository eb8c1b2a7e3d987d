//! Commands that look at a list.

use crate::{
    commands::{
        Call, Outcome,
        collections::{find, index_range},
    },
    values::List,
};

pub(super) fn length(call: &mut Call<'_, '_>) -> Outcome {
    let list: Option<&List> = find(call.shards, &call.key(), call.now)?;
    call.out.count(list.map_or(0, List::len));
    Ok(())
}

pub(super) fn get(call: &mut Call<'_, '_>) -> Outcome {
    let key = call.key();
    // As in Redis, the key is looked at before the index.
    let has_none = find::<List>(call.shards, &key, call.now)?.is_none();
    if has_none {
        call.out.null();
        return Ok(());
    }
    let index = call.integer(2)?;
    let list: Option<&List> = find(call.shards, &key, call.now)?;
    let element = list.and_then(|list| list.get(place(index, list.len())?));
    match element {
        Some(element) => call.out.bulk(element),
        None => call.out.null(),
    }
    Ok(())
}

pub(super) fn range(call: &mut Call<'_, '_>) -> Outcome {
    let (start, stop) = (call.integer(2)?, call.integer(3)?);
    let list: Option<&List> = find(call.shards, &call.key(), call.now)?;
    let range = index_range(start, stop, list.map_or(0, List::len));
    call.out.array(range.len());
    if let Some(list) = list {
        list.range(range).for_each(|element| call.out.bulk(element));
    }
    Ok(())
}

/// The place that an index means, negative ones counting from the end; there need not be one.
pub(super) fn place(index: i64, len: usize) -> Option<usize> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { len.checked_sub(distance) } else { Some(distance).filter(|place| *place < len) }
}
