//! From readings to requests, on the delivery's thread.

use std::{
    collections::{BTreeMap, btree_map},
    io::Write,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use plimsoll_metrics::{Contains, MetricDef, MetricId, Registry, SeriesId, Timestamp};
use prost::Message;

use super::{
    config::{OtlpConfig, OtlpProtocol},
    grpc,
    message::{
        AnyValue, ExponentialHistogram, ExportMetricsServiceRequest, Gauge, Histogram, KeyValue,
        Metric, NumberDataPoint, Resource, ResourceMetrics, Scope, ScopeMetrics, Sum, Temporality,
    },
    point,
};
use crate::{
    cumulative::{Counts, Distribution, Value},
    delivery::{Encoder, Outbox, Payload},
};

/// Points of one request: receivers take 4 MB at once, and the largest points have about 2 kB.
pub(super) const REQUEST_POINTS_LIMIT: usize = 1_000;

/// The attribute that tells the two outcomes of a rate apart.
const CONDITION: &str = "condition";

/// What the hub hands over.
pub(super) struct Batch {
    pub(super) at: Timestamp,
    pub(super) readings: Vec<Reading>,
}

/// What one series amounts to.
pub(super) struct Reading {
    pub(super) metric: MetricId,
    pub(super) series: SeriesId,
    pub(super) start: Timestamp,
    pub(super) value: Value,
}

/// When a point's sum begins and ends.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
}

pub(super) struct Requests {
    registry: Registry,
    protocol: OtlpProtocol,
    is_compressed: bool,
    prefix: String,
    resource: Resource,
    temporality: Temporality,
    has_single_rate: bool,
    metrics: BTreeMap<MetricId, MetricDef>,
    attributes: BTreeMap<SeriesId, Vec<KeyValue>>,
}

/// What is gathered for the next request, and how many points that is.
#[derive(Default)]
struct Gathered {
    /// By name.
    metrics: BTreeMap<String, Metric>,
    points: usize,
}

impl Requests {
    pub(super) fn new(registry: Registry, config: &OtlpConfig) -> Requests {
        let attributes = config.attributes.iter().map(|(key, value)| attribute(key, value));
        Requests {
            registry,
            protocol: config.protocol,
            is_compressed: config.is_compressed,
            prefix: config.prefix.clone(),
            resource: Resource { attributes: attributes.collect() },
            temporality: if config.is_delta { Temporality::Delta } else { Temporality::Cumulative },
            has_single_rate: config.has_single_rate,
            metrics: BTreeMap::new(),
            attributes: BTreeMap::new(),
        }
    }

    fn gather(&mut self, reading: Reading, at: Timestamp, gathered: &mut Gathered) {
        let registry = &self.registry;
        let attributes = match self.attributes.entry(reading.series) {
            btree_map::Entry::Occupied(known) => known.get().clone(),
            btree_map::Entry::Vacant(new) => {
                let tags = registry.series_def(reading.series).tags;
                // To k6 an empty tag is none.
                let present = tags.iter().filter(|(_, value)| !value.is_empty());
                let all = present.map(|(key, value)| attribute(key, value)).collect();
                Vec::clone(new.insert(all))
            }
        };
        let metric = self.metrics.entry(reading.metric);
        let def = metric.or_insert_with(|| registry.def(reading.metric));
        let unit = match def.contains {
            Contains::Default => "",
            Contains::Time => "ms",
            Contains::Data => "By",
        };
        let mut placer = Placer {
            gathered,
            name: format!("{}{}", self.prefix, def.name),
            unit,
            span: Span { start: reading.start.0, end: at.0 },
            attributes,
            temporality: self.temporality,
        };
        match reading.value {
            Value::Counter(value) => placer.sum("", point::double(value)),
            Value::Gauge(value) => placer.gauge(value),
            Value::Rate { trues, total } if self.has_single_rate => {
                for (condition, count) in [("nonzero", trues), ("zero", total - trues)] {
                    placer.count_of(condition, count);
                }
            }
            Value::Rate { trues, total } => {
                if trues > 0 {
                    placer.sum(".occurred", point::int(trues));
                }
                placer.sum(".total", point::int(total));
            }
            Value::Trend(values) => placer.distribution(&values),
        }
    }

