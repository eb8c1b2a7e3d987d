//! What follows a run: outputs, the run record, the parts of the full summary. One observer for the
//! engine, shared so that the rest can be asked of it afterwards.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use plimsoll_engine::{hub::Observer, run::Finished};
use plimsoll_metrics::{
    Interval, RawSample, Registry, Timestamp, Totals, threshold::ThresholdGroup,
};
use plimsoll_outputs::{Output, summary::Parts};
use plimsoll_runtime::log::Log;
use plimsoll_script::options::Options;

use crate::{
    args::{RunArgs, SummaryMode},
    exit::{Exit, Failure},
};

/// What outputs are made from.
pub(crate) struct Setup<'a> {
    pub(crate) args: &'a RunArgs,
    pub(crate) registry: &'a Registry,
    pub(crate) options: &'a Options,
    pub(crate) thresholds: &'a [ThresholdGroup],
    pub(crate) env: &'a BTreeMap<String, String>,
    pub(crate) log: &'a Log,
}

/// Everything that follows the run.
pub(crate) struct Followers(Arc<Mutex<Inner>>);

struct Inner {
    outputs: Vec<Box<dyn Output>>,
    parts: Option<Parts>,
}

impl Followers {
    /// Opens every output that the flags name, beside those given.
    pub(crate) fn start(setup: &Setup, given: Vec<Box<dyn Output>>) -> Result<Followers, Failure> {
        let mut outputs = crate::outputs::open(setup)?;
        outputs.extend(given);
        let full = setup.args.runtime.summary_mode == SummaryMode::Full;
        let parts = full.then(|| Parts::new(setup.registry.clone()));
        Ok(Followers(Arc::new(Mutex::new(Inner { outputs, parts }))))
    }

    pub(crate) fn observer(&self) -> Box<dyn Observer> {
        Box::new(Shared(Arc::clone(&self.0)))
    }

    pub(crate) fn wants_samples(&self) -> bool {
        self.lock().outputs.iter().any(|output| output.wants_samples())
    }

    /// As the header of a run names them.
    pub(crate) fn describe(&self) -> String {
        let inner = self.lock();
        let names: Vec<String> = inner.outputs.iter().map(|output| output.describe()).collect();
        names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// What groups and scenarios recorded, for the full summary.
    pub(crate) fn take_parts(&self) -> Option<Parts> {
        self.lock().parts.take()
    }

    /// Flushes all; what an output could not do is logged and changes no exit code.
    pub(crate) fn finish(&self, finished: &Finished, exit: Exit, log: &Log) {
        let _ = (finished, exit);
        for output in &mut self.lock().outputs {
            if let Err(error) = output.finish() {
                log.error(&error.to_string());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Shared(Arc<Mutex<Inner>>);

impl Observer for Shared {
    fn interval(&mut self, at: Timestamp, interval: &Interval, totals: &Totals) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for output in &mut inner.outputs {
            output.interval(at, interval, totals);
        }
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
}
