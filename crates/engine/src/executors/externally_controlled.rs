//! `externally-controlled`: VUs loop in a number that is changed from outside while the test runs.

use std::time::Duration;

use super::{Sizing, Work};
use crate::segment::Segment;

pub(super) fn size(vus: u64, max_vus: u64, duration: Duration, segment: &Segment) -> Sizing {
    let duration = (!duration.is_zero()).then_some(duration);
    Sizing {
        work: Work::External { vus, duration },
        planned_vus: segment.striping().count(max_vus),
        unplanned_vus: 0,
        duration,
    }
}
