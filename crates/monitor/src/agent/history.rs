//! What an agent observed lately.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use plimsoll_metrics::{Event, MetricKind, Observation, Registry, SeriesId};
use plimsoll_runtime::{clock::Instant, random::Random};
use tokio::sync::watch;

use super::answer::{Answer, Mark, Series, Tick, VALUES_LIMIT};

/// Ticks that are kept for clients that come late: two minutes at one a second.
pub(super) const TICKS_LIMIT: usize = 120;

/// Who asks, and for what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    /// Empty at first.
    pub(super) session: String,
    /// The last tick that is known.
    pub(super) after: u64,
    /// How many series are known.
    pub(super) series: usize,
}

/// Filled by the sampler, read by the server; a clone is a handle to the same.
#[derive(Clone)]
pub(super) struct History(Arc<Shared>);

struct Shared {
    registry: Registry,
    session: String,
    host: String,
    inner: Mutex<Inner>,
    /// The number of the newest tick.
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    ticks: VecDeque<Kept>,
    latest: BTreeMap<SeriesId, Latest>,
    newest: u64,
}

#[derive(Default)]
struct Kept {
    number: u64,
    at: u64,
    values: Vec<(usize, f64)>,
    events: Vec<Event>,
}

/// The newest value of a series, or the sum of all of a counter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Latest {
    pub(super) value: f64,
    /// When, in nanoseconds since the Unix epoch.
    pub(super) at: u64,
    is_sum: bool,
}

impl History {
    /// `registry`: that of the observations to come. `host`: the agent's name.
    pub(super) fn new(registry: Registry, host: &str) -> History {
        let session = format!("{:016x}", Random::from_entropy().next_u64());
        History(Arc::new(Shared {
            registry,
            session,
            host: host.to_owned(),
            inner: Mutex::default(),
            newest: watch::Sender::new(0),
        }))
    }

    pub(super) fn host(&self) -> &str {
        &self.0.host
    }

    /// What is locked stays whole even if a holder panicked.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an observation in, with its samples: one tick per moment.
    pub(super) fn push(&self, observation: &Observation) {
        let mut moments: BTreeMap<u64, Kept> = BTreeMap::new();
        for sample in &observation.samples {
            let values = &mut moments.entry(sample.at.0).or_default().values;
            values.push((sample.series.0 as usize, sample.value));
        }
        for event in &observation.events {
            moments.entry(event.at.0).or_default().events.push(event.clone());
        }
        let mut inner = self.lock();
        for (at, moment) in moments {
            for &(series, value) in &moment.values {
                inner.note(SeriesId(series as u32), value, at, &self.0.registry);
            }
            inner.newest += 1;
            let number = inner.newest;
            if inner.ticks.len() >= TICKS_LIMIT {
                inner.ticks.pop_front();
            }
            inner.ticks.push_back(Kept { number, at, ..moment });
        }
        let newest = inner.newest;
        drop(inner);
        self.0.newest.send_replace(newest);
    }

    /// Waits for a tick newer than the one that the question names, if the question is of this session.
    pub(super) async fn wait_for_news(&self, question: &Question) {
        if question.session == self.0.session {
            let mut newest = self.0.newest.subscribe();
            // The sender lives as long as this history.
            newest.wait_for(|newest| *newest > question.after).await.ok();
        }
    }

    /// The answer to a question that came at `received`, as JSON. Of another session it has no ticks: whoever
    /// asks begins with the next.
    pub(super) fn answer(&self, question: &Question, received: u64) -> Vec<u8> {
        let is_ours = question.session == self.0.session;
        let inner = self.lock();
        let first_series =
            if is_ours { question.series.min(self.0.registry.series_len()) } else { 0 };
        let after = if is_ours { question.after } else { inner.newest };
        let oldest = inner.ticks.front().map_or(inner.newest, |tick| tick.number.saturating_sub(1));
        let series: Vec<_> = match is_ours {
            true => {
                (first_series..self.0.registry.series_len()).map(|at| self.series(at)).collect()
            }
            false => Vec::new(),
        };
        let mut room = VALUES_LIMIT;
        let mut ticks = Vec::new();
        for tick in inner.ticks.iter().filter(|tick| tick.number > after) {
            if !ticks.is_empty() && tick.values.len() > room {
                break;
            }
            room = room.saturating_sub(tick.values.len());
            ticks.push(tick.describe());
        }
        let answer = Answer {
            session: self.0.session.as_str().into(),
            host: self.0.host.as_str().into(),
            received,
            sent: Instant::now().unix_nanos(),
            first_series,
            series,
            newest: inner.newest,
            missed: oldest.saturating_sub(after),
            ticks,
        };
        // Names, texts and numbers can all be written.
        serde_json::to_vec(&answer).unwrap_or_default()
    }

    fn series(&self, at: usize) -> Series<'static> {
        let def = self.0.registry.series_def(SeriesId(at as u32));
        let metric = self.0.registry.def(def.metric);
        let owned = |(name, value): (&str, &str)| (name.to_owned().into(), value.to_owned().into());
        Series {
            metric: metric.name.to_string().into(),
            kind: metric.kind.into(),
            contains: metric.contains.into(),
            tags: def.tags.iter().map(owned).collect(),
        }
    }

    /// Calls `each` for every series with a value newer than `since` (nanoseconds since the Unix epoch).
    pub(super) fn latest(&self, since: u64, mut each: impl FnMut(SeriesId, Latest)) {
        let inner = self.lock();
        let fresh = inner.latest.iter().filter(|(_, latest)| latest.at >= since);
        fresh.for_each(|(series, latest)| each(*series, *latest));
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.0.registry
    }
}

impl Inner {
    fn note(&mut self, series: SeriesId, value: f64, at: u64, registry: &Registry) {
        let latest = self.latest.entry(series).or_insert_with(|| {
            let kind = registry.def(registry.series_def(series).metric).kind;
            Latest { value: 0.0, at, is_sum: kind == MetricKind::Counter }
        });
        latest.value = if latest.is_sum { latest.value + value } else { value };
        latest.at = at;
    }
}

impl Kept {
    fn describe(&self) -> Tick<'_> {
        let mark = |event: &Event| Mark {
            at: event.at.0,
            kind: event.kind.clone().into(),
            text: event.text.clone().into(),
        };
        Tick {
            number: self.number,
            at: self.at,
            values: self.values.clone(),
            events: self.events.iter().map(mark).collect(),
        }
    }
}
