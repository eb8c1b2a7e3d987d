//! `constant-arrival-rate`: iterations start on an even grid of times.

use std::time::Duration;

use super::Arrivals;
use crate::{pace::Stretch, segment::Segment};

pub(super) fn arrivals(
    rate: u64,
    time_unit: Duration,
    duration: Duration,
    max_vus: u64,
    segment: &Segment,
) -> Arrivals {
    let per_second = rate as f64 / time_unit.as_secs_f64().max(f64::MIN_POSITIVE);
    let stretch = Stretch { duration, from: per_second, to: per_second };
    Arrivals::constant(stretch, rate, time_unit, segment.striping().by_vus(max_vus))
}
