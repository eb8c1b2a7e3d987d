//! Commands that look at a set.

use crate::{
    commands::{Call, Outcome, asked, collections::find, scan},
    values::Set,
};

pub(super) fn length(call: &mut Call<'_, '_>) -> Outcome {
    let set: Option<&Set> = find(call.shards, &call.key(), call.now)?;
    call.out.count(set.map_or(0, Set::len));
    Ok(())
}

pub(super) fn contains(call: &mut Call<'_, '_>) -> Outcome {
    let member = call.argument(2)?;
    let set: Option<&Set> = find(call.shards, &call.key(), call.now)?;
    call.out.flag(set.is_some_and(|set| set.contains(member)));
    Ok(())
}

pub(super) fn contains_each(call: &mut Call<'_, '_>) -> Outcome {
    asked::each(call, |set: Option<&Set>, member, out| {
        out.flag(set.is_some_and(|set| set.contains(member)));
    })
}

pub(super) fn scan(call: &mut Call<'_, '_>) -> Outcome {
    let (cursor, options) = (scan::cursor(call)?, scan::options_without_values(call.words(3)));
    let set: Option<&Set> = find(call.shards, &call.key(), call.now)?;
    let Some(set) = set else { return scan::nothing(call.out) };
    let options = options?;
    scan::reply(call.out, |out| {
        let mut count = 0;
        let next = set.scan(cursor, options.count, |member| {
            if options.matches(member) {
                out.bulk(member);
                count += 1;
            }
        });
        (next, count)
    });
    Ok(())
}
