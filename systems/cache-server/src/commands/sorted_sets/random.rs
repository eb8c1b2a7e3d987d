//! `ZRANDMEMBER`.

use super::write_members;
use crate::{
    commands::{
        Call, Error, Outcome,
        collections::find,
        draw::{self, Draw, REPEATED_BYTES_LIMIT},
        is,
    },
    values::SortedSet,
};

pub(super) fn draw(call: &mut Call<'_, '_>) -> Outcome {
    let count = call.arguments.get(2).map(draw::count).transpose()?;
    let with_scores = match (call.arguments.len(), call.arguments.get(3)) {
        (2 | 3, _) => false,
        (4, Some(word)) if is(word, "withscores") => true,
        _ => return Err(Error::Syntax),
    };
    let set: Option<&SortedSet> = find(call.shards, &call.key(), call.now)?;
    let length = set.map_or(0, SortedSet::len);
    let indexes = draw::indexes(count.unwrap_or(Draw::Distinct(1)), length, call.random);
    let mut members = indexes.iter().filter_map(|index| set?.range(*index..index + 1).next());
    let Some(count) = count else {
        match members.next() {
            Some((member, _)) => call.out.bulk(member),
            None => call.out.null(),
        }
        return Ok(());
    };
    if matches!(count, Draw::Repeated(_)) {
        let bytes: usize = members.clone().map(|(member, _)| member.len()).sum();
        if bytes > REPEATED_BYTES_LIMIT {
            return Err(Error::OutOfRange);
        }
    }
    write_members(call.out, members, indexes.len(), with_scores);
    Ok(())
}
