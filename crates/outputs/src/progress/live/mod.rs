//! The run in a few rows that are drawn anew each second: rate, latency and errors of the last second,
//! CPU and memory of what is watched, each with its last minutes as a small picture.

mod figures;
mod rows;
mod sparkline;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_metrics::{Interval, MetricId, RawSample, Registry, Timestamp, Totals};
use plimsoll_runtime::workers;

pub(super) use rows::render;
pub use rows::{Cell, Row, Trend};

use crate::{
    Output, OutputError,
    watched::{self, Things},
};
use figures::Figures;

/// Which metrics of a run are its rate, its latency and its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// A counter; of another kind each value counts once.
    pub count: MetricId,
    /// A trend of times.
    pub latency: MetricId,
    /// A rate: what failed.
    pub failed: Option<MetricId>,
    /// What is counted: `requests`.
    pub noun: &'static str,
    /// How many of them one iteration is, where that is fixed.
    pub per_iteration: Option<u32>,
}

/// Follows the run for whoever draws it. A clone shows the same run.
#[derive(Clone)]
pub struct Live(Arc<Mutex<Inner>>);

struct Inner {
    figures: Figures,
    things: Things,
    rows: Arc<[Row]>,
    /// Of watched things, for a pipe.
    line: String,
    last: Option<Timestamp>,
    cores: f64,
}

impl Live {
    /// The first of `sources` that has samples is shown.
    pub fn new(registry: Registry, sources: Vec<Source>) -> Live {
        let inner = Inner {
            figures: Figures::new(registry.clone(), sources),
            things: Things::new(registry),
            rows: Arc::new([]),
            line: String::new(),
            last: None,
            cores: workers::cores() as f64,
        };
        Live(Arc::new(Mutex::new(inner)))
    }

    /// What brings it the numbers.
    pub fn follower(&self) -> Box<dyn Output> {
        Box::new(Follower(self.clone()))
    }

    /// As of the last second.
    pub fn rows(&self) -> Arc<[Row]> {
        Arc::clone(&self.lock().rows)
    }

    /// CPU and memory of watched things in one line; empty when there are none.
    pub fn watched_line(&self) -> String {
        self.lock().line.clone()
    }

    /// A line for each watched thing, over the whole run.
    pub fn watched_summary(&self) -> Vec<String> {
        watched::summary(&self.lock().things)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Follower(Live);

impl Output for Follower {
    fn describe(&self) -> String {
        String::new()
    }

    fn wants_samples(&self) -> bool {
        false
    }

    fn samples(&mut self, _: &Arc<Vec<RawSample>>, _: u64) {}

    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals) {
        let mut inner = self.0.lock();
        let inner = &mut *inner;
        let nanos = inner.last.map_or(1_000_000_000, |last| at.0.saturating_sub(last.0));
        inner.last = Some(at);
        inner.figures.absorb(interval, nanos as f64 / 1e9, totals);
        inner.things.absorb(interval);
        inner.rows = rows::make(&inner.figures, &inner.things, inner.cores).into();
        inner.line = watched::line(&inner.things);
    }

    fn finish(&mut self) -> Result<Option<String>, OutputError> {
        Ok(None)
    }
}
