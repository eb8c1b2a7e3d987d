//! `ZRANDMEMBER`.

use super::{write_head, write_member};
use crate::{
    commands::{
        Call, Error, Outcome, Reply,
        collections::find,
        draw::{self, Draw},
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
    let one = |set: &SortedSet, index, take: &mut dyn FnMut(&[u8], f64)| {
        if let Some((member, score)) = set.range(index..index + 1).next() {
            take(member, score);
        }
    };
    let Some(count) = count else {
        let set: Option<&SortedSet> = find(call.shards, &call.key(), call.now)?;
        let length = set.map_or(0, SortedSet::len);
        let drawn = draw::indexes(Draw::Distinct(1), length, call.random);
        match set.zip(drawn.first()) {
            Some((set, index)) => one(set, *index, &mut |member, _| call.out.bulk(member)),
            None => call.out.null(),
        }
        return Ok(());
    };
    let head = |out: &mut Reply, count| write_head(out, count, with_scores);
    draw::reply(call, count, head, |out, set: &SortedSet, index| {
        one(set, index, &mut |member, score| write_member(out, member, score, with_scores));
    })
}
