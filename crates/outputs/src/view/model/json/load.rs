//! The load: totals, rates and latencies.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    super::{
        Model,
        point::{Point, RANKS},
    },
    Part,
    number::Number,
};
use crate::view::{
    digest::{LATENCIES, LATENESS, Load},
    sparse::Sparse,
};

/// Of the whole run.
pub(super) struct Totals<'a>(pub(super) &'a Model);

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
pub(super) const PERCENTILES: [&str; RANKS.len()] = ["p50", "p90", "p95", "p99"];

/// One of the counts of a load.
type Count = fn(&Load) -> f64;

pub(super) struct LoadColumns<'a>(pub(super) &'a Part<'a>);

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

pub(super) struct LatencyColumns<'a>(pub(super) &'a Part<'a>);

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
