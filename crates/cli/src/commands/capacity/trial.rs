//! One trial: a run of the engine at one rate for one length.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use plimsoll_analysis::{
    bottleneck::Signal,
    capacity::{Cause, Generator, Judgement, Order, Outcome, Score, Trial, judge},
};
use plimsoll_engine::{config::RunConfig, control::Control, runner::Runner};
use plimsoll_metrics::window::{Measure, Objective};
use plimsoll_runtime::log::Log;

use super::{
    bench::{Bench, Left},
    gather::{Expected, Gathered, Gathering, Level},
    in_flight::Looks,
    interrupt::Interrupt,
    screen::Screen,
};
use crate::{args::SeeFlags, exit::Failure, see::Watched};

/// More than so much of the rate in flight, beyond twice what the objectives allow, is not served in time.
const HOPELESS_SECONDS: f64 = 2.0;

/// Fewer in flight than that are never hopeless.
const HOPELESS_LEAST: f64 = 20.0;

/// What responses may take where no objective says, in seconds.
const PATIENCE: f64 = 5.0;

/// What a trial whose backlog grew without end is over its limit by, as the judge has it.
const HOPELESS_SCORE: Score = Score { excess: 4.0, error: 1.0 };

/// A trial that was run and judged.
pub(super) struct Tried {
    pub(super) judgement: Judgement,
    pub(super) generator: Generator,
    pub(super) signals: Vec<Signal>,
}

/// All that trials of one search share.
pub(super) struct Laboratory<'a, R: Runner> {
    pub(super) bench: &'a Bench<R>,
    pub(super) objectives: &'a [Objective],
    pub(super) see: &'a SeeFlags,
    pub(super) interrupt: &'a Interrupt,
    pub(super) screen: &'a Screen,
    pub(super) log: &'a Log,
    /// CPU that plimsoll may use.
    pub(super) cores: f64,
}

/// What a run left behind.
pub(super) struct Ran {
    pub(super) gathered: Gathered,
    pub(super) signals: Vec<Signal>,
    pub(super) lasted: Duration,
    /// Of attacks: what was the generator's own, in words, and errors.
    pub(super) shortages: Vec<String>,
    pub(super) errors: String,
}

impl<R: Runner> Laboratory<'_, R> {
    /// Runs and judges it; `None` when the person ended it.
    pub(super) fn trial(
        &self,
        order: Order,
        words: (String, String),
    ) -> Result<Option<Tried>, Failure> {
        let expected = self.expected(Some(order.rate), order.length, words);
        let is_too_few = expected.senders < allowed(self.objectives) * order.rate;
        let config = self.bench.at(order.rate, order.length);
        let ran = self.run(config, expected)?;
        if self.interrupt.is_set() {
            return Ok(None);
        }
        let Ran { gathered, signals, shortages, .. } = ran;
        let mut shortage = shortages.into_iter().next();
        if gathered.is_hopeless && is_too_few {
            let senders = self.bench.senders;
            shortage = shortage.or(Some(format!(
                "all {senders} senders were busy, and the objectives allow more in flight; raise --senders"
            )));
        }
        let (cpu, wall) = gathered.cpu;
        let used = cpu.as_secs_f64() / wall.as_secs_f64().max(1e-3);
        let generator = Generator {
            cpu_share: if wall.is_zero() { 0.0 } else { used / self.cores },
            lateness_p99: gathered.lateness.percentile(99.0),
            shortage,
        };
        let trial =
            Trial { rate: order.rate, seconds: gathered.seconds, generator: generator.clone() };
        let mut judgement = judge(&trial, self.objectives);
        if gathered.is_hopeless
            && !matches!(judgement.outcome, Outcome::Invalid(_) | Outcome::Fail(_))
        {
            judgement.outcome = Outcome::Fail(Cause::Backlog);
            judgement.score = HOPELESS_SCORE;
        }
        Ok(Some(Tried { judgement, generator, signals }))
    }

    pub(super) fn expected(
        &self,
        rate: Option<f64>,
        length: Duration,
        words: (String, String),
    ) -> Expected {
        let senders = self.bench.senders as f64 * f64::from(self.bench.batch);
        let rate_or_none = rate.unwrap_or(0.0);
        let hopeless = rate_or_none * (HOPELESS_SECONDS + 2.0 * allowed(self.objectives));
        Expected {
            rate,
            length,
            batch: f64::from(self.bench.batch),
            failed: self.bench.failed,
            hopeless: hopeless.max(HOPELESS_LEAST).min(senders),
            senders,
            words,
        }
    }

    /// Runs the engine once. Blocks until all that was sent was answered or given up.
    pub(super) fn run(&self, config: RunConfig, expected: Expected) -> Result<Ran, Failure> {
        let bench = self.bench;
        let control = Arc::new(Control::new());
        let gathered = Arc::new(Mutex::new(Gathered::default()));
        let looks = Looks::default();
        let is_open = expected.rate.is_some();
        let batch = expected.batch;
        let gathering = Gathering {
            expected,
            looks: looks.clone(),
            gathered: Arc::clone(&gathered),
            registry: bench.registry.clone(),
            control: Arc::clone(&control),
            screen: self.screen.clone(),
        };
        let mut watched = Watched::start(&self.see.watched, false, &bench.registry, self.log)?;
        let observations = watched.take_observations();
        self.interrupt.begin(&control);
        let left = thread::scope(|scope| {
            let (stop, stopped) = mpsc::sync_channel(1);
            if is_open {
                let (looks, control) = (&looks, Arc::clone(&control));
                let look = move || looks.look(&control, batch, &stopped);
                // Without the thread, the ends of the seconds have to do.
                thread::Builder::new().name("in-flight".to_owned()).spawn_scoped(scope, look).ok();
            }
            let left = bench.run(config, control, Box::new(gathering), observations);
            drop(stop);
            left
        });
        watched.stop(self.log);
        let Left { lasted, shortages, errors } = left.inspect_err(|_| self.screen.clear())?;
        let gathered =
            std::mem::take(&mut *gathered.lock().unwrap_or_else(PoisonError::into_inner));
        let signals = self.signals(&gathered);
        Ok(Ran { gathered, signals, lasted, shortages, errors })
    }

    fn signals(&self, gathered: &Gathered) -> Vec<Signal> {
        // The first one is left out.
        let seconds = gathered.seconds.len().saturating_sub(1);
        let signal = |(series, level): (&_, &Level)| {
            let def = self.bench.registry.series_def(*series);
            let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let (mean, max) = level.mean_and_max(seconds);
            Signal {
                metric: self.bench.registry.def(def.metric).name.to_string(),
                tags: def.tags.iter().map(pair).collect(),
                mean,
                max,
            }
        };
        let mut signals: Vec<Signal> = gathered.signals.iter().map(signal).collect();
        signals.sort_by(|a, b| (&a.metric, &a.tags).cmp(&(&b.metric, &b.tags)));
        signals
    }
}

/// Seconds that the objectives let a response take, the most of them.
fn allowed(objectives: &[Objective]) -> f64 {
    let latencies = objectives.iter().filter(|one| one.measure != Measure::Errors);
    latencies.map(|one| one.limit / 1e3).reduce(f64::max).unwrap_or(PATIENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_say_what_may_be_in_flight() {
        let check = |texts: &[&str], expected: f64| {
            let parsed: Vec<Objective> =
                texts.iter().map(|text| Objective::parse(text).unwrap()).collect();
            assert_eq!(allowed(&parsed), expected, "{texts:?}");
        };
        check(&["errors<1%"], PATIENCE);
        check(&["p(99)<200ms", "avg<50ms", "errors<1%"], 0.2);
    }
}
