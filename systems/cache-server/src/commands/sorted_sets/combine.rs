//! Union, intersection and difference of sorted sets and sets.

use crate::{
    commands::is,
    values::{PACKED_ENTRIES, Set, SortedSet},
};

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

    /// Hands out members until `take` has enough.
    fn walk(&self, take: &mut dyn FnMut(&[u8], f64) -> bool) {
        match self {
            Source::Sorted(set) => {
                let _ = set.iter().all(|(member, score)| take(member, score));
            }
            Source::Plain(set) => {
                let _ = set.iter().all(|member| take(&member, 1.0));
            }
        }
    }
}

/// Each source comes with its weight; those that are not there are empty.
pub(super) fn combine(
    operation: Operation,
    mut sources: Vec<(Option<Source<'_>>, f64)>,
    aggregate: Aggregate,
) -> SortedSet {
    if operation != Operation::Difference {
        // The smallest first; sums of doubles depend on the order, and this is Redis's.
        sources.sort_by_key(|(source, _)| source.map_or(0, |source| source.len()));
    }
    let mut result = SortedSet::new();
    let Some((first, others)) = sources.split_first() else { return result };
    match operation {
        Operation::Union => {
            for (source, weight) in &sources {
                if let Some(Source::Sorted(set)) = source
                    && is_copied(set, *weight, &result)
                {
                    result = SortedSet::clone(set);
                    continue;
                }
                each(*source, |member, score| {
                    let score = number_or_zero(score * weight);
                    let score = match result.score(member) {
                        Some(old) => aggregate.of(old, score),
                        None => score,
                    };
                    result.insert(member, score);
                });
            }
        }
        Operation::Intersection => each(first.0, |member, score| {
            let score = number_or_zero(score * first.1);
            let sum = others.iter().try_fold(score, |sum, (other, weight)| {
                let score = other.as_ref()?.score(member)?;
                // Not a number here makes the whole sum zero, as in Redis.
                Some(aggregate.of(sum, score * weight))
            });
            if let Some(score) = sum {
                result.insert(member, score);
            }
        }),
        Operation::Difference => each(first.0, |member, score| {
            let has = |(other, _): &(Option<Source<'_>>, f64)| {
                other.is_some_and(|other| other.score(member).is_some())
            };
            if !others.iter().any(has) {
                result.insert(member, score);
            }
        }),
    }
    result
}

/// Whether the first of what is united is copied whole, which costs a tenth of adding its members. A small one
/// may be kept in a way that its members alone would not demand.
fn is_copied(set: &SortedSet, weight: f64, before: &SortedSet) -> bool {
    before.is_empty() && weight == 1.0 && set.len() > PACKED_ENTRIES
}

/// How many members are in all sources, counted up to `limit`.
pub(super) fn count_shared(sources: &[Option<Source<'_>>], limit: usize) -> usize {
    let Some(mut sources) = sources.iter().copied().collect::<Option<Vec<_>>>() else { return 0 };
    sources.sort_by_key(Source::len);
    let Some((smallest, others)) = sources.split_first() else { return 0 };
    let mut count = 0;
    smallest.walk(&mut |member, _| {
        count += usize::from(others.iter().all(|other| other.score(member).is_some()));
        count < limit
    });
    count
}

fn each(source: Option<Source<'_>>, mut visit: impl FnMut(&[u8], f64)) {
    if let Some(source) = source {
        source.walk(&mut |member, score| {
            visit(member, score);
            true
        });
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
            let result = combine(operation, sources.to_vec(), aggregate);
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
        assert_eq!((count_shared(&sources, usize::MAX), count_shared(&sources, 1)), (2, 1));
    }
}
