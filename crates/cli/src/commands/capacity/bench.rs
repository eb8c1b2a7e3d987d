//! What is run again and again at different rates: one kind of target with all that its runs share.

use std::{sync::Arc, time::Duration};

use plimsoll_attack::hits::Collector;
use plimsoll_engine::{
    config::{Executor, RunConfig, Scenario},
    pace::{Pace, Rate, Spacing},
    runner::Runner,
};
use plimsoll_metrics::{MetricId, Registry};

/// Senders that are there before a trial begins, and for each request per second; more are made as needed.
const SENDERS_FIRST: f64 = 10.0;
const SENDERS_PER_RATE: f64 = 0.02;

/// A rate is a whole number of arrivals in so many seconds.
const RATE_SECONDS: u32 = 1000;

/// Targets that can be loaded at any rate.
pub(super) struct Bench<R: Runner> {
    pub(super) runner: Arc<R>,
    pub(super) registry: Registry,
    /// A run without its scenarios.
    pub(super) base: RunConfig,
    /// With the share of all arrivals that each has.
    pub(super) scenarios: Vec<(Scenario, f64)>,
    pub(super) spacing: Spacing,
    /// The most in flight.
    pub(super) senders: u64,
    /// Requests that are one iteration.
    pub(super) batch: u32,
    /// The rate metric of failed requests.
    pub(super) failed: MetricId,
    /// Where attacks leave errors and shortages.
    pub(super) collector: Option<Arc<Collector>>,
    /// What is sent, as words: `requests`.
    pub(super) noun: &'static str,
    /// What is loaded, for people.
    pub(super) subject: String,
    /// The rate that a script itself asks for.
    pub(super) scripted: Option<f64>,
}

impl<R: Runner> Bench<R> {
    /// A run at `rate` requests per second.
    pub(super) fn at(&self, rate: f64, length: Duration) -> RunConfig {
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
    pub(super) fn closed(&self, senders: u64, duration: Duration) -> RunConfig {
        let scenarios = self.scenarios.iter().map(|(scenario, share)| {
            let executor = Executor::ConstantVus { vus: share_of(senders, *share), duration };
            Scenario { executor, start_time: Duration::ZERO, ..scenario.clone() }
        });
        RunConfig { scenarios: scenarios.collect(), ..self.base.clone() }
    }
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
