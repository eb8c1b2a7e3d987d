//! The first and the last block of a stream, as JSON: what is known before and after all hits.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{HEAD, kind, seal};

/// Reasons of [`End::invalid`] that are kept.
const REASONS_LIMIT: usize = 32;

/// What is known when an attack starts. Fields that later versions add are ignored by this one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Start {
    /// Of the program that wrote the stream.
    pub tool_version: String,
    /// The name of the attack (`-name`).
    pub attack: String,
    /// Nanoseconds since the Unix epoch.
    pub started_unix_ns: u64,
    /// What was asked, for people: `1000/1s`.
    pub pace: String,
    /// Hits wait for earlier ones (`-rate=0`): then the response time is no more than the service time.
    pub closed_model: bool,
    /// Hits that will be due, when that is finite.
    pub planned_hits: Option<u64>,
    /// Nanoseconds in which they are due.
    pub planned_duration_ns: Option<u64>,
}

/// What is known when it is over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// Hits that were due and never started.
    pub never_sent: u64,
    /// Hits that were made and are missing in the stream, because it could not take them.
    pub lost: u64,
    /// [`Start::started_unix_ns`] again, since streams of several attacks may be mixed.
    pub started_unix_ns: u64,
    /// Nanoseconds from the start to the end of the schedule, planned or because the attack was
    /// stopped; the wait for the last responses comes behind it.
    pub duration_ns: u64,
    /// Why the generator was the limit, in sentences; empty when it was not.
    pub invalid: Vec<String>,
}

impl Start {
    /// As one block.
    pub fn to_block(&self) -> Vec<u8> {
        block(kind::START, self)
    }
}

impl End {
    /// As one block.
    pub fn to_block(&self) -> Vec<u8> {
        let mut end = self.clone();
        end.invalid.truncate(REASONS_LIMIT);
        block(kind::END, &end)
    }
}

fn block(kind: u8, value: &impl Serialize) -> Vec<u8> {
    let mut bytes = vec![0; HEAD];
    let written = serde_json::to_writer(&mut bytes, value);
    debug_assert!(written.is_ok(), "numbers and texts, written to memory");
    seal(&mut bytes, kind);
    bytes
}

/// The value of a block's content.
pub(super) fn parse<T: DeserializeOwned>(content: &[u8]) -> Option<T> {
    serde_json::from_slice(content).ok()
}
