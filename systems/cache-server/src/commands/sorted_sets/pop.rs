//! Taking the lowest or the highest members, at once or when there are any.

use crate::{
    commands::{
        Call, Error, Outcome, Reply,
        collections::{
            Changed, Kind, change, count_option, counted_keys, find, positive_count, tell,
        },
        is, waiting,
    },
    store::Key,
    values::SortedSet,
};

/// Which end members are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Lowest,
    Highest,
}

impl End {
    fn of_name(name: &str) -> End {
        if name.ends_with("min") { End::Lowest } else { End::Highest }
    }

    fn event(self) -> &'static str {
        if self == End::Lowest { "zpopmin" } else { "zpopmax" }
    }
}

/// `ZPOPMIN` and `ZPOPMAX`.
pub(super) fn pop(call: &mut Call<'_, '_>) -> Outcome {
    let (key, end) = (call.key(), End::of_name(call.spec.name));
    let count = match call.arguments.len() {
        2 => None,
        3 => Some(positive_count(call.argument(2)?)?),
        _ => return Err(Error::Syntax),
    };
    let in_pairs = count.is_some() && call.out.is_resp3();
    let popped = if count == Some(0) {
        find::<SortedSet>(call.shards, &key, call.now)?;
        0
    } else {
        pop_up_to(call, &key, end, count.unwrap_or(1), in_pairs, |out, taken| {
            out.array(if in_pairs { taken } else { 2 * taken });
        })?
    };
    if popped == 0 {
        call.out.array(0);
    }
    Ok(())
}

/// `ZMPOP`.
pub(super) fn pop_many(call: &mut Call<'_, '_>) -> Outcome {
    let (end, count) = arguments(call, 1)?;
    if !waiting::take_first(call, |call, key| pop_several(call, key, end, count))? {
        call.out.null_array();
    }
    Ok(())
}

/// `BZMPOP`.
pub(super) fn wait_for_many(call: &mut Call<'_, '_>) -> Outcome {
    let until = waiting::until(call.argument(1)?, call.now)?;
    let (end, count) = arguments(call, 2)?;
    waiting::take_or_wait(call, until, |call, key| pop_several(call, key, end, count))
}

/// `BZPOPMIN` and `BZPOPMAX`.
pub(super) fn wait_for_one(call: &mut Call<'_, '_>) -> Outcome {
    let until = waiting::until(call.argument(call.arguments.len() - 1)?, call.now)?;
    let end = End::of_name(call.spec.name);
    waiting::take_or_wait(call, until, |call, key| {
        let popped = pop_up_to(call, key, end, 1, false, |out, _| {
            out.array(3);
            out.bulk(key.bytes());
        })?;
        Ok(popped > 0)
    })
}

/// What stands behind the keys, whose number is at `at`.
fn arguments(call: &Call<'_, '_>, at: usize) -> Result<(End, usize), Error> {
    let mut words = call.words(at + 1 + counted_keys(call, at)?);
    let end = match words.demand()? {
        word if is(word, "min") => End::Lowest,
        word if is(word, "max") => End::Highest,
        _ => return Err(Error::Syntax),
    };
    Ok((end, count_option(&mut words)?))
}

/// Takes up to `count` members and replies the key and them; whether there were any.
fn pop_several(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    end: End,
    count: usize,
) -> Result<bool, Error> {
    let popped = pop_up_to(call, key, end, count, true, |out, taken| {
        out.array(2);
        out.bulk(key.bytes());
        out.array(taken);
    })?;
    Ok(popped > 0)
}

/// Takes up to `count` members, writes what `head` writes for their number and then them, and tells
/// of it. How many; nothing is written for none.
fn pop_up_to(
    call: &mut Call<'_, '_>,
    key: &Key<'_>,
    end: End,
    count: usize,
    in_pairs: bool,
    head: impl FnOnce(&mut Reply, usize),
) -> Result<usize, Error> {
    let out = &mut *call.out;
    let changed = change(call.shards, key, call.now, |set: &mut SortedSet| {
        let taken = count.min(set.len());
        head(out, taken);
        let mut write = |(member, score): (&[u8], f64)| {
            if in_pairs {
                out.array(2);
            }
            out.bulk(member);
            out.double(score);
        };
        let ranks = match end {
            End::Lowest => 0..taken,
            End::Highest => set.len() - taken..set.len(),
        };
        match end {
            End::Lowest => set.range(ranks.clone()).for_each(&mut write),
            End::Highest => set.range(ranks.clone()).rev().for_each(&mut write),
        }
        (taken, set.cut_range(ranks))
    })?;
    let Some(Changed { answer: (taken, left), emptied }) = changed else { return Ok(0) };
    if let Some(left) = left {
        call.shards.drop_bit_by_bit(left.into_object());
    }
    if taken > 0 {
        tell::<SortedSet>(call, key, end.event(), emptied);
    }
    Ok(taken)
}
