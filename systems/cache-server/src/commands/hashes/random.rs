//! `HRANDFIELD`.

use crate::{
    commands::{
        Call, Error, Outcome, Reply,
        collections::find,
        draw::{self, Draw},
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
    let Some(count) = count else {
        let hash: Option<&Hash> = find(call.shards, &call.key(), call.now)?;
        let one = draw::indexes(Draw::Distinct(1), hash.map_or(0, Hash::len), call.random);
        match hash.zip(one.first()).and_then(|(hash, index)| hash.nth(*index)) {
            Some((field, _)) => call.out.bulk(field),
            None => call.out.null(),
        }
        return Ok(());
    };
    let in_pairs = with_values && call.out.is_resp3();
    let head = |out: &mut Reply, count: usize| {
        out.array(if with_values && !in_pairs { 2 * count } else { count });
    };
    draw::reply(call, count, head, |out, hash: &Hash, index| {
        let Some((field, value)) = hash.nth(index) else { return };
        if in_pairs {
            out.array(2);
        }
        out.bulk(field);
        if with_values {
            out.bulk(value);
        }
    })
}
