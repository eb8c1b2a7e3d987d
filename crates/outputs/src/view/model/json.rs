//! A model as the JSON that pages get, whole or from a point on.
//!
//! Written straight from the model, column by column. A column has one value for each of `t`, `null`
//! where nothing was recorded; rates are per second, times in milliseconds.

use std::ops::Range;

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

use super::{
    Model, Watched,
    point::{Point, RANKS},
};
use crate::view::{
    digest::{
        CHECKS_LIMIT, Cell, ERRORS_LIMIT, LATENCIES, LATENESS, Load, RESPONSE, SERVICE, URLS_LIMIT,
    },
    sparse::{BUCKETS, Sparse, upper_bound},
};

/// Buckets of a histogram that make one row of the heat map, which is then 10 % high.
const HEAT_STEP: usize = 4;

/// Figures of a number that are written.
const FIGURES: i32 = 6;

/// The points of a run from one on, with everything that is no column.
pub(in crate::view) struct Part<'a> {
    model: &'a Model,
    range: Range<usize>,
}

impl<'a> Part<'a> {
    pub(super) fn new(model: &'a Model, from: usize) -> Part<'a> {
        let end = model.points();
        Part { model, range: from.min(end)..end }
    }

    /// As bytes of JSON.
    pub(in crate::view) fn to_json(&self) -> Vec<u8> {
        // Into memory and with string keys nothing can fail.
        let bytes = serde_json::to_vec(self);
        debug_assert!(bytes.is_ok(), "{bytes:?}");
        bytes.unwrap_or_default()
    }

    fn points(&self) -> &'a [Point] {
        self.model.timeline.points().get(self.range.clone()).unwrap_or_default()
    }

    /// Nanoseconds since the Unix epoch that are 0 on the axis of time.
    fn start(&self) -> u64 {
        let started = self.model.meta.started_unix_ms.saturating_mul(1_000_000);
        self.model.timeline.start().unwrap_or(started)
    }

    fn of_points<F: Fn(&Point) -> Option<f64>>(&self, value: F) -> Column<'a, F> {
        Column { points: self.points(), value }
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Part { model, .. } = self;
        let start = self.start();
        let seconds = |nanos: u64| (nanos as f64 - start as f64) / 1e9;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("id", &model.meta.id)?;
        map.serialize_entry("name", &model.meta.name)?;
        map.serialize_entry("started", &(start / 1_000_000))?;
        map.serialize_entry("tool", &model.meta.tool)?;
        map.serialize_entry("live", &model.live)?;
        map.serialize_entry("end", &model.end.as_ref().map(End))?;
        map.serialize_entry("interval", &Number(model.timeline.width_seconds()))?;
        let is_open = model.timeline.is_open_model();
        map.serialize_entry("model", if is_open { "open" } else { "closed" })?;
        map.serialize_entry("totals", &Totals(model))?;
        map.serialize_entry("t", &self.of_points(|point| Some(seconds(point.to))))?;
        map.serialize_entry("load", &LoadColumns(self))?;
        map.serialize_entry("latency", &LatencyColumns(self))?;
        map.serialize_entry("heat", &Heat(self))?;
        map.serialize_entry("errors", &Errors(self))?;
        map.serialize_entry("checks", &list(&model.checks.0, Check))?;
        map.serialize_entry("thresholds", &list(&model.thresholds, Verdict))?;
        let elapsed = model.timeline.seconds();
        map.serialize_entry("urls", &list(&model.urls.0, |url| Url { url, elapsed }))?;
        map.serialize_entry("watched", &Things(self))?;
        map.serialize_entry("events", &list(&model.events, |event| Event { event, start }))?;
        map.serialize_entry("warnings", &warnings(model))?;
        map.end()
    }
}

/// With at most [`FIGURES`] figures, which is more than a page shows; whole numbers as such.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Number(value) = *self;
        if !value.is_finite() {
            return to.serialize_none();
        }
        let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
        let decimals = FIGURES - 1 - magnitude;
        let rounded = match decimals {
            ..=0 => value.round(),
            // A power of ten above 308 is none.
            1..=300 => (value * 10f64.powi(decimals)).round() / 10f64.powi(decimals),
            _ => 0.0,
        };
        if rounded == rounded.trunc() && rounded.abs() < 9e15 {
            to.serialize_i64(rounded as i64)
        } else {
            to.serialize_f64(rounded)
        }
    }
}

