//! Reading a run record.

use std::sync::Arc;

use hashbrown::HashMap;
use serde::de::DeserializeOwned;

use super::{
    End, FRAME_LIMIT, Frame, Header, MAGIC, RecordError, VERSION, contains_from, kind, kind_from,
    origin_from,
};
use crate::{
    Timestamp,
    builtin::Builtin,
    histogram::Histogram,
    interval::Interval,
    registry::{METRICS_LIMIT, MetricDef, MetricId, MetricKind, Origin, SeriesDef, SeriesId},
    sink::Sink,
    tags::TagSet,
    varint::Reader,
};

/// Series of one record: far more than a run makes.
pub const SERIES_LIMIT: usize = 1 << 20;

/// Tags of one series.
pub const TAGS_LIMIT: u64 = 1 << 12;

/// Longest beginning of a frame: its kind and length.
const PREFIX_LIMIT: usize = 11;

/// Gives the frames of a record that is fed in pieces. After an error it gives the same error again.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that have been taken.
    taken: usize,
    /// Bytes of the record before `buffer`.
    before: u64,
    stage: Stage,
    metrics: Vec<MetricKind>,
    series: HashMap<SeriesId, MetricKind>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Magic,
    Header,
    Frames,
    Ended,
}

/// What is wrong with a frame; becomes [`RecordError::Corrupt`].
type Wrong = &'static str;

impl Decoder {
    pub fn new() -> Decoder {
        Decoder::default()
    }

    /// Adds the next bytes. Take all frames before adding more, then memory is at most that of one
    /// frame and one piece.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.taken);
        self.before += self.taken as u64;
        self.taken = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, `None` when it is not there as a whole.
    ///
    /// # Errors
    /// When the bytes are no record, from a newer program, or damaged.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, RecordError> {
        if self.stage == Stage::Magic && !self.start()? {
            return Ok(None);
        }
        loop {
            let rest = self.buffer.get(self.taken..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(None);
            }
            if self.stage == Stage::Ended {
                return Err(self.corrupt("bytes behind its end"));
            }
            let mut reader = Reader::new(rest);
            let (Some(kind), Some(len)) = (reader.byte(), reader.varint()) else {
                if rest.len() < PREFIX_LIMIT {
                    return Ok(None);
                }
                return Err(self.corrupt("a frame without length"));
            };
            if len > FRAME_LIMIT as u64 {
                return Err(self.corrupt("a frame that is too long"));
            }
            let Some(content) = reader.take(len as usize) else { return Ok(None) };
            let next = self.taken + rest.len() - reader.remaining();
            let frame = self.frame(kind, content);
            let (frame, known) = frame.map_err(|wrong| self.corrupt(wrong))?;
            known.remember(self);
            self.taken = next;
            if frame.is_some() {
                return Ok(frame);
            }
        }
    }

    /// Checks that the record is complete; to be asked when all its bytes were fed and taken.
    ///
    /// # Errors
    /// [`RecordError::Truncated`] when it is not; the frames given so far are good.
    pub fn finish(&self) -> Result<(), RecordError> {
        match self.stage {
            Stage::Ended => Ok(()),
            Stage::Magic if self.buffer.is_empty() => Err(RecordError::NotARecord),
            _ => Err(RecordError::Truncated { offset: self.before + self.buffer.len() as u64 }),
        }
    }

    fn corrupt(&self, what: Wrong) -> RecordError {
        RecordError::Corrupt { what: what.to_owned(), offset: self.before + self.taken as u64 }
    }

    /// Takes magic and version; false when they are not there yet.
    fn start(&mut self) -> Result<bool, RecordError> {
        let seen = self.buffer.len().min(MAGIC.len());
        if self.buffer.get(..seen) != MAGIC.get(..seen) {
            return Err(RecordError::NotARecord);
        }
        let mut reader = Reader::new(self.buffer.get(seen..).unwrap_or_default());
        let Some(version) = reader.varint() else {
            let complete = self.buffer.len() >= MAGIC.len() + PREFIX_LIMIT;
            return if complete { Err(self.corrupt("no version")) } else { Ok(false) };
        };
        if version > VERSION {
            return Err(RecordError::NewerVersion { found: version });
        }
        if version == 0 {
            return Err(self.corrupt("no version"));
        }
        self.taken = self.buffer.len() - reader.remaining();
        self.stage = Stage::Header;
        Ok(true)
    }

    /// Reads a frame, `None` when it is of a kind to be skipped, and what later frames need of it.
    fn frame(&self, kind: u8, content: &[u8]) -> Result<(Option<Frame>, Known), Wrong> {
        if (kind == kind::HEADER) != (self.stage == Stage::Header) {
            return Err("the header is not its first frame");
        }
        let mut reader = Reader::new(content);
        let frame = match kind {
            kind::HEADER => {
                let header: Header = json(content, "a header that makes no sense")?;
                return Ok((Some(Frame::Header(header)), Known::Stage(Stage::Frames)));
            }
            kind::END => {
                let end: End = json(content, "an end that makes no sense")?;
                return Ok((Some(Frame::End(end)), Known::Stage(Stage::Ended)));
            }
            kind::OPTIONAL_KIND.. => return Ok((None, Known::Nothing)),
            kind::METRIC => {
                let def = self.metric(&mut reader)?;
                (Frame::Metric(def.clone()), Known::Metric(def.kind))
            }
            kind::SERIES => {
                let (def, kind) = self.series(&mut reader)?;
                let id = def.id;
                (Frame::Series(def), Known::Series(id, kind))
            }
            kind::INTERVAL => (self.interval(&mut reader)?, Known::Nothing),
            kind::EVENT => {
                let event = "an event that makes no sense";
                let at = Timestamp(reader.varint().ok_or(event)?);
                let kind = reader.text().ok_or(event)?.to_owned();
                let text = reader.text().ok_or(event)?.to_owned();
                (Frame::Event { at, kind, text }, Known::Nothing)
            }
            _ => return Err("a frame of unknown kind"),
        };
        if reader.remaining() > 0 {
            return Err("a frame with bytes behind its content");
        }
        Ok((Some(frame.0), frame.1))
    }

    fn metric(&self, reader: &mut Reader<'_>) -> Result<MetricDef, Wrong> {
        let wrong = "a metric that makes no sense";
        if self.metrics.len() >= METRICS_LIMIT {
            return Err("too many metrics");
        }
        let id = MetricId(self.metrics.len() as u32);
        let name: Arc<str> = reader.text().ok_or(wrong)?.into();
        let kind = reader.byte().and_then(kind_from).ok_or(wrong)?;
        let contains = reader.byte().and_then(contains_from).ok_or(wrong)?;
        let origin = match reader.byte() {
            Some(code) => origin_from(code).ok_or(wrong)?,
            None => known_origin(&name),
        };
        Ok(MetricDef { id, name, kind, contains, origin })
    }

    fn series(&self, reader: &mut Reader<'_>) -> Result<(SeriesDef, MetricKind), Wrong> {
        let wrong = "a series that makes no sense";
        let mut number = || reader.varint().and_then(|value| u32::try_from(value).ok());
        let id = SeriesId(number().ok_or(wrong)?);
        let metric = MetricId(number().ok_or(wrong)?);
        let kind = *self.metrics.get(metric.0 as usize).ok_or("a series of an unknown metric")?;
        if self.series.contains_key(&id) {
            return Err("a series that is there twice");
        }
        if self.series.len() >= SERIES_LIMIT {
            return Err("too many series");
        }
        let len = reader.varint().filter(|&len| len <= TAGS_LIMIT).ok_or("too many tags")?;
        let mut tags = Vec::new();
        for _ in 0..len {
            tags.push((reader.text().ok_or(wrong)?, reader.text().ok_or(wrong)?));
        }
        Ok((SeriesDef { id, metric, tags: TagSet::from_pairs(tags) }, kind))
    }

    fn interval(&self, reader: &mut Reader<'_>) -> Result<Frame, Wrong> {
        let at = Timestamp(reader.varint().ok_or("an interval without time")?);
        let mut sinks: Vec<(SeriesId, Sink)> = Vec::new();
        while reader.remaining() > 0 {
            let step = reader.varint().and_then(|step| u32::try_from(step).ok());
            let last = sinks.last().map(|(id, _)| id.0);
            let id = step
                .filter(|&step| step > 0 || last.is_none())
                .and_then(|step| last.unwrap_or(0).checked_add(step))
                .ok_or("series of an interval out of order")?;
            let kind = self.series.get(&SeriesId(id)).ok_or("an interval of an unknown series")?;
            sinks.push((SeriesId(id), sink(*kind, reader)?));
        }
        Ok(Frame::Interval { at, interval: Interval { sinks } })
    }
}

