//! Intended starts: a pace, the spacing around it, and the share of one instance and one worker.

use std::{sync::Arc, time::Duration};

use plimsoll_runtime::random::Random;

use super::{Deal, Pace, Spacing, curve::Curve};
use crate::segment::Striping;

/// Arrivals of a Poisson process that are counted one by one; more are counted as expected.
const COUNTED_LIMIT: u64 = 10_000_000;

/// All intended starts of one scenario in this instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    curve: Curve,
    spacing: Spacing,
    duration: Option<Duration>,
    striping: Striping,
    /// Of the whole test: the integral of the rate, and what is due of an even spacing.
    hits: f64,
    total: u64,
}

impl Schedule {
    /// `pace` should have passed [`Pace::check`]; without a `duration` it goes on for ever.
    pub fn new(
        pace: &Pace,
        spacing: Spacing,
        duration: Option<Duration>,
        striping: Striping,
    ) -> Schedule {
        let curve = Curve::new(pace);
        let (hits, total) = match duration {
            Some(duration) => (curve.hits(duration.as_secs_f64()), curve.count(duration)),
            None => (f64::INFINITY, u64::MAX),
        };
        Schedule { curve, spacing, duration, striping, hits, total }
    }

    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// Hits of this instance, for a Poisson process the number to expect; `None` without an end.
    pub fn planned(&self) -> Option<u64> {
        self.duration?;
        Some(match self.spacing {
            Spacing::Even => self.striping.count(self.total),
            Spacing::Poisson { .. } => (self.hits * self.striping.share()).round() as u64,
        })
    }

    /// Hits per second that the pace asks of this instance at `at`.
    pub fn rate(&self, at: Duration) -> f64 {
        if self.duration.is_some_and(|duration| at >= duration) {
            return 0.0;
        }
        self.curve.rate(at.as_secs_f64()) * self.striping.share()
    }

    /// The hits of this instance that the pace asks for in the first `within`.
    pub fn asked(&self, within: Duration) -> f64 {
        let within = self.duration.map_or(within, |duration| duration.min(within));
        self.curve.hits(within.as_secs_f64()) * self.striping.share()
    }

    /// The starts of this instance that are due before `until`; `None` for a Poisson process, of which only
    /// the number to expect is known beforehand.
    pub fn due(&self, until: Duration) -> Option<u64> {
        let until = self.duration.map_or(until, |duration| duration.min(until));
        match self.spacing {
            Spacing::Even => Some(self.striping.count(self.curve.count(until).min(self.total))),
            Spacing::Poisson { .. } => None,
        }
    }
}

/// One worker's arrivals, in order.
#[derive(Debug)]
pub struct Cursor {
    schedule: Arc<Schedule>,
    deal: Deal,
    process: Option<Process>,
    taken: u64,
    next: Option<Duration>,
    after: Option<Duration>,
}

/// A Poisson process of intensity 1 over the integral of the rate. Stretched by the inverse of that
/// integral it is one whose intensity is the rate, whatever its shape.
///
/// Every worker draws the whole process from the same seed and keeps what it is dealt, so what is
/// sent altogether is that one process exactly, whatever the number of workers; a draw costs some
/// nanoseconds. (Each worker's own part is more regular than a Poisson process, which nobody sees.)
#[derive(Debug)]
struct Process {
    random: Random,
    drawn: u64,
    /// Where the last arrival drawn lies on the integral.
    hits: f64,
}

impl Process {
    /// The place of arrival `number` on the integral; numbers must not fall.
    fn advance(&mut self, number: u64) -> f64 {
        while self.drawn <= number {
            // In 0.0..1.0, so the logarithm is of a positive number.
            self.hits -= (1.0 - self.random.unit()).ln();
            self.drawn += 1;
        }
        self.hits
    }
}

impl Cursor {
    pub fn new(schedule: Arc<Schedule>, deal: Deal) -> Cursor {
        let process = match schedule.spacing {
            Spacing::Even => None,
            Spacing::Poisson { seed } => {
                Some(Process { random: Random::seeded(seed), drawn: 0, hits: 0.0 })
            }
        };
        let has_share = schedule.striping.share() > 0.0;
        let deal = if has_share { deal } else { Deal::of([], 0) };
        let mut cursor = Cursor { schedule, deal, process, taken: 0, next: None, after: None };
        cursor.next = cursor.find(0);
        cursor.after = cursor.find(1);
        cursor
    }

    /// When the next arrival is due, since the start; `None` when there are no more.
    #[inline]
    pub fn peek(&self) -> Option<Duration> {
        self.next
    }

    /// When the arrival after the next is due.
    #[inline]
    pub fn peek_after(&self) -> Option<Duration> {
        self.after
    }

    /// The next arrival, which is then behind.
    pub fn take(&mut self) -> Option<Duration> {
        let at = self.next?;
        self.taken += 1;
        self.next = self.after;
        self.after = self.find(self.taken + 1);
        Some(at)
    }

    /// When the own arrival `turn` is due. Turns must not fall.
    fn find(&mut self, turn: u64) -> Option<Duration> {
        let schedule = &*self.schedule;
        let number = schedule.striping.global(self.deal.number(turn)?);
        let at = match &mut self.process {
            None if number >= schedule.total => return None,
            None => schedule.curve.time(number)?,
            Some(process) => {
                let hits = process.advance(number);
                if hits >= schedule.hits {
                    return None;
                }
                schedule.curve.moment(hits)?
            }
        };
        // Rounding to the nanosecond may reach the very end.
        Some(schedule.duration.map_or(at, |duration| at.min(duration)))
    }

    /// How many that have not been taken are due before `until`.
    pub fn left(&mut self, until: Duration) -> u64 {
        let schedule = Arc::clone(&self.schedule);
        if let Some(due) = schedule.due(until) {
            return self.deal.count(due).saturating_sub(self.taken);
        }
        let until = schedule.duration.map_or(until, |duration| duration.min(until));
        let mut count = 0;
        while self.next.is_some_and(|at| at < until) {
            if count >= COUNTED_LIMIT {
                let passed = self.process.as_ref().map_or(0.0, |process| process.hits);
                let ahead = schedule.curve.hits(until.as_secs_f64()) - passed;
                return count + (ahead * schedule.striping.share() * self.deal.share()) as u64;
            }
            self.take();
            count += 1;
        }
        count
    }
}
