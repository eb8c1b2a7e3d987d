//! What follows a run: outputs, the run record, the parts of the full summary. One observer for the
//! engine, shared so that the rest can be asked of it afterwards.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use plimsoll_engine::{
    control::StopReason,
    hub::{Observer, SinglesLimit},
    run::Finished,
};
use plimsoll_metrics::{
    Event, Interval, RawSample, Registry, Timestamp, Totals,
    record::{End, Header, ThresholdResult},
    registry::SERIES_LIMIT,
    totals::{Entry, ThresholdState},
};
use plimsoll_outputs::{Output, record::RecordWriter, summary::Parts, view::live::Dashboard};
use plimsoll_runtime::{
    clock::Instant,
    log::{Level, Log},
};

use crate::{exit::Failure, pages::Pages, setup::Setup};

/// Everything that follows the run.
pub(crate) struct Followers(Arc<Mutex<Inner>>);

struct Inner {
    outputs: Vec<Box<dyn Output>>,
    record: Option<RecordWriter>,
    parts: Option<Parts>,
    /// Of outputs, as the header of a run has them.
    names: Vec<String>,
    /// Where the run can be seen.
    dashboard: Option<String>,
    registry: Registry,
    /// Whether the limit of series was told.
    told_limit: bool,
    /// Whether all were told how the run ended.
    told_end: bool,
    /// Whether the record is where records are when no flag says.
    is_in_usual_place: bool,
    log: Log,
}

impl Followers {
    /// Opens every output that the flags name, beside those given.
    pub(crate) fn start(setup: &Setup, given: Vec<Box<dyn Output>>) -> Result<Followers, Failure> {
        let mut outputs = crate::outputs::open(setup)?;
        outputs.extend(given);
        let header = header(setup);
        let Pages { dashboard, reports } = Pages::open(setup, &header)?;
        outputs.extend(reports.into_iter().map(|report| Box::new(report) as Box<dyn Output>));
        let names = outputs.iter().map(|output| output.describe());
        let names = names.filter(|name| !name.is_empty()).collect();
        let url = dashboard.as_ref().map(Dashboard::url);
        outputs.extend(dashboard.map(|dashboard| Box::new(dashboard) as Box<dyn Output>));
        let parts = setup.keeps_parts.then(|| Parts::new(setup.registry.clone()));
        let record = record(setup, &header)?;
        let inner = Inner {
            outputs,
            record,
            parts,
            names,
            dashboard: url,
            registry: setup.registry.clone(),
            told_limit: false,
            told_end: false,
            is_in_usual_place: setup.record.is_none(),
            log: setup.log.clone(),
        };
        Ok(Followers(Arc::new(Mutex::new(inner))))
    }

    pub(crate) fn observer(&self) -> Box<dyn Observer> {
        Box::new(Shared(Arc::clone(&self.0)))
    }

    pub(crate) fn wants_samples(&self) -> bool {
        self.lock().outputs.iter().any(|output| output.wants_samples())
    }

    /// As the header of a run names them.
    pub(crate) fn describe(&self) -> Vec<String> {
        self.lock().names.clone()
    }

    /// The address of the live dashboard, where there is one.
    pub(crate) fn dashboard(&self) -> Option<String> {
        self.lock().dashboard.clone()
    }

    /// What groups and scenarios recorded, for the full summary.
    pub(crate) fn take_parts(&self) -> Option<Parts> {
        self.lock().parts.take()
    }

    /// Tells all how the run ended: early, when the person lingers before the rest. Told once.
    pub(crate) fn end(&self, finished: &Finished, warnings: &[String]) {
        let mut inner = self.lock();
        if std::mem::replace(&mut inner.told_end, true) {
            return;
        }
        let at = Timestamp(Instant::now().unix_nanos());
        let invalid = |text: &String| Event { at, kind: "invalid".to_owned(), text: text.clone() };
        let events: Vec<Event> = warnings.iter().map(invalid).collect();
        let end = end(finished);
        for output in inner.all() {
            events.iter().for_each(|event| output.event(event));
            output.end(&end);
        }
    }

