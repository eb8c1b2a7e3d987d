//! Intersections, unions and differences.

use plimsoll_wire::resp::{Aggregate, write_bulk};

use crate::{
    commands::{
        Call, Error, Outcome,
        collections::{find_all, look_all, store},
        number,
        steps::{self, ReadWalk, is_long},
    },
    store::Key,
    values::{Element, INTEGER_SET_ENTRIES, Set},
};

/// Of more sets than that, which members have been met is remembered; else the sets are asked.
const ASKED_SETS: usize = steps::KEYS_MAX;
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

/// What a step of a read came to.
enum Progress {
    /// It is not to be done in steps.
    InOneGo,
    PutOff,
    Done(ReadWalk),
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
            Operation::Union => unite(sets, take),
        }
    }

    /// Goes on with a read: the next members, each written if it is one of the result. Whether that was all.
    fn step(
        self,
        sets: &[Option<&Set>],
        walk: &mut ReadWalk,
        write: &mut dyn FnMut(&Element<'_>, &mut Vec<u8>),
    ) -> bool {
        let (index, from) = walk.place;
        let there: Vec<&Set> = sets.iter().copied().flatten().collect();
        let mut by_size = there.clone();
        by_size.sort_by_key(|set| set.len());
        let (walked, others, is_in_others, is_last) = match self {
            Operation::Intersection if there.len() < sets.len() => return true,
            Operation::Intersection => match by_size.split_first() {
                Some((smallest, others)) => (*smallest, others, true, true),
                None => return true,
            },
            Operation::Difference => match (sets.first(), there.split_first()) {
                (Some(Some(first)), Some((_, others))) => (*first, others, false, true),
                _ => return true,
            },
            Operation::Union => match (there.get(index), there.get(..index)) {
                (Some(set), Some(before)) => (*set, before, false, index + 1 == there.len()),
                _ => return true,
            },
        };
        let is_over = walk.step(walked.iter_from(from), |member, part| {
            let mut found = others.iter().map(|set| set.contains(&member));
            let is_one =
                if is_in_others { found.all(|is_in| is_in) } else { !found.any(|is_in| is_in) };
            if is_one {
                write(&member, part);
            }
            usize::from(is_one)
        });
        if is_over {
            walk.place = (index + 1, 0);
        }
        is_over && is_last
    }
}

/// Members that are in none of the sets before theirs.
fn unite(sets: &[Option<&Set>], take: &mut dyn FnMut(&Element<'_>) -> bool) {
    let sets: Vec<&Set> = sets.iter().copied().flatten().collect();
    let mut seen = (sets.len() > ASKED_SETS).then(Set::new);
    for (index, set) in sets.iter().enumerate() {
        let before = sets.get(..index).unwrap_or_default();
        for member in set.iter() {
            let is_new = match &mut seen {
                Some(seen) => seen.insert(&member),
                None => !before.iter().any(|set| set.contains(&member)),
            };
            if is_new && !take(&member) {
                return;
            }
        }
    }
}

/// The members of all of the sets. The largest one is copied whole: it costs a tenth of adding its members.
fn united(sets: &[Option<&Set>]) -> Set {
    let largest = (0..sets.len()).max_by_key(|at| sets.get(*at).copied().flatten().map(Set::len));
    let largest = largest.filter(|at| {
        let set = sets.get(*at).copied().flatten();
        // A small one may be kept in a way that its members alone would not demand.
        set.is_some_and(|set| set.len() > COPIED_MIN)
    });
    let copied = largest.and_then(|at| sets.get(at).copied().flatten());
    let mut result = copied.cloned().unwrap_or_default();
    for (at, set) in sets.iter().enumerate() {
        if Some(at) != largest {
            set.iter().flat_map(|set| set.iter()).for_each(|member| {
                result.insert(&member);
            });
        }
    }
    result
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
    let write = |member: &Element<'_>, part: &mut Vec<u8>| write_bulk(part, member);
    match read_in_steps(call, operation, usize::MAX, write)? {
        Progress::InOneGo => {}
        Progress::PutOff => return Ok(()),
        Progress::Done(walk) => {
            call.out.set(walk.count);
            walk.finish(call.out);
            return Ok(());
        }
    }
    let sets: Vec<Option<&Set>> = look_all(call.shards, call.keys, call.now)?;
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

/// One step of a read, up to `limit` members.
fn read_in_steps(
    call: &mut Call<'_, '_>,
    operation: Operation,
    limit: usize,
    mut write: impl FnMut(&Element<'_>, &mut Vec<u8>),
) -> Result<Progress, Error> {
    let walk = call.walk.take();
    if walk.is_none() {
        let sets: Vec<Option<&Set>> = find_all(call.shards, call.keys, call.now)?;
        if !is_long(sets.iter().flatten().map(|set| set.len()).sum()) {
            return Ok(Progress::InOneGo);
        }
    }
    let Some(mut walk) = ReadWalk::resume(call, walk) else { return Ok(Progress::InOneGo) };
    let sets: Vec<Option<&Set>> = look_all(call.shards, call.keys, call.now)?;
    if operation.step(&sets, &mut walk, &mut write) || walk.count >= limit {
        return Ok(Progress::Done(walk));
    }
    walk.put_off(call);
    Ok(Progress::PutOff)
}

fn keep(call: &mut Call<'_, '_>, operation: Operation, event: &'static str) -> Outcome {
    let (target, sources): (&Key<'_>, _) = call.keys.split_first().ok_or(Error::Syntax)?;
    let sets: Vec<Option<&Set>> = find_all(call.shards, sources, call.now)?;
    let result = match operation {
        Operation::Union => united(&sets),
        _ => {
            let mut result = Set::new();
            operation.run(&sets, &mut |member| {
                result.insert(member);
                true
            });
            result
        }
    };
    let count = result.len();
    store(call, target, result, event)?;
    call.out.count(count);
    Ok(())
}

/// `SINTERCARD`.
pub(super) fn count_intersection(call: &mut Call<'_, '_>) -> Outcome {
    let limit = count_arguments(call)?;
    match read_in_steps(call, Operation::Intersection, limit, |_, _| {})? {
        Progress::InOneGo => {}
        Progress::PutOff => return Ok(()),
        Progress::Done(walk) => {
            call.out.count(walk.count.min(limit));
            return Ok(());
        }
    }
    let sets: Vec<Option<&Set>> = look_all(call.shards, call.keys, call.now)?;
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
