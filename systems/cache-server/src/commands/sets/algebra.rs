//! Intersections, unions and differences.

use std::cell::Cell;

use plimsoll_wire::resp::write_bulk;

use crate::{
    commands::{
        Call, Error, Outcome,
        collections::{find_all, look_all, put_off, store_made},
        number,
        steps::{Parts, Product, Steps, cost, is_long},
    },
    store::Key,
    values::{Element, INTEGER_SET_ENTRIES, Set},
};

/// What is made of sets: another one, or a reply.
type Making = Steps<Product<Set>>;

/// Of more sets than that, a union remembers which members it has met; else the sets are asked.
const ASKED_SETS: usize = 8;
/// Members from which on a set is a table whatever they are.
const COPIED_MIN: usize = INTEGER_SET_ENTRIES;

pub(super) fn intersection(call: &mut Call<'_, '_>) -> Outcome {
    reply(call, Operation::Intersection)
}

pub(super) fn union(call: &mut Call<'_, '_>) -> Outcome {
    reply(call, Operation::Union)
}

pub(super) fn difference(call: &mut Call<'_, '_>) -> Outcome {
    reply(call, Operation::Difference)
}

pub(super) fn store_intersection(call: &mut Call<'_, '_>) -> Outcome {
    keep(call, Operation::Intersection, "sinterstore")
}

pub(super) fn store_union(call: &mut Call<'_, '_>) -> Outcome {
    keep(call, Operation::Union, "sunionstore")
}

pub(super) fn store_difference(call: &mut Call<'_, '_>) -> Outcome {
    keep(call, Operation::Difference, "sdiffstore")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Intersection,
    Union,
    Difference,
}

impl Operation {
    /// How many members are looked at, and looked for.
    fn entries(self, sets: &[Option<&Set>]) -> usize {
        let lens = sets.iter().map(|set| set.map_or(0, Set::len));
        match self {
            Operation::Union => lens.sum(),
            Operation::Intersection => lens.min().unwrap_or(0).saturating_mul(sets.len()),
            Operation::Difference => {
                sets.first().copied().flatten().map_or(0, Set::len).saturating_mul(sets.len())
            }
        }
    }

