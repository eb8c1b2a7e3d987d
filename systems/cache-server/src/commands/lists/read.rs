//! Commands that look at a list.

use std::ops::Range;

use plimsoll_wire::resp::write_bulk;

use crate::{
    commands::{
        Call, Outcome, Reply,
        collections::{find, index_range, peek},
        steps::{Parts, Steps, cost, is_long},
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
    let key = call.key();
    if call.walk.is_none() {
        let list: Option<&List> = find(call.shards, &key, call.now)?;
        let range = index_range(start, stop, list.map_or(0, List::len));
        if !is_long(range.len()) {
            write_range(call.out, list, range);
            return Ok(());
        }
    }
    let Some(mut steps) = Steps::<Parts>::resume(call, &[key]) else { return Ok(()) };
    let list: Option<&List> = peek(call.shards, &key, call.now)?;
    let range = index_range(start, stop, list.map_or(0, List::len));
    let rest = (range.start + steps.place.1).min(range.end)..range.end;
    let elements = list.into_iter().flat_map(|list| list.range(rest.clone()));
    let is_over = steps
        .each(elements, |parts, element| cost(parts.write(1, |part| write_bulk(part, element))));
    if is_over {
        call.out.array(steps.made.count);
        steps.made.finish(call.out);
    } else {
        steps.put_off(call);
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
