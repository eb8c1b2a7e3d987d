//! Writing a run record.

use hashbrown::HashSet;
use serde::Serialize;

use super::{
    End, FRAME_LIMIT, Header, MAGIC, RecordError, VERSION, contains_code, kind, kind_code,
    origin_code,
};
use crate::{
    Timestamp,
    interval::Interval,
    registry::{MetricDef, Registry, SeriesDef, SeriesId},
    sink::Sink,
    varint::{put, put_bytes, put_f64},
};

/// Bytes after which an interval goes on in a further frame. With the largest possible histogram
/// behind it a frame stays below [`FRAME_LIMIT`].
const INTERVAL_SPLIT: usize = 4 << 20;

/// Bytes of an event's text that are kept.
pub const EVENT_TEXT_LIMIT: usize = 64 << 10;

/// Appends a record's frames to a vector, which the caller writes and empties when it likes.
#[derive(Debug)]
pub struct Encoder {
    registry: Registry,
    /// Metrics written so far: they are numbered in order.
    metrics: usize,
    series: HashSet<SeriesId>,
    /// The frame in the making, kept for its memory; likewise `histogram` and `order`.
    frame: Vec<u8>,
    histogram: Vec<u8>,
    order: Vec<usize>,
}

impl Encoder {
    /// Starts a record of the run whose metrics and series are in `registry`.
    ///
    /// # Errors
    /// [`RecordError::TooLong`] when the header is.
    pub fn new(
        registry: Registry,
        header: &Header,
        out: &mut Vec<u8>,
    ) -> Result<Encoder, RecordError> {
        let mut encoder = Encoder {
            registry,
            metrics: 0,
            series: HashSet::new(),
            frame: Vec::new(),
            histogram: Vec::new(),
            order: Vec::new(),
        };
        out.extend_from_slice(MAGIC);
        put(out, VERSION);
        encoder.json(header);
        encoder.flush(kind::HEADER, "a header", out)?;
        encoder.new_metrics(out)?;
        Ok(encoder)
    }

    /// Adds what was recorded up to `at`, and before it the metrics and series that are new.
    ///
    /// # Errors
    /// [`RecordError::TooLong`] when a series' tags are.
    pub fn interval(
        &mut self,
        at: Timestamp,
        interval: &Interval,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        self.new_metrics(out)?;
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.extend(0..interval.sinks.len());
        order.sort_unstable_by_key(|&at| interval.sinks.get(at).map(|(id, _)| *id));
        for (id, _) in order.iter().filter_map(|&at| interval.sinks.get(at)) {
            if self.series.insert(*id) {
                let def = self.registry.series_def(*id);
                self.series_def(&def);
                self.flush(kind::SERIES, "a series", out)?;
            }
        }
        put(&mut self.frame, at.0);
        let mut last = 0;
        for (id, sink) in order.iter().filter_map(|&at| interval.sinks.get(at)) {
            if self.frame.len() > INTERVAL_SPLIT {
                self.flush(kind::INTERVAL, "an interval", out)?;
                put(&mut self.frame, at.0);
                last = 0;
            }
            put(&mut self.frame, u64::from(id.0 - last));
            last = id.0;
            self.sink(sink);
        }
        self.order = order;
        self.flush(kind::INTERVAL, "an interval", out)
    }

    /// Adds something that happened. Of a longer text the first [`EVENT_TEXT_LIMIT`] bytes are kept.
    pub fn event(&mut self, at: Timestamp, event: &str, text: &str, out: &mut Vec<u8>) {
        put(&mut self.frame, at.0);
        for part in [event, text] {
            let kept = part.floor_char_boundary(EVENT_TEXT_LIMIT);
            put_bytes(&mut self.frame, part.get(..kept).unwrap_or_default().as_bytes());
        }
        let flushed = self.flush(kind::EVENT, "an event", out);
        debug_assert!(flushed.is_ok(), "both texts have been cut");
    }

    /// Ends the record.
    ///
    /// # Errors
    /// [`RecordError::TooLong`] when the list of thresholds is.
    pub fn end(mut self, end: &End, out: &mut Vec<u8>) -> Result<(), RecordError> {
        self.json(end);
        self.flush(kind::END, "an end", out)
    }

    fn new_metrics(&mut self, out: &mut Vec<u8>) -> Result<(), RecordError> {
        if self.registry.metrics_len() == self.metrics {
            return Ok(());
        }
        let metrics = self.registry.metrics();
        for def in metrics.iter().skip(self.metrics) {
            self.metric_def(def);
            self.flush(kind::METRIC, "a metric", out)?;
        }
        self.metrics = metrics.len();
        Ok(())
    }

    fn metric_def(&mut self, def: &MetricDef) {
        put_bytes(&mut self.frame, def.name.as_bytes());
        let codes = [kind_code(def.kind), contains_code(def.contains), origin_code(def.origin)];
        self.frame.extend(codes);
    }

    fn series_def(&mut self, def: &SeriesDef) {
        put(&mut self.frame, u64::from(def.id.0));
        put(&mut self.frame, u64::from(def.metric.0));
        put(&mut self.frame, def.tags.len() as u64);
        for (key, value) in def.tags.iter() {
            put_bytes(&mut self.frame, key.as_bytes());
            put_bytes(&mut self.frame, value.as_bytes());
        }
    }

    fn sink(&mut self, sink: &Sink) {
        let out = &mut self.frame;
        match sink {
            Sink::Counter { sum } => put_f64(out, *sum),
            Sink::Gauge { value, min, max, at, seen: _ } => {
                put_f64(out, *value);
                put_f64(out, *min);
                put_f64(out, *max);
                put(out, *at);
            }
            Sink::Rate { trues, total } => {
                put(out, *trues);
                put(out, *total);
            }
            Sink::Trend(histogram) => {
                self.histogram.clear();
                histogram.encode(&mut self.histogram);
                put_bytes(out, &self.histogram);
            }
        }
    }

    fn json(&mut self, value: &impl Serialize) {
        // Into memory and with string keys nothing can fail.
        let written = serde_json::to_writer(&mut self.frame, value);
        debug_assert!(written.is_ok(), "{written:?}");
    }

    /// Moves the frame in the making to `out`.
    fn flush(
        &mut self,
        kind: u8,
        what: &'static str,
        out: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let bytes = self.frame.len();
        if bytes <= FRAME_LIMIT {
            out.push(kind);
            put_bytes(out, &self.frame);
        }
        self.frame.clear();
        if bytes <= FRAME_LIMIT { Ok(()) } else { Err(RecordError::TooLong { what, bytes }) }
    }
}
