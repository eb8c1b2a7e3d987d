//! What one worker recorded since it last reported: the unit that goes to the hub.

use crate::{registry::SeriesId, sink::Sink, tags::TagSet, Timestamp};

/// One sample as an output that needs each of them sees it.
#[derive(Clone, Debug)]
pub struct RawSample {
    pub series: SeriesId,
    pub at: Timestamp,
    pub value: f64,
    /// Not indexed, so not part of the series (`vu`, `iter`, the script's own).
    pub metadata: Option<TagSet>,
}

#[derive(Clone, Debug, Default)]
pub struct Interval {
    /// Only series with samples, in no order.
    pub sinks: Vec<(SeriesId, Sink)>,
}
