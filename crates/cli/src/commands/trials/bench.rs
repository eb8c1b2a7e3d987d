//! What is run again and again at different rates: one kind of target with all that its runs share.

use std::{
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

use plimsoll_attack::hits::Collector;
use plimsoll_engine::{
    config::{Executor, RunConfig, Scenario, Stage},
    control::{Control, StopReason},
    hub::Observer,
    pace::{Pace, Rate, Spacing},
    run::{self, RunSetup},
    runner::Runner,
};
use plimsoll_metrics::{MetricId, Observation, Registry};
use plimsoll_runtime::clock::Instant;

use super::level::Unit;
use crate::{
    args::Dimension,
    exit::{Exit, Failure},
    validity,
};

/// Senders that are there before a trial begins, and for each request per second; more are made as needed.
const SENDERS_FIRST: f64 = 10.0;
const SENDERS_PER_RATE: f64 = 0.02;

/// Within it all begin in a closed model; it is not judged.
const GATHERING: Duration = Duration::from_secs(1);

/// A rate is a whole number of arrivals in so many seconds.
const RATE_SECONDS: u32 = 1000;

/// Targets that can be loaded at any rate.
pub(in crate::commands) struct Bench<R: Runner> {
    pub(in crate::commands) runner: Arc<R>,
    pub(in crate::commands) registry: Registry,
    /// A run without its scenarios.
    pub(in crate::commands) base: RunConfig,
    /// With the share of all arrivals, or of all virtual users, that each has.
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
    /// About what an answer has beside its body.
    pub(in crate::commands) head_bytes: f64,
    /// What is loaded, for people.
    pub(in crate::commands) subject: String,
    /// The rate, or the number of virtual users, that a script itself asks for.
    pub(in crate::commands) scripted: Option<f64>,
    /// What a search raises.
    pub(in crate::commands) dimension: Dimension,
    /// Connections are held open, and requests are sent at this rate over all of them.
    pub(in crate::commands) held: Option<f64>,
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
        let shares: Vec<f64> = self.scenarios.iter().map(|(_, share)| *share).collect();
        let counts = apportion(senders, &shares);
        let with_some = self.scenarios.iter().zip(counts).filter(|(_, vus)| *vus > 0);
        let scenarios = with_some.map(|((scenario, _), vus)| {
            let executor = Executor::ConstantVus { vus, duration };
            Scenario { executor, start_time: Duration::ZERO, ..scenario.clone() }
        });
        RunConfig { scenarios: scenarios.collect(), ..self.base.clone() }
    }

    /// As [`Bench::closed`], but they begin within the first second, one after the other: users that all
    /// send at once are a crowd that queues up for itself, and goes on in step for a while.
    fn gathering(&self, vus: u64, length: Duration) -> RunConfig {
        let mut config = self.closed(vus, length);
        for scenario in &mut config.scenarios {
            let Executor::ConstantVus { vus, .. } = scenario.executor else { continue };
            let stages = vec![
                Stage { duration: GATHERING, target: vus },
                Stage { duration: length.saturating_sub(GATHERING), target: vus },
            ];
            let graceful_ramp_down = scenario.graceful_stop;
            scenario.executor = Executor::RampingVus { start_vus: 1, stages, graceful_ramp_down };
        }
        config
    }

    /// A run over `connections` that are all open, at the rate that they are held with.
    fn holding(&self, connections: u64, rate: f64, length: Duration) -> RunConfig {
        let scenarios = self.scenarios.iter().map(|(scenario, _)| {
            let executor = Executor::Paced {
                pace: Pace::Constant(exact(rate / f64::from(self.batch))),
                spacing: self.spacing,
                duration: Some(length),
                vus: connections,
                max_vus: connections,
                rotate: true,
            };
            Scenario { executor, start_time: Duration::ZERO, ..scenario.clone() }
        });
        RunConfig { scenarios: scenarios.collect(), ..self.base.clone() }
    }

    /// A trial's run, at `level` of what the search raises.
    pub(in crate::commands) fn trial(&self, level: f64, length: Duration) -> RunConfig {
        match (self.dimension, self.held) {
            (Dimension::Rate, _) => self.at(level, length),
            (_, Some(rate)) => self.holding(level as u64, rate, length),
            _ => self.gathering(level as u64, length),
        }
    }

    /// Requests per second that are due in such a trial; `None` in a closed model, where the next is
    /// sent when the last was answered.
    pub(in crate::commands) fn due(&self, level: f64) -> Option<f64> {
        match self.dimension {
            Dimension::Rate => Some(level),
            _ => self.held,
        }
    }

    pub(in crate::commands) fn unit(&self) -> Unit {
        Unit { dimension: self.dimension, noun: self.noun }
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

/// `count` in whole numbers by their shares, which sum to 1: by the largest remainder, and one each at
/// least where there are enough.
fn apportion(count: u64, shares: &[f64]) -> Vec<u64> {
    let exact: Vec<f64> = shares.iter().map(|share| count as f64 * share).collect();
    let mut counts: Vec<u64> = exact.iter().map(|part| part.floor() as u64).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    let lacks = |at: &usize| {
        let (exact, count) = (exact.get(*at).copied(), counts.get(*at).copied());
        // Those with none come first.
        let bonus = if count == Some(0) { 1.0 } else { 0.0 };
        exact.unwrap_or(0.0).fract() + bonus
    };
    order.sort_by(|a, b| lacks(b).total_cmp(&lacks(a)));
    let left = count.saturating_sub(counts.iter().sum());
    for at in order.into_iter().cycle().take(left as usize) {
        if let Some(one) = counts.get_mut(at) {
            *one += 1;
        }
    }
    // Who has many gives to who has none.
    while let Some(empty) = counts.iter().position(|one| *one == 0) {
        let Some(most) = counts.iter_mut().max().filter(|most| **most > 1) else { break };
        *most -= 1;
        if let Some(one) = counts.get_mut(empty) {
            *one += 1;
        }
    }
    counts
}

fn exact(rate: f64) -> Rate {
    let hits = (rate * f64::from(RATE_SECONDS)).round() as u64;
    Rate { hits: hits.max(1), per: Duration::from_secs(RATE_SECONDS.into()) }
}

#[cfg(test)]
mod tests {
    use super::{apportion, exact, share_of};

    #[test]
    fn virtual_users_are_apportioned_exactly() {
        let check = |count, shares: &[f64], expected: &[u64]| {
            assert_eq!(apportion(count, shares), expected, "{count} over {shares:?}");
        };
        check(4, &[1.0], &[4]);
        check(4, &[0.5, 0.5], &[2, 2]);
        check(10, &[0.75, 0.25], &[8, 2]);
        check(3, &[0.9, 0.1], &[2, 1]);
        check(5, &[0.8, 0.1, 0.1], &[3, 1, 1]);
        check(1, &[0.1, 0.9], &[0, 1]);
        check(0, &[0.5, 0.5], &[0, 0]);
        check(7, &[], &[]);
    }

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
