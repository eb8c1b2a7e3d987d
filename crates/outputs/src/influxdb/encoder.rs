//! From samples to bodies of lines.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use plimsoll_metrics::{RawSample, Registry, SeriesId};

use super::{
    InfluxdbConfig, TagAsField, Transport,
    line::{Frame, push_value},
};
use crate::delivery::{Outbox, Payload, SampleEncoder, Spares};

/// Bytes of lines in one request: some thousand points, as InfluxDB's makers advise.
const BODY_SIZE: usize = 1024 * 1024;

/// Where one line can end beyond it, so that a body is not moved to grow.
const BODY_MARGIN: usize = 16 * 1024;

pub(super) struct LineEncoder {
    registry: Registry,
    tags_as_fields: Vec<TagAsField>,
    nanos_per_unit: u64,
    /// Lines beyond it begin the next body.
    body_size: usize,
    gzip: bool,
    /// By [`SeriesId`].
    frames: Vec<Option<Frame>>,
    body: String,
    /// Of bodies that are not compressed.
    spares: Spares,
    points: u64,
}

impl LineEncoder {
    pub(super) fn new(config: &InfluxdbConfig, registry: Registry) -> LineEncoder {
        let (body_size, gzip) = match config.transport {
            Transport::Http { gzip, .. } => (BODY_SIZE, gzip),
            Transport::Udp { payload_size, .. } => (payload_size, false),
        };
        LineEncoder {
            registry,
            tags_as_fields: config.tags_as_fields.clone(),
            nanos_per_unit: config.precision.nanos(),
            body_size,
            gzip,
            frames: Vec::new(),
            body: String::new(),
            spares: Spares::default(),
            points: 0,
        }
    }

    fn sample(&mut self, sample: &RawSample, outbox: &mut Outbox) {
        if !sample.value.is_finite() {
            return outbox.lose(1, "not finite");
        }
        let at = sample.series.0 as usize;
        if !matches!(self.frames.get(at), Some(Some(_))) {
            self.add_frame(sample.series);
        }
        let before = self.body.len();
        let Some(Some(frame)) = self.frames.get(at) else { return };
        self.body.push_str(&frame.head);
        push_value(&mut self.body, sample.value);
        self.body.push_str(&frame.tail);
        self.body.push_str(itoa::Buffer::new().format(sample.at.0 / self.nanos_per_unit));
        self.body.push('\n');
        if self.body.len() > self.body_size && before > 0 {
            let line = self.body.split_off(before);
            self.send(outbox);
            self.body.push_str(&line);
        }
        self.points += 1;
    }

    fn add_frame(&mut self, id: SeriesId) {
        let def = self.registry.series_def(id);
        let metric = self.registry.def(def.metric);
        let frame = Frame::new(&metric.name, &def.tags, &self.tags_as_fields);
        let at = id.0 as usize;
        if self.frames.len() <= at {
            self.frames.resize(at + 1, None);
        }
        if let Some(slot) = self.frames.get_mut(at) {
            *slot = Some(frame);
        }
    }

    fn send(&mut self, outbox: &mut Outbox) {
        if self.points == 0 {
            return;
        }
        let body = if self.gzip {
            let body = compress(&self.body);
            self.body.clear();
            body
        } else {
            let next = self.spares.take(self.body_size + BODY_MARGIN);
            // It is empty, and nothing is text.
            let next = String::from_utf8(next).unwrap_or_default();
            self.spares.lend(std::mem::replace(&mut self.body, next).into_bytes())
        };
        let points = std::mem::take(&mut self.points);
        outbox.push(Payload { body, points });
    }
}

impl SampleEncoder for LineEncoder {
    fn samples(&mut self, samples: &[RawSample], outbox: &mut Outbox) {
        samples.iter().for_each(|sample| self.sample(sample, outbox));
    }

    fn flush(&mut self, outbox: &mut Outbox) {
        self.send(outbox);
    }
}

/// As fast as it goes: lines repeat so much that more would gain little.
fn compress(text: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    Bytes::from(written.expect("a vector takes everything"))
}
