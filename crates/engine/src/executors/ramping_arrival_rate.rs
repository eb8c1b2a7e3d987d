//! `ramping-arrival-rate`: the rate of arrivals changes linearly from stage to stage.

use std::time::Duration;

use super::Arrivals;
use crate::{config::Stage, pace::Stretch, segment::Segment};

pub(super) fn arrivals(
    start_rate: u64,
    time_unit: Duration,
    stages: &[Stage],
    max_vus: u64,
    segment: &Segment,
) -> Arrivals {
    let unit = time_unit.as_secs_f64().max(f64::MIN_POSITIVE);
    let mut from = start_rate as f64 / unit;
    let stretches = stages.iter().map(|stage| {
        let to = stage.target as f64 / unit;
        let stretch = Stretch { duration: stage.duration, from, to };
        from = to;
        stretch
    });
    Arrivals::ramping(stretches.collect(), segment.striping().by_vus(max_vus))
}
