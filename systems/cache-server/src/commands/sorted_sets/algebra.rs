//! Commands that combine sorted sets, and sets among them, whose members then count as of score 1.

use super::{
    combine::{Aggregate, Operation, Source, combine, count_shared},
    write_members,
};
use crate::{
    commands::{
        Call, Error, Held, Outcome,
        collections::{Kind, store},
        number,
    },
    store::{Key, Millis},
    values::{Set, SortedSet},
};

pub(super) fn union(call: &mut Call<'_, '_>) -> Outcome {
    reply(call, Operation::Union)
}

pub(super) fn intersection(call: &mut Call<'_, '_>) -> Outcome {
    reply(call, Operation::Intersection)
}

pub(super) fn difference(call: &mut Call<'_, '_>) -> Outcome {
    reply(call, Operation::Difference)
}

pub(super) fn store_union(call: &mut Call<'_, '_>) -> Outcome {
    keep(call, Operation::Union, "zunionstore")
}

pub(super) fn store_intersection(call: &mut Call<'_, '_>) -> Outcome {
    keep(call, Operation::Intersection, "zinterstore")
}

pub(super) fn store_difference(call: &mut Call<'_, '_>) -> Outcome {
    keep(call, Operation::Difference, "zdiffstore")
}

/// What stands behind the keys.
struct Options {
    /// One per key.
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
}

fn reply(call: &mut Call<'_, '_>, operation: Operation) -> Outcome {
    let count = count_keys(call, 1)?;
    // As in Redis, a wrong key is told before a wrong option.
    let options = read(call, 2 + count, count, operation, false);
    let sources = sources(call.shards, call.keys, call.now)?;
    let options = options?;
    let result = combine(operation, weigh(sources, &options), options.aggregate);
    write_members(call.out, result.iter(), result.len(), options.with_scores);
    Ok(())
}

fn keep(call: &mut Call<'_, '_>, operation: Operation, event: &'static str) -> Outcome {
    let count = count_keys(call, 2)?;
    let options = read(call, 3 + count, count, operation, true);
    let (target, keys) = call.keys.split_first().ok_or(Error::Syntax)?;
    let sources = sources(call.shards, keys, call.now)?;
    let options = options?;
    let result = combine(operation, weigh(sources, &options), options.aggregate);
    let length = result.len();
    store(call, target, result, event)?;
    call.out.count(length);
    Ok(())
}

/// `ZINTERCARD`.
pub(super) fn count_intersection(call: &mut Call<'_, '_>) -> Outcome {
    let count = count_keys(call, 1)?;
    let limit = read_limit(call, 2 + count);
    let sources = sources(call.shards, call.keys, call.now)?;
    let shared = count_shared(&sources, limit?);
    call.out.count(shared);
    Ok(())
}

/// How many keys there are, by the argument of index `at` before them.
fn count_keys(call: &Call<'_, '_>, at: usize) -> Result<usize, Error> {
    let count = call.integer(at)?;
    if count < 1 {
        let name = call.spec.name;
        let text = format!("ERR at least 1 input key is needed for '{name}' command");
        return Err(Error::Text(text.into()));
    }
    let left = call.arguments.len() - at - 1;
    usize::try_from(count).ok().filter(|count| *count <= left).ok_or(Error::Syntax)
}

fn sources<'a>(
    shards: &'a mut Held<'_>,
    keys: &[Key<'_>],
    now: Millis,
) -> Result<Vec<Option<Source<'a>>>, Error> {
    for key in keys {
        // Counts the hit.
        shards.of(key).find(key, now);
    }
    let shards = &*shards;
    let source = |key: &Key<'_>| {
        let Some(item) = shards.look(key).peek(key, now) else { return Ok(None) };
        let object = item.value.as_object();
        let sorted = object.and_then(SortedSet::of).map(Source::Sorted);
        let source = sorted.or_else(|| object.and_then(Set::of).map(Source::Plain));
        source.map(Some).ok_or(Error::WrongType)
    };
    keys.iter().map(source).collect()
}

fn weigh<'a>(
    sources: Vec<Option<Source<'a>>>,
    options: &Options,
) -> Vec<(Option<Source<'a>>, f64)> {
    sources.into_iter().zip(options.weights.iter().copied()).collect()
}

fn read(
    call: &Call<'_, '_>,
    at: usize,
    keys: usize,
    operation: Operation,
    is_stored: bool,
) -> Result<Options, Error> {
    let mut options =
        Options { weights: vec![1.0; keys], aggregate: Aggregate::Sum, with_scores: false };
    let combines = operation != Operation::Difference;
    let mut words = call.words(at);
    while words.left() > 0 {
        if combines && words.left() > keys && words.take("weights") {
            for weight in &mut options.weights {
                let given = number::float(words.demand()?);
                *weight = given.ok_or(Error::text("ERR weight value is not a float"))?;
            }
        } else if combines && words.left() > 1 && words.take("aggregate") {
            options.aggregate = Aggregate::of_word(words.demand()?).ok_or(Error::Syntax)?;
        } else if !is_stored && words.take("withscores") {
            options.with_scores = true;
        } else {
            return Err(Error::Syntax);
        }
    }
    Ok(options)
}

/// At how many to stop.
fn read_limit(call: &Call<'_, '_>, at: usize) -> Result<usize, Error> {
    let mut words = call.words(at);
    let mut limit = 0;
    while words.left() > 0 {
        if words.left() < 2 || !words.take("limit") {
            return Err(Error::Syntax);
        }
        let given = number::integer(words.demand()?);
        let given = given.and_then(|limit| usize::try_from(limit).ok());
        limit = given.ok_or(Error::text("ERR LIMIT can't be negative"))?;
    }
    Ok(if limit == 0 { usize::MAX } else { limit })
}
