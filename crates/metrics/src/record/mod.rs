//! The run record: per-second merged histograms of all series, as bytes. See docs/run-record.md.
//!
//! Bytes in, bytes out: files and compression are elsewhere. [`Encoder`] appends frames to a vector,
//! [`Decoder`] is fed bytes in pieces of any size and gives frames.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use decode::{Decoder, SERIES_LIMIT, TAGS_LIMIT};
pub use encode::{EVENT_TEXT_LIMIT, Encoder};

use crate::{
    Timestamp,
    interval::Interval,
    registry::{Contains, MetricDef, MetricKind, Origin, SeriesDef},
};

/// What a record starts with.
pub const MAGIC: &[u8; 8] = b"PLIMRUN\n";

/// Of the format, raised when old readers cannot make sense of new records.
pub const VERSION: u64 = 1;

/// Bytes of one frame's content. The encoder splits intervals long before; see [`Encoder::interval`].
pub const FRAME_LIMIT: usize = 64 << 20;

/// What kind of frame follows. Kinds from [`OPTIONAL_KIND`] on are skipped by readers that do not
/// know them.
mod kind {
    pub(super) const HEADER: u8 = 1;
    pub(super) const METRIC: u8 = 2;
    pub(super) const SERIES: u8 = 3;
    pub(super) const INTERVAL: u8 = 4;
    pub(super) const EVENT: u8 = 5;
    pub(super) const END: u8 = 6;
    pub(super) const OPTIONAL_KIND: u8 = 0x80;
}

/// What is known when a run starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Of the program that wrote the record.
    pub tool_version: String,
    /// Milliseconds since the Unix epoch.
    pub started_unix_ms: u64,
    /// Name of the script, or whatever else names the run.
    pub script: String,
    /// Consolidated, in k6's shape.
    pub options: serde_json::Value,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// `finished`, or why it ended before its schedule.
    pub reason: String,
    /// Of the load, without setup and teardown.
    pub duration_ms: f64,
    pub thresholds: Vec<ThresholdResult>,
}

/// The outcome of one threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThresholdResult {
    /// The metric, with its tags if any: the key in the options.
    pub key: String,
    /// As the user wrote it.
    pub expression: String,
    pub ok: bool,
}

/// One piece of a record, in the order in which it was written.
#[derive(Clone, Debug)]
pub enum Frame {
    /// Always the first.
    Header(Header),
    /// Before the first series of the metric.
    Metric(MetricDef),
    /// Before the first interval with the series.
    Series(SeriesDef),
    /// What was recorded up to `at`, in order of series. A large one comes as several with the same `at`.
    Interval { at: Timestamp, interval: Interval },
    /// Something that happened, for people: a warning, a stage's start, an abort.
    Event { at: Timestamp, kind: String, text: String },
    /// Always the last; missing when the writer was killed.
    End(End),
}

/// Why bytes are no run record, or a run cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("not a run record")]
    NotARecord,
    #[error(
        "run record of format version {found}, this program reads up to {VERSION}: use a newer plimsoll"
    )]
    NewerVersion { found: u64 },
    /// `offset`: where the frame starts, in bytes of the uncompressed record.
    #[error("corrupt run record: {what} (at byte {offset})")]
    Corrupt { what: String, offset: u64 },
    /// What came before is good.
    #[error("run record ends early, at byte {offset}: its writer was stopped, or it was cut")]
    Truncated { offset: u64 },
    /// `bytes` are more than [`FRAME_LIMIT`].
    #[error("{what} of {bytes} bytes is too long for a run record")]
    TooLong { what: &'static str, bytes: usize },
}

/// A sink's form; the same numbers as a metric's kind.
fn kind_code(kind: MetricKind) -> u8 {
    match kind {
        MetricKind::Counter => 0,
        MetricKind::Gauge => 1,
        MetricKind::Rate => 2,
        MetricKind::Trend => 3,
    }
}

fn kind_from(code: u8) -> Option<MetricKind> {
    [MetricKind::Counter, MetricKind::Gauge, MetricKind::Rate, MetricKind::Trend]
        .into_iter()
        .find(|&kind| kind_code(kind) == code)
}

fn contains_code(contains: Contains) -> u8 {
    match contains {
        Contains::Default => 0,
        Contains::Time => 1,
        Contains::Data => 2,
    }
}

fn contains_from(code: u8) -> Option<Contains> {
    [Contains::Default, Contains::Time, Contains::Data]
        .into_iter()
        .find(|&contains| contains_code(contains) == code)
}

fn origin_code(origin: Origin) -> u8 {
    match origin {
        Origin::Load => 0,
        Origin::Own => 1,
        Origin::Custom => 2,
        Origin::Watched => 3,
    }
}

fn origin_from(code: u8) -> Option<Origin> {
    [Origin::Load, Origin::Own, Origin::Custom, Origin::Watched]
        .into_iter()
        .find(|&origin| origin_code(origin) == code)
}
