//! Samples, tags, series, histograms, thresholds and the run record: data in, data out.
//!
//! Nothing here reads a clock, opens a file, spawns a thread or knows an async runtime. The way of
//! a number: a worker's [`recorder::Recorder`] adds it to that worker's current [`interval::Interval`];
//! once a second the interval goes to the hub, which folds it into [`totals::Totals`], evaluates
//! [`threshold`]s and appends it to the [`record`].

pub mod aggregation;
pub mod builtin;
pub mod histogram;
pub mod interval;
pub mod record;
pub mod recorder;
pub mod registry;
pub mod sink;
pub mod tags;
pub mod threshold;
pub mod totals;
pub mod varint;
pub mod window;

pub use aggregation::Aggregation;
pub use builtin::Builtin;
pub use histogram::Histogram;
pub use interval::{Event, Interval, Observation, RawSample};
pub use recorder::{Recorder, SeriesHandle};
pub use registry::{
    Contains, MetricDef, MetricId, MetricKind, Origin, Registry, SeriesDef, SeriesId,
};
pub use sink::Sink;
pub use tags::TagSet;
pub use totals::Totals;

/// Nanoseconds since the Unix epoch, from a monotonic clock plus one anchor taken at start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);
