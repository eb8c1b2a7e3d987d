//! Where the numbers of a run go: the end-of-test summary, JSON and CSV lines, the progress display,
//! the run record on disk. One folder or file each, one [`Output`] trait.

use std::sync::Arc;

use plimsoll_metrics::{Event, Interval, RawSample, Timestamp, Totals, record::End};

mod condense;
pub mod csv;
mod cumulative;
pub mod delivery;
pub mod format;
mod html;
pub mod influxdb;
pub mod json;
pub mod otlp;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod plot;
pub mod progress;
pub mod prometheus;
pub mod record;
pub mod remote_write;
pub mod report_page;
mod sample_writer;
pub mod scale_page;
pub mod search;
pub mod statsd;
pub mod summary;
mod target;
#[cfg(test)]
mod testing;
mod variables;
pub mod view;
pub mod watched;

pub use sample_writer::{BATCHES_LIMIT, SAMPLES_LIMIT, SampleWriter};
pub use target::Target;

/// Something that follows a run. Runs on a thread of its own behind a bounded queue where it is slow.
pub trait Output: Send {
    /// For messages: `json (x.json)`.
    fn describe(&self) -> String;

    /// Whether it needs each sample.
    fn wants_samples(&self) -> bool;

    /// A batch, shared with other outputs, and how many samples were lost since the batch before.
    fn samples(&mut self, samples: &Arc<Vec<RawSample>>, lost: u64);

    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals);

    /// How many samples a second it takes singly, if there is a limit. Of what is beyond it gets
    /// [`Output::condensed`] instead.
    fn singles_limit(&self) -> Option<u64> {
        None
    }

    /// What was recorded between two times, where it was more than that.
    fn condensed(&mut self, from: Timestamp, to: Timestamp, interval: &Interval) {
        let _unused = (from, to, interval);
    }

    /// Something happened, for those that show it.
    fn event(&mut self, event: &Event) {
        let _unused = event;
    }

    /// How the run ended, said before [`Output::finish`].
    fn end(&mut self, end: &End) {
        let _unused = end;
    }

    /// Flushes. What is worth a line at the end: what was delivered and what was lost. An error is
    /// reported once, with what was and what was not written.
    fn finish(&mut self) -> Result<Option<String>, OutputError>;
}

/// What an output could not do.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct OutputError {
    pub message: String,
}
