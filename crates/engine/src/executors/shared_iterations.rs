//! `shared-iterations`: a fixed number of iterations, taken by whichever VU is free.

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
        // An instance without a VU has nobody to run its iterations; the others then have them all.
        let own = segment.striping().by_vus(vus).count(iterations);
        *budget = Budget::Shared(own);
    }
    sizing
}
