//! A VU in its slot: runs iterations one after the other and accounts for each.

use std::{pin::pin, rc::Rc, sync::atomic::Ordering::Relaxed, time::Duration};

use plimsoll_metrics::{Builtin, SeriesHandle, TagSet};
use plimsoll_runtime::clock::Instant;

use super::{Lane, Site, timestamp};
use crate::runner::{Iteration, Outcome, Vu};

/// How long a VU whose iterations never wait may keep its thread from the others.
const TURN: Duration = Duration::from_micros(100);

const NANOS_PER_MILLISECOND: f64 = 1e6;

/// The series of an iteration's samples, kept while the VU's tags stay the same.
struct Series {
    tags: TagSet,
    iterations: SeriesHandle,
    duration: SeriesHandle,
    /// Open models only.
    response_time: Option<SeriesHandle>,
}

pub(super) struct Seat<'v, V> {
    site: Rc<Site>,
    lane: Rc<Lane>,
    vu: &'v mut V,
    series: Option<Series>,
    lateness: Option<SeriesHandle>,
    /// When the VU's task last waited.
    turn: Instant,
}

impl<'v, V: Vu> Seat<'v, V> {
    pub(super) fn new(site: &Rc<Site>, lane: &Rc<Lane>, vu: &'v mut V) -> Seat<'v, V> {
        Seat {
            site: Rc::clone(site),
            lane: Rc::clone(lane),
            vu,
            series: None,
            lateness: None,
            turn: Instant::now(),
        }
    }

    /// Runs one iteration from `started`, which is now; `scheduled`: when it was due, in open models.
    pub(super) async fn iterate(&mut self, started: Instant, scheduled: Option<Instant>) {
        let in_instance = self.site.run.started.fetch_add(1, Relaxed);
        if let Some(scheduled) = scheduled {
            self.record_lateness(scheduled, started);
        }
        let iteration = Iteration {
            scenario: Rc::clone(&self.site.handle),
            scheduled: scheduled.unwrap_or(started),
            started,
            in_instance,
            in_test: self.site.run.numbers.global(in_instance),
            deadline: Rc::clone(&self.lane.deadline),
        };
        let outcome = {
            // Lent, so that its state is kept once only.
            let iterate = pin!(self.vu.iterate(iteration));
            self.lane.attend(iterate).await
        };
        let finished = Instant::now();
        if self.lane.was_suspended() {
            self.turn = finished;
        }
        let tally = self.site.tally();
        match outcome {
            Some(Outcome::Completed | Outcome::Failed) => {
                tally.completed.add(1);
                self.record(scheduled, started, finished);
            }
            Some(Outcome::Aborted) => {
                tally.interrupted.add(1);
                self.record(scheduled, started, finished);
            }
            Some(Outcome::Interrupted) | None => tally.interrupted.add(1),
        }
        self.rest(started, finished).await;
    }

    /// `minIterationDuration`, and the other VUs' turn.
    async fn rest(&mut self, started: Instant, finished: Instant) {
        let earliest = started + self.site.min_iteration;
        if earliest > finished {
            let until = earliest.min(self.lane.deadline.get());
            self.lane.sleep_until(&self.site.worker.control, until).await;
            self.turn = Instant::now();
        } else if finished.since(self.turn) >= TURN {
            tokio::task::yield_now().await;
            self.turn = Instant::now();
        }
    }

    fn record(&mut self, scheduled: Option<Instant>, started: Instant, finished: Instant) {
        let tags = self.vu.tags();
        let metadata = self.vu.metadata();
        let mut recorder = self.site.worker.recorder.borrow_mut();
        let series = match self.series.take() {
            Some(series) if series.tags == tags => series,
            _ => Series {
                iterations: recorder.handle(Builtin::Iterations.id(), &tags),
                duration: recorder.handle(Builtin::IterationDuration.id(), &tags),
                response_time: scheduled
                    .map(|_| recorder.handle(Builtin::IterationResponseTime.id(), &tags)),
                tags,
            },
        };
        let at = timestamp(finished);
        let since = |start| finished.since(start).as_nanos() as f64 / NANOS_PER_MILLISECOND;
        recorder.record_with(series.duration, since(started), at, metadata.as_ref());
        if let (Some(response_time), Some(scheduled)) = (series.response_time, scheduled) {
            recorder.record_with(response_time, since(scheduled), at, metadata.as_ref());
        }
        recorder.record_with(series.iterations, 1.0, at, metadata.as_ref());
        self.series = Some(series);
    }

    fn record_lateness(&mut self, scheduled: Instant, started: Instant) {
        let mut recorder = self.site.worker.recorder.borrow_mut();
        let series = *self.lateness.get_or_insert_with(|| {
            recorder.handle(Builtin::IterationLateness.id(), self.site.tags())
        });
        let milliseconds = started.since(scheduled).as_nanos() as f64 / NANOS_PER_MILLISECOND;
        recorder.record(series, milliseconds, timestamp(started));
    }
}
