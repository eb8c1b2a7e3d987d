//! Intersections, unions and differences.

use plimsoll_wire::resp::Aggregate;

use crate::{
    commands::{
        Call, Error, Outcome,
        collections::{find_all, store},
        number,
    },
    store::Key,
    values::{Element, Set},
};

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

#[derive(Clone, Copy)]
enum Operation {
    Intersection,
    Union,
    Difference,
}

impl Operation {
    /// Hands each member of the result to `take`, once, until it has enough.
    fn run(self, sets: &[Option<&Set>], take: &mut dyn FnMut(&Element<'_>) -> bool) {
        match self {
            Operation::Intersection => intersect(sets, take),
            Operation::Difference => subtract(sets, take),
            Operation::Union => {
                let mut seen = Set::new();
                let members = sets.iter().flatten().flat_map(|set| set.iter());
                for member in members.filter(|member| sets.len() == 1 || seen.insert(member)) {
                    if !take(&member) {
                        return;
                    }
                }
            }
        }
    }
}

/// Goes through the smallest set and asks the others.
fn intersect(sets: &[Option<&Set>], take: &mut dyn FnMut(&Element<'_>) -> bool) {
    let Some(mut sets) = sets.iter().copied().collect::<Option<Vec<&Set>>>() else { return };
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return };
    for member in smallest.iter() {
        if others.iter().all(|set| set.contains(&member)) && !take(&member) {
            return;
        }
    }
}

fn subtract(sets: &[Option<&Set>], take: &mut dyn FnMut(&Element<'_>) -> bool) {
    let Some((Some(first), others)) = sets.split_first() else { return };
    for member in first.iter() {
        let is_elsewhere = others.iter().flatten().any(|set| set.contains(&member));
        if !is_elsewhere && !take(&member) {
            return;
        }
    }
}

fn reply(call: &mut Call<'_, '_>, operation: Operation) -> Outcome {
    let sets: Vec<Option<&Set>> = find_all(call.shards, call.keys, call.now)?;
    let open = call.out.open(Aggregate::Set);
    let mut count = 0;
    operation.run(&sets, &mut |member| {
        call.out.bulk(member);
        count += 1;
        true
    });
    call.out.close(open, count);
    Ok(())
}

fn keep(call: &mut Call<'_, '_>, operation: Operation, event: &'static str) -> Outcome {
    let (target, sources): (&Key<'_>, _) = call.keys.split_first().ok_or(Error::Syntax)?;
    let sets: Vec<Option<&Set>> = find_all(call.shards, sources, call.now)?;
    let mut result = Set::new();
    operation.run(&sets, &mut |member| {
        result.insert(member);
        true
    });
    let count = result.len();
    store(call, target, result, event)?;
    call.out.count(count);
    Ok(())
}

/// `SINTERCARD`.
pub(super) fn count_intersection(call: &mut Call<'_, '_>) -> Outcome {
    let limit = count_arguments(call)?;
    let sets: Vec<Option<&Set>> = find_all(call.shards, call.keys, call.now)?;
    let mut count = 0;
    intersect(&sets, &mut |_| {
        count += 1;
        count < limit
    });
    call.out.count(count);
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
