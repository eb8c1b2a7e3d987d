//! The last seconds of the entries whose thresholds have windows.
//!
//! Kept is one sink per second, as long as the longest window on the entry: memory depends on the
//! thresholds, never on time.

use std::{collections::VecDeque, time::Duration};

use crate::{
    registry::{MetricId, MetricKind, SeriesDef},
    sink::{Sink, SinkPool},
    tags::TagSet,
    threshold::{Threshold, ThresholdGroup},
};

/// What the windows of a threshold came to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InWindows {
    /// Of the window that is furthest on the wrong side, or nearest to it; `None` before the first one
    /// that is full and has something to be computed from.
    pub worst: Option<f64>,
    /// Of the first window that did not keep it: the value, and the second at its end.
    pub broken: Option<(f64, u64)>,
}

impl InWindows {
    /// Judges one more window, `samples`, which ends with `second`. Whether it is the first that was
    /// not kept.
    pub(super) fn see(&mut self, threshold: &Threshold, samples: &Sink, second: u64) -> bool {
        let Some(over) = threshold.over.filter(|_| has_value(samples)) else { return false };
        let Some(value) = threshold.aggregation.of(samples, over) else { return false };
        if self.worst.is_none_or(|worst| threshold.operator.is_worse(value, worst)) {
            self.worst = Some(value);
        }
        let is_broken = self.broken.is_none() && !threshold.operator.holds(value, threshold.limit);
        if is_broken {
            self.broken = Some((value, second));
        }
        is_broken
    }
}

/// Without samples only a counter has a value: nothing was counted.
fn has_value(sink: &Sink) -> bool {
    match sink {
        Sink::Counter { .. } => true,
        Sink::Gauge { seen, .. } => *seen,
        Sink::Rate { total, .. } => *total > 0,
        Sink::Trend(histogram) => !histogram.is_empty(),
    }
}

/// Of all entries that need them.
#[derive(Debug, Default)]
pub(super) struct Windows {
    recent: Vec<Recent>,
    pool: SinkPool,
    /// How many there were that count.
    second: u64,
}

/// Of one entry.
#[derive(Debug)]
struct Recent {
    /// The entry's name.
    key: String,
    metric: MetricId,
    kind: MetricKind,
    tags: TagSet,
    /// Seconds of the longest window.
    span: u64,
    /// Of the second that goes on.
    current: Sink,
    /// The oldest first.
    seconds: VecDeque<Sink>,
}

impl Windows {
    /// Keeps what `group` needs.
    pub(super) fn add_group(&mut self, group: &ThresholdGroup, metric: MetricId, kind: MetricKind) {
        let longest = group.thresholds.iter().filter_map(|threshold| threshold.over).max();
        let Some(span) = longest.map(|over| over.as_secs()) else { return };
        if let Some(known) = self.recent.iter_mut().find(|recent| recent.key == group.key) {
            known.span = known.span.max(span);
            return;
        }
        self.recent.push(Recent {
            key: group.key.clone(),
            metric,
            kind,
            tags: group.tags.clone(),
            span,
            current: Sink::new(kind),
            seconds: VecDeque::new(),
        });
    }

    /// The positions of those that take a series' samples.
    pub(super) fn takers(&self, def: &SeriesDef) -> impl Iterator<Item = u32> {
        let takes =
            |recent: &Recent| recent.metric == def.metric && def.tags.contains_all(&recent.tags);
        (0..).zip(&self.recent).filter(move |(_, recent)| takes(recent)).map(|(at, _)| at)
    }

    pub(super) fn add(&mut self, at: u32, sink: &Sink) {
        if let Some(recent) = self.recent.get_mut(at as usize) {
            recent.current.merge(sink);
        }
    }

    /// Ends the second that goes on; without `counts` it is forgotten.
    pub(super) fn end_second(&mut self, counts: bool) {
        self.second += u64::from(counts);
        for recent in &mut self.recent {
            if !counts {
                recent.current.clear();
                continue;
            }
            let next = self.pool.take(recent.kind, false);
            recent.seconds.push_back(std::mem::replace(&mut recent.current, next));
            if recent.seconds.len() as u64 > recent.span
                && let Some(oldest) = recent.seconds.pop_front()
            {
                self.pool.give_back(oldest);
            }
        }
    }

    /// How many seconds there were.
    pub(super) fn second(&self) -> u64 {
        self.second
    }

    /// All samples of an entry in the last `over`; `None` before so much has passed.
    pub(super) fn last(&self, key: &str, over: Duration) -> Option<Sink> {
        let recent = self.recent.iter().find(|recent| recent.key == key)?;
        let length = usize::try_from(over.as_secs()).ok()?;
        let first = recent.seconds.len().checked_sub(length)?;
        let mut all = Sink::new(recent.kind);
        recent.seconds.range(first..).for_each(|second| all.merge(second));
        Some(all)
    }
}
