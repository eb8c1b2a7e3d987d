//! Rows of tables, classes of errors, events.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    super::{point::RANKS, tables},
    Part,
    load::PERCENTILES,
    number::{Number, Values},
};

pub(super) struct End<'a>(pub(super) &'a plimsoll_metrics::record::End);

impl Serialize for End<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("reason", &self.0.reason)?;
        map.serialize_entry("duration_ms", &Number(self.0.duration_ms))?;
        map.end()
    }
}

pub(super) struct Errors<'a>(pub(super) &'a Part<'a>);

impl Serialize for Errors<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Part { model, range } = self.0;
        let points = model.timeline.points();
        let mut map = to.serialize_map(None)?;
        for (class, track) in &model.errors {
            let value = |at: usize| points.get(at)?.per_second(track.get(at) as f64);
            map.serialize_entry(class, &Values { range: range.clone(), value })?;
        }
        map.end()
    }
}

pub(super) struct Check<'a>(pub(super) &'a (String, u64, u64));

impl Serialize for Check<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (name, passes, fails) = self.0;
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("name", name)?;
        map.serialize_entry("passes", passes)?;
        map.serialize_entry("fails", fails)?;
        map.end()
    }
}

pub(super) struct Verdict<'a>(pub(super) &'a crate::view::digest::Verdict);

impl Serialize for Verdict<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(4))?;
        map.serialize_entry("key", &self.0.key)?;
        map.serialize_entry("expression", &self.0.expression)?;
        map.serialize_entry("ok", &self.0.ok)?;
        map.serialize_entry("value", &self.0.value.map(Number))?;
        map.end()
    }
}

pub(super) struct Url<'a> {
    pub(super) url: &'a tables::Url,
    /// Seconds.
    pub(super) elapsed: f64,
}

impl Serialize for Url<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Url { url, elapsed } = *self;
        let rate = if elapsed > 0.0 { url.count as f64 / elapsed } else { 0.0 };
        let percentiles = url.times.percentiles(RANKS);
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("name", &url.name)?;
        map.serialize_entry("method", &url.method)?;
        map.serialize_entry("count", &url.count)?;
        map.serialize_entry("failed", &url.failed)?;
        map.serialize_entry("rate", &Number(rate))?;
        map.serialize_entry("mean", &url.times.mean().map(Number))?;
        for (at, name) in PERCENTILES.iter().enumerate() {
            map.serialize_entry(name, &percentiles.map(|values| Number(values[at])))?;
        }
        map.serialize_entry("max", &url.times.max().map(Number))?;
        map.end()
    }
}

pub(super) struct Event<'a> {
    pub(super) event: &'a plimsoll_metrics::Event,
    pub(super) start: u64,
}

impl Serialize for Event<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(3))?;
        let t = (self.event.at.0 as f64 - self.start as f64) / 1e9;
        map.serialize_entry("t", &Number(t))?;
        map.serialize_entry("kind", &self.event.kind)?;
        map.serialize_entry("text", &self.event.text)?;
        map.end()
    }
}
