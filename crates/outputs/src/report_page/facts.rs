//! What Markdown needs of the JSON that pages get.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A value for each point, none where nothing was recorded.
pub(super) type Column = Vec<Option<f64>>;

#[derive(Debug, Deserialize)]
pub(super) struct Facts {
    pub(super) runs: Vec<Run>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Run {
    pub(super) name: String,
    /// Milliseconds since the Unix epoch.
    pub(super) started: u64,
    pub(super) tool: String,
    pub(super) layer: Layer,
    pub(super) live: bool,
    pub(super) end: Option<End>,
    pub(super) model: String,
    pub(super) totals: Totals,
    pub(super) load: Load,
    pub(super) latency: BTreeMap<String, Percentiles>,
    pub(super) errors: BTreeMap<String, Column>,
    /// Seconds per point.
    pub(super) interval: f64,
    pub(super) checks: Vec<Check>,
    pub(super) thresholds: Vec<Threshold>,
    pub(super) urls: Vec<Url>,
    pub(super) watched: Vec<Thing>,
    pub(super) events: Vec<Event>,
    pub(super) warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Layer {
    Script,
    Attack,
}

#[derive(Debug, Deserialize)]
pub(super) struct End {
    pub(super) reason: String,
    pub(super) duration_ms: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Totals {
    pub(super) seconds: f64,
    pub(super) requests: f64,
    pub(super) failed: f64,
    pub(super) iterations: f64,
    pub(super) dropped: f64,
    pub(super) data_sent: f64,
    pub(super) data_received: f64,
    pub(super) latency: BTreeMap<String, Distribution>,
}

/// Milliseconds.
#[derive(Debug, Deserialize)]
pub(super) struct Distribution {
    pub(super) mean: f64,
    pub(super) p50: f64,
    pub(super) p90: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

/// Per second.
#[derive(Debug, Deserialize)]
pub(super) struct Load {
    pub(super) asked: Column,
    pub(super) done: Column,
    pub(super) failed: Column,
    pub(super) dropped: Column,
    pub(super) vus: Column,
}

#[derive(Debug, Deserialize)]
pub(super) struct Percentiles {
    pub(super) p99: Column,
}

#[derive(Debug, Deserialize)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) passes: u64,
    pub(super) fails: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Threshold {
    pub(super) key: String,
    pub(super) expression: String,
    pub(super) ok: Option<bool>,
    pub(super) value: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Url {
    pub(super) name: String,
    pub(super) method: String,
    pub(super) count: f64,
    pub(super) failed: f64,
    pub(super) p50: Option<f64>,
    pub(super) p99: Option<f64>,
    pub(super) max: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Thing {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) host: String,
    pub(super) signals: Vec<Signal>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Signal {
    pub(super) metric: String,
    pub(super) unit: String,
    pub(super) label: String,
    pub(super) values: Column,
    pub(super) max_column: Option<Column>,
    pub(super) limit: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Event {
    /// Seconds since the start.
    pub(super) t: f64,
    pub(super) kind: String,
    pub(super) text: String,
}

/// The greatest value of a column.
pub(super) fn greatest(column: &[Option<f64>]) -> Option<f64> {
    column.iter().flatten().copied().reduce(f64::max)
}

/// Over the points that have a value.
pub(super) fn mean(column: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = column.iter().flatten().copied().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

impl Signal {
    /// Also between points.
    pub(super) fn greatest(&self) -> Option<f64> {
        greatest(self.max_column.as_deref().unwrap_or(&self.values))
    }
}

impl Layer {
    /// What ran at once.
    pub(super) fn users(self) -> &'static str {
        match self {
            Layer::Script => "VUs",
            Layer::Attack => "Workers",
        }
    }

    /// What the engine counts one by one.
    pub(super) fn iterations(self) -> &'static str {
        match self {
            Layer::Script => "Iterations",
            // Where each is one request, requests are counted already.
            Layer::Attack => "Pipelines",
        }
    }

    /// What found nobody to run it.
    pub(super) fn dropped(self) -> &'static str {
        match self {
            Layer::Script => "Dropped iterations",
            Layer::Attack => "Never sent",
        }
    }
}

impl Run {
    /// Why its numbers are not the service's.
    pub(super) fn doubts(&self) -> Vec<&str> {
        let invalid = self.events.iter().filter(|event| event.kind == "invalid");
        let mut doubts: Vec<&str> = Vec::new();
        let all = invalid.map(|event| &*event.text).chain(self.warnings.iter().map(|text| &**text));
        for doubt in all {
            if !doubts.contains(&doubt) {
                doubts.push(doubt);
            }
        }
        doubts
    }

    /// Response time where something was due, else service time, or iterations where they stand for it.
    pub(super) fn first_latency(&self) -> &'static str {
        let is_known = |kind: &&str| self.totals.latency.contains_key(*kind);
        ["response", "service", "iteration"].into_iter().find(is_known).unwrap_or("service")
    }
}
