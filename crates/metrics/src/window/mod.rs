//! The last seconds of a run, and conditions on them: what `--abort-when` looks at.
//!
//! Kept is one sink per second for each metric that a condition names, as long as the longest
//! window on it; so memory depends on the conditions, never on time.

mod condition;
mod objective;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, fmt, time::Duration};

pub use condition::{Condition, ConditionError, WINDOW_MAX};
pub use objective::{Measure, Objective};

use crate::{
    Timestamp,
    builtin::Builtin,
    interval::Interval,
    registry::{MetricId, MetricKind, Registry},
    sink::{Sink, SinkPool},
};
use condition::Subject;
pub(crate) use condition::{TIMES, window_of};

const SECOND_NANOS: u64 = 1_000_000_000;

/// The metrics behind the words of conditions.
#[derive(Clone, Copy, Debug)]
pub struct Sources {
    /// A trend: what percentiles are of when no metric is named.
    pub response_time: MetricId,
    /// A rate of failures.
    pub errors: MetricId,
    /// A trend with a value for each start.
    pub started: MetricId,
}

impl Default for Sources {
    fn default() -> Sources {
        Sources {
            response_time: Builtin::IterationResponseTime.id(),
            errors: Builtin::HttpReqFailed.id(),
            started: Builtin::IterationLateness.id(),
        }
    }
}

/// A condition on a metric that it cannot be about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    #[error("condition {condition:?}: there is no metric called {metric:?}")]
    Unknown { condition: String, metric: String },
    #[error("condition {condition:?}: {metric} is a {kind}, not a trend")]
    Kind { condition: String, metric: String, kind: MetricKind },
}

/// A condition that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// As the user wrote it.
    pub condition: String,
    /// What was compared: milliseconds, a share of 1, a number, or starts per second.
    pub value: f64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    Milliseconds,
    Percent,
    Count,
    PerSecond,
}

impl Held {
    /// What was compared, with its unit: `812.40ms`.
    pub fn measured(&self) -> String {
        match self.unit {
            Unit::Milliseconds => format!("{:.2}ms", self.value),
            Unit::Percent => format!("{:.2}%", self.value * 100.0),
            Unit::Count => self.value.to_string(),
            Unit::PerSecond => format!("{:.2}/s", self.value),
        }
    }
}

/// `p(99)>500ms over 10s: it was 812.40ms`
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: it was {}", self.condition, self.measured())
    }
}

/// What the last seconds recorded of the metrics that some condition is about.
pub struct Window {
    registry: Registry,
    watched: Vec<Watched>,
    kept: Vec<Kept>,
    /// By series: the position in `kept`, once looked up.
    routes: Vec<Option<Route>>,
    /// By second: when it ended, and the starts that were asked for in it.
    asked: VecDeque<(u64, f64)>,
    pool: SinkPool,
    /// When the first second began.
    began: Option<u64>,
    now: u64,
}

/// Where the samples of a series go: to one of the metrics kept or nowhere.
#[derive(Clone, Copy)]
enum Route {
    Kept(usize),
    Nowhere,
}

struct Watched {
    condition: Condition,
    /// The position of its metric in `kept`.
    kept: usize,
}

struct Kept {
    metric: MetricId,
    kind: MetricKind,
    /// The longest window on it, in nanoseconds.
    span: u64,
    /// By second: when it ended, and its samples.
    seconds: VecDeque<(u64, Sink)>,
}

impl Window {
    /// # Errors
    /// When a condition names a metric that is not there or is no trend.
    pub fn new(
        registry: Registry,
        conditions: Vec<Condition>,
        sources: Sources,
    ) -> Result<Window, WindowError> {
        let mut window = Window {
            registry,
            watched: Vec::new(),
            kept: Vec::new(),
            routes: Vec::new(),
            asked: VecDeque::new(),
            pool: SinkPool::default(),
            began: None,
            now: 0,
        };
        for condition in conditions {
            let metric = window.metric_of(&condition, sources)?;
            let kept = window.keep(metric, nanos(condition.over));
            window.watched.push(Watched { condition, kept });
        }
        Ok(window)
    }

    fn metric_of(&self, condition: &Condition, sources: Sources) -> Result<MetricId, WindowError> {
        let name = match &condition.subject {
            Subject::Trend { metric: Some(name), .. } => name,
            Subject::Trend { metric: None, .. } => return Ok(sources.response_time),
            Subject::ErrorShare | Subject::Errors => return Ok(sources.errors),
            Subject::RateShare | Subject::Rate => return Ok(sources.started),
        };
        let (condition, metric) = (condition.source.clone(), name.clone());
        match self.registry.find(name) {
            None => Err(WindowError::Unknown { condition, metric }),
            Some(def) if def.kind != MetricKind::Trend => {
                Err(WindowError::Kind { condition, metric, kind: def.kind })
            }
            Some(def) => Ok(def.id),
        }
    }

