//! Commands that look at a hash.

use plimsoll_wire::resp::write_bulk;

use crate::{
    commands::{
        Call, Outcome, Reply, asked,
        collections::{find, peek},
        scan,
        steps::{Parts, Steps, cost, is_long},
    },
    values::Hash,
};

pub(super) fn get(call: &mut Call<'_, '_>) -> Outcome {
    let field = call.argument(2)?;
    let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
    match hash.and_then(|hash| hash.get(field)) {
        Some(value) => call.out.bulk(value),
        None => call.out.null(),
    }
    Ok(())
}

pub(super) fn get_many(call: &mut Call<'_, '_>) -> Outcome {
    asked::each(call, |hash: Option<&Hash>, field, out| {
        match hash.and_then(|hash| hash.get(field)) {
            Some(value) => out.bulk(value),
            None => out.null(),
        }
    })
}

pub(super) fn exists(call: &mut Call<'_, '_>) -> Outcome {
    let field = call.argument(2)?;
    let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
    call.out.flag(hash.is_some_and(|hash| hash.contains(field)));
    Ok(())
}

pub(super) fn length(call: &mut Call<'_, '_>) -> Outcome {
    let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
    call.out.count(hash.map_or(0, Hash::len));
    Ok(())
}

pub(super) fn value_length(call: &mut Call<'_, '_>) -> Outcome {
    let field = call.argument(2)?;
    let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
    call.out.count(hash.and_then(|hash| hash.get(field)).map_or(0, <[u8]>::len));
    Ok(())
}

pub(super) fn all(call: &mut Call<'_, '_>) -> Outcome {
    whole(call, Reply::map, |part, field, value| {
        write_bulk(part, field);
        write_bulk(part, value);
    })
}

pub(super) fn fields(call: &mut Call<'_, '_>) -> Outcome {
    whole(call, Reply::array, |part, field, _| write_bulk(part, field))
}

pub(super) fn values(call: &mut Call<'_, '_>) -> Outcome {
    whole(call, Reply::array, |part, _, value| write_bulk(part, value))
}

/// All pairs, in steps where they are many.
fn whole(
    call: &mut Call<'_, '_>,
    head: fn(&mut Reply, usize),
    write: fn(&mut Vec<u8>, &[u8], &[u8]),
) -> Outcome {
    let key = call.key();
    if call.walk.is_none() {
        let hash: Option<&Hash> = find(call.shards, &key, call.now)?;
        let count = hash.map_or(0, Hash::len);
        if !is_long(count) {
            head(call.out, count);
            let pairs = hash.into_iter().flat_map(Hash::iter);
            pairs.for_each(|(field, value)| write(call.out.raw(), field, value));
            return Ok(());
        }
    }
    let Some(mut steps) = Steps::<Parts>::resume(call, &[key]) else { return Ok(()) };
    let hash: Option<&Hash> = peek(call.shards, &key, call.now)?;
    let from = steps.place.1;
    let pairs = hash.into_iter().flat_map(|hash| hash.iter_from(from));
    let is_over = steps.each(pairs, |parts, (field, value)| {
        cost(parts.write(1, |part| write(part, field, value)))
    });
    if is_over {
        head(call.out, steps.made.count);
        steps.made.finish(call.out);
    } else {
        steps.put_off(call);
    }
    Ok(())
}

pub(super) fn scan(call: &mut Call<'_, '_>) -> Outcome {
    let (cursor, options) = (scan::cursor(call)?, scan::options(call.words(3)));
    let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
    let Some(hash) = hash else { return scan::nothing(call.out) };
    let options = options?;
    scan::reply(call.out, |out| {
        let mut count = 0;
        let next = hash.scan(cursor, options.count, |field, value| {
            if options.matches(field) {
                out.bulk(field);
                count += 1;
                if options.has_values {
                    out.bulk(value);
                    count += 1;
                }
            }
        });
        (next, count)
    });
    Ok(())
}
