//! What is run again and again at different rates: one kind of target with all that its runs share.

use std::{
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

use plimsoll_attack::hits::Collector;
use plimsoll_engine::{
    config::{Executor, RunConfig, Scenario},
    control::{Control, StopReason},
    hub::Observer,
    pace::{Pace, Rate, Spacing},
    run::{self, RunSetup},
    runner::Runner,
};
use plimsoll_metrics::{MetricId, Observation, Registry};
use plimsoll_runtime::clock::Instant;

use crate::{
    exit::{Exit, Failure},
    validity,
};

/// Senders that are there before a trial begins, and for each request per second; more are made as needed.
const SENDERS_FIRST: f64 = 10.0;
const SENDERS_PER_RATE: f64 = 0.02;

/// A rate is a whole number of arrivals in so many seconds.
const RATE_SECONDS: u32 = 1000;

/// Targets that can be loaded at any rate.
pub(in crate::commands) struct Bench<R: Runner> {
    pub(in crate::commands) runner: Arc<R>,
    pub(in crate::commands) registry: Registry,
    /// A run without its scenarios.
    pub(in crate::commands) base: RunConfig,
    /// With the share of all arrivals that each has.
    pub(in crate::commands) scenarios: Vec<(Scenario, f64)>,
    pub(in crate::commands) spacing: Spacing,
    /// The most in flight.
    pub(in crate::commands) senders: u64,
    /// Requests that are one iteration.
    pub(in crate::commands) batch: u32,
    /// The rate metric of failed requests.
    pub(in crate::commands) failed: MetricId,
    /// Where attacks leave errors and shortages.
    pub(in crate::commands) collector: Option<Arc<Collector>>,
    /// What is sent, as words: `requests`.
    pub(in crate::commands) noun: &'static str,
    /// What is loaded, for people.
    pub(in crate::commands) subject: String,
    /// The rate that a script itself asks for.
    pub(in crate::commands) scripted: Option<f64>,
}

impl<R: Runner> Bench<R> {
    /// A run at `rate` requests per second.
    pub(in crate::commands) fn at(&self, rate: f64, length: Duration) -> RunConfig {
        let scenarios = self.scenarios.iter().map(|(scenario, share)| {
            let rate = rate * share / f64::from(self.batch);
            let most = share_of(self.senders, *share);
            let first = (SENDERS_FIRST + rate * SENDERS_PER_RATE) as u64;
            let executor = Executor::Paced {
                pace: Pace::Constant(exact(rate)),
                spacing: self.spacing,
                duration: Some(length),
                vus: first.min(most),
                max_vus: most,
                rotate: false,
            };
            Scenario { executor, start_time: Duration::ZERO, ..scenario.clone() }
        });
        RunConfig { scenarios: scenarios.collect(), ..self.base.clone() }
    }

    /// A run of `senders` that each send the next when the last has ended.
    pub(in crate::commands) fn closed(&self, senders: u64, duration: Duration) -> RunConfig {
        let scenarios = self.scenarios.iter().map(|(scenario, share)| {
            let executor = Executor::ConstantVus { vus: share_of(senders, *share), duration };
            Scenario { executor, start_time: Duration::ZERO, ..scenario.clone() }
        });
        RunConfig { scenarios: scenarios.collect(), ..self.base.clone() }
    }

    /// Runs the engine once. Blocks until all that was sent was answered or given up.
    pub(in crate::commands) fn run(
        &self,
        config: RunConfig,
        control: Arc<Control>,
        observer: Box<dyn Observer>,
        observations: Option<Receiver<Observation>>,
    ) -> Result<Left, Failure> {
        let began = Instant::now();
        let finished = run::run(RunSetup {
            config,
            runner: Arc::clone(&self.runner),
            registry: self.registry.clone(),
            thresholds: Vec::new(),
            control,
            observer,
            keep_samples: false,
            observations,
        });
        match (finished.error, finished.stopped) {
            (Some(error), _) | (None, Some(StopReason::Error(error))) => {
                let failure = Failure::new(Exit::from(error.kind), error.message);
                return Err(Failure { hint: error.hint, ..failure });
            }
            (None, Some(StopReason::ScriptAbort(message))) => {
                return Err(Failure::new(Exit::ScriptAborted, message));
            }
            (None, _) => {}
        }
        let collected = self.collector.as_ref().map(|collector| collector.take());
        let (shortages, errors) = collected.map_or_else(Default::default, |collected| {
            let short = &collected.shortages;
            let shortages = validity::shortages(short.descriptors, short.ports);
            (shortages, collected.tally.text())
        });
        Ok(Left { lasted: began.elapsed(), shortages, errors })
    }
}

/// What a run left behind, beside what its observer saw.
pub(in crate::commands) struct Left {
    pub(in crate::commands) lasted: Duration,
    /// Of attacks: what was the generator's own, in words, and errors.
    pub(in crate::commands) shortages: Vec<String>,
    pub(in crate::commands) errors: String,
}

fn share_of(count: u64, share: f64) -> u64 {
    ((count as f64 * share).round() as u64).max(1)
}

fn exact(rate: f64) -> Rate {
    let hits = (rate * f64::from(RATE_SECONDS)).round() as u64;
    Rate { hits: hits.max(1), per: Duration::from_secs(RATE_SECONDS.into()) }
}

#[cfg(test)]
mod tests {
    use super::{exact, share_of};

    #[test]
    fn rates_are_kept_to_a_thousandth() {
        for rate in [0.001, 0.5, 1.0, 1234.567, 1e6] {
            assert!((exact(rate).value() - rate).abs() < 1e-3, "{rate}");
        }
        assert!(exact(0.0).value() > 0.0, "no rate is none");
    }

    #[test]
    fn shares_are_never_none() {
        assert_eq!((share_of(10, 0.25), share_of(10, 0.001)), (3, 1));
    }
}
