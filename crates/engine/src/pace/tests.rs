//! The laws of schedules: counts are integrals, order holds, shares are partitions.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::segment::{Segment, Striping};

const SECOND: Duration = Duration::from_secs(1);

fn whole() -> Striping {
    Segment::default().striping().clone()
}

fn schedule(pace: &Pace, spacing: Spacing, duration: Duration) -> Arc<Schedule> {
    assert_eq!(pace.check(), Ok(()));
    Arc::new(Schedule::new(pace, spacing, Some(duration), whole()))
}

fn drain(mut cursor: Cursor) -> Vec<Duration> {
    std::iter::from_fn(|| cursor.take()).collect()
}

fn times(pace: &Pace, spacing: Spacing, duration: Duration) -> Vec<Duration> {
    drain(Cursor::new(schedule(pace, spacing, duration), Deal::whole()))
}

fn rate(hits: u64) -> Rate {
    Rate::per_second(hits)
}

/// The times in milliseconds.
fn check(pace: Pace, seconds: u32, expected: &[f64]) {
    let times = times(&pace, Spacing::Even, seconds * SECOND);
    let times: Vec<f64> = times.iter().map(|at| at.as_secs_f64() * 1e3).collect();
    assert_eq!(times.len(), expected.len(), "{pace}: {times:?}");
    for (at, expected) in times.iter().zip(expected) {
        assert!((at - expected).abs() < 1e-3, "{pace}: {at} {expected}");
    }
}

#[test]
fn a_constant_rate_is_an_exact_grid() {
    let all = times(&Pace::Constant(rate(1000)), Spacing::Even, 5 * SECOND);
    assert_eq!(all.len(), 5000);
    for (number, at) in (0..).zip(&all) {
        assert_eq!(*at, number * Duration::from_millis(1));
    }
    let minute = Pace::Constant(Rate { hits: 7, per: 60 * SECOND });
    assert_eq!(times(&minute, Spacing::Even, 120 * SECOND).len(), 14);
}

#[test]
fn what_is_due_is_what_was_to_be_taken() {
    let pace = Pace::Constant(rate(100));
    let even = schedule(&pace, Spacing::Even, SECOND);
    let all = drain(Cursor::new(Arc::clone(&even), Deal::whole()));
    for millis in [0, 1, 9, 10, 11, 505, 990, 2_000] {
        let until = Duration::from_millis(millis);
        let taken = all.iter().filter(|at| **at < until).count() as u64;
        assert_eq!(even.due(until), Some(taken), "{until:?}");
    }
    let random = schedule(&pace, Spacing::Poisson { seed: 1 }, SECOND);
    assert_eq!(random.due(SECOND), None);
}

#[test]
fn hits_that_are_sent_together_are_due_with_the_first_of_them() {
    let pace = Pace::Constant(rate(1000));
    let grid = times(&pace, Spacing::Even, SECOND);
    let batches = times(&pace.clone().in_batches(8), Spacing::Even, SECOND);
    assert_eq!(batches, grid.iter().copied().step_by(8).collect::<Vec<_>>());
    assert_eq!(pace.clone().in_batches(1), pace);
    let ramp = Pace::Linear { from: rate(0), to: rate(100), over: 10 * SECOND };
    assert_eq!(times(&ramp, Spacing::Even, 10 * SECOND).len(), 500);
    assert_eq!(times(&ramp.in_batches(5), Spacing::Even, 10 * SECOND).len(), 100);
}

#[test]
fn nothing_drifts_within_a_day() {
    let pace = Pace::Constant(rate(99_999));
    let schedule = schedule(&pace, Spacing::Even, 24 * 3600 * SECOND);
    assert_eq!(schedule.planned(), Some(99_999 * 24 * 3600));
    let last = 99_999 * (24 * 3600 - 1);
    assert_eq!(curve::Curve::new(&pace).time(last), Some((24 * 3600 - 1) * SECOND));
    let ramp = Pace::Linear { from: rate(100_000), to: rate(100_000), over: 24 * 3600 * SECOND };
    let at = curve::Curve::new(&ramp).time(8_639_900_000).unwrap();
    assert!(at.abs_diff((24 * 3600 - 1) * SECOND) < Duration::from_nanos(2), "{at:?}");
}

#[test]
fn every_shape_starts_hits_where_its_integral_passes_them() {
    check(
        Pace::Linear { from: rate(0), to: rate(4), over: 2 * SECOND },
        2,
        &[0.0, 1000.0, 1414.2135, 1732.0508],
    );
    check(
        Pace::Linear { from: rate(2), to: rate(2), over: SECOND },
        2,
        &[0.0, 500.0, 1000.0, 1500.0],
    );
    let steps = Pace::Steps { from: rate(1), step: rate(1), every: SECOND, to: rate(3) };
    assert_eq!(steps.length(), Some(3 * SECOND));
    check(steps, 3, &[0.0, 1000.0, 1500.0, 2000.0, 2333.3333, 2666.6667]);
    check(
        Pace::Steps { from: rate(3), step: rate(2), every: SECOND, to: rate(0) },
        4,
        &[0.0, 333.3333, 666.6667, 1000.0],
    );
    let stages = [(2, 0), (2, 1), (0, 0), (0, 1), (1, 0), (1, 1)];
    let stages = stages.map(|(hits, seconds)| (rate(hits), seconds * SECOND));
    check(Pace::Stages(stages.to_vec()), 4, &[0.0, 500.0, 2000.0, 3000.0]);
}