    /// Flushes all, the record first: nothing that a slow receiver does can harm it. What an output could
    /// not do is logged and changes no exit code.
    pub(crate) fn finish(&self, finished: &Finished, warnings: &[String], log: &Log) {
        self.end(finished, warnings);
        let mut inner = self.lock();
        let path = inner.record.as_ref().and_then(RecordWriter::path).map(Path::to_path_buf);
        let had_dashboard = inner.dashboard.is_some();
        for output in inner.all() {
            match output.finish() {
                Ok(Some(line)) => log.info(&line),
                Ok(None) => {}
                Err(error) => log.error(&error.to_string()),
            }
        }
        let Some(path) = path else { return };
        // `plimsoll view` knows runs of the usual place by their names.
        let name = path.file_stem().filter(|_| inner.is_in_usual_place).map(Path::new);
        let path = name.unwrap_or(&path).display();
        match had_dashboard {
            true => log.info(&format!(
                "the dashboard is closed; `plimsoll view {path}` shows the run again"
            )),
            false => log.debug(&format!("the run is recorded in {path}")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is known of the run before its start.
fn header(setup: &Setup) -> Header {
    Header {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_unix_ms: Instant::now().unix_nanos() / 1_000_000,
        script: setup.subject.clone(),
        options: setup.options.clone(),
    }
}

/// Every run leaves a record, unless it is switched off or there is no place for it.
fn record(setup: &Setup, header: &Header) -> Result<Option<RecordWriter>, Failure> {
    let wanted = setup.record;
    let Some(target) = crate::outputs::record_target(wanted)? else {
        if wanted.is_none() {
            let message = "this run will not be recorded: neither XDG_STATE_HOME nor HOME is set";
            setup.log.warn(message);
        }
        return Ok(None);
    };
    Ok(Some(RecordWriter::start(target, header, setup.registry.clone(), setup.log.clone())))
}

fn end(finished: &Finished) -> End {
    let reason = match (&finished.error, &finished.stopped) {
        (Some(error), _) | (None, Some(StopReason::Error(error))) => error.message.clone(),
        (None, None | Some(StopReason::Exhausted)) => "finished".to_owned(),
        (None, Some(StopReason::Condition(text))) => text.clone(),
        (None, Some(StopReason::Signal)) => "interrupted".to_owned(),
        (None, Some(StopReason::Quit)) => "ended early, by the key q".to_owned(),
        (None, Some(StopReason::ScriptAbort(message))) => message.clone(),
        (None, Some(StopReason::Thresholds(keys))) => format!("thresholds: {}", keys.join(", ")),
    };
    let results = |entry: &Entry| {
        let key = entry.name.clone();
        let result = move |state: &ThresholdState| ThresholdResult {
            key: key.clone(),
            expression: state.threshold.source.clone(),
            ok: !state.last_failed,
        };
        entry.thresholds.iter().map(result).collect::<Vec<_>>()
    };
    let thresholds = finished.totals.entries().iter().flat_map(results).collect();
    End { reason, duration_ms: finished.duration.as_secs_f64() * 1e3, thresholds }
}

impl Inner {
    /// The record, and then the outputs.
    fn all(&mut self) -> impl Iterator<Item = &mut dyn Output> {
        let record = self.record.iter_mut().map(|record| record as &mut dyn Output);
        record.chain(self.outputs.iter_mut().map(|output| &mut **output as &mut dyn Output))
    }

    /// Once, when tag sets began to be folded.
    fn tell_limit(&mut self) {
        if self.told_limit || self.registry.folded() == 0 {
            return;
        }
        self.told_limit = true;
        self.log.write(
            Level::Warning,
            &format!(
                "the run has {SERIES_LIMIT} time series, the most that are kept apart; samples of new ones \
                 count without their url and name, the totals stay right"
            ),
            &[("hint", "give requests with many URLs one name: http.url`..`, or { tags: { name: '..' } }")],
        );
    }
}

struct Shared(Arc<Mutex<Inner>>);

impl Observer for Shared {
    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.all().for_each(|output| output.interval(at, interval, totals));
        inner.tell_limit();
        if let Some(parts) = &mut inner.parts {
            parts.absorb(interval);
        }
    }

    fn samples(&mut self, samples: Vec<RawSample>, lost: u64) {
        let samples = Arc::new(samples);
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for output in inner.outputs.iter_mut().filter(|output| output.wants_samples()) {
            output.samples(&samples, lost);
        }
    }

    /// The smallest of the outputs' own.
    fn singles_limit(&self) -> Option<SinglesLimit> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let takers = || inner.outputs.iter().filter(|output| output.wants_samples());
        let per_second = takers().filter_map(|output| output.singles_limit()).min()?;
        let wants_surplus = takers().any(|output| output.singles_limit().is_none());
        Some(SinglesLimit { per_second, wants_surplus })
    }

    fn condensed(&mut self, from: Timestamp, to: Timestamp, interval: &Interval) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limited = |output: &&mut Box<dyn Output>| output.singles_limit().is_some();
        for output in inner.outputs.iter_mut().filter(limited) {
            output.condensed(from, to, interval);
        }
    }

    fn surplus(&mut self, samples: Vec<RawSample>, lost: u64) {
        let samples = Arc::new(samples);
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let takers = |output: &&mut Box<dyn Output>| {
            output.wants_samples() && output.singles_limit().is_none()
        };
        for output in inner.outputs.iter_mut().filter(takers) {
            output.samples(&samples, lost);
        }
    }

    fn event(&mut self, event: &Event) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.all().for_each(|output| output.event(event));
    }

    fn notice(&mut self, is_error: bool, message: &str, fields: &[(&str, &str)]) {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let level = if is_error { Level::Error } else { Level::Warning };
        inner.log.write(level, message, fields);
    }
}
