//! `--out json`: one JSON object per line, as k6 writes them.
//!
//! A `Metric` line introduces each metric before the first `Point` line with one of its samples.

mod text;

use std::collections::HashSet;

use plimsoll_metrics::{
    Builtin, Contains, MetricDef, MetricId, MetricKind, Origin, RawSample, Registry, SeriesId,
    TagSet, threshold::ThresholdGroup,
};
use plimsoll_runtime::log::Log;

use crate::{
    OutputError,
    format::{
        number,
        time::{Fraction, LocalTime},
    },
    sample_writer::{LineFormat, SampleWriter},
    target::{Sink, Target},
};
use text::{push_string, push_tags};

/// What the lines need to know of a run.
#[derive(Clone)]
pub struct JsonConfig {
    pub registry: Registry,
    pub thresholds: Vec<ThresholdGroup>,
    /// Whether samples have the system tag `expected_response`, so that there is a sub-metric for it.
    pub has_expected_response: bool,
}

/// Opens `target` and starts to follow a run.
///
/// # Errors
/// When the target cannot be opened.
pub fn start(target: &Target, config: JsonConfig, log: Log) -> Result<SampleWriter, OutputError> {
    let sink = target.open().map_err(|error| OutputError {
        message: format!("could not create the 'json' output: open {}: {error}", target.name()),
    })?;
    start_on(describe(target), sink, config, log)
}

fn start_on(
    description: String,
    sink: Sink,
    config: JsonConfig,
    log: Log,
) -> Result<SampleWriter, OutputError> {
    let lines =
        Lines { config, series: Vec::new(), known: HashSet::new(), time: LocalTime::default() };
    SampleWriter::start(description, sink, lines, log)
}

fn describe(target: &Target) -> String {
    match target {
        Target::Stdout => "json(stdout)".to_owned(),
        Target::File(path) => format!("json ({})", path.display()),
    }
}

struct Lines {
    config: JsonConfig,
    /// By [`SeriesId`].
    series: Vec<Option<Series>>,
    /// Metrics that were introduced.
    known: HashSet<MetricId>,
    time: LocalTime,
}

/// The parts of a series' lines that are the same for all its samples.
#[derive(Clone)]
struct Series {
    /// Up to the time; none for metrics that k6 does not have.
    head: Option<Box<str>>,
    /// `,"tags":{...}`
    tags: Box<str>,
}

impl LineFormat for Lines {
    fn header(&mut self, _text: &mut String) {}

    fn sample(&mut self, text: &mut String, sample: &RawSample) -> bool {
        let at = sample.series.0 as usize;
        if !matches!(self.series.get(at), Some(Some(_))) {
            self.add_series(text, sample.series);
        }
        let Some(Some(series)) = self.series.get(at) else { return false };
        let Some(head) = &series.head else { return false };
        text.push_str(head);
        self.time.push(text, sample.at.0, Fraction::Nanos);
        text.push_str("\",\"value\":");
        number::push_sample(text, sample.value);
        text.push_str(&series.tags);
        if let Some(metadata) = sample.metadata.as_ref().filter(|metadata| !metadata.is_empty()) {
            text.push_str(",\"metadata\":");
            push_tags(text, metadata);
        }
        text.push_str("}}\n");
        true
    }
}

impl Lines {
    /// Prepares the lines of a series, and introduces its metric when it is the first one.
    fn add_series(&mut self, text: &mut String, id: SeriesId) {
        let def = self.config.registry.series_def(id);
        let metric = self.config.registry.def(def.metric);
        let is_ours = metric.origin == Origin::Own;
        if !is_ours && self.known.insert(metric.id) {
            push_metric(text, &metric, &self.config);
        }
        let head = (!is_ours).then(|| {
            let mut head = "{\"metric\":".to_owned();
            push_string(&mut head, &metric.name);
            head.push_str(",\"type\":\"Point\",\"data\":{\"time\":\"");
            head.into()
        });
        let mut tags = ",\"tags\":".to_owned();
        push_tags(&mut tags, &def.tags);
        let at = id.0 as usize;
        if self.series.len() <= at {
            self.series.resize(at + 1, None);
        }
        if let Some(slot) = self.series.get_mut(at) {
            *slot = Some(Series { head, tags: tags.into() });
        }
    }
}

fn push_metric(text: &mut String, metric: &MetricDef, config: &JsonConfig) {
    let kind = match metric.kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Rate => "rate",
        MetricKind::Trend => "trend",
    };
    let contains = match metric.contains {
        Contains::Default => "default",
        Contains::Time => "time",
        Contains::Data => "data",
    };
    text.push_str("{\"type\":\"Metric\",\"data\":{\"name\":");
    push_string(text, &metric.name);
    text.push_str(&format!(",\"type\":\"{kind}\",\"contains\":\"{contains}\",\"thresholds\":["));
    let groups = config.thresholds.iter().filter(|group| *group.metric == *metric.name);
    let own = groups.clone().filter(|group| group.key == *metric.name);
    for (at, threshold) in own.flat_map(|group| &group.thresholds).enumerate() {
        text.push_str(if at == 0 { "" } else { "," });
        // Unlike all other texts, with `<` and `>` as they are.
        text.push_str(&serde_json::Value::from(&*threshold.source).to_string());
    }
    text.push_str("],\"submetrics\":");
    let mut subs: Vec<(&str, TagSet)> = groups
        .filter(|group| group.key != *metric.name)
        .map(|group| (&*group.key, group.tags.clone()))
        .collect();
    const EXPECTED: &str = "http_req_duration{expected_response:true}";
    let has_expected = metric.id == Builtin::HttpReqDuration.id() && config.has_expected_response;
    if has_expected && subs.iter().all(|(key, _)| *key != EXPECTED) {
        subs.push((EXPECTED, TagSet::from_pairs([("expected_response", "true")])));
    }
    push_sub_metrics(text, &metric.name, &subs);
    text.push_str("},\"metric\":");
    push_string(text, &metric.name);
    text.push_str("}\n");
}

fn push_sub_metrics(text: &mut String, metric: &str, subs: &[(&str, TagSet)]) {
    if subs.is_empty() {
        text.push_str("null");
        return;
    }
    text.push('[');
    for (at, (key, tags)) in subs.iter().enumerate() {
        text.push_str(if at == 0 { "{\"name\":" } else { ",{\"name\":" });
        push_string(text, key);
        text.push_str(",\"suffix\":");
        let suffix = key.strip_prefix(metric).unwrap_or(key);
        let suffix = suffix.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        push_string(text, suffix.unwrap_or_default());
        text.push_str(",\"tags\":");
        push_tags(text, tags);
        text.push('}');
    }
    text.push(']');
}

#[cfg(test)]
mod tests;
