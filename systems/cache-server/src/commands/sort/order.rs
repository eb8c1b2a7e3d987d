//! The order of SORT's elements: what they are compared by, and sorting them a step at a time.

use std::{cmp::Ordering, collections::VecDeque};

use super::strings::Strings;
use crate::commands::number;

/// Elements that are sorted together before they are merged.
const RUN: usize = 512;
/// What it costs to sort one of them so, in elements that are looked at.
const RUN_COST: usize = 2;

/// What elements are sorted by.
#[derive(Debug, Default)]
pub(super) enum Weights {
    /// Their own bytes.
    #[default]
    Themselves,
    Numbers(Vec<f64>),
    /// Missing ones come first.
    Texts(Strings),
}

impl Weights {
    /// Compares two elements by their numbers. Those that are equal stay in the order they have.
    pub(super) fn compare(
        &self,
        elements: &Strings,
        is_descending: bool,
        a: u32,
        b: u32,
    ) -> Ordering {
        let order = match self {
            Weights::Themselves => elements.get(a).cmp(&elements.get(b)),
            // Equal numbers are in the order of the elements.
            Weights::Numbers(numbers) => {
                let number = |at: u32| numbers.get(at as usize);
                let order = number(a).partial_cmp(&number(b)).unwrap_or(Ordering::Equal);
                order.then_with(|| elements.get(a).cmp(&elements.get(b)))
            }
            Weights::Texts(texts) => texts.get(a).cmp(&texts.get(b)),
        };
        let directed = if is_descending { order.reverse() } else { order };
        directed.then(a.cmp(&b))
    }
}

/// A number as C reads it: behind blanks, up to a zero byte, and 0 when nothing is there.
pub(super) fn weight(text: &[u8]) -> Option<f64> {
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    match text.get(..end)? {
        b"" => Some(0.0),
        text => number::float(text.trim_ascii_start()),
    }
}

/// Sorts the numbers from 0 on: runs of them, which are merged two by two.
#[derive(Debug, Default)]
pub(super) struct MergeSort {
    /// How many are in runs.
    taken: u32,
    runs: VecDeque<Vec<u32>>,
    merging: Option<Merge>,
}

#[derive(Debug)]
struct Merge {
    runs: [Vec<u32>; 2],
    /// How many of each are merged.
    done: [usize; 2],
    merged: Vec<u32>,
}

impl MergeSort {
    /// Goes on sorting so many numbers, for about `budget`; what is left of that, which is something once
    /// they are sorted. `compare` finds no two of them equal.
    pub(super) fn step(
        &mut self,
        count: u32,
        budget: usize,
        compare: &dyn Fn(u32, u32) -> Ordering,
    ) -> usize {
        let mut left = budget;
        while left > 0 {
            if let Some(merge) = &mut self.merging {
                left = merge.step(left, compare);
                if left > 0
                    && let Some(merge) = self.merging.take()
                {
                    self.runs.push_back(merge.merged);
                }
            } else if self.taken < count {
                let end = count.min(self.taken.saturating_add(RUN as u32));
                let mut run: Vec<u32> = (self.taken..end).collect();
                run.sort_unstable_by(|a, b| compare(*a, *b));
                left = left.saturating_sub(RUN_COST * run.len());
                self.runs.push_back(run);
                self.taken = end;
            } else if self.runs.len() > 1
                && let (Some(one), Some(other)) = (self.runs.pop_front(), self.runs.pop_front())
            {
                let merged = Vec::with_capacity(one.len() + other.len());
                self.merging = Some(Merge { runs: [one, other], done: [0, 0], merged });
            } else {
                break;
            }
        }
        left
    }

    /// The numbers in order, once they are sorted.
    pub(super) fn sorted(&self) -> &[u32] {
        self.runs.front().map_or(&[], Vec::as_slice)
    }
}

impl Merge {
    /// What is left of the budget: something once all is merged.
    fn step(&mut self, budget: usize, compare: &dyn Fn(u32, u32) -> Ordering) -> usize {
        let [one, other] = &self.runs;
        for left in (0..budget).rev() {
            let next = match (one.get(self.done[0]), other.get(self.done[1])) {
                (Some(a), Some(b)) if compare(*a, *b) == Ordering::Less => (a, 0),
                (_, Some(b)) => (b, 1),
                (Some(a), None) => (a, 0),
                (None, None) => return left + 1,
            };
            self.merged.push(*next.0);
            self.done[next.1] += 1;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn sorting_in_steps_is_sorting(
            numbers in prop::collection::vec(0_u8..50, 0..5_000),
            budget in 1_usize..5_000,
            is_descending in any::<bool>(),
        ) {
            let mut elements = Strings::default();
            numbers.iter().for_each(|_| elements.push(Some(b"e")));
            let weights = Weights::Numbers(numbers.iter().copied().map(f64::from).collect());
            let count = numbers.len() as u32;
            let (mut sort, mut steps) = (MergeSort::default(), 0);
            let compare = |a, b| weights.compare(&elements, is_descending, a, b);
            while sort.step(count, budget, &compare) == 0 {
                steps += 1;
                prop_assert!(steps < 200_000);
            }
            let mut expected: Vec<u32> = (0..count).collect();
            let number = |at: &u32| numbers.get(*at as usize);
            expected.sort_by(|a, b| {
                let order = number(a).cmp(&number(b));
                if is_descending { order.reverse() } else { order }
            });
            prop_assert_eq!(sort.sorted(), expected);
        }
    }
}
