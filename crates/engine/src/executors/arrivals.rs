//! When iterations of an open scenario are due: a pure function of their number.
//!
//! Times come from the schedule alone, never from the last start, so errors do not add up and a late
//! generator does not move what follows.

use std::time::Duration;

use crate::{pace::Stretch, segment::Striping};

const NANOS: f64 = 1e9;

/// Slack for the whole number at the very end of a schedule, where rounding would lose it.
const COUNT_EPSILON: f64 = 1e-6;

#[derive(Clone, Debug, PartialEq)]
enum Grid {
    /// Number `i` at `i * unit / rate`, exact in whole nanoseconds.
    Even { rate: u64, unit: Duration },
    /// Number `i` when the integral of the rate reaches `i + 1`, as in k6. By stretch: its start
    /// in seconds and the iterations due before it.
    Ramp { starts: Vec<(f64, f64, Stretch)>, total: u64 },
}

/// The intended start times of one scenario in this instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    grid: Grid,
    striping: Striping,
    stretches: Vec<Stretch>,
    duration: Duration,
}

impl Arrivals {
    pub(super) fn constant(
        stretch: Stretch,
        rate: u64,
        unit: Duration,
        striping: Striping,
    ) -> Arrivals {
        let duration = stretch.duration;
        Arrivals { grid: Grid::Even { rate, unit }, striping, stretches: vec![stretch], duration }
    }

    pub(super) fn ramping(stretches: Vec<Stretch>, striping: Striping) -> Arrivals {
        let (mut at, mut due) = (Duration::ZERO, 0.0);
        let mut starts = Vec::with_capacity(stretches.len());
        for stretch in &stretches {
            starts.push((at.as_secs_f64(), due, *stretch));
            at = at.saturating_add(stretch.duration);
            due += stretch.due(stretch.duration.as_secs_f64());
        }
        let total = (due + COUNT_EPSILON) as u64;
        Arrivals { grid: Grid::Ramp { starts, total }, striping, stretches, duration: at }
    }