#[test]
fn a_sine_comes_back_to_its_mean() {
    for start in [SineStart::MeanUp, SineStart::Peak, SineStart::MeanDown, SineStart::Trough] {
        let pace = Pace::Sine { mean: rate(100), amplitude: rate(100), period: 10 * SECOND, start };
        let times = times(&pace, Spacing::Even, 40 * SECOND);
        assert_eq!(times.len(), 4000);
        for (number, at) in times.iter().enumerate().step_by(1000) {
            // Where the rate is zero one hit takes long.
            let slack = if start == SineStart::Trough { SECOND } else { SECOND / 100 };
            let period = u32::try_from(number / 1000).unwrap() * 10 * SECOND;
            assert!(at.abs_diff(period) < slack, "{start:?} {number} {at:?}");
        }
    }
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let stages = |list: &[(u64, u64)]| {
        Pace::Stages(list.iter().map(|(hits, s)| (rate(*hits), Duration::from_secs(*s))).collect())
    };
    let sine = |amplitude| Pace::Sine {
        mean: rate(5),
        amplitude: rate(amplitude),
        period: SECOND,
        start: SineStart::Peak,
    };
    let steps = |step| Pace::Steps { from: rate(1), step, every: SECOND, to: rate(100_000) };
    for (pace, expected) in [
        (Pace::Constant(rate(1)), Ok(())),
        (Pace::Constant(rate(0)), Err(PaceError::Zero)),
        (Pace::Constant(Rate { hits: 1, per: Duration::ZERO }), Err(PaceError::NoTime)),
        (Pace::Constant(rate(2_000_000_000)), Err(PaceError::TooFast)),
        (sine(5), Ok(())),
        (sine(6), Err(PaceError::Amplitude)),
        (steps(rate(100)), Ok(())),
        (steps(rate(0)), Err(PaceError::NoStep)),
        (steps(rate(1)), Err(PaceError::TooLong)),
        (stages(&[(1, 0), (1, 5)]), Ok(())),
        (stages(&[(1, 0)]), Err(PaceError::NoDuration)),
        (stages(&[(0, 5)]), Err(PaceError::Zero)),
        (stages(&[]), Err(PaceError::NoDuration)),
        (stages(&[(1, 1); STAGES_LIMIT + 1]), Err(PaceError::TooLong)),
    ] {
        assert_eq!(pace.check(), expected, "{pace}");
    }
}

#[test]
fn words() {
    for (pace, expected) in [
        (Pace::Constant(rate(1000)), "1000/s"),
        (Pace::Constant(Rate { hits: 5, per: 60 * SECOND }), "5/m"),
        (Pace::Constant(Rate { hits: 5, per: 90 * SECOND }), "5/1m30s"),
        (
            Pace::Linear { from: rate(10), to: rate(50), over: 60 * SECOND },
            "10/s to 50/s over 1m0s",
        ),
        (
            Pace::Sine {
                mean: rate(20),
                amplitude: rate(5),
                period: 10 * SECOND,
                start: SineStart::Peak,
            },
            "sine of 20/s ± 5/s every 10s from its peak",
        ),
        (
            Pace::Steps { from: rate(10), step: rate(10), every: 5 * SECOND, to: rate(50) },
            "10/s to 50/s by 10/s every 5s",
        ),
        (
            Pace::Stages(vec![(rate(10), 5 * SECOND), (rate(0), 5 * SECOND)]),
            "10/s in 5s, 0/s in 5s",
        ),
    ] {
        assert_eq!(pace.to_string(), expected);
    }
}

#[test]
fn poisson_arrivals_have_the_mean_and_the_variance_of_theirs() {
    let ramp = Pace::Linear { from: rate(0), to: rate(2000), over: 50 * SECOND };
    let times = times(&ramp, Spacing::Poisson { seed: 7 }, 50 * SECOND);
    // 50 000 expected, so a standard deviation of 224.
    assert!(times.len().abs_diff(50_000) < 1000, "{}", times.len());
    assert!(times.is_sorted());
    // Numbers in equal parts of the integral: their variance is their mean.
    let mut counts = [0_u32; 500];
    for at in &times {
        let part = (at.as_secs_f64() / 50.0).powi(2) * 500.0;
        counts[part as usize] += 1;
    }
    let mean = times.len() as f64 / 500.0;
    let variance = counts.iter().map(|n| (f64::from(*n) - mean).powi(2)).sum::<f64>() / 499.0;
    assert!((variance / mean - 1.0).abs() < 0.3, "{variance} {mean}");
}