    fn send(&self, gathered: Gathered, outbox: &mut Outbox) {
        if gathered.points == 0 {
            return;
        }
        let scope = Scope { name: Bytes::from_static(b"k6") };
        let metrics = gathered.metrics.into_values().collect();
        let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics }];
        let resource = Some(self.resource.clone());
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics { resource, scope_metrics }],
        };
        let mut body = request.encode_to_vec();
        if self.is_compressed {
            body = gzip(&body);
        }
        if self.protocol == OtlpProtocol::Grpc {
            body = grpc::frame(&body, self.is_compressed);
        }
        outbox.push(Payload { body: body.into(), points: gathered.points as u64 });
    }
}

impl Encoder for Requests {
    type Item = Batch;

    fn encode(&mut self, batch: Batch, outbox: &mut Outbox) {
        let mut gathered = Gathered::default();
        for reading in batch.readings {
            self.gather(reading, batch.at, &mut gathered);
            if gathered.points >= REQUEST_POINTS_LIMIT {
                self.send(std::mem::take(&mut gathered), outbox);
            }
        }
        self.send(gathered, outbox);
    }

    fn flush(&mut self, _: &mut Outbox) {}
}

/// Puts one reading into its metrics.
struct Placer<'a> {
    gathered: &'a mut Gathered,
    name: String,
    unit: &'static str,
    span: Span,
    attributes: Vec<KeyValue>,
    temporality: Temporality,
}

impl Placer<'_> {
    fn metric(&mut self, ending: &str) -> &mut Metric {
        self.gathered.points += 1;
        let name = format!("{}{ending}", self.name);
        self.gathered.metrics.entry(name.clone()).or_insert_with(|| Metric {
            name: name.into(),
            unit: Bytes::from_static(self.unit.as_bytes()),
            ..Metric::default()
        })
    }

    fn sum(&mut self, ending: &str, value: NumberDataPoint) {
        let point = point::number(value, self.span, self.attributes.clone());
        let temporality = self.temporality as i32;
        let sum = self.metric(ending).sum.get_or_insert_with(|| Sum {
            data_points: Vec::new(),
            aggregation_temporality: temporality,
            is_monotonic: true,
        });
        sum.data_points.push(point);
    }

    fn count_of(&mut self, condition: &str, count: u64) {
        if count > 0 {
            self.attributes.push(attribute(CONDITION, condition));
            self.sum("", point::int(count));
            self.attributes.pop();
        }
    }

    fn gauge(&mut self, value: f64) {
        let attributes = std::mem::take(&mut self.attributes);
        let point = point::number(point::double(value), self.span, attributes);
        self.metric("").gauge.get_or_insert_with(Gauge::default).data_points.push(point);
    }

    fn distribution(&mut self, values: &Distribution) {
        let attributes = std::mem::take(&mut self.attributes);
        let (span, temporality) = (self.span, self.temporality as i32);
        let metric = self.metric("");
        match values.counts() {
            Counts::Explicit { bounds, counts } => {
                let histogram = metric.histogram.get_or_insert_with(|| Histogram {
                    data_points: Vec::new(),
                    aggregation_temporality: temporality,
                });
                let point = point::explicit(values, (bounds, counts), span, attributes);
                histogram.data_points.push(point);
            }
            Counts::Exponential(buckets) => {
                let histogram =
                    metric.exponential_histogram.get_or_insert_with(|| ExponentialHistogram {
                        data_points: Vec::new(),
                        aggregation_temporality: temporality,
                    });
                let point = point::exponential(values, buckets, span, attributes);
                histogram.data_points.push(point);
            }
        }
    }
}

fn attribute(key: &str, value: &str) -> KeyValue {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    KeyValue { key: bytes(key), value: Some(AnyValue { string_value: Some(bytes(value)) }) }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to a vector cannot fail.
    encoder.write_all(bytes).ok();
    encoder.finish().unwrap_or_default()
}
