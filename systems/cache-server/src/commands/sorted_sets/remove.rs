//! Commands that remove members.

use std::ops::Range;

use super::bounds::{LexRange, ScoreRange};
use crate::{
    commands::{
        Call, Outcome,
        collections::{Changed, Kind, change, index_range, tell},
    },
    values::SortedSet,
};

pub(super) fn remove(call: &mut Call<'_, '_>) -> Outcome {
    let arguments = call.arguments;
    remove_by(call, "zrem", |set| (set.remove_all(arguments.iter().skip(2)), None))
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

fn remove_ranks(set: &mut SortedSet, ranks: Range<usize>) -> (usize, Option<SortedSet>) {
    (ranks.len(), set.cut_range(ranks))
}

/// `remove` tells how many it removed, and what is left to be dropped.
fn remove_by(
    call: &mut Call<'_, '_>,
    event: &'static str,
    remove: impl FnOnce(&mut SortedSet) -> (usize, Option<SortedSet>),
) -> Outcome {
    let key = call.key();
    let changed = change(call.shards, &key, call.now, remove)?;
    let Some(Changed { answer: (removed, left), emptied }) = changed else {
        call.out.count(0);
        return Ok(());
    };
    if let Some(left) = left {
        call.shards.drop_bit_by_bit(left.into_object());
    }
    if removed > 0 {
        tell::<SortedSet>(call, &key, event, emptied);
    }
    call.out.count(removed);
    Ok(())
}
