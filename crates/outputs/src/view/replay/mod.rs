//! A run record, played to whatever shows a run: the same calls that a run makes while it goes.

mod tail;

use std::{path::Path, time::Duration};

use hashbrown::HashMap;
use plimsoll_metrics::{
    Event, Interval, MetricDef, MetricId, Origin, Registry, SeriesDef, SeriesId, Timestamp, Totals,
    record::{self, End, Frame, Header, RecordError},
    threshold::{Threshold, ThresholdGroup, parse_key},
};
use serde_json::Value;

use crate::record::ReadError;
use tail::Tail;

/// A record without an end that was not written to for so long is that of a run that was killed: a
/// run writes every few seconds.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// What follows a run from its intervals.
pub(super) trait Follow {
    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals);
    fn event(&mut self, event: &Event);
    fn end(&mut self, end: &End);
}

/// A record and how far it was played.
pub(super) struct Replay {
    tail: Tail,
    header: Header,
    registry: Registry,
    /// The record's metrics in this registry; those that no registry takes are left out.
    metrics: Vec<Option<MetricId>>,
    series: HashMap<SeriesId, SeriesId>,
    thresholds: Option<Totals>,
    /// For intervals that are not the last: their thresholds would never be seen.
    none: Totals,
    /// Read and not yet passed on: a further frame may have more of the same interval.
    pending: Option<(Timestamp, Interval)>,
    started: Option<Timestamp>,
    stage: Stage,
}

/// How far a record goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its run goes on, or was killed a moment ago.
    Running,
    Ended,
    /// Its run was killed, or the record was cut or damaged: why.
    Cut(String),
}

impl Replay {
    /// Reads the beginning.
    ///
    /// # Errors
    /// When the file cannot be read or is no run record.
    pub(super) fn open(path: &Path) -> Result<Replay, ReadError> {
        let mut tail = Tail::open(path)?;
        let header = match tail.next()? {
            Some(Frame::Header(header)) => header,
            // Other first frames are errors.
            _ => return Err(RecordError::Truncated { offset: 0 }.into()),
        };
        let registry = Registry::new(record::SERIES_LIMIT);
        Ok(Replay {
            tail,
            header,
            none: Totals::new(registry.clone(), &[]),
            registry,
            metrics: Vec::new(),
            series: HashMap::new(),
            thresholds: None,
            pending: None,
            started: None,
            stage: Stage::Running,
        })
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Plays what is there and was not played, and says whether there may be more later.
    pub(super) fn advance(&mut self, to: &mut dyn Follow) -> Stage {
        while self.stage == Stage::Running {
            match self.tail.next() {
                Ok(Some(frame)) => self.frame(frame, to),
                Ok(None) => {
                    self.flush(true, to);
                    if self.is_silent() {
                        let why =
                            "the run record ends early: its writer was stopped, or it was cut";
                        self.stage = Stage::Cut(why.to_owned());
                    }
                    break;
                }
                Err(error) => {
                    self.flush(true, to);
                    self.stage = Stage::Cut(error.to_string());
                }
            }
        }
        self.stage.clone()
    }

    fn is_silent(&self) -> bool {
        let Some(modified) = self.tail.modified() else { return true };
        // A time in the future is as good as now.
        modified.elapsed().is_ok_and(|since| since > SILENCE_MAX)
    }

    fn frame(&mut self, frame: Frame, to: &mut dyn Follow) {
        match frame {
            Frame::Header(_) => {}
            Frame::Metric(def) => {
                let known = register(&self.registry, &def);
                self.metrics.push(known);
            }
            Frame::Series(def) => self.series(&def),
            Frame::Interval { at, interval } => self.interval(at, interval, to),
            // It has a time of its own, and what is pending may be the last interval: what is said of a
            // run as a whole comes before its end.
            Frame::Event { at, kind, text } => to.event(&Event { at, kind, text }),
            Frame::End(end) => {
                self.flush(true, to);
                to.end(&end);
                self.stage = Stage::Ended;
            }
        }
    }

    fn series(&mut self, def: &SeriesDef) {
        if let Some(Some(metric)) = self.metrics.get(def.metric.0 as usize) {
            self.series.insert(def.id, self.registry.series(*metric, &def.tags));
        }
    }

    fn interval(&mut self, at: Timestamp, mut interval: Interval, to: &mut dyn Follow) {
        let known = &self.series;
        interval.sinks.retain_mut(|(id, _)| match known.get(id) {
            Some(own) => {
                *id = *own;
                true
            }
            None => false,
        });
        match &mut self.pending {
            Some((same, pending)) if *same == at => pending.sinks.append(&mut interval.sinks),
            _ => {
                self.flush(false, to);
                self.pending = Some((at, interval));
            }
        }
    }

    /// Passes on what is pending.
    fn flush(&mut self, is_last: bool, to: &mut dyn Follow) {
        let Some((at, interval)) = self.pending.take() else { return };
        // By now every metric that a threshold may be about is known.
        let totals = self.thresholds.get_or_insert_with(|| {
            Totals::new(self.registry.clone(), &threshold_groups(&self.header.options))
        });
        let has_thresholds = totals.entries().iter().any(|entry| !entry.thresholds.is_empty());
        if has_thresholds {
            totals.absorb(&interval);
            // The record does not say when there was load; its end knows how windows were judged.
            totals.end_second(true);
        }
        let started = *self.started.get_or_insert(at);
        if is_last && has_thresholds {
            totals.evaluate(Duration::from_nanos(at.0.saturating_sub(started.0)));
        }
        let shown = if is_last { &*totals } else { &self.none };
        to.interval(at, &interval, shown);
    }
}

/// The metric of this registry that a record's metric is.
fn register(registry: &Registry, def: &MetricDef) -> Option<MetricId> {
    match def.origin {
        Origin::Watched => registry.watched_metric(&def.name, def.kind, def.contains),
        _ => registry.metric(&def.name, def.kind, def.contains),
    }
    .ok()
}

/// Thresholds in a record's options, in k6's shape: by key, texts or objects with one. An object may
/// have a `source` too, how the person wrote it. What makes no sense is left out; the end of the record
/// has the results all the same.
fn threshold_groups(options: &Value) -> Vec<ThresholdGroup> {
    let Some(Value::Object(groups)) = options.get("thresholds") else { return Vec::new() };
    let parse = |value: &Value| {
        let text = value.as_str().or_else(|| value.get("threshold")?.as_str())?;
        let mut threshold = Threshold::parse(text).ok()?;
        if let Some(source) = value.get("source").and_then(Value::as_str) {
            source.clone_into(&mut threshold.source);
        }
        Some(threshold)
    };
    groups
        .iter()
        .filter_map(|(key, list)| {
            let (metric, tags) = parse_key(key).ok()?;
            let thresholds = list.as_array()?.iter().filter_map(parse).collect();
            Some(ThresholdGroup { key: key.clone(), metric, tags, thresholds })
        })
        .collect()
}