    /// Regular duration of the scenario.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    pub(crate) fn striping(&self) -> &Striping {
        &self.striping
    }

    /// Whether the scenario lasts its whole duration even when nothing more is due.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(self.grid, Grid::Even { .. })
    }

    /// When the own iteration number `own` is due, since the scenario's start; `None` past the last.
    pub fn time(&self, own: u64) -> Option<Duration> {
        if self.striping.count(u64::MAX) == 0 {
            return None;
        }
        let number = self.striping.global(own);
        match &self.grid {
            Grid::Even { rate, unit } => {
                let rate = u128::from(*rate);
                let nanos = (u128::from(number) * unit.as_nanos()).checked_div(rate)?;
                let at = Duration::from_nanos(u64::try_from(nanos).ok()?);
                (at < self.duration).then_some(at)
            }
            Grid::Ramp { starts, total } => {
                if number >= *total {
                    return None;
                }
                let count = (number + 1) as f64;
                let stretch = starts.partition_point(|(_, due, _)| *due < count - COUNT_EPSILON);
                let (start, due, stretch) = starts.get(stretch.checked_sub(1)?)?;
                let seconds = start + stretch.time_of(count - due);
                let at = Duration::from_nanos((seconds * NANOS) as u64);
                Some(at.min(self.duration))
            }
        }
    }

    /// Own iterations of the whole schedule.
    pub fn total(&self) -> u64 {
        let whole = match &self.grid {
            Grid::Even { rate, unit } => {
                // Numbers i with i * unit < duration * rate.
                let due = self.duration.as_nanos().saturating_mul(u128::from(*rate));
                due.div_ceil(unit.as_nanos().max(1))
            }
            Grid::Ramp { total, .. } => u128::from(*total),
        };
        self.striping.count(u64::try_from(whole).unwrap_or(u64::MAX))
    }

    /// Own iterations that are due within so long after the scenario's start, not rounded.
    pub fn asked(&self, within: Duration) -> f64 {
        let mut start = Duration::ZERO;
        let mut due = 0.0;
        for stretch in &self.stretches {
            due += stretch.due(within.saturating_sub(start).min(stretch.duration).as_secs_f64());
            start = start.saturating_add(stretch.duration);
        }
        due * self.striping.share()
    }

    /// Own iterations per second that the schedule asks for at `at`.
    pub fn rate(&self, at: Duration) -> f64 {
        let mut start = Duration::ZERO;
        for stretch in &self.stretches {
            let end = start.saturating_add(stretch.duration);
            if at < end {
                let part =
                    (at.saturating_sub(start)).as_secs_f64() / stretch.duration.as_secs_f64();
                return (stretch.from + (stretch.to - stretch.from) * part) * self.striping.share();
            }
            start = end;
        }
        self.stretches.last().map_or(0.0, |last| last.to) * self.striping.share()
    }

    /// The highest rate of the whole schedule, of all instances.
    pub fn rate_max(&self) -> f64 {
        self.stretches.iter().map(|s| s.from.max(s.to)).fold(0.0, f64::max)
    }

    /// The part of the arrivals that is this instance's, 0..=1.
    pub fn share(&self) -> f64 {
        self.striping.share()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::segment::Segment;

    fn ramp(stages: &[(u64, f64)], start: f64) -> Arrivals {
        let mut from = start;
        let stretches = stages.iter().map(|(ms, to)| {
            let stretch = Stretch { duration: Duration::from_millis(*ms), from, to: *to };
            from = *to;
            stretch
        });
        Arrivals::ramping(stretches.collect(), Segment::default().striping().clone())
    }

    fn times(arrivals: &Arrivals) -> Vec<f64> {
        (0..).map_while(|k| arrivals.time(k)).map(|t| t.as_secs_f64()).collect()
    }

    fn even(rate: u64, unit_ms: u64, duration_ms: u64) -> Arrivals {
        let duration = Duration::from_millis(duration_ms);
        let per_second = rate as f64 * 1000.0 / unit_ms as f64;
        let stretch = Stretch { duration, from: per_second, to: per_second };
        let striping = Segment::default().striping().clone();
        Arrivals::constant(stretch, rate, Duration::from_millis(unit_ms), striping)
    }

    #[test]
    fn what_was_asked_grows_with_the_rate_and_ends_with_the_schedule() {
        let check = |arrivals: &Arrivals, millis, expected: f64| {
            let asked = arrivals.asked(Duration::from_millis(millis));
            assert!((asked - expected).abs() < 1e-6, "{asked}, not {expected}");
        };
        let constant = even(10, 1000, 500);
        check(&constant, 0, 0.0);
        check(&constant, 250, 2.5);
        check(&constant, 5000, 5.0);
        let ramp = ramp(&[(1000, 20.0), (0, 40.0), (1000, 40.0)], 0.0);
        check(&ramp, 500, 2.5);
        check(&ramp, 1000, 10.0);
        check(&ramp, 1500, 30.0);
        check(&ramp, 9000, 50.0);
    }

    #[test]
    fn a_constant_rate_is_an_exact_grid() {
        assert_eq!(times(&even(10, 1000, 500)), [0.0, 0.1, 0.2, 0.3, 0.4]);
        let third = even(3, 1000, 1_000_000);
        assert_eq!(third.total(), 3000);
        assert_eq!(third.time(2999), Some(Duration::from_nanos(999_666_666_666)));
    }

    /// Times observed in k6 1.1.0, rounded down to its own lateness.
    #[test]
    fn a_ramp_starts_iterations_where_k6_does() {
        let arrivals = ramp(&[(2000, 10.0), (0, 4.0), (1000, 4.0)], 0.0);
        let expected = [
            0.632, 0.894, 1.095, 1.265, 1.414, 1.549, 1.673, 1.789, 1.897, 2.0, 2.25, 2.5, 2.75,
            3.0,
        ];
        let times = times(&arrivals);
        assert_eq!(times.len(), expected.len());
        for (ours, k6) in times.iter().zip(expected) {
            assert!((ours - k6).abs() < 0.001, "{ours} {k6}");
        }
        assert_eq!(ramp(&[(2000, 10.0)], 10.0).total(), 20);
    }

    proptest! {
        #[test]
        fn a_ramp_has_as_many_iterations_as_the_integral_of_its_rate(
            start in 0_u32..500,
            stages in proptest::collection::vec((0_u64..20_000, 0_u32..500), 1..6),
        ) {
            let mut from = f64::from(start);
            let mut integral = 0.0;
            for (ms, to) in &stages {
                integral += *ms as f64 / 1000.0 * (from + f64::from(*to)) / 2.0;
                from = f64::from(*to);
            }
            let stages: Vec<_> = stages.iter().map(|(ms, to)| (*ms, f64::from(*to))).collect();
            let arrivals = ramp(&stages, f64::from(start));
            let times = times(&arrivals);
            prop_assert_eq!(times.len() as u64, arrivals.total());
            prop_assert!((times.len() as f64 - integral).abs() < 1.001, "{} {}", times.len(), integral);
            prop_assert!(times.is_sorted());
            prop_assert!(times.iter().all(|t| *t <= arrivals.duration().as_secs_f64()));
        }

        #[test]
        fn a_constant_rate_has_rate_times_duration_iterations(
            rate in 1_u64..5000, unit in 1_u64..5000, duration in 0_u64..3000,
        ) {
            let arrivals = even(rate, unit, duration);
            prop_assume!(arrivals.total() < 100_000);
            let times = times(&arrivals);
            prop_assert_eq!(times.len() as u64, (duration * rate).div_ceil(unit));
            prop_assert_eq!(times.len() as u64, arrivals.total());
            prop_assert!(times.is_sorted());
        }
    }
}
