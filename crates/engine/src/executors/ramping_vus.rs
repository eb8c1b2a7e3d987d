//! `ramping-vus`: the number of looping VUs follows a line from stage to stage.
//!
//! VU slot `n` (of the whole test, 1..) loops while the line is at or above `n`: it starts when the
//! line rises to `n` and leaves when the line has come down to `n − 1`, as in k6. Where the line ends
//! or jumps down at that very moment the VU has no time to start, but is planned.

use std::{sync::Arc, time::Duration};

use super::{Budget, Sizing, Window, Windows, Work};
use crate::{
    config::{Stage, VUS_LIMIT},
    segment::Segment,
};

pub(super) fn size(
    start_vus: u64,
    stages: &[Stage],
    ramp_down: Duration,
    stop: Duration,
    segment: &Segment,
) -> Sizing {
    let striping = segment.striping();
    let highest = stages.iter().map(|s| s.target).fold(start_vus, u64::max);
    let planned_vus = striping.count(highest).min(VUS_LIMIT + 1);
    let slots: Arc<[Vec<Window>]> = (0..planned_vus)
        .map(|own| windows(striping.global(own) + 1, start_vus, stages, ramp_down, stop))
        .collect();
    // Stages at the end without a VU take no time, as in k6.
    let duration = slots.iter().flatten().map(|window| window.until).max();
    Sizing {
        work: Work::Closed { windows: Windows::PerSlot(slots), budget: Budget::Unlimited },
        planned_vus,
        unplanned_vus: 0,
        duration: Some(duration.unwrap_or_else(|| total(stages))),
    }
}

/// The time of all stages.
pub(crate) fn total(stages: &[Stage]) -> Duration {
    stages.iter().fold(Duration::ZERO, |sum, stage| sum.saturating_add(stage.duration))
}

/// When VU `number` of the whole test loops.
fn windows(
    number: u64,
    start_vus: u64,
    stages: &[Stage],
    ramp_down: Duration,
    stop: Duration,
) -> Vec<Window> {
    let end = total(stages);
    let last_kill = end.saturating_add(stop);
    let mut windows: Vec<Window> = Vec::new();
    let mut open = (start_vus >= number).then_some(Duration::ZERO);
    let (mut at, mut from) = (Duration::ZERO, start_vus);
    for stage in stages {
        let to = stage.target;
        if open.is_none() && to >= number {
            open = Some(at + crossing(stage.duration, from, to, number));
        } else if let Some(start) = open.filter(|_| to < number) {
            let until = at + crossing(stage.duration, from, to, number - 1);
            let kill = until.saturating_add(ramp_down).min(last_kill);
            windows.push(Window { from: start, until, kill });
            open = None;
        }
        from = to;
        at = at.saturating_add(stage.duration);
    }
    if let Some(start) = open {
        windows.push(Window { from: start, until: end, kill: last_kill });
    }
    spare_reused(&mut windows);
    windows
}

/// A slot that is wanted again before its graceful ramp-down is over keeps its iteration.
fn spare_reused(windows: &mut [Window]) {
    for later in (1..windows.len()).rev() {
        if let Some([window, next]) = windows.get_mut(later - 1..=later)
            && next.from <= window.kill
        {
            window.kill = next.kill;
        }
    }
}

/// When the line from `from` to `to` over `duration` is at `level`, which lies between them.
fn crossing(duration: Duration, from: u64, to: u64, level: u64) -> Duration {
    let whole = u128::from(from.abs_diff(to)).max(1);
    let part = u128::from(from.abs_diff(level)).min(whole);
    let nanos = duration.as_nanos().saturating_mul(part) / whole;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stages(stages: &[(u64, u64)]) -> Vec<Stage> {
        let stage = |(ms, target): &(u64, u64)| Stage {
            duration: Duration::from_millis(*ms),
            target: *target,
        };
        stages.iter().map(stage).collect()
    }

    fn slot(number: u64, start: u64, list: &[(u64, u64)], ramp_down_ms: u64) -> Vec<[u64; 3]> {
        let ramp_down = Duration::from_millis(ramp_down_ms);
        let ms = |d: Duration| u64::try_from(d.as_millis()).unwrap();
        windows(number, start, &stages(list), ramp_down, Duration::from_secs(30))
            .iter()
            .map(|w| [ms(w.from), ms(w.until), ms(w.kill)])
            .collect()
    }

    #[test]
    fn slots_follow_the_line() {
        let line = [(1000, 5), (2000, 2)];
        assert_eq!(slot(1, 1, &line, 1000), [[0, 3000, 33000]]);
        assert_eq!(slot(2, 1, &line, 1000), [[250, 3000, 33000]]);
        assert_eq!(slot(5, 1, &line, 1000), [[1000, 1666, 2666]]);
        assert_eq!(slot(3, 1, &line, 1000), [[500, 3000, 4000]]);
    }

    #[test]
    fn jumps_take_no_time() {
        assert_eq!(slot(2, 0, &[(0, 4), (1000, 4), (0, 1), (1000, 1)], 500), [[0, 1000, 1500]]);
        assert_eq!(slot(2, 0, &[(1000, 0), (0, 4)], 500), [[1000, 1000, 31000]]);
        assert_eq!(slot(5, 0, &[(1000, 0), (0, 4)], 500), [[0_u64; 3]; 0]);
    }

    #[test]
    fn a_slot_wanted_again_is_not_interrupted() {
        let line = [(0, 2), (1000, 0), (1000, 2), (1000, 2)];
        assert_eq!(slot(2, 0, &line, 5000), [[0, 500, 33000], [2000, 3000, 33000]]);
        assert_eq!(slot(2, 0, &line, 100), [[0, 500, 600], [2000, 3000, 33000]]);
    }

    proptest! {
        #[test]
        fn the_line_between_its_floor_and_ceiling_counts_the_looping_slots(
            start in 0_u64..20,
            line in proptest::collection::vec((0_u64..3000, 0_u64..20), 1..6),
            at in 0_u64..10_000,
        ) {
            let line = stages(&line);
            let at = Duration::from_millis(at);
            prop_assume!(at < total(&line));
            let looping = (1..=20)
                .filter(|n| {
                    windows(*n, start, &line, Duration::ZERO, Duration::ZERO)
                        .iter()
                        .any(|w| w.from <= at && at < w.until)
                })
                .count() as f64;
            let (mut begin, mut from) = (Duration::ZERO, start as f64);
            let mut level = from;
            for stage in &line {
                let to = stage.target as f64;
                if at < begin + stage.duration {
                    let part = (at - begin).as_secs_f64() / stage.duration.as_secs_f64();
                    level = from + (to - from) * part;
                    break;
                }
                begin += stage.duration;
                from = to;
            }
            prop_assert!(looping >= level.floor() - 1e-9 && looping <= level.ceil() + 1e-9, "{looping} {level}");
        }
    }
}
