//! `--out json` read back: metrics and samples as both tools write them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A metric as an output of samples shows it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Metric {
    pub kind: String,
    pub contains: String,
    pub samples: usize,
    /// Every distinct set of tags, as `key=value` joined by commas.
    pub tag_sets: BTreeSet<String>,
}

/// Reads the lines of `--out json`. `mask` replaces values that differ from run to run.
pub fn read(lines: &str, mask: &dyn Fn(&str, &str) -> String) -> BTreeMap<String, Metric> {
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    for line in lines.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let name = value["metric"].as_str().expect("a line names its metric").to_owned();
        let metric = metrics.entry(name).or_default();
        if value["type"] == "Metric" {
            metric.kind = value["data"]["type"].as_str().unwrap_or_default().to_owned();
            metric.contains = value["data"]["contains"].as_str().unwrap_or_default().to_owned();
            continue;
        }
        metric.samples += 1;
        let tags = value["data"]["tags"].as_object().cloned().unwrap_or_default();
        let pairs: BTreeMap<String, String> = tags
            .iter()
            .map(|(key, value)| (key.clone(), mask(key, value.as_str().unwrap_or_default())))
            .collect();
        let text: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
        metric.tag_sets.insert(text.join(","));
    }
    metrics
}
