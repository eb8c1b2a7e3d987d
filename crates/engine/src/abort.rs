//! Ends a run when a condition on its last seconds holds.

use std::sync::Arc;

use plimsoll_metrics::{Event, Interval, RawSample, Timestamp, Totals, window::Window};

use crate::{
    control::{Control, StopReason},
    hub::{Observer, SinglesLimit},
    progress::Stage,
};

/// An observer that looks at a window once a second, and passes everything on to another.
pub struct AbortWhen {
    window: Window,
    control: Arc<Control>,
    inner: Box<dyn Observer>,
    /// Starts that were due until the last second.
    asked: f64,
}

impl AbortWhen {
    /// Stops `control`'s run with [`StopReason::Condition`] when a condition of `window` holds while
    /// the scenarios run.
    pub fn new(window: Window, control: Arc<Control>, inner: Box<dyn Observer>) -> AbortWhen {
        AbortWhen { window, control, inner, asked: 0.0 }
    }
}

impl Observer for AbortWhen {
    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals) {
        self.inner.interval(at, interval, totals);
        let is_on = self.control.test_progress().stage == Stage::Scenarios;
        if !is_on || self.control.is_draining() {
            return;
        }
        let asked = self.control.asked_by(at);
        self.window.push(at, interval, asked - self.asked);
        self.asked = asked;
        if let Some(held) = self.window.held() {
            self.control.stop(StopReason::Condition(held.to_string()));
        }
    }

    fn samples(&mut self, samples: Vec<RawSample>, lost: u64) {
        self.inner.samples(samples, lost);
    }

    fn singles_limit(&self) -> Option<SinglesLimit> {
        self.inner.singles_limit()
    }

    fn condensed(&mut self, from: Timestamp, to: Timestamp, interval: &Interval) {
        self.inner.condensed(from, to, interval);
    }

    fn surplus(&mut self, samples: Vec<RawSample>, lost: u64) {
        self.inner.surplus(samples, lost);
    }

    fn event(&mut self, event: &Event) {
        self.inner.event(event);
    }

    fn notice(&mut self, is_error: bool, message: &str, fields: &[(&str, &str)]) {
        self.inner.notice(is_error, message, fields);
    }
}
