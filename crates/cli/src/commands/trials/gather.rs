//! What a trial's run shows, second by second.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use plimsoll_analysis::capacity::Second;
use plimsoll_engine::{
    control::{Control, StopReason},
    hub::Observer,
};
use plimsoll_metrics::{
    Builtin, Histogram, Interval, MetricId, RawSample, Registry, Sink, Timestamp, Totals,
};
use plimsoll_monitor::own;
use plimsoll_outputs::search;
use plimsoll_runtime::clock::Instant;

use super::{
    closed::{self, Counted},
    in_flight::Looks,
    screen::Screen,
    signals::Signals,
};

/// A second in which less of the rate was due is not one of the trial's.
const WHOLE: f64 = 0.9;

/// From this share of all senders on, what is late waits for one of them, and not for the generator.
const BUSY: f64 = 0.9;

/// Seconds one after the other that are hopeless before a trial is ended.
const HOPELESS_SECONDS: u32 = 2;

/// What is expected of a trial.
pub(in crate::commands) struct Expected {
    /// Requests per second that are due; `None` in a closed model.
    pub(in crate::commands) rate: Option<f64>,
    /// How many send in a closed model, of a trial; `None` of the probe.
    pub(in crate::commands) closed: Option<f64>,
    pub(in crate::commands) length: Duration,
    /// Requests that are one iteration.
    pub(in crate::commands) batch: f64,
    pub(in crate::commands) failed: MetricId,
    /// In flight at the end of a second, that many cannot be served in time.
    pub(in crate::commands) hopeless: f64,
    pub(in crate::commands) senders: f64,
    /// For the person, before and after the second's own figures.
    pub(in crate::commands) words: (String, String),
}

/// What was seen so far.
#[derive(Default)]
pub(in crate::commands) struct Gathered {
    pub(in crate::commands) seconds: Vec<Second>,
    /// In all, also after the last second.
    pub(in crate::commands) done: f64,
    pub(in crate::commands) failed: f64,
    /// Milliseconds by which iterations started late for want of the generator's own time.
    pub(in crate::commands) lateness: Histogram,
    /// Milliseconds until each request had a connection.
    pub(in crate::commands) waited: Histogram,
    /// Requests that ended, and bytes that came.
    pub(in crate::commands) requests: f64,
    pub(in crate::commands) received: f64,
    /// CPU time and wall time that it is about.
    pub(in crate::commands) cpu: (Duration, Duration),
    /// What is watched, after the first second.
    pub(in crate::commands) signals: Signals,
    /// Of a trial in a closed model.
    pub(super) closed: closed::Seen,
    /// The trial was ended because more came due than could be served.
    pub(in crate::commands) is_hopeless: bool,
    asked: f64,
    hopeless: u32,
    since: Option<(Duration, Instant)>,
}

/// Follows one run.
pub(super) struct Gathering {
    pub(super) expected: Expected,
    pub(super) gathered: Arc<Mutex<Gathered>>,
    pub(super) registry: Registry,
    pub(super) control: Arc<Control>,
    pub(super) screen: Screen,
    pub(super) looks: Looks,
}

/// One interval.
#[derive(Default)]
struct Counts {
    done: f64,
    failed: u64,
    requests: u64,
    latency: Histogram,
    lateness: Histogram,
    waited: Histogram,
    received: f64,
    /// In a closed model.
    iterations: Histogram,
    http: Histogram,
}

impl Observer for Gathering {
    fn interval(&mut self, at: Timestamp, interval: &Interval, _: &Totals) {
        let gathered = Arc::clone(&self.gathered);
        let mut gathered = gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = self.count(interval);
        let before = gathered.count();
        self.second(at, counts, &mut gathered);
        if before > 0 && gathered.count() > before {
            gathered.signals.add(interval, &self.registry);
        }
    }

    fn samples(&mut self, _: Vec<RawSample>, _: u64) {}
}

