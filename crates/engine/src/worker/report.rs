//! A worker's recordings on their way to the hub.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::mpsc::{Receiver, TrySendError},
    time::Duration,
};

use plimsoll_metrics::{Builtin, Interval};
use plimsoll_runtime::{clock::Instant, timer};

use super::{Home, Report, Shared};
use crate::{drive::timestamp, runner::Runner};

const SECOND: Duration = Duration::from_secs(1);

/// How often kept samples are looked at.
const SAMPLES_EVERY: Duration = Duration::from_millis(50);

/// Kept samples worth handing over before the second is full.
const SAMPLES_BATCH: usize = 2_000;

/// What the hub had no room for.
#[derive(Default)]
pub(super) struct Outbox {
    interval: RefCell<Option<Report>>,
    lost: Cell<u64>,
}

/// Hands the interval over at each whole second since `origin`, for ever.
pub(super) async fn every_second<R: Runner>(
    home: Rc<Home<R>>,
    origin: Instant,
    returns: Option<Receiver<Interval>>,
) {
    let is_early = hands_over_early(&home.shared);
    let step = if is_early { SAMPLES_EVERY } else { SECOND };
    let mut second = 0;
    loop {
        let steps = Instant::now().since(origin).as_nanos() / step.as_nanos() + 1;
        let next = u64::try_from(steps * step.as_nanos()).unwrap_or(u64::MAX);
        timer::sleep_until(origin + Duration::from_nanos(next)).await;
        let now_second = Instant::now().since(origin).as_secs();
        if is_early {
            hand_over_samples(&home, now_second > second);
        }
        if now_second > second {
            second = now_second;
            if home.worker.index == 0 {
                sample_vus(&home, origin + Duration::from_secs(second));
            }
            recycle(&home, returns.as_ref());
            hand_over(&home, second);
        }
    }
}

/// What was recorded since the last hand-over. Waits for room.
pub(super) fn rest<R: Runner>(home: &Home<R>) {
    if hands_over_early(&home.shared) {
        let mut recorder = home.worker.recorder.borrow_mut();
        let is_limited = home.shared.singles_limit.is_some();
        // With a limit the samples go with their interval.
        let (samples, lost) = if is_limited { (Vec::new(), 0) } else { recorder.take_samples() };
        let lost = lost + home.outbox.lost.take();
        home.report(Report::Samples { samples, lost, is_surplus: is_limited });
    }
    if let Some(unsent) = home.outbox.interval.take() {
        home.report(unsent);
    }
    home.report(take_interval(home, u64::MAX));
}

/// Whether samples are handed over before their second is full.
fn hands_over_early<R>(shared: &Shared<R>) -> bool {
    shared.keep_samples && shared.singles_limit.is_none_or(|limit| limit.wants_surplus)
}

/// The interval, with its samples where it is only then known whether they are wanted.
fn take_interval<R: Runner>(home: &Home<R>, second: u64) -> Report {
    let mut recorder = home.worker.recorder.borrow_mut();
    let is_over = recorder.is_over();
    let (samples, lost) = match home.shared.singles_limit {
        Some(_) => recorder.take_samples(),
        None => (Vec::new(), 0),
    };
    let interval = recorder.take_interval();
    Report::Interval { worker: home.worker.index, second, interval, samples, lost, is_over }
}

/// When the hub lags behind, the interval waits for the next second rather than the worker for the hub.
fn hand_over<R: Runner>(home: &Home<R>, second: u64) {
    let Outbox { interval: unsent, .. } = &home.outbox;
    let reports = &home.shared.reports;
    let former = unsent.take();
    if let Some(former) = former
        && let Err(TrySendError::Full(former)) = reports.try_send(former)
    {
        unsent.replace(Some(former));
        return;
    }
    let report = take_interval(home, second);
    if let Err(TrySendError::Full(report)) = reports.try_send(report) {
        unsent.replace(Some(report));
    }
}

/// Samples that the hub has no room for are lost, and counted. With a limit they wait until it is
/// known on which side of it their interval is.
fn hand_over_samples<R: Runner>(home: &Home<R>, all: bool) {
    let mut recorder = home.worker.recorder.borrow_mut();
    let is_surplus = recorder.is_over();
    if home.shared.singles_limit.is_some() && !is_surplus {
        return;
    }
    let waiting = recorder.samples_len();
    if waiting < SAMPLES_BATCH && !(all && waiting > 0) {
        return;
    }
    let (samples, lost) = recorder.take_samples();
    let lost = lost + home.outbox.lost.take();
    let report = Report::Samples { samples, lost, is_surplus };
    if let Err(TrySendError::Full(Report::Samples { samples, lost, .. })) =
        home.shared.reports.try_send(report)
    {
        home.outbox.lost.set(lost + samples.len() as u64);
    }
}

fn recycle<R: Runner>(home: &Home<R>, returns: Option<&Receiver<Interval>>) {
    let mut recorder = home.worker.recorder.borrow_mut();
    for interval in returns.into_iter().flat_map(Receiver::try_iter) {
        recorder.recycle(interval);
    }
}

fn sample_vus<R: Runner>(home: &Home<R>, at: Instant) {
    let figures = home.worker.control.figures();
    let tags = &home.shared.config.run_tags;
    let mut recorder = home.worker.recorder.borrow_mut();
    let samples = [(Builtin::Vus, figures.vus_active), (Builtin::VusMax, figures.vus_initialized)];
    for (metric, value) in samples {
        let series = recorder.handle(metric.id(), tags);
        recorder.record(series, value as f64, timestamp(at));
    }
    if let Some(asked) = home.shared.live.asked_within_second(at) {
        let series = recorder.handle(Builtin::IterationsAsked.id(), tags);
        recorder.record(series, asked, timestamp(at));
    }
}
