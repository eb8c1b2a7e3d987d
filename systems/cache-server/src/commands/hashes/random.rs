//! `HRANDFIELD`.

use crate::{
    commands::{
        Call, Error, Outcome,
        collections::find,
        draw::{self, Draw, REPEATED_BYTES_LIMIT},
        is,
    },
    values::Hash,
};

pub(super) fn draw(call: &mut Call<'_, '_>) -> Outcome {
    let count = call.arguments.get(2).map(draw::count).transpose()?;
    let with_values = match (call.arguments.len(), call.arguments.get(3)) {
        (2 | 3, _) => false,
        (4, Some(word)) if is(word, "withvalues") => true,
        _ => return Err(Error::Syntax),
    };
    let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
    let Some(count) = count else {
        let one = draw::indexes(Draw::Distinct(1), hash.map_or(0, Hash::len), call.random);
        match hash.zip(one.first()).and_then(|(hash, index)| hash.nth(*index)) {
            Some((field, _)) => call.out.bulk(field),
            None => call.out.null(),
        }
        return Ok(());
    };
    let Some(hash) = hash else {
        call.out.array(0);
        return Ok(());
    };
    let indexes = draw::indexes(count, hash.len(), call.random);
    let in_pairs = with_values && call.out.is_resp3();
    call.out.array(if with_values && !in_pairs { 2 * indexes.len() } else { indexes.len() });
    for (field, value) in indexes.iter().filter_map(|index| hash.nth(*index)) {
        if in_pairs {
            call.out.array(2);
        }
        call.out.bulk(field);
        if with_values {
            call.out.bulk(value);
        }
        if matches!(count, Draw::Repeated(_)) && call.out.len() > REPEATED_BYTES_LIMIT {
            return Err(Error::OutOfRange);
        }
    }
    Ok(())
}
