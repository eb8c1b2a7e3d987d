//! From readings to requests, on the delivery's thread.

use std::collections::BTreeMap;

use bytes::Bytes;
use plimsoll_metrics::{MetricKind, Registry, SeriesId};
use prost::Message;

use super::{
    config::Trends,
    message::{Histogram, Label, Sample, TimeSeries, WriteRequest},
};
use crate::{
    cumulative::is_level,
    delivery::{Encoder, Outbox, Payload},
    prometheus::names,
};

/// Series of one request: as many as Prometheus itself sends at once.
pub(super) const REQUEST_SERIES_LIMIT: usize = 2_000;

/// What marks the end of a series: Prometheus tells this NaN from all others.
const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

const NAME: &[u8] = b"__name__";

/// What the hub hands over.
pub(super) enum Batch {
    /// In the order of their first samples.
    Readings { timestamp: i64, readings: Vec<(SeriesId, Reading)> },
    /// Every series sent so far has ended.
    Ended { timestamp: i64 },
}

/// What one series amounts to.
pub(super) enum Reading {
    Value(f64),
    /// By statistic, in the order of the configuration.
    Statistics(Box<[f64]>),
    Native(Box<Histogram>),
}

pub(super) struct Requests {
    registry: Registry,
    trends: Trends,
    known: BTreeMap<SeriesId, Labels>,
}

/// What stays the same of a series.
struct Labels {
    /// With the name's value empty.
    labels: Vec<Label>,
    /// Where the name is.
    name_at: usize,
    /// One for each that is sent: of most a single one, of trends one for each statistic.
    names: Vec<Bytes>,
}

impl Requests {
    pub(super) fn new(registry: Registry, trends: Trends) -> Requests {
        Requests { registry, trends, known: BTreeMap::new() }
    }

    fn labels(&mut self, id: SeriesId) -> &Labels {
        let (registry, trends) = (&self.registry, &self.trends);
        self.known.entry(id).or_insert_with(|| Labels::of(registry, trends, id))
    }
}

impl Labels {
    fn of(registry: &Registry, trends: &Trends, id: SeriesId) -> Labels {
        let series = registry.series_def(id);
        let metric = registry.def(series.metric);
        let names = match (metric.kind, is_level(&metric), trends) {
            (MetricKind::Trend, false, Trends::Statistics(list)) => {
                list.iter().map(|one| names::statistic(&metric, &one.ending()).into()).collect()
            }
            _ => vec![names::name(&metric).into()],
        };
        let label = |name: String, value: &str| Label {
            name: name.into(),
            value: Bytes::copy_from_slice(value.as_bytes()),
        };
        let tags = names::labels(&series.tags);
        let mut labels: Vec<Label> =
            tags.into_iter().map(|(name, value)| label(name, value)).collect();
        let name_at = labels.partition_point(|label| *label.name < *NAME);
        labels.insert(name_at, Label { name: Bytes::from_static(NAME), value: Bytes::new() });
        Labels { labels, name_at, names }
    }

    /// The labels of the `at`th of its series.
    fn with_name(&self, at: usize) -> Vec<Label> {
        let mut labels = self.labels.clone();
        if let (Some(label), Some(name)) = (labels.get_mut(self.name_at), self.names.get(at)) {
            label.value = name.clone();
        }
        labels
    }
}

impl Encoder for Requests {
    type Item = Batch;

    fn encode(&mut self, batch: Batch, outbox: &mut Outbox) {
        let mut series = Vec::new();
        match batch {
            Batch::Readings { timestamp, readings } => {
                let sample = |value| vec![Sample { value, timestamp }];
                for (id, reading) in readings {
                    let known = self.labels(id);
                    let one = |at, samples| TimeSeries {
                        labels: known.with_name(at),
                        samples,
                        histograms: Vec::new(),
                    };
                    match reading {
                        Reading::Value(value) => series.push(one(0, sample(value))),
                        Reading::Statistics(values) => {
                            let values = values.iter().enumerate();
                            series.extend(values.map(|(at, value)| one(at, sample(*value))));
                        }
                        Reading::Native(histogram) => {
                            let histograms = vec![*histogram];
                            series.push(TimeSeries { histograms, ..one(0, Vec::new()) });
                        }
                    }
                    send_if_full(&mut series, outbox);
                }
            }
            Batch::Ended { timestamp } => {
                for known in self.known.values() {
                    series.extend((0..known.names.len()).map(|at| TimeSeries {
                        labels: known.with_name(at),
                        samples: vec![Sample { value: STALE, timestamp }],
                        histograms: Vec::new(),
                    }));
                    send_if_full(&mut series, outbox);
                }
            }
        }
        send(series, outbox);
    }

    fn flush(&mut self, _: &mut Outbox) {}
}

fn send_if_full(series: &mut Vec<TimeSeries>, outbox: &mut Outbox) {
    if series.len() >= REQUEST_SERIES_LIMIT {
        send(std::mem::take(series), outbox);
    }
}

fn send(series: Vec<TimeSeries>, outbox: &mut Outbox) {
    if series.is_empty() {
        return;
    }
    let points = series.len() as u64;
    let message = WriteRequest { timeseries: series }.encode_to_vec();
    match snap::raw::Encoder::new().compress_vec(&message) {
        Ok(body) => outbox.push(Payload { body: body.into(), points }),
        Err(_) => outbox.lose(points, "too large for a request"),
    }
}
