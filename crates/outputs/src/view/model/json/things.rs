//! What is watched, by thing.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    super::Watched,
    Part,
    number::{Number, Values, list},
};
use crate::view::digest::Cell;

pub(super) struct Things<'a>(pub(super) &'a Part<'a>);

impl Serialize for Things<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let part = self.0;
        let mut shown: Vec<&Watched> =
            part.model.watched.iter().filter(|watched| watched.track.has_any()).collect();
        shown.sort_by(|a, b| (&a.thing, &a.signal.id).cmp(&(&b.thing, &b.signal.id)));
        let things = shown.chunk_by(|a, b| a.thing == b.thing);
        to.collect_seq(things.map(|signals| Thing { part, signals }))
    }
}

/// Signals of one thing.
struct Thing<'a> {
    part: &'a Part<'a>,
    signals: &'a [&'a Watched],
}

impl Serialize for Thing<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if let Some(Watched { thing, .. }) = self.signals.first() {
            map.serialize_entry("id", &thing.id())?;
            map.serialize_entry("kind", thing.kind.name())?;
            map.serialize_entry("name", &thing.name)?;
            map.serialize_entry("host", &thing.host)?;
        }
        let part = self.part;
        map.serialize_entry("signals", &list(self.signals, |&watched| Signal { part, watched }))?;
        map.end()
    }
}

struct Signal<'a> {
    part: &'a Part<'a>,
    watched: &'a Watched,
}

impl Serialize for Signal<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Part { model, range } = self.part;
        let Watched { signal, limit, track, .. } = self.watched;
        let value = |at: usize| match (track.get(at), signal.is_amount) {
            (Cell { count: 0, .. }, _) => None,
            (cell, true) => Some(f64::from(cell.sum) / model.covered(track, at)?),
            (cell, false) => cell.mean(),
        };
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("id", &signal.id)?;
        map.serialize_entry("metric", &signal.metric)?;
        map.serialize_entry("tags", &Tags(&signal.tags))?;
        map.serialize_entry("unit", signal.unit)?;
        map.serialize_entry("label", &signal.label)?;
        map.serialize_entry("values", &Values { range: range.clone(), value })?;
        if self.watched.has_max {
            let max = |at: usize| {
                Some(track.get(at)).filter(|cell| cell.count > 0).map(|cell| cell.max.into())
            };
            map.serialize_entry("max_column", &Values { range: range.clone(), value: max })?;
        }
        if let Some(limit) = limit {
            map.serialize_entry("limit", &Number(*limit))?;
        }
        map.end()
    }
}

struct Tags<'a>(&'a plimsoll_metrics::TagSet);

impl Serialize for Tags<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter())
    }
}