fn any_rate() -> impl Strategy<Value = Rate> {
    (0_u64..2000, 1_u64..3000).prop_map(|(hits, ms)| Rate { hits, per: Duration::from_millis(ms) })
}

fn any_pace() -> impl Strategy<Value = Pace> {
    let time = || (0_u64..3000).prop_map(Duration::from_millis);
    let start = prop_oneof![
        Just(SineStart::MeanUp),
        Just(SineStart::Peak),
        Just(SineStart::MeanDown),
        Just(SineStart::Trough)
    ];
    prop_oneof![
        any_rate().prop_map(Pace::Constant),
        (any_rate(), any_rate(), time()).prop_map(|(from, to, over)| Pace::Linear {
            from,
            to,
            over
        }),
        (any_rate(), any_rate(), time(), start).prop_map(|(mean, amplitude, period, start)| {
            Pace::Sine { mean, amplitude, period, start }
        }),
        (any_rate(), any_rate(), time(), any_rate())
            .prop_map(|(from, step, every, to)| Pace::Steps { from, step, every, to }),
        proptest::collection::vec((any_rate(), time()), 0..5).prop_map(Pace::Stages),
    ]
}

/// A pace that can be followed with a duration that has not too many hits.
fn any_schedule() -> impl Strategy<Value = (Pace, Duration)> {
    let duration = (0_u64..8000).prop_map(Duration::from_millis);
    (any_pace(), duration).prop_filter("too much or nothing to do", |(pace, duration)| {
        pace.check().is_ok() && pace.rate_max() * duration.as_secs_f64() < 30_000.0
    })
}

/// The integral of the rate by the trapezoidal rule, which errs on jumps and on curvature.
fn integral(schedule: &Schedule, until: Duration) -> f64 {
    let steps = 4_000_u32;
    let width = until.as_secs_f64() / f64::from(steps);
    let middle = |step| until.mul_f64((f64::from(step) + 0.5) / f64::from(steps));
    (0..steps).map(|step| schedule.rate(middle(step)) * width).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn arrivals_are_ordered_and_as_many_as_the_integral((pace, duration) in any_schedule()) {
        let schedule = schedule(&pace, Spacing::Even, duration);
        let times = times(&pace, Spacing::Even, duration);
        prop_assert!(times.is_sorted());
        prop_assert!(times.iter().all(|at| *at <= duration));
        prop_assert_eq!(Some(times.len() as u64), schedule.planned());
        let asked = schedule.asked(duration);
        prop_assert!((times.len() as f64 - asked).abs() <= 1.0 + 1e-6, "{} {asked}", times.len());
        let integral = integral(&schedule, duration);
        let error = 1e-3 * integral + pace.rate_max() * duration.as_secs_f64() * 3e-3;
        prop_assert!((integral - asked).abs() < error + 1e-6, "{integral} {asked}");
        // The arrivals until any of them are as many as the integral there says.
        for (number, at) in times.iter().enumerate().step_by(1 + times.len() / 50) {
            let asked = schedule.asked(*at);
            prop_assert!((number as f64 - asked).abs() < 0.01, "{number} at {at:?}: {asked}");
        }
    }

    #[test]
    fn shares_are_a_partition(
        (pace, duration) in any_schedule(),
        owners in proptest::collection::vec(0_usize..4, 1..9),
        seed in proptest::option::of(0_u64..5),
        cut in 0_u64..8000,
    ) {
        let spacing = seed.map_or(Spacing::Even, |seed| Spacing::Poisson { seed });
        let schedule = schedule(&pace, spacing, duration);
        let own = |owner| Cursor::new(Arc::clone(&schedule), Deal::of(owners.iter().copied(), owner));
        let mut all: Vec<Duration> = (0..4).flat_map(|owner| drain(own(owner))).collect();
        all.sort_unstable();
        prop_assert_eq!(&all, &times(&pace, spacing, duration));
        // What is left before a moment is what has not been taken and comes before it.
        let cut = Duration::from_millis(cut);
        for owner in 0..4 {
            let due = drain(own(owner)).iter().filter(|at| **at < cut.min(duration)).count() as u64;
            for taken in [0, due / 2] {
                let mut cursor = own(owner);
                (0..taken).for_each(|_| assert!(cursor.take().is_some()));
                let left = cursor.left(cut);
                prop_assert!(left.abs_diff(due - taken) <= 1, "{left} {due} {taken}");
                if cut >= duration {
                    prop_assert_eq!(left, drain(own(owner)).len() as u64 - taken);
                }
            }
        }
    }

    #[test]
    fn a_seed_repeats_its_arrivals((pace, duration) in any_schedule(), seed in any::<u64>()) {
        let spacing = Spacing::Poisson { seed };
        prop_assert_eq!(times(&pace, spacing, duration), times(&pace, spacing, duration));
    }
}
