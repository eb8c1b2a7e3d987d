//! What was asked for, beside what came: told by streams that know it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::results::binary::{End, Start};

/// Different paces and reasons that are kept.
const TEXTS_LIMIT: usize = 32;

/// The sum over one or more streams.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Streams that told it.
    streams: u64,
    /// Streams of which the hits or the duration are not finite.
    endless: u64,
    /// What was asked, for people, and by how many streams.
    paces: BTreeMap<String, u64>,
    pub(super) has_closed_model: bool,
    planned_hits: u64,
    /// From the first stream's start to the last one's planned end, in nanoseconds.
    planned: Option<(u64, u64)>,
    /// The same to the real ends.
    real: Option<(u64, u64)>,
    /// Streams whose end has come.
    ended: u64,
    pub(super) never_sent: u64,
    pub(super) lost: u64,
    invalid: BTreeSet<String>,
}

impl Plan {
    pub(super) fn start(&mut self, start: &Start) {
        self.streams += 1;
        if !start.pace.is_empty() {
            self.add_pace(&start.pace, 1);
        }
        self.has_closed_model |= start.closed_model;
        let from = start.started_unix_ns;
        match (start.planned_hits, start.planned_duration_ns) {
            (Some(hits), Some(duration)) => {
                self.planned_hits = self.planned_hits.saturating_add(hits);
                self.planned = join(self.planned, Some((from, from.saturating_add(duration))));
            }
            _ => self.endless += 1,
        }
    }

    pub(super) fn end(&mut self, end: &End) {
        self.ended += 1;
        self.never_sent = self.never_sent.saturating_add(end.never_sent);
        self.lost = self.lost.saturating_add(end.lost);
        end.invalid.iter().for_each(|reason| insert(&mut self.invalid, reason));
        let from = end.started_unix_ns;
        self.real = join(self.real, Some((from, from.saturating_add(end.duration_ns))));
    }

    pub(super) fn merge(&mut self, other: &Plan) {
        self.streams += other.streams;
        self.endless += other.endless;
        self.ended += other.ended;
        other.paces.iter().for_each(|(pace, count)| self.add_pace(pace, *count));
        other.invalid.iter().for_each(|reason| insert(&mut self.invalid, reason));
        self.has_closed_model |= other.has_closed_model;
        self.planned_hits = self.planned_hits.saturating_add(other.planned_hits);
        self.planned = join(self.planned, other.planned);
        self.real = join(self.real, other.real);
        self.never_sent = self.never_sent.saturating_add(other.never_sent);
        self.lost = self.lost.saturating_add(other.lost);
    }

    /// Whether anything was told.
    pub(super) fn is_known(&self) -> bool {
        self.streams > 0 || self.ended > 0
    }

    /// What was asked, for people; empty when it was not told.
    pub(super) fn pace(&self) -> String {
        let text = |(pace, count): (&String, &u64)| match count {
            1 => pace.clone(),
            count => format!("{count} x {pace}"),
        };
        self.paces.iter().map(text).collect::<Vec<_>>().join(" + ")
    }

    fn add_pace(&mut self, pace: &str, count: u64) {
        if let Some(seen) = self.paces.get_mut(pace) {
            *seen = seen.saturating_add(count);
        } else if self.paces.len() < TEXTS_LIMIT {
            self.paces.insert(pace.to_owned(), count);
        }
    }

    /// Hits a second that were due, on average, when all streams tell it.
    pub(super) fn asked_rate(&self) -> Option<f64> {
        let duration = length(self.planned?);
        (self.endless == 0 && !duration.is_zero())
            .then(|| self.planned_hits as f64 / duration.as_secs_f64())
    }

    /// How long the load took, when all streams have told their ends.
    pub(super) fn duration(&self) -> Option<Duration> {
        if self.ended < self.streams { None } else { self.real.map(length) }
    }

    /// Whether the end is known, and with it what was never sent.
    pub(super) fn has_ended(&self) -> bool {
        self.ended > 0 && self.ended >= self.streams
    }

    /// Why the generator was the limit.
    pub(super) fn invalid(&self) -> impl Iterator<Item = &str> {
        self.invalid.iter().map(String::as_str)
    }
}

fn insert(texts: &mut BTreeSet<String>, text: &str) {
    if texts.len() < TEXTS_LIMIT && !texts.contains(text) {
        texts.insert(text.to_owned());
    }
}

/// The span that holds both.
fn join(a: Option<(u64, u64)>, b: Option<(u64, u64)>) -> Option<(u64, u64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}

fn length((start, end): (u64, u64)) -> Duration {
    Duration::from_nanos(end.saturating_sub(start))
}
