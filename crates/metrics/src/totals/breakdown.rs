//! Every metric's aggregate for each value of one tag.

use std::{collections::BTreeMap, sync::Arc};

use hashbrown::HashMap;

use super::Entry;
use crate::{
    registry::{MetricId, Registry},
    sink::Sink,
    tags::TagSet,
};

/// Values told apart for one tag; samples with further ones are in the totals only. Scenarios and
/// groups are written by hand, so a script with more of them makes their names from data.
pub const VALUES_LIMIT: usize = 1_000;

pub(super) struct Breakdown {
    tag: String,
    /// By position, in order of first sight. A sink is made by its first sample.
    values: Vec<(Arc<str>, BTreeMap<MetricId, Sink>)>,
    positions: HashMap<Arc<str>, u32>,
}

impl Breakdown {
    pub(super) fn new(tag: &str) -> Breakdown {
        Breakdown { tag: tag.to_owned(), values: Vec::new(), positions: HashMap::new() }
    }

    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    /// Where samples with `tags` belong; `None` when they lack the tag or there are too many values.
    pub(super) fn position(&mut self, tags: &TagSet) -> Option<u32> {
        let value = tags.get(&self.tag)?;
        if let Some(&at) = self.positions.get(value) {
            return Some(at);
        }
        if self.values.len() >= VALUES_LIMIT {
            return None;
        }
        let at = self.values.len() as u32;
        let value: Arc<str> = value.into();
        self.positions.insert(value.clone(), at);
        self.values.push((value, BTreeMap::new()));
        Some(at)
    }

    pub(super) fn add(&mut self, value: u32, metric: MetricId, sink: &Sink) {
        if let Some((_, sinks)) = self.values.get_mut(value as usize) {
            sinks.entry(metric).or_insert_with(|| Sink::new(sink.kind())).merge(sink);
        }
    }

    pub(super) fn list(&self, registry: &Registry) -> Vec<(String, Vec<Entry>)> {
        let of = |value: &str, sinks: &BTreeMap<MetricId, Sink>| {
            let entry = |(&id, sink): (&MetricId, &Sink)| {
                let metric = registry.def(id);
                let (name, sink) = (metric.name.to_string(), sink.clone());
                let tags = TagSet::from_pairs([(self.tag.as_str(), value)]);
                Entry { metric, name, tags, sink, seen: true, thresholds: Vec::new() }
            };
            sinks.iter().map(entry).collect()
        };
        self.values.iter().map(|(value, sinks)| (value.to_string(), of(value, sinks))).collect()
    }
}