struct Column<'a, F> {
    points: &'a [Point],
    value: F,
}

impl<F: Fn(&Point) -> Option<f64>> Serialize for Column<'_, F> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.points.iter().map(|point| (self.value)(point).map(Number)))
    }
}

/// A column of values that are not in the points.
struct Values<F> {
    range: Range<usize>,
    value: F,
}

impl<F: Fn(usize) -> Option<f64>> Serialize for Values<F> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.range.clone().map(|at| (self.value)(at).map(Number)))
    }
}

/// A list whose items are made when they are written.
struct List<'a, T, F> {
    items: &'a [T],
    shape: F,
}

fn list<'a, T, V, F: Fn(&'a T) -> V>(items: &'a [T], shape: F) -> List<'a, T, F> {
    List { items, shape }
}

impl<'a, T, F: Fn(&'a T) -> V, V: Serialize> Serialize for List<'a, T, F> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.items.iter().map(&self.shape))
    }
}

struct End<'a>(&'a plimsoll_metrics::record::End);

impl Serialize for End<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("reason", &self.0.reason)?;
        map.serialize_entry("duration_ms", &Number(self.0.duration_ms))?;
        map.end()
    }
}

/// Of the whole run.
struct Totals<'a>(&'a Model);

impl Serialize for Totals<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let timeline = &self.0.timeline;
        let load = timeline.load();
        let mut map = to.serialize_map(None)?;
        let mut number = |key: &str, value: f64| map.serialize_entry(key, &Number(value));
        number("seconds", timeline.seconds())?;
        number("requests", load.done)?;
        number("failed", load.failed)?;
        number("iterations", load.iterations)?;
        number("dropped", load.dropped)?;
        number("checks_passed", load.checks_passed)?;
        number("checks_failed", load.checks_failed)?;
        number("data_sent", load.data_sent)?;
        number("data_received", load.data_received)?;
        map.serialize_entry("latency", &TotalLatency(timeline.totals()))?;
        map.end()
    }
}

struct TotalLatency<'a>(&'a [Sparse; LATENCIES.len()]);

impl Serialize for TotalLatency<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (name, times) in LATENCIES.iter().zip(self.0).filter(|(_, times)| times.count() > 0) {
            map.serialize_entry(name, &Distribution(times))?;
        }
        map.end()
    }
}

/// Percentiles, maximum, mean and count.
struct Distribution<'a>(&'a Sparse);

impl Serialize for Distribution<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (name, value) in PERCENTILES.iter().zip(self.0.percentiles(RANKS).unwrap_or_default()) {
            map.serialize_entry(name, &Number(value))?;
        }
        map.serialize_entry("max", &self.0.max().map(Number))?;
        map.serialize_entry("mean", &self.0.mean().map(Number))?;
        map.serialize_entry("count", &self.0.count())?;
        map.end()
    }
}

/// Names of [`RANKS`].
const PERCENTILES: [&str; RANKS.len()] = ["p50", "p90", "p95", "p99"];

/// One of the counts of a load.
type Count = fn(&Load) -> f64;

struct LoadColumns<'a>(&'a Part<'a>);

impl Serialize for LoadColumns<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let part = self.0;
        let counts: [(&str, Count); 7] = [
            ("done", |load| load.done),
            ("failed", |load| load.failed),
            ("dropped", |load| load.dropped),
            ("iterations", |load| load.iterations),
            ("checks_failed", |load| load.checks_failed),
            ("data_sent", |load| load.data_sent),
            ("data_received", |load| load.data_received),
        ];
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("asked", &part.of_points(Point::asked))?;
        // Only where something was due is it known when it was started.
        let started = |point: &Point| match point.latency[LATENESS].times.count() {
            0 if !part.model.timeline.is_open_model() => None,
            count => point.per_second(count as f64),
        };
        map.serialize_entry("started", &part.of_points(started))?;
        for (name, count) in counts {
            let rate = |point: &Point| point.per_second(count(&point.load));
            map.serialize_entry(name, &part.of_points(rate))?;
        }
        map.serialize_entry("vus", &part.of_points(|point| point.load.vus))?;
        map.serialize_entry("vus_max", &part.of_points(|point| point.load.vus_max))?;
        map.end()
    }
}

