//! From samples to datagrams.

use std::collections::HashMap;

use bytes::Bytes;
use plimsoll_metrics::{Builtin, MetricKind, RawSample, Registry, SeriesId, TagSet};
use plimsoll_runtime::random::Random;

use super::{
    StatsdConfig,
    slot::{Slot, Told},
};
use crate::delivery::{Outbox, Payload, SampleEncoder};

/// Bytes of a datagram that every Ethernet carries whole, tunnels included; a longer line goes alone.
const DATAGRAM_SIZE: usize = 1_432;

/// Samples that one trend tells in an interval; more are chosen from.
const TREND_SAMPLES_LIMIT: usize = 200;

/// Each trend tells at least so many, however many trends there are.
const TREND_SAMPLES_MIN: usize = 5;

/// What all trends together tell in an interval, unless their number times the minimum is more.
const TRENDS_SAMPLES_LIMIT: usize = 20_000;

pub(super) struct StatsdEncoder {
    config: StatsdConfig,
    registry: Registry,
    random: Random,
    /// By [`SeriesId`]: where it is in `slots`. Without tags many series share one.
    places: Vec<Option<usize>>,
    slots: Vec<Slot>,
    /// By name and tags.
    known: HashMap<(String, String), usize>,
    trends: usize,
    trend_limit: usize,
}

impl StatsdEncoder {
    pub(super) fn new(config: StatsdConfig, registry: Registry, random: Random) -> StatsdEncoder {
        StatsdEncoder {
            config,
            registry,
            random,
            places: Vec::new(),
            slots: Vec::new(),
            known: HashMap::new(),
            trends: 0,
            trend_limit: TREND_SAMPLES_LIMIT,
        }
    }

    fn sample(&mut self, sample: &RawSample, outbox: &mut Outbox) {
        if !sample.value.is_finite() {
            return outbox.lose(1, "not finite");
        }
        let known = self.places.get(sample.series.0 as usize).copied().flatten();
        let place = known.unwrap_or_else(|| self.add_series(sample.series));
        if let Some(slot) = self.slots.get_mut(place) {
            slot.add(sample.value, sample.at.0, self.trend_limit, &mut self.random);
        }
    }

    fn add_series(&mut self, id: SeriesId) -> usize {
        let def = self.registry.series_def(id);
        let metric = self.registry.def(def.metric);
        let namespace = &self.config.namespace;
        let is_check = metric.id == Builtin::Checks.id();
        let (name, false_name) = match def.tags.get("check").filter(|_| is_check) {
            Some(check) => {
                let check = clean_name(check);
                (format!("{namespace}check.{check}.pass"), format!("{namespace}check.{check}.fail"))
            }
            None => {
                let name = clean_name(&metric.name);
                (format!("{namespace}{name}"), format!("{namespace}{name}.false"))
            }
        };
        let tags = if self.config.enable_tags { self.tags(&def.tags) } else { String::new() };
        let next = self.slots.len();
        let place = *self.known.entry((name.clone(), tags.clone())).or_insert(next);
        if place == next {
            self.trends += usize::from(metric.kind == MetricKind::Trend);
            self.slots.push(Slot::new(name, false_name, tags, metric.kind));
        }
        let at = id.0 as usize;
        if self.places.len() <= at {
            self.places.resize(at + 1, None);
        }
        if let Some(slot) = self.places.get_mut(at) {
            *slot = Some(place);
        }
        place
    }

    fn tags(&self, tags: &TagSet) -> String {
        let blocked = &self.config.tag_blocklist;
        let mut text = String::new();
        for (key, value) in tags.iter() {
            if value.is_empty() || blocked.iter().any(|blocked| blocked == key) {
                continue;
            }
            text.push_str(if text.is_empty() { "|#" } else { "," });
            text.push_str(&key.replace(TAG_KEY_SEPARATORS, "_"));
            text.push(':');
            text.push_str(&value.replace(TAG_SEPARATORS, "_"));
        }
        text
    }
}

const TAG_SEPARATORS: [char; 5] = [',', '|', '#', '\n', '\r'];
const TAG_KEY_SEPARATORS: [char; 6] = [',', '|', '#', '\n', '\r', ':'];

/// As a statsd server would do it, and without what ends a name.
fn clean_name(name: &str) -> String {
    let clean = |char: char| match char {
        '/' => '-',
        ':' | '|' | '@' | '#' => '_',
        char if char.is_whitespace() => '_',
        char => char,
    };
    name.chars().map(clean).collect()
}

impl SampleEncoder for StatsdEncoder {
    fn samples(&mut self, samples: &[RawSample], outbox: &mut Outbox) {
        samples.iter().for_each(|sample| self.sample(sample, outbox));
    }

    fn flush(&mut self, outbox: &mut Outbox) {
        let mut datagram = Datagram { lines_limit: self.config.buffer_size, ..Datagram::default() };
        let mut line = String::new();
        for slot in &mut self.slots {
            slot.tell(&mut line, |told| datagram.add(&told, outbox));
        }
        datagram.send(outbox);
        let share = TRENDS_SAMPLES_LIMIT / self.trends.max(1);
        self.trend_limit = share.clamp(TREND_SAMPLES_MIN, TREND_SAMPLES_LIMIT);
    }
}

/// Lines on their way.
#[derive(Default)]
struct Datagram {
    text: String,
    lines: usize,
    lines_limit: usize,
    points: u64,
}

impl Datagram {
    fn add(&mut self, told: &Told, outbox: &mut Outbox) {
        let is_full = self.lines >= self.lines_limit
            || self.text.len() + 1 + told.lines.len() > DATAGRAM_SIZE;
        if is_full {
            self.send(outbox);
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(told.lines);
        self.lines += 1;
        self.points += told.points;
    }

    fn send(&mut self, outbox: &mut Outbox) {
        if self.text.is_empty() {
            return;
        }
        let body = Bytes::from(std::mem::take(&mut self.text));
        outbox.push(Payload { body, points: std::mem::take(&mut self.points) });
        self.lines = 0;
    }
}
