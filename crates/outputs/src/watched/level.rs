//! How high something was: now, lately, and over the whole run.

use std::collections::VecDeque;

use plimsoll_metrics::Histogram;

/// Values that are kept for a picture of the last minutes.
pub const RECENT_LIMIT: usize = 120;

/// A signal that goes up and down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Level {
    recent: VecDeque<f64>,
    sum: f64,
    count: u64,
    max: f64,
}

impl Level {
    /// Adds the values of one interval.
    pub fn add(&mut self, histogram: &Histogram) {
        if histogram.is_empty() {
            return;
        }
        self.max = if self.count == 0 { histogram.max() } else { self.max.max(histogram.max()) };
        self.sum += histogram.sum();
        self.count += histogram.count();
        self.push_recent(histogram.mean());
    }

    /// Adds one value.
    pub fn push(&mut self, value: f64) {
        self.max = if self.count == 0 { value } else { self.max.max(value) };
        self.sum += value;
        self.count += 1;
        self.push_recent(value);
    }

    fn push_recent(&mut self, value: f64) {
        if self.recent.len() == RECENT_LIMIT {
            self.recent.pop_front();
        }
        self.recent.push_back(value);
    }

    /// Of the last interval; `None` before the first.
    pub fn last(&self) -> Option<f64> {
        self.recent.back().copied()
    }

    /// The last intervals, oldest first.
    pub fn recent(&self) -> impl ExactSizeIterator<Item = f64> + '_ {
        self.recent.iter().copied()
    }

    /// Over all values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }
}