struct LatencyColumns<'a>(&'a Part<'a>);

impl Serialize for LatencyColumns<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let totals = self.0.model.timeline.totals();
        let mut map = to.serialize_map(None)?;
        for (kind, name) in LATENCIES.iter().enumerate() {
            if totals[kind].count() > 0 {
                map.serialize_entry(name, &LatencyColumn { part: self.0, kind })?;
            }
        }
        map.end()
    }
}

struct LatencyColumn<'a> {
    part: &'a Part<'a>,
    kind: usize,
}

impl Serialize for LatencyColumn<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let LatencyColumn { part, kind } = *self;
        let mut map = to.serialize_map(None)?;
        for (at, name) in PERCENTILES.iter().enumerate() {
            let of = |point: &Point| Some(point.latency[kind].percentiles?[at]);
            map.serialize_entry(name, &part.of_points(of))?;
        }
        map.serialize_entry("max", &part.of_points(|point| point.latency[kind].times.max()))?;
        map.serialize_entry("mean", &part.of_points(|point| point.latency[kind].times.mean()))?;
        let count = |point: &Point| Some(point.latency[kind].times.count() as f64);
        map.serialize_entry("count", &part.of_points(count))?;
        map.end()
    }
}

/// `bounds` are one more than rows: bucket `n` has what is above bound `n` and up to bound `n + 1`.
struct Heat<'a>(&'a Part<'a>);

impl Serialize for Heat<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let part = self.0;
        let kind = if part.model.timeline.is_open_model() { RESPONSE } else { SERVICE };
        // The first row has one bucket less, since the first bucket begins at nothing.
        let bound = |row: usize| match row {
            0 => 0.0,
            row => upper_bound(row * HEAT_STEP - 1),
        };
        let bounds: Vec<Number> = (0..=BUCKETS / HEAT_STEP).map(|row| Number(bound(row))).collect();
        let rows = list(part.points(), |point| HeatRow(&point.latency[kind].times));
        let mut map = to.serialize_map(Some(3))?;
        map.serialize_entry("of", LATENCIES[kind])?;
        map.serialize_entry("bounds", &bounds)?;
        map.serialize_entry("rows", &rows)?;
        map.end()
    }
}

struct HeatRow<'a>(&'a Sparse);

impl Serialize for HeatRow<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut seq = to.serialize_seq(None)?;
        let mut last = None;
        for (bucket, count) in self.0.buckets() {
            let row = bucket / HEAT_STEP as u64;
            match &mut last {
                Some((same, sum)) if *same == row => *sum += count,
                _ => {
                    if let Some((row, sum)) = last.replace((row, count)) {
                        seq.serialize_element(&row)?;
                        seq.serialize_element(&sum)?;
                    }
                }
            }
        }
        if let Some((row, sum)) = last {
            seq.serialize_element(&row)?;
            seq.serialize_element(&sum)?;
        }
        seq.end()
    }
}

struct Errors<'a>(&'a Part<'a>);

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

struct Check<'a>(&'a (String, u64, u64));

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

struct Verdict<'a>(&'a crate::view::digest::Verdict);

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

struct Url<'a> {
    url: &'a super::tables::Url,
    /// Seconds.
    elapsed: f64,
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

struct Things<'a>(&'a Part<'a>);

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

struct Event<'a> {
    event: &'a plimsoll_metrics::Event,
    start: u64,
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

/// What was said, and what the page leaves out.
fn warnings(model: &Model) -> Vec<String> {
    let mut warnings = model.warnings.clone();
    let mut add = |is_so: bool, text: String| warnings.extend(is_so.then_some(text));
    let (urls, errors) = (model.urls.0.len(), model.errors.len());
    add(urls >= URLS_LIMIT, format!("URLs after the first {} share one row", URLS_LIMIT - 1));
    add(errors >= ERRORS_LIMIT, format!("errors after {} classes share one", ERRORS_LIMIT - 1));
    let checks = model.checks.0.len();
    add(
        checks >= CHECKS_LIMIT,
        format!("checks after the first {} share one row", CHECKS_LIMIT - 1),
    );
    let unwatched = model.unwatched;
    add(unwatched > 0, format!("{unwatched} watched series are too many and not shown"));
    let events = model.events_left_out;
    add(events > 0, format!("{events} events are too many and not shown"));
    warnings
}