impl Gathering {
    fn count(&self, interval: &Interval) -> Counts {
        let mut counts = Counts::default();
        for (series, sink) in &interval.sinks {
            let metric = self.registry.series_def(*series).metric;
            match sink {
                Sink::Counter { sum } if metric == Builtin::Iterations.id() => counts.done += sum,
                Sink::Counter { sum } if metric == Builtin::DataReceived.id() => {
                    counts.received += sum;
                }
                Sink::Rate { trues, total } if metric == self.expected.failed => {
                    counts.failed += trues;
                    counts.requests += total;
                }
                Sink::Trend(more) if metric == Builtin::IterationResponseTime.id() => {
                    counts.latency.merge(more);
                }
                Sink::Trend(more) if metric == Builtin::IterationLateness.id() => {
                    counts.lateness.merge(more);
                }
                Sink::Trend(more) if metric == Builtin::HttpReqBlocked.id() => {
                    counts.waited.merge(more);
                }
                Sink::Trend(more) if self.expected.closed.is_some() => {
                    if metric == Builtin::IterationDuration.id() {
                        counts.iterations.merge(more);
                    } else if metric == Builtin::HttpReqDuration.id() {
                        counts.http.merge(more);
                    }
                }
                _ => {}
            }
        }
        counts.done *= self.expected.batch;
        counts
    }

    fn second(&self, at: Timestamp, counts: Counts, gathered: &mut Gathered) {
        let Counts {
            done,
            failed,
            requests,
            latency,
            lateness,
            waited,
            received,
            iterations,
            http,
        } = counts;
        // A script's iteration may send several requests: their share counts.
        let share = if requests > 0 { failed as f64 / requests as f64 } else { 0.0 };
        gathered.done += done;
        gathered.failed += done * share;
        gathered.received += received;
        gathered.requests += requests as f64;
        let Some(rate) = self.expected.rate else {
            let counted = Counted { done, failed: done * share, iterations, requests: http };
            self.closed(at, counted, gathered);
            return;
        };
        // Also of a second that is not used, so that the next one has its own only.
        let seen = self.looks.mean_until(at);
        let asked = (self.control.asked_by(at) * self.expected.batch).max(gathered.asked);
        let due = asked - std::mem::replace(&mut gathered.asked, asked);
        if due < rate * WHOLE || gathered.is_hopeless {
            return;
        }
        // At the end of the second: what comes next has to wait for so many.
        let left = (asked - gathered.done).max(0.0);
        let is_first = gathered.seconds.is_empty();
        gathered.measure_cpu();
        // In the first one, senders are made.
        if !is_first && left < self.expected.senders * BUSY {
            gathered.lateness.merge(&lateness);
            gathered.waited.merge(&waited);
        }
        let shown = search::Second {
            done,
            p50_ms: latency.percentile(50.0),
            p99_ms: latency.percentile(99.0),
            in_flight: left,
        };
        self.tell(shown, gathered.seconds.len() + 1, true);
        let in_flight = seen.unwrap_or(left);
        gathered.seconds.push(Second { due, done, failed: done * share, in_flight, latency });
        gathered.hopeless = if left > self.expected.hopeless { gathered.hopeless + 1 } else { 0 };
        let is_full = left >= self.expected.senders;
        if gathered.hopeless >= HOPELESS_SECONDS || is_full {
            gathered.is_hopeless = true;
            self.control.drain(StopReason::Exhausted);
        }
    }

    /// A second in which nothing is due at a given time.
    fn closed(&self, at: Timestamp, counted: Counted, gathered: &mut Gathered) {
        if self.expected.closed.is_none() {
            gathered.measure_cpu();
            return;
        }
        let (progress, length) = (self.control.progress(), self.expected.length);
        let done = counted.done;
        if gathered.closed.add(at, &progress, length, counted) {
            gathered.measure_cpu();
            let second = search::Second { done, ..search::Second::default() };
            self.tell(second, gathered.closed.count(), false);
        }
    }

    fn tell(&self, second: search::Second, at: usize, open: bool) {
        let of = self.expected.length.as_secs();
        self.screen.second(&self.expected.words, at, of, open, second);
    }
}

impl Gathered {
    /// Seconds of the trial so far.
    pub(in crate::commands) fn count(&self) -> usize {
        self.seconds.len() + self.closed.count()
    }

    /// From the first call on.
    fn measure_cpu(&mut self) {
        let Ok(sample) = own::sample() else { return };
        match self.since {
            None => self.since = Some((sample.cpu(), sample.at)),
            Some((cpu, at)) => {
                self.cpu = (sample.cpu().saturating_sub(cpu), sample.at.since(at));
            }
        }
    }
}
