//! Every sample and event as a line of JSON.

use plimsoll_metrics::{Observation, Registry};
use plimsoll_outputs::format::number;
use plimsoll_runtime::clock::format_rfc3339;
use serde_json::{Map, Value, json};

/// Digits of a second.
const MILLIS: usize = 3;

pub(super) struct Json {
    registry: Registry,
}

impl Json {
    pub(super) fn new(registry: Registry) -> Json {
        Json { registry }
    }

    /// The lines of one observation.
    pub(super) fn add(&mut self, observation: &Observation) -> String {
        let mut text = String::new();
        for sample in &observation.samples {
            let def = self.registry.series_def(sample.series);
            let metric = self.registry.def(def.metric);
            let tags: Map<String, Value> =
                def.tags.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            let line = json!({
                "at": format_rfc3339(sample.at.0, MILLIS),
                "metric": &*metric.name,
                "kind": metric.kind.name(),
                "tags": tags,
                "value": number::json(sample.value),
            });
            text.push_str(&format!("{line}\n"));
        }
        for event in &observation.events {
            let at = format_rfc3339(event.at.0, MILLIS);
            let line = json!({ "at": at, "event": event.kind, "text": event.text });
            text.push_str(&format!("{line}\n"));
        }
        text
    }
}
