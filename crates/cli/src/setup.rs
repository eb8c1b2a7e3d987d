//! What the followers of a run are made from: outputs, pages, the record.

use std::collections::BTreeMap;

use plimsoll_metrics::{Registry, threshold::ThresholdGroup};
use plimsoll_runtime::log::Log;
use plimsoll_script::options::SystemTags;
use serde_json::Value;

use crate::args::SeeFlags;

/// What outputs are made from.
pub(crate) struct Setup<'a> {
    /// What runs: a script's path, or what is attacked.
    pub(crate) subject: String,
    /// `--out`, each.
    pub(crate) out: &'a [String],
    /// `--record`
    pub(crate) record: Option<&'a str>,
    pub(crate) see: &'a SeeFlags,
    /// What was asked for, as the record keeps it.
    pub(crate) options: Value,
    pub(crate) system_tags: SystemTags,
    /// Whether the summary tells groups and scenarios apart.
    pub(crate) keeps_parts: bool,
    pub(crate) registry: &'a Registry,
    pub(crate) thresholds: &'a [ThresholdGroup],
    pub(crate) env: &'a BTreeMap<String, String>,
    pub(crate) log: &'a Log,
}
