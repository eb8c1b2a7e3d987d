//! Lets something costly happen only so often.

use std::time::Duration;

use plimsoll_runtime::clock::Instant;

/// What is paced may take one part in so many of the time: it is repeated the later the longer it takes.
const PART: u32 = 500;

#[derive(Debug, Default)]
pub(crate) struct Pace {
    ended: Option<Instant>,
    cost: Duration,
}

impl Pace {
    /// Whether `after` has passed since the last run, and its cost so many times.
    pub(crate) fn is_due(&self, after: Duration) -> bool {
        let pause = after.max(self.cost.saturating_mul(PART));
        self.ended.is_none_or(|ended| ended.elapsed() >= pause)
    }

    pub(crate) fn run<T>(&mut self, action: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = action();
        self.took(began);
        result
    }

    /// As [`Pace::run`], for what began then and has just ended.
    pub(crate) fn took(&mut self, began: Instant) {
        let ended = Instant::now();
        self.ended = Some(ended);
        self.cost = ended.since(began);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_much_is_done_seldom() {
        let mut pace = Pace::default();
        assert!(pace.is_due(Duration::MAX));
        pace.run(|| ());
        pace.cost = Duration::ZERO;
        assert!(pace.is_due(Duration::ZERO) && !pace.is_due(Duration::from_secs(60)));
        pace.cost = Duration::from_secs(60);
        assert!(!pace.is_due(Duration::ZERO));
    }
}
