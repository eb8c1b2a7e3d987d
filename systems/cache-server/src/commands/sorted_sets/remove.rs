//! Commands that remove members.

use std::ops::Range;

use super::bounds::{LexRange, ScoreRange};
use crate::{
    commands::{
        Call, Outcome,
        collections::{change, index_range, tell},
    },
    values::SortedSet,
};

pub(super) fn remove(call: &mut Call<'_, '_>) -> Outcome {
    let arguments = call.arguments;
    remove_by(call, "zrem", |set| {
        arguments.iter().skip(2).filter(|member| set.remove(member).is_some()).count()
    })
}

pub(super) fn by_rank(call: &mut Call<'_, '_>) -> Outcome {
    let (start, stop) = (call.integer(2)?, call.integer(3)?);
    let ranks = |set: &SortedSet| index_range(start, stop, set.len());
    remove_by(call, "zremrangebyrank", |set| remove_ranks(set, ranks(set)))
}

pub(super) fn by_score(call: &mut Call<'_, '_>) -> Outcome {
    let range = ScoreRange::read(call.argument(2)?, call.argument(3)?)?;
    remove_by(call, "zremrangebyscore", |set| remove_ranks(set, range.ranks(set)))
}

pub(super) fn by_lex(call: &mut Call<'_, '_>) -> Outcome {
    let range = LexRange::read(call.argument(2)?, call.argument(3)?)?;
    remove_by(call, "zremrangebylex", |set| remove_ranks(set, range.ranks(set)))
}

fn remove_ranks(set: &mut SortedSet, ranks: Range<usize>) -> usize {
    let count = ranks.len();
    set.remove_range(ranks);
    count
}

/// `remove` tells how many it removed.
fn remove_by(
    call: &mut Call<'_, '_>,
    event: &'static str,
    remove: impl FnOnce(&mut SortedSet) -> usize,
) -> Outcome {
    let key = call.key();
    let changed = change(call.shards, &key, call.now, remove)?;
    let removed = changed.as_ref().map_or(0, |changed| changed.answer);
    if removed > 0 {
        tell::<SortedSet>(call, &key, event, changed.is_some_and(|changed| changed.emptied));
    }
    call.out.count(removed);
    Ok(())
}
