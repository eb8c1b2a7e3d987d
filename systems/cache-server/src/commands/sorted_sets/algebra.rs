//! Commands that combine sorted sets, and sets among them, whose members then count as of score 1.

use plimsoll_wire::resp::Protocol;

use super::{
    combine::{
        Aggregate, Making, Operation, Source, Weighed, combine, count_shared, entries, sort,
    },
    write_head, write_member,
};
use crate::{
    commands::{
        Call, Error, Held, Outcome, Reply,
        collections::{Kind, put_off, store_made},
        number,
        steps::{Parts, Steps, cost, is_long},
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
    let Some(mut steps) = resume(call, call.keys, operation)? else { return Ok(()) };
    let sources = look(call.shards, call.keys, call.now)?;
    let options = options?;
    let sources = weigh(operation, sources, &options);
    let is_over = combine(operation, &sources, options.aggregate, &mut steps)
        && write(&mut steps, sources.len(), call.out.protocol(), options.with_scores);
    if !is_over {
        steps.put_off(call);
        return Ok(());
    }
    let parts: Parts = std::mem::take(&mut steps.made.parts);
    write_head(call.out, parts.count, options.with_scores);
    parts.finish(call.out);
    steps.abandon(call);
    Ok(())
}

/// Goes on writing what was made of so many sources; whether that was all.
fn write(steps: &mut Making, sources: usize, protocol: Protocol, with_scores: bool) -> bool {
    if steps.place.0 < sources {
        // There was nothing more to look at.
        steps.place = (sources, 0);
    }
    let result = steps.made.take();
    let mut one = Reply::new(protocol);
    let rest = result.range(steps.place.1..result.len());
    let is_over = steps.each(rest, |product, (member, score)| {
        one.clear();
        write_member(&mut one, member, score, with_scores);
        cost(product.parts.write(1, |part| part.extend_from_slice(one.buffer())))
    });
    steps.made.result = result;
    is_over
}

fn keep(call: &mut Call<'_, '_>, operation: Operation, event: &'static str) -> Outcome {
    let count = count_keys(call, 2)?;
    let options = read(call, 3 + count, count, operation, true);
    let (target, keys) = call.keys.split_first().ok_or(Error::Syntax)?;
    let Some(mut steps) = resume(call, keys, operation)? else { return Ok(()) };
    let sources = look(call.shards, keys, call.now)?;
    let options = options?;
    let sources = weigh(operation, sources, &options);
    if !combine(operation, &sources, options.aggregate, &mut steps) {
        return put_off(call, target, steps);
    }
    store_made(call, target, steps, event)
}

/// `ZINTERCARD`.
pub(super) fn count_intersection(call: &mut Call<'_, '_>) -> Outcome {
    let count = count_keys(call, 1)?;
    let limit = read_limit(call, 2 + count);
    let Some(mut steps) = resume(call, call.keys, Operation::Intersection)? else { return Ok(()) };
    let sources = look(call.shards, call.keys, call.now)?;
    if count_shared(&sources, limit?, &mut steps) {
        call.out.count(steps.made.parts.count);
    } else {
        steps.put_off(call);
    }
    Ok(())
}

/// Goes on with a command on these keys, or begins it, in steps when there is much under them; `None` when it
/// has to wait for its first one.
fn resume(
    call: &mut Call<'_, '_>,
    keys: &[Key<'_>],
    operation: Operation,
) -> Result<Option<Making>, Error> {
    let mut count = 0;
    if call.walk.is_none() {
        for key in keys {
            // Counts the hit.
            call.shards.of(key).find(key, call.now);
        }
        count = entries(operation, &look(call.shards, keys, call.now)?);
    }
    Ok(Steps::start(call, keys, is_long(count)))
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

fn look<'a>(
    shards: &'a Held<'_>,
    keys: &[Key<'_>],
    now: Millis,
) -> Result<Vec<Option<Source<'a>>>, Error> {
    let source = |key: &Key<'_>| {
        let Some(item) = shards.look(key).peek(key, now) else { return Ok(None) };
        let object = item.value.as_object();
        let sorted = object.and_then(SortedSet::of).map(Source::Sorted);
        let source = sorted.or_else(|| object.and_then(Set::of).map(Source::Plain));
        source.map(Some).ok_or(Error::WrongType)
    };
    keys.iter().map(source).collect()
}

/// The sources with their weights, in order.
fn weigh<'a>(
    operation: Operation,
    sources: Vec<Option<Source<'a>>>,
    options: &Options,
) -> Vec<Weighed<'a>> {
    let mut weighed = sources.into_iter().zip(options.weights.iter().copied()).collect::<Vec<_>>();
    sort(operation, &mut weighed);
    weighed
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
