//! Arrivals that share a wake-up of their worker.
//!
//! A wake-up from idle can cost more than a request. So arrivals that are due within the slack after
//! the first one start together, when the last of them is due: late by at most the slack, never
//! early. Where the next arrival is further off than that, each one starts when it is due.

use std::{iter::Peekable, time::Duration};

use plimsoll_runtime::clock::Instant;

/// Most arrivals that start at one look at the clock.
const BUNCH_LIMIT: usize = 256;

/// The times of a schedule, in order, cut into bunches.
pub(super) struct Bunches<I: Iterator<Item = Instant>> {
    due: Peekable<I>,
    slack: Duration,
}

impl<I: Iterator<Item = Instant>> Bunches<I> {
    pub(super) fn new(due: I, slack: Duration) -> Bunches<I> {
        Bunches { due: due.peekable(), slack }
    }

    /// Puts what starts next into `bunch`, which was empty, and returns when: the time of the last
    /// of them, past when the generator is late. `None` after the end.
    pub(super) fn next_into(&mut self, bunch: &mut Vec<Instant>, now: Instant) -> Option<Instant> {
        let first = *self.due.peek()?;
        // Who is late waits for nobody.
        let latest = if first <= now { now } else { first + self.slack };
        while bunch.len() < BUNCH_LIMIT
            && let Some(due) = self.due.next_if(|due| *due <= latest)
        {
            bunch.push(due);
        }
        bunch.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MICROSECOND: Duration = Duration::from_micros(1);

    /// `due` in microseconds. Whoever starts a bunch is done by the time it is due, or is `late`.
    fn bunches(due: &[u64], slack: u32, late: u32) -> Vec<Vec<Instant>> {
        let times = due.iter().map(|due| Instant::from_nanos(due * 1000));
        let mut bunches = Bunches::new(times, MICROSECOND * slack);
        let (mut all, mut bunch, mut now) = (Vec::new(), Vec::new(), Instant::from_nanos(0));
        while let Some(at) = bunches.next_into(&mut bunch, now) {
            now = now.max(at) + MICROSECOND * late;
            all.push(std::mem::take(&mut bunch));
        }
        all
    }

    fn sizes(bunches: &[Vec<Instant>]) -> Vec<usize> {
        bunches.iter().map(Vec::len).collect()
    }

    #[test]
    fn only_arrivals_closer_than_the_slack_share_a_wake_up() {
        let every_200: Vec<u64> = (1..=10).map(|i| i * 200).collect();
        assert_eq!(sizes(&bunches(&every_200, 0, 0)), [1; 10]);
        assert_eq!(sizes(&bunches(&every_200, 199, 0)), [1; 10]);
        assert_eq!(sizes(&bunches(&every_200, 500, 0)), [3, 3, 3, 1]);
        assert_eq!(sizes(&bunches(&every_200, 800, 0)), [5, 5]);
    }

    #[test]
    fn who_is_late_starts_what_is_due_and_no_more() {
        // The second bunch is formed 700 us late, when the third arrival is 300 us past.
        assert_eq!(sizes(&bunches(&[200, 400, 600, 1000], 0, 700)), [1, 2, 1]);
        assert_eq!(sizes(&bunches(&[200, 400, 600, 1000], 300, 500)), [2, 1, 1]);
    }

    proptest! {
        /// Nothing is lost, early, or later than the slack for the sake of others.
        #[test]
        fn a_bunch_is_within_the_slack(
            mut due in proptest::collection::vec(0_u64..1_000_000, 0..2000),
            slack in 0_u32..20_000,
        ) {
            due.sort_unstable();
            let bunches = bunches(&due, slack, 0);
            for bunch in &bunches {
                prop_assert!(!bunch.is_empty() && bunch.len() <= BUNCH_LIMIT);
                let length = bunch[bunch.len() - 1].since(bunch[0]);
                prop_assert!(length <= MICROSECOND * slack);
            }
            let all: Vec<u64> = bunches.concat().iter().map(|due| due.nanos() / 1000).collect();
            prop_assert_eq!(all, due);
        }
    }
}