    /// Goes on with an intersection or a difference: the next members of the set that is walked, of which
    /// `take` gets those of the result. Whether that was all.
    fn select(
        self,
        sets: &[Option<&Set>],
        steps: &mut Making,
        limit: usize,
        take: &mut dyn FnMut(&mut Product<Set>, &Element<'_>) -> usize,
    ) -> bool {
        let mut there: Vec<&Set> = sets.iter().copied().flatten().collect();
        if self == Operation::Intersection {
            if there.len() < sets.len() {
                return true;
            }
            // Walks the smallest set and asks the others.
            there.sort_by_key(|set| set.len());
        } else if sets.first().is_none_or(Option::is_none) {
            return true;
        }
        let Some((walked, others)) = there.split_first() else { return true };
        let found = Cell::new(steps.made.parts.count);
        let members = walked.iter_from(steps.place.1).take_while(|_| found.get() < limit);
        steps.each(members, |product, member| {
            let mut is_in = others.iter().map(|set| set.contains(&member));
            let is_one = match self {
                Operation::Intersection => is_in.all(|is_in| is_in),
                _ => !is_in.any(|is_in| is_in),
            };
            let bytes = if is_one { take(product, &member) } else { 0 };
            found.set(product.parts.count);
            others.len() + cost(bytes)
        })
    }
}

/// Goes on with a union: the next members of the next sets, of which `take` gets those that are in none of
/// the sets before. Whether that was all.
fn unite(
    sets: &[Option<&Set>],
    steps: &mut Making,
    take: &mut dyn FnMut(&mut Product<Set>, &Element<'_>) -> usize,
) -> bool {
    let sets: Vec<&Set> = sets.iter().copied().flatten().collect();
    let is_remembered = sets.len() > ASKED_SETS;
    while let Some(set) = sets.get(steps.place.0) {
        let before = sets.get(..steps.place.0).unwrap_or_default();
        let is_over = steps.each(set.iter_from(steps.place.1), |product, member| {
            let is_new = match is_remembered {
                true => product.result.insert(&member),
                false => !before.iter().any(|set| set.contains(&member)),
            };
            let asked = if is_remembered { 1 } else { before.len() };
            asked + cost(if is_new { take(product, &member) } else { 0 })
        });
        if !is_over {
            return false;
        }
        steps.next_place();
    }
    true
}

/// Goes on with a set of the members of all sets; whether that was all. The largest one is copied whole: it
/// costs a tenth of adding its members.
fn unite_all(sets: &[Option<&Set>], steps: &mut Making) -> bool {
    let mut sets: Vec<&Set> = sets.iter().copied().flatten().collect();
    let largest = (0..sets.len()).max_by_key(|at| sets.get(*at).map(|set| set.len()));
    // A small one may be kept in a way that its members alone would not demand.
    let is_large = |at: &usize| sets.get(*at).is_some_and(|set| set.len() > COPIED_MIN);
    let copied = largest.filter(is_large);
    if let Some(at) = copied {
        let largest = sets.remove(at);
        sets.insert(0, largest);
    }
    while let Some(set) = sets.get(steps.place.0) {
        let is_over = if steps.place.0 == 0 && copied.is_some() {
            steps.work(|product, budget| product.result.copy_from(set, budget))
        } else {
            steps.each(set.iter_from(steps.place.1), |product, member| {
                product.result.insert(&member);
                cost(member.len())
            })
        };
        if !is_over {
            return false;
        }
        steps.next_place();
    }
    true
}

/// Goes on with a command on these sets, or begins it, in steps when they are large; `None` when it has to
/// wait for its first one.
fn resume(
    call: &mut Call<'_, '_>,
    keys: &[Key<'_>],
    operation: Operation,
) -> Result<Option<Making>, Error> {
    let mut entries = 0;
    if call.walk.is_none() {
        let sets: Vec<Option<&Set>> = find_all(call.shards, keys, call.now)?;
        entries = operation.entries(&sets);
    }
    Ok(Steps::start(call, keys, is_long(entries)))
}

fn reply(call: &mut Call<'_, '_>, operation: Operation) -> Outcome {
    let Some(mut steps) = resume(call, call.keys, operation)? else { return Ok(()) };
    let sets: Vec<Option<&Set>> = look_all(call.shards, call.keys, call.now)?;
    let mut write = |product: &mut Product<Set>, member: &Element<'_>| {
        product.parts.write(1, |part| write_bulk(part, member))
    };
    let is_over = match operation {
        Operation::Union => unite(&sets, &mut steps, &mut write),
        _ => operation.select(&sets, &mut steps, usize::MAX, &mut write),
    };
    if !is_over {
        steps.put_off(call);
        return Ok(());
    }
    let parts: Parts = std::mem::take(&mut steps.made.parts);
    call.out.set(parts.count);
    parts.finish(call.out);
    steps.abandon(call);
    Ok(())
}

fn keep(call: &mut Call<'_, '_>, operation: Operation, event: &'static str) -> Outcome {
    let (target, sources): (&Key<'_>, _) = call.keys.split_first().ok_or(Error::Syntax)?;
    let Some(mut steps) = resume(call, sources, operation)? else { return Ok(()) };
    let sets: Vec<Option<&Set>> = look_all(call.shards, sources, call.now)?;
    let is_over = match operation {
        Operation::Union => unite_all(&sets, &mut steps),
        _ => operation.select(&sets, &mut steps, usize::MAX, &mut |product, member| {
            product.result.insert(member);
            member.len()
        }),
    };
    if !is_over {
        return put_off(call, target, steps);
    }
    store_made(call, target, steps, event)
}

/// `SINTERCARD`.
pub(super) fn count_intersection(call: &mut Call<'_, '_>) -> Outcome {
    let limit = count_arguments(call)?;
    let operation = Operation::Intersection;
    let Some(mut steps) = resume(call, call.keys, operation)? else { return Ok(()) };
    let sets: Vec<Option<&Set>> = look_all(call.shards, call.keys, call.now)?;
    let is_over = operation.select(&sets, &mut steps, limit, &mut |product, _| {
        product.parts.count += 1;
        0
    });
    if is_over {
        call.out.count(steps.made.parts.count);
    } else {
        steps.put_off(call);
    }
    Ok(())
}

/// At how many to stop.
fn count_arguments(call: &Call<'_, '_>) -> Result<usize, Error> {
    let refused = Error::text("ERR numkeys should be greater than 0");
    let keys = number::integer(call.argument(1)?).and_then(|keys| usize::try_from(keys).ok());
    let keys = keys.filter(|keys| *keys > 0).ok_or(refused)?;
    if keys > call.arguments.len() - 2 {
        return Err(Error::text("ERR Number of keys can't be greater than number of args"));
    }
    let mut words = call.words(2 + keys);
    let mut limit = 0;
    while words.left() > 0 {
        if !words.take("limit") {
            return Err(Error::Syntax);
        }
        let given = number::integer(words.demand()?);
        let given = given.and_then(|limit| usize::try_from(limit).ok());
        limit = given.ok_or(Error::text("ERR LIMIT can't be negative"))?;
    }
    Ok(if limit == 0 { usize::MAX } else { limit })
}
