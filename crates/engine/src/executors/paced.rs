//! `paced`: arrivals by a pace, on VUs that are made as they are needed.

use std::sync::Arc;

use super::{Sizing, Work};
use crate::{
    pace::{Deal, Schedule},
    segment::Segment,
};

/// The longest round in which arrivals are dealt to workers. With more VUs than that the workers'
/// numbers of them differ by too little to matter.
const ROUND_LIMIT: u64 = 1024;

/// Intended starts, and how VUs are found for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Paced {
    pub schedule: Arc<Schedule>,
    /// Whether idle VUs take turns, rather than the one that was busy last going first.
    pub rotate: bool,
    /// Of this instance, with those made before the start.
    max_vus: u64,
}

impl Paced {
    /// The arrivals of one of `workers`: as many in proportion as it may have VUs, so that none has
    /// more to do with each than another.
    pub(crate) fn deal(&self, worker: usize, workers: usize) -> Deal {
        let workers = workers.max(1);
        let round = if self.max_vus > ROUND_LIMIT { workers } else { self.max_vus as usize };
        Deal::of((0..round).map(|place| place % workers), worker)
    }

    /// The VUs that one of `workers` may have.
    pub(crate) fn vus_of(&self, worker: usize, workers: usize) -> u64 {
        let (worker, workers) = (worker as u64, workers.max(1) as u64);
        self.max_vus.saturating_sub(worker).div_ceil(workers)
    }
}

pub(super) fn size(
    schedule: Schedule,
    vus: u64,
    max_vus: u64,
    rotate: bool,
    segment: &Segment,
) -> Sizing {
    let planned_vus = segment.striping().count(vus);
    let max_vus = segment.striping().count(max_vus.max(vus));
    let duration = schedule.duration();
    Sizing {
        work: Work::Paced(Paced { schedule: Arc::new(schedule), rotate, max_vus }),
        planned_vus,
        unplanned_vus: max_vus.saturating_sub(planned_vus),
        duration,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pace::{Pace, Rate, Spacing};

    /// By worker: its VUs and its part of the arrivals.
    fn check(max_vus: u64, workers: usize, expected: &[(u64, f64)]) {
        let pace = Pace::Constant(Rate::per_second(1));
        let striping = Segment::default().striping().clone();
        let schedule = Schedule::new(&pace, Spacing::Even, None, striping);
        let sizing = size(schedule, 1, max_vus, false, &Segment::default());
        let Work::Paced(paced) = sizing.work else { panic!("{:?}", sizing.work) };
        let parts =
            (0..workers).map(|w| (paced.vus_of(w, workers), paced.deal(w, workers).share()));
        assert_eq!(parts.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn arrivals_follow_the_vus() {
        check(1, 2, &[(1, 1.0), (0, 0.0)]);
        check(4, 3, &[(2, 0.5), (1, 0.25), (1, 0.25)]);
        check(1_000_001, 2, &[(500_001, 0.5), (500_000, 0.5)]);
    }
}
