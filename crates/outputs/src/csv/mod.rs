//! `--out csv`: one row per sample, with k6's columns.

mod config;

use plimsoll_metrics::{Origin, RawSample, Registry, SeriesId, TagSet};
use plimsoll_runtime::log::Log;

pub use config::{CsvConfig, CsvConfigError, TimeFormat};

use crate::{
    OutputError,
    format::time::{Fraction, LocalTime},
    sample_writer::{LineFormat, SampleWriter},
    target::{Sink, Target},
};

/// System tags that are no columns: they are metadata of samples.
const METADATA: [&str; 2] = ["vu", "iter"];

/// Opens the file that `config` names and starts to follow a run.
///
/// `system_tags` are those that samples may have; each is a column.
///
/// # Errors
/// When the target cannot be opened.
pub fn start(
    config: &CsvConfig,
    system_tags: &[String],
    registry: Registry,
    log: Log,
) -> Result<SampleWriter, OutputError> {
    let sink = config.target.open().map_err(|error| OutputError {
        message: format!(
            "could not create the 'csv' output: open {}: {error}",
            config.target.name()
        ),
    })?;
    start_on(config, sink, system_tags, registry, log)
}

fn start_on(
    config: &CsvConfig,
    sink: Sink,
    system_tags: &[String],
    registry: Registry,
    log: Log,
) -> Result<SampleWriter, OutputError> {
    let mut columns: Vec<String> =
        system_tags.iter().filter(|tag| !METADATA.contains(&tag.as_str())).cloned().collect();
    columns.sort_unstable();
    columns.dedup();
    let rows = Rows {
        registry,
        columns,
        time_format: config.time_format,
        time: LocalTime::default(),
        series: Vec::new(),
    };
    SampleWriter::start(describe(&config.target), sink, rows, log)
}

fn describe(target: &Target) -> String {
    match target {
        Target::Stdout => "csv (-)".to_owned(),
        Target::File(path) => format!("csv ({})", path.display()),
    }
}

struct Rows {
    registry: Registry,
    columns: Vec<String>,
    time_format: TimeFormat,
    time: LocalTime,
    /// By [`SeriesId`].
    series: Vec<Option<Series>>,
}

/// The parts of a series' rows that are the same for all its samples.
#[derive(Clone)]
struct Series {
    /// The metric's name; none for metrics that k6 does not have.
    name: Option<Box<str>>,
    /// From the first tag to the extra tags.
    tags: Box<str>,
}

impl LineFormat for Rows {
    fn header(&mut self, text: &mut String) {
        text.push_str("metric_name,timestamp,metric_value,");
        for column in &self.columns {
            push_field(text, column);
            text.push(',');
        }
        text.push_str("extra_tags,metadata\n");
    }

    fn sample(&mut self, text: &mut String, sample: &RawSample) -> bool {
        let at = sample.series.0 as usize;
        if !matches!(self.series.get(at), Some(Some(_))) {
            self.add_series(sample.series);
        }
        let Some(Some(series)) = self.series.get(at) else { return false };
        let Some(name) = &series.name else { return false };
        text.push_str(name);
        text.push(',');
        let nanos = sample.at.0;
        let mut integer = |value| text.push_str(itoa::Buffer::new().format(value));
        match self.time_format {
            TimeFormat::Unix => integer(nanos / 1_000_000_000),
            TimeFormat::UnixMilli => integer(nanos / 1_000_000),
            TimeFormat::UnixMicro => integer(nanos / 1_000),
            TimeFormat::UnixNano => integer(nanos),
            TimeFormat::Rfc3339 => self.time.push(text, nanos, Fraction::None),
            TimeFormat::Rfc3339Nano => self.time.push(text, nanos, Fraction::Nanos),
        }
        text.push(',');
        push_value(text, sample.value);
        text.push_str(&series.tags);
        if let Some(metadata) = sample.metadata.as_ref().filter(|metadata| !metadata.is_empty()) {
            push_field(text, &pairs(metadata, &[]));
        }
        text.push('\n');
        true
    }
}

impl Rows {
    fn add_series(&mut self, id: SeriesId) {
        let def = self.registry.series_def(id);
        let metric = self.registry.def(def.metric);
        let is_ours = metric.origin == Origin::Own;
        let mut tags = ",".to_owned();
        for column in &self.columns {
            push_field(&mut tags, def.tags.get(column).unwrap_or_default());
            tags.push(',');
        }
        push_field(&mut tags, &pairs(&def.tags, &self.columns));
        tags.push(',');
        let at = id.0 as usize;
        if self.series.len() <= at {
            self.series.resize(at + 1, None);
        }
        if let Some(slot) = self.series.get_mut(at) {
            let name = (!is_ours).then(|| (&*metric.name).into());
            *slot = Some(Series { name, tags: tags.into() });
        }
    }
}

/// `a=1&b=2` of the tags that are not among `except`.
fn pairs(tags: &TagSet, except: &[String]) -> String {
    let extra = tags.iter().filter(|(key, _)| except.iter().all(|column| column != key));
    extra.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
}

/// Six decimals.
fn push_value(text: &mut String, value: f64) {
    if value == value.trunc() && value.abs() < 1e15 && (value != 0.0 || value.is_sign_positive()) {
        text.push_str(itoa::Buffer::new().format(value as i64));
        text.push_str(".000000");
    } else {
        text.push_str(&format!("{value:.6}"));
    }
}

/// Appends a field, quoted where Go's `encoding/csv` would.
fn push_field(text: &mut String, field: &str) {
    let needs_quotes = field.contains(['"', ',', '\r', '\n'])
        || field.starts_with(char::is_whitespace)
        || field == "\\.";
    if needs_quotes {
        text.push('"');
        text.push_str(&field.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(field);
    }
}

#[cfg(test)]
mod tests;
