//! `constant-vus`: a fixed number of VUs loop for a time, or until the run is stopped.

use std::time::Duration;

use super::{Budget, Sizing, Window, Windows, Work};
use crate::{config::FOREVER, segment::Segment};

pub(super) fn size(vus: u64, duration: Duration, stop: Duration, segment: &Segment) -> Sizing {
    let window =
        Window { from: Duration::ZERO, until: duration, kill: duration.saturating_add(stop) };
    Sizing {
        work: Work::Closed { windows: Windows::Same(window), budget: Budget::Unlimited },
        planned_vus: segment.striping().count(vus),
        unplanned_vus: 0,
        duration: (duration < FOREVER).then_some(duration),
    }
}
