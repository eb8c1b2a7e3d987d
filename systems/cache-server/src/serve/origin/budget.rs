//! How much may be under way at a time: fills in number, and their answers in bytes.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::rule::Rule;
use crate::commands::Urgency;

/// What is under way now.
#[derive(Debug, Default)]
pub(super) struct Budget {
    pub(super) fills: AtomicUsize,
    pub(super) bytes: AtomicUsize,
}

/// Leave for one fill; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    budget: Arc<Budget>,
    rule: Arc<Rule>,
}

/// Bytes that are taken for one answer; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Room {
    budget: Arc<Budget>,
    bytes: usize,
    max: usize,
}

impl Permit {
    /// `None` when `max` fills are under way, or as many of the rule as it allows; for what is not urgent,
    /// half of that.
    pub(super) fn take(
        budget: &Arc<Budget>,
        rule: &Arc<Rule>,
        max: usize,
        urgency: Urgency,
    ) -> Option<Permit> {
        let add = |count: &AtomicUsize, max: usize| {
            let max = match urgency {
                Urgency::Now => max,
                Urgency::Later => max.div_ceil(2),
            };
            let next = |count: usize| (count < max).then_some(count + 1);
            count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
        };
        if !add(&budget.fills, max) {
            return None;
        }
        if !add(&rule.fills, rule.options.fills_max.unwrap_or(max)) {
            budget.fills.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Permit { budget: Arc::clone(budget), rule: Arc::clone(rule) })
    }

    /// No bytes yet, of `max` for all.
    pub(super) fn room(&self, max: usize) -> Room {
        Room { budget: Arc::clone(&self.budget), bytes: 0, max }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.budget.fills.fetch_sub(1, Ordering::Relaxed);
        self.rule.fills.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Room {
    /// Takes as much more as it needs to have `bytes`; whether that was left.
    pub(super) fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let next = |taken: usize| taken.checked_add(more).filter(|taken| *taken <= self.max);
        let taken = self.budget.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        if taken.is_ok() {
            self.bytes += more;
        }
        taken.is_ok()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.budget.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::origin::rule::read_all;

    #[test]
    fn what_is_taken_is_given_back() {
        let budget = Arc::new(Budget::default());
        let rules = read_all("a=http://h/;max-fills=1 b=http://h/", Vec::new()).unwrap();
        let take = |rule: usize| Permit::take(&budget, &rules[rule], 2, Urgency::Now);
        let later = || Permit::take(&budget, &rules[1], 2, Urgency::Later);
        let one = later().unwrap();
        assert!(later().is_none(), "more than half");
        drop((one, take(1).unwrap()));
        let first = take(0).unwrap();
        assert!(take(0).is_none(), "more of a rule than it allows");
        let second = take(1).unwrap();
        assert!(take(1).is_none(), "more than all may be");
        drop(first);
        let third = take(0).unwrap();
        let (mut room, mut other) = (second.room(100), third.room(100));
        assert!(room.grow_to(60) && other.grow_to(40) && room.grow_to(10));
        assert!(!room.grow_to(61));
        drop(other);
        assert!(room.grow_to(100));
        drop((room, second, third));
        assert_eq!(budget.bytes.load(Ordering::Relaxed), 0);
        assert_eq!(budget.fills.load(Ordering::Relaxed), 0);
    }
}
