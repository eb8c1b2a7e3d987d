//! A worker's recordings on their way to the hub.

use std::{
    rc::Rc,
    sync::mpsc::{Receiver, TrySendError},
    time::Duration,
};

use plimsoll_metrics::{Builtin, Interval};
use plimsoll_runtime::{clock::Instant, timer};

use super::{Home, Report};
use crate::{drive::timestamp, runner::Runner};

const SECOND: Duration = Duration::from_secs(1);

/// How often kept samples are looked at.
const SAMPLES_EVERY: Duration = Duration::from_millis(50);

/// Kept samples worth handing over before the second is full.
const SAMPLES_BATCH: usize = 2_000;

/// Hands the interval over at each whole second since `origin`, for ever.
pub(super) async fn every_second<R: Runner>(
    home: Rc<Home<R>>,
    origin: Instant,
    returns: Option<Receiver<Interval>>,
) {
    let step = if home.shared.keep_samples { SAMPLES_EVERY } else { SECOND };
    let mut second = 0;
    let mut unsent = None;
    loop {
        let steps = Instant::now().since(origin).as_nanos() / step.as_nanos() + 1;
        let next = u64::try_from(steps * step.as_nanos()).unwrap_or(u64::MAX);
        timer::sleep_until(origin + Duration::from_nanos(next)).await;
        let now_second = Instant::now().since(origin).as_secs();
        if home.shared.keep_samples {
            hand_over_samples(&home, now_second > second);
        }
        if now_second > second {
            second = now_second;
            if home.worker.index == 0 {
                sample_vus(&home, origin + Duration::from_secs(second));
            }
            recycle(&home, returns.as_ref());
            hand_over(&home, second, &mut unsent);
        }
    }
}

/// What was recorded since the last hand-over.
pub(super) fn rest<R: Runner>(home: &Home<R>) {
    if home.shared.keep_samples {
        hand_over_samples(home, true);
    }
    let interval = home.worker.recorder.borrow_mut().take_interval();
    home.report(Report::Interval { worker: home.worker.index, second: u64::MAX, interval });
}

/// When the hub lags behind, the interval waits for the next second rather than the worker for the hub.
fn hand_over<R: Runner>(home: &Home<R>, second: u64, unsent: &mut Option<Report>) {
    if let Some(report) = unsent.take()
        && let Err(TrySendError::Full(report)) = home.shared.reports.try_send(report)
    {
        *unsent = Some(report);
        return;
    }
    let interval = home.worker.recorder.borrow_mut().take_interval();
    let report = Report::Interval { worker: home.worker.index, second, interval };
    if let Err(TrySendError::Full(report)) = home.shared.reports.try_send(report) {
        *unsent = Some(report);
    }
}

fn hand_over_samples<R: Runner>(home: &Home<R>, all: bool) {
    let mut recorder = home.worker.recorder.borrow_mut();
    let waiting = recorder.samples_len();
    if waiting < SAMPLES_BATCH && !(all && waiting > 0) {
        return;
    }
    let (samples, lost) = recorder.take_samples();
    drop(recorder);
    home.report(Report::Samples { samples, lost });
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
}
