//! Commands that look at a hash.

use crate::{
    commands::{Call, Outcome, collections::find, scan},
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
    let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
    call.out.array(call.arguments.len() - 2);
    for field in call.arguments.iter().skip(2) {
        match hash.and_then(|hash| hash.get(field)) {
            Some(value) => call.out.bulk(value),
            None => call.out.null(),
        }
    }
    Ok(())
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
    let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
    call.out.map(hash.map_or(0, Hash::len));
    for (field, value) in hash.into_iter().flat_map(Hash::iter) {
        call.out.bulk(field);
        call.out.bulk(value);
    }
    Ok(())
}

pub(super) fn fields(call: &mut Call<'_, '_>) -> Outcome {
    let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
    call.out.array(hash.map_or(0, Hash::len));
    hash.into_iter().flat_map(Hash::iter).for_each(|(field, _)| call.out.bulk(field));
    Ok(())
}

pub(super) fn values(call: &mut Call<'_, '_>) -> Outcome {
    let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
    call.out.array(hash.map_or(0, Hash::len));
    hash.into_iter().flat_map(Hash::iter).for_each(|(_, value)| call.out.bulk(value));
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
                out.bulk(value);
                count += 2;
            }
        });
        (next, count)
    });
    Ok(())
}
