//! The newest figures of each thing that is watched.

use std::{collections::BTreeMap, collections::HashMap, time::Duration};

use plimsoll_metrics::{Event, MetricKind, Observation, RawSample, Registry, SeriesId};

use super::columns::{Column, Fold, SECTIONS, Section};

/// Events that are kept to be shown.
const EVENTS_LIMIT: usize = 8;

/// What has no figures for so long is not shown any more: its process is gone.
const SILENT_NANOS: u64 = 10_000_000_000;

/// In the order in which things are shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Index of the section; the last is for pages of Prometheus.
    pub(super) section: usize,
    pub(super) name: String,
    /// Empty for hosts themselves.
    pub(super) host: String,
}

/// One thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Thing {
    /// When its figures were taken, in nanoseconds since the Unix epoch.
    pub(super) at: u64,
    /// By column of its section.
    pub(super) figures: BTreeMap<usize, f64>,
    /// Of a page of Prometheus: by series.
    pub(super) series: BTreeMap<String, f64>,
}

pub(super) struct Things {
    registry: Registry,
    every: Duration,
    /// What becomes of a series, found once.
    places: HashMap<SeriesId, Option<Place>>,
    things: BTreeMap<Key, Thing>,
    events: Vec<Event>,
    newest: u64,
}

#[derive(Clone)]
struct Place {
    key: Key,
    slot: Slot,
    is_rate: bool,
}

#[derive(Clone)]
enum Slot {
    Column(usize, Fold),
    Series(String),
}

impl Things {
    /// `every`: between two samples, which increases are divided by.
    pub(super) fn new(registry: Registry, every: Duration) -> Things {
        Things {
            registry,
            every,
            places: HashMap::new(),
            things: BTreeMap::new(),
            events: Vec::new(),
            newest: 0,
        }
    }

    /// Takes an observation in. Those that had figures in it are returned, in order.
    pub(super) fn add(&mut self, observation: &Observation) -> Vec<(&Key, &Thing)> {
        let before: BTreeMap<Key, u64> =
            self.things.iter().map(|(key, thing)| (key.clone(), thing.at)).collect();
        observation.samples.iter().for_each(|sample| self.sample(sample));
        self.events.extend(observation.events.iter().cloned());
        let spare = self.events.len().saturating_sub(EVENTS_LIMIT);
        self.events.drain(..spare);
        let newest = self.newest;
        self.things.retain(|_, thing| newest.saturating_sub(thing.at) < SILENT_NANOS);
        let is_new = |(key, thing): &(&Key, &Thing)| before.get(*key) != Some(&thing.at);
        self.things.iter().filter(is_new).collect()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&Key, &Thing)> {
        self.things.iter()
    }

    /// The latest.
    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// When the newest figures were taken.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    fn sample(&mut self, sample: &RawSample) {
        let registry = &self.registry;
        let place =
            self.places.entry(sample.series).or_insert_with(|| place(registry, sample.series));
        let Some(place) = place else { return };
        let thing = self.things.entry(place.key.clone()).or_default();
        self.newest = self.newest.max(sample.at.0);
        match thing.at.cmp(&sample.at.0) {
            std::cmp::Ordering::Less => {
                *thing = Thing { at: sample.at.0, ..Thing::default() };
            }
            std::cmp::Ordering::Equal => {}
            // Late: newer figures are there.
            std::cmp::Ordering::Greater => return,
        }
        let value = match place.is_rate {
            true => sample.value / self.every.as_secs_f64(),
            false => sample.value,
        };
        match &place.slot {
            Slot::Column(at, fold) => {
                let figure = thing.figures.entry(*at);
                figure
                    .and_modify(|figure| match fold {
                        Fold::Sum => *figure += value,
                        Fold::Max => *figure = figure.max(value),
                    })
                    .or_insert(value);
            }
            Slot::Series(name) => _ = thing.series.insert(name.clone(), value),
        }
    }
}

/// Where a series is shown; none for one that is in no column.
fn place(registry: &Registry, series: SeriesId) -> Option<Place> {
    let def = registry.series_def(series);
    let metric = registry.def(def.metric);
    let tag = |name: &str| def.tags.get(name).map(str::to_owned);
    let host = tag("host").unwrap_or_default();
    for (index, Section { tag: name, columns, .. }) in SECTIONS.iter().enumerate() {
        let found = columns.iter().enumerate().find(|(_, column)| column.metric == &*metric.name);
        let Some((at, Column { form, fold, .. })) = found else { continue };
        let host = if *name == "host" { String::new() } else { host };
        let key = Key { section: index, name: tag(name)?, host };
        return Some(Place { key, slot: Slot::Column(at, *fold), is_rate: form.is_rate() });
    }
    let is_page = def.tags.get("service").is_some()
        && !["postgres_", "redis_", "nginx_"].iter().any(|prefix| metric.name.starts_with(prefix));
    if !is_page {
        return None;
    }
    let labels = def.tags.without("host").without("service");
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    let braces =
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let is_rate = metric.kind == MetricKind::Counter;
    let unit = if is_rate { "/s" } else { "" };
    let key = Key { section: SECTIONS.len(), name: tag("service")?, host };
    Some(Place { key, slot: Slot::Series(format!("{}{braces}{unit}", metric.name)), is_rate })
}