/// What later frames need to know of a frame.
enum Known {
    Nothing,
    Stage(Stage),
    Metric(MetricKind),
    Series(SeriesId, MetricKind),
}

impl Known {
    fn remember(self, decoder: &mut Decoder) {
        match self {
            Known::Nothing => {}
            Known::Stage(stage) => decoder.stage = stage,
            Known::Metric(kind) => decoder.metrics.push(kind),
            Known::Series(id, kind) => {
                decoder.series.insert(id, kind);
            }
        }
    }
}

/// Of a metric in a record from before origins were written.
fn known_origin(name: &str) -> Origin {
    match Builtin::ALL.iter().find(|builtin| builtin.name() == name) {
        Some(builtin) if builtin.is_k6() => Origin::Load,
        Some(_) => Origin::Own,
        None => Origin::Custom,
    }
}

fn json<T: DeserializeOwned>(content: &[u8], wrong: Wrong) -> Result<T, Wrong> {
    serde_json::from_slice(content).map_err(|_| wrong)
}

fn sink(kind: MetricKind, reader: &mut Reader<'_>) -> Result<Sink, Wrong> {
    read_sink(kind, reader).ok_or("a sink that makes no sense")
}

fn read_sink(kind: MetricKind, reader: &mut Reader<'_>) -> Option<Sink> {
    Some(match kind {
        MetricKind::Counter => Sink::Counter { sum: reader.f64()? },
        MetricKind::Gauge => {
            let (value, min, max) = (reader.f64()?, reader.f64()?, reader.f64()?);
            Sink::Gauge { value, min, max, at: reader.varint()?, seen: true }
        }
        MetricKind::Rate => {
            let (trues, total) = (reader.varint()?, reader.varint()?);
            if trues > total {
                return None;
            }
            Sink::Rate { trues, total }
        }
        MetricKind::Trend => Sink::Trend(Histogram::decode(reader.bytes()?).ok()?),
    })
}
