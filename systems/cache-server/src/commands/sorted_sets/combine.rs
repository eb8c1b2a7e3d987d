//! Union, intersection and difference of sorted sets and sets.

use std::cell::Cell;

use super::INSERT_COST;
use crate::{
    commands::{
        is,
        steps::{Product, Steps, cost},
    },
    values::{PACKED_ENTRIES, Set, SortedSet},
};

/// What is made of sorted sets: another one, or a reply.
pub(super) type Making = Steps<Product<SortedSet>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Union,
    Intersection,
    Difference,
}

/// What becomes of the scores of a member that is in several sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    pub(super) fn of_word(word: &[u8]) -> Option<Aggregate> {
        match word {
            word if is(word, "sum") => Some(Aggregate::Sum),
            word if is(word, "min") => Some(Aggregate::Min),
            word if is(word, "max") => Some(Aggregate::Max),
            _ => None,
        }
    }

    fn of(self, one: f64, other: f64) -> f64 {
        match self {
            // The infinities cancel each other out.
            Aggregate::Sum => number_or_zero(one + other),
            Aggregate::Min => one.min(other),
            Aggregate::Max => one.max(other),
        }
    }
}

/// What is combined.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    Sorted(&'a SortedSet),
    Plain(&'a Set),
}

impl Source<'_> {
    fn len(&self) -> usize {
        match self {
            Source::Sorted(set) => set.len(),
            Source::Plain(set) => set.len(),
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            Source::Sorted(set) => set.score(member),
            Source::Plain(set) => set.contains(member).then_some(1.0),
        }
    }

    /// Goes on with the next members; whether that was all.
    fn each(
        &self,
        steps: &mut Making,
        mut take: impl FnMut(&mut SortedSet, &[u8], f64) -> usize,
    ) -> bool {
        let from = steps.place.1;
        match self {
            Source::Sorted(set) => steps
                .each(set.range(from..set.len()), |product, (member, score)| {
                    take(&mut product.result, member, score)
                }),
            Source::Plain(set) => steps.each(set.iter_from(from), |product, member| {
                take(&mut product.result, &member, 1.0)
            }),
        }
    }
}

/// Each source comes with its weight; those that are not there are empty.
pub(super) type Weighed<'a> = (Option<Source<'a>>, f64);

