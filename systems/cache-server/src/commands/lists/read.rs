//! Commands that look at a list.

use std::ops::Range;

use plimsoll_wire::resp::write_bulk;

use crate::{
    commands::{
        Call, Outcome, Reply,
        collections::{find, index_range, peek},
        steps::{ReadWalk, is_long},
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
    let (key, walk) = (call.key(), call.walk.take());
    if walk.is_none() {
        let list: Option<&List> = find(call.shards, &key, call.now)?;
        let range = index_range(start, stop, list.map_or(0, List::len));
        if !is_long(range.len()) {
            write_range(call.out, list, range);
            return Ok(());
        }
    }
    let walk = ReadWalk::resume(call, walk);
    let list: Option<&List> = peek(call.shards, &key, call.now)?;
    let range = index_range(start, stop, list.map_or(0, List::len));
    let Some(mut walk) = walk else {
        write_range(call.out, list, range);
        return Ok(());
    };
    let rest = (range.start + walk.place.1).min(range.end)..range.end;
    let elements = list.into_iter().flat_map(|list| list.range(rest.clone()));
    let is_over = walk.step(elements, |element, part| {
        write_bulk(part, element);
        1
    });
    if is_over {
        call.out.array(walk.count);
        walk.finish(call.out);
    } else {
        walk.put_off(call);
    }
    Ok(())
}

fn write_range(out: &mut Reply, list: Option<&List>, range: Range<usize>) {
    out.array(range.len());
    if let Some(list) = list {
        list.range(range).for_each(|element| out.bulk(element));
    }
}

/// The place that an index means, negative ones counting from the end; there need not be one.
pub(super) fn place(index: i64, len: usize) -> Option<usize> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 { len.checked_sub(distance) } else { Some(distance).filter(|place| *place < len) }
}