    fn keep(&mut self, metric: MetricId, span: u64) -> usize {
        if let Some(at) = self.kept.iter().position(|kept| kept.metric == metric) {
            if let Some(kept) = self.kept.get_mut(at) {
                kept.span = kept.span.max(span);
            }
            return at;
        }
        let kind = self.registry.def(metric).kind;
        self.kept.push(Kept { metric, kind, span, seconds: VecDeque::new() });
        self.kept.len() - 1
    }

    /// Adds the second that ended at `at`; `asked` starts were due in it, 0 when nobody says.
    pub fn push(&mut self, at: Timestamp, interval: &Interval, asked: f64) {
        self.began.get_or_insert(at.0.saturating_sub(SECOND_NANOS));
        self.now = at.0;
        let longest = self.kept.iter().map(|kept| kept.span).max().unwrap_or(0);
        self.asked.push_back((at.0, asked));
        while self.asked.front().is_some_and(|(ended, _)| is_past(*ended, at.0, longest)) {
            self.asked.pop_front();
        }
        for kept in &mut self.kept {
            while kept.seconds.front().is_some_and(|(ended, _)| is_past(*ended, at.0, kept.span)) {
                if let Some((_, sink)) = kept.seconds.pop_front() {
                    self.pool.give_back(sink);
                }
            }
        }
        for (series, sink) in &interval.sinks {
            let Route::Kept(kept) = self.route(series.0 as usize, *series) else { continue };
            let Some(kept) = self.kept.get_mut(kept) else { continue };
            if kept.seconds.back().is_none_or(|(ended, _)| *ended != at.0) {
                let busy = matches!(sink, Sink::Trend(histogram) if !histogram.is_exact());
                kept.seconds.push_back((at.0, self.pool.take(kept.kind, busy)));
            }
            if let Some((_, into)) = kept.seconds.back_mut() {
                into.merge(sink);
            }
        }
    }

    fn route(&mut self, at: usize, series: crate::registry::SeriesId) -> Route {
        if let Some(Some(route)) = self.routes.get(at) {
            return *route;
        }
        let metric = self.registry.series_def(series).metric;
        let position = self.kept.iter().position(|kept| kept.metric == metric);
        let route = position.map_or(Route::Nowhere, Route::Kept);
        if self.routes.len() <= at {
            self.routes.resize(at + 1, None);
        }
        if let Some(slot) = self.routes.get_mut(at) {
            *slot = Some(route);
        }
        route
    }

    /// The first condition that holds now. One whose window is longer than what has passed, or that
    /// has nothing to be computed from, does not.
    pub fn held(&mut self) -> Option<Held> {
        let passed = self.now.saturating_sub(self.began?);
        for at in 0..self.watched.len() {
            let Some(Watched { condition, kept }) = self.watched.get(at) else { continue };
            if passed < nanos(condition.over) {
                continue;
            }
            let Some(kept) = self.kept.get(*kept) else { continue };
            let sink = kept.last(condition.over, self.now, &mut self.pool);
            let asked = self
                .asked
                .iter()
                .filter(|(ended, _)| !is_past(*ended, self.now, nanos(condition.over)));
            let asked: f64 = asked.map(|(_, asked)| asked).sum();
            let value = value(condition, &sink, asked);
            self.pool.give_back(sink);
            if let Some((value, unit)) = value
                && condition.operator.holds(value, condition.limit)
            {
                return Some(Held { condition: condition.source.clone(), value, unit });
            }
        }
        None
    }
}

impl Kept {
    /// All samples of the last `over`.
    fn last(&self, over: Duration, now: u64, pool: &mut SinkPool) -> Sink {
        let seconds = || self.seconds.iter().rev();
        let last = seconds().take_while(|(ended, _)| !is_past(*ended, now, nanos(over)));
        let mut all = pool.take(self.kind, true);
        for (_, sink) in last {
            all.merge(sink);
        }
        all
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Whether a second that ended at `ended` is outside of the window of `span` before `now`.
fn is_past(ended: u64, now: u64, span: u64) -> bool {
    now.saturating_sub(ended) >= span
}

/// What a condition is about; `None` without a sample to compute it from.
fn value(condition: &Condition, sink: &Sink, asked: f64) -> Option<(f64, Unit)> {
    let over = condition.over;
    let count = match sink {
        Sink::Trend(histogram) => histogram.count(),
        Sink::Rate { total, .. } => *total,
        _ => return None,
    } as f64;
    match (&condition.subject, sink) {
        (Subject::Trend { aggregation, .. }, Sink::Trend(histogram)) if !histogram.is_empty() => {
            Some((aggregation.of(sink, over)?, Unit::Milliseconds))
        }
        (Subject::ErrorShare, Sink::Rate { trues, .. }) if count > 0.0 => {
            Some((*trues as f64 / count, Unit::Percent))
        }
        (Subject::Errors, Sink::Rate { trues, .. }) => Some((*trues as f64, Unit::Count)),
        (Subject::RateShare, _) if asked > 0.0 => Some((count / asked, Unit::Percent)),
        (Subject::Rate, _) => Some((count / over.as_secs_f64(), Unit::PerSecond)),
        _ => None,
    }
}