/// Puts sources in the order in which they are combined.
pub(super) fn sort(operation: Operation, sources: &mut [Weighed<'_>]) {
    if operation != Operation::Difference {
        // The smallest first; sums of doubles depend on the order, and this is Redis's.
        sources.sort_by_key(|(source, _)| source.map_or(0, |source| source.len()));
    }
}

/// How many members are looked at, and looked for.
pub(super) fn entries(operation: Operation, sources: &[Option<Source<'_>>]) -> usize {
    let lens = sources.iter().map(|source| source.map_or(0, |source| source.len()));
    match operation {
        Operation::Union => lens.sum(),
        Operation::Intersection => lens.min().unwrap_or(0).saturating_mul(sources.len()),
        Operation::Difference => {
            let first = sources.first().copied().flatten();
            first.map_or(0, |first| first.len()).saturating_mul(sources.len())
        }
    }
}

/// Goes on combining sources, which stand in order; whether that was all.
pub(super) fn combine(
    operation: Operation,
    sources: &[Weighed<'_>],
    aggregate: Aggregate,
    steps: &mut Making,
) -> bool {
    let Some((first, others)) = sources.split_first() else { return true };
    match operation {
        Operation::Union => unite(sources, aggregate, steps),
        Operation::Intersection | Operation::Difference if steps.place.0 > 0 => true,
        Operation::Intersection => select(first.0, others.len(), steps, |member, score| {
            let score = number_or_zero(score * first.1);
            others.iter().try_fold(score, |sum, (other, weight)| {
                let score = other.as_ref()?.score(member)?;
                // Not a number here makes the whole sum zero, as in Redis.
                Some(aggregate.of(sum, score * weight))
            })
        }),
        Operation::Difference => select(first.0, others.len(), steps, |member, score| {
            let has =
                |(other, _): &Weighed<'_>| other.is_some_and(|other| other.score(member).is_some());
            (!others.iter().any(has)).then_some(score)
        }),
    }
}

/// Goes on with the members of one source, of which those for which there is a score are in the result.
fn select(
    source: Option<Source<'_>>,
    asked: usize,
    steps: &mut Making,
    mut score_of: impl FnMut(&[u8], f64) -> Option<f64>,
) -> bool {
    let is_over = source.is_none_or(|source| {
        source.each(steps, |result, member, score| match score_of(member, score) {
            Some(score) => {
                result.insert(member, score);
                asked + INSERT_COST * cost(member.len())
            }
            None => 1 + asked,
        })
    });
    if is_over {
        steps.next_place();
    }
    is_over
}

fn unite(sources: &[Weighed<'_>], aggregate: Aggregate, steps: &mut Making) -> bool {
    let first = sources.iter().position(|(source, _)| source.is_some_and(|set| set.len() > 0));
    while let Some((source, weight)) = sources.get(steps.place.0) {
        let is_over = match source {
            None => true,
            Some(Source::Sorted(set))
                if Some(steps.place.0) == first && is_copied(set, *weight) =>
            {
                steps.work(|product, budget| product.result.copy_from(set, budget))
            }
            Some(source) => source.each(steps, |result, member, score| {
                let score = number_or_zero(score * weight);
                let score = match result.score(member) {
                    Some(old) => aggregate.of(old, score),
                    None => score,
                };
                result.insert(member, score);
                INSERT_COST * cost(member.len())
            }),
        };
        if !is_over {
            return false;
        }
        steps.next_place();
    }
    true
}

/// Whether the first of what is united is copied whole, which costs a tenth of adding its members. A small one
/// may be kept in a way that its members alone would not demand.
fn is_copied(set: &SortedSet, weight: f64) -> bool {
    weight == 1.0 && set.len() > PACKED_ENTRIES
}

/// Goes on counting how many members are in all sources, up to `limit`; whether that was all.
pub(super) fn count_shared(
    sources: &[Option<Source<'_>>],
    limit: usize,
    steps: &mut Making,
) -> bool {
    let Some(mut sources) = sources.iter().copied().collect::<Option<Vec<_>>>() else {
        return true;
    };
    sources.sort_by_key(Source::len);
    let Some((smallest, others)) = sources.split_first() else { return true };
    let found = Cell::new(steps.made.parts.count);
    let count = |product: &mut Product<SortedSet>, member: &[u8]| {
        let is_shared = others.iter().all(|other| other.score(member).is_some());
        product.parts.count += usize::from(is_shared);
        found.set(product.parts.count);
        1 + others.len()
    };
    let (from, is_wanted) = (steps.place.1, || found.get() < limit);
    match smallest {
        Source::Sorted(set) => {
            let members = set.range(from..set.len()).take_while(|_| is_wanted());
            steps.each(members, |product, (member, _)| count(product, member))
        }
        Source::Plain(set) => {
            let members = set.iter_from(from).take_while(|_| is_wanted());
            steps.each(members, |product, member| count(product, &member))
        }
    }
}

fn number_or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(members: &[(&str, f64)]) -> SortedSet {
        let mut set = SortedSet::new();
        for (member, score) in members {
            set.insert(member.as_bytes(), *score);
        }
        set
    }

    #[test]
    fn combinations() {
        let one = sorted(&[("a", 1.0), ("b", 2.0), ("i", f64::INFINITY)]);
        let two = sorted(&[("b", 3.0), ("c", 4.0), ("i", f64::NEG_INFINITY)]);
        let mut plain = Set::new();
        plain.insert(b"b");
        let check = |operation,
                     sources: &[(Option<Source<'_>>, f64)],
                     aggregate,
                     expected: &[(&str, f64)]| {
            let (mut sources, mut steps) = (sources.to_vec(), Making::in_one_go());
            sort(operation, &mut sources);
            assert!(combine(operation, &sources, aggregate, &mut steps));
            let result = steps.made.result;
            let text = |(member, score): (&[u8], f64)| {
                (String::from_utf8(member.to_vec()).unwrap(), score)
            };
            let expected: Vec<_> =
                expected.iter().map(|(member, score)| ((*member).to_owned(), *score)).collect();
            assert_eq!(result.iter().map(text).collect::<Vec<_>>(), expected);
        };
        let both = [(Some(Source::Sorted(&one)), 1.0), (Some(Source::Sorted(&two)), 10.0)];
        check(
            Operation::Union,
            &both,
            Aggregate::Sum,
            &[("i", 0.0), ("a", 1.0), ("b", 32.0), ("c", 40.0)],
        );
        check(Operation::Intersection, &both, Aggregate::Max, &[("b", 30.0), ("i", f64::INFINITY)]);
        check(Operation::Difference, &both, Aggregate::Sum, &[("a", 1.0)]);
        let with_plain = [both[0], (Some(Source::Plain(&plain)), 2.0)];
        check(Operation::Intersection, &with_plain, Aggregate::Min, &[("b", 2.0)]);
        let with_none = [both[0], (None, 1.0)];
        check(Operation::Intersection, &with_none, Aggregate::Sum, &[]);
        let zero = [(both[0].0, 0.0)];
        check(Operation::Union, &zero, Aggregate::Sum, &[("a", 0.0), ("b", 0.0), ("i", 0.0)]);
        let sources = [both[0].0, both[1].0];
        let count = |limit| {
            let mut steps = Making::in_one_go();
            assert!(count_shared(&sources, limit, &mut steps));
            steps.made.parts.count
        };
        assert_eq!((count(usize::MAX), count(1)), (2, 1));
    }
}
