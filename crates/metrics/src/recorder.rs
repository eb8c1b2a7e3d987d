//! A worker's own aggregation: no lock, no channel, no allocation per sample.

use crate::{
    interval::{Interval, RawSample},
    registry::{MetricId, Registry},
    tags::TagSet,
    Timestamp,
};

/// Index of a series in one [`Recorder`]; valid as long as that recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeriesHandle(pub u32);

/// Lives on one worker thread.
pub struct Recorder {}

impl Recorder {
    /// `keep_samples`: whether some output needs each sample; at most `sample_limit` are kept
    /// between two calls of [`Recorder::take_samples`], the rest is counted.
    pub fn new(registry: Registry, keep_samples: bool, sample_limit: usize) -> Recorder {
        todo!("{keep_samples}{sample_limit}{}", registry.folded())
    }

    pub fn registry(&self) -> &Registry {
        todo!()
    }

    /// The handle of a series: one hash look-up, a lock only the first time.
    pub fn handle(&mut self, metric: MetricId, tags: &TagSet) -> SeriesHandle {
        todo!("{metric:?}{tags:?}")
    }

    /// Adds one sample. Rates take 0 or 1.
    pub fn record(&mut self, series: SeriesHandle, value: f64, at: Timestamp) {
        self.record_with(series, value, at, None);
    }

    /// As [`Recorder::record`], with metadata for outputs that see each sample.
    pub fn record_with(&mut self, series: SeriesHandle, value: f64, at: Timestamp, metadata: Option<&TagSet>) {
        todo!("{series:?}{value}{at:?}{metadata:?}")
    }

    /// Everything since the last call.
    pub fn take_interval(&mut self) -> Interval {
        todo!()
    }

    /// Gives an absorbed interval's memory back for reuse.
    pub fn recycle(&mut self, interval: Interval) {
        drop(interval);
    }

    /// Raw samples since the last call, and how many did not fit.
    pub fn take_samples(&mut self) -> (Vec<RawSample>, u64) {
        todo!()
    }

    /// Raw samples waiting.
    pub fn samples_len(&self) -> usize {
        todo!()
    }
}
