//! `per-vu-iterations`: each VU runs a fixed number of iterations.

use std::time::Duration;

use super::{Budget, Sizing, Work, constant_vus};
use crate::segment::Segment;

pub(super) fn size(
    vus: u64,
    iterations: u64,
    max_duration: Duration,
    stop: Duration,
    segment: &Segment,
) -> Sizing {
    let mut sizing = constant_vus::size(vus, max_duration, stop, segment);
    if let Work::Closed { budget, .. } = &mut sizing.work {
        *budget = Budget::PerVu(iterations);
    }
    sizing
}
