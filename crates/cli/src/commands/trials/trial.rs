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
    gather::{Expected, Gathered, Gathering},
    in_flight::Looks,
    interrupt::Interrupt,
    screen::Screen,
    spread::Spread,
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
pub(in crate::commands) struct Tried {
    pub(in crate::commands) judgement: Judgement,
    pub(in crate::commands) generator: Generator,
    pub(in crate::commands) signals: Vec<Signal>,
    /// Beyond [`SIGNALS_LIMIT`](super::signals::SIGNALS_LIMIT).
    pub(in crate::commands) left_out: usize,
    /// Requests per second that were sent, or were to be.
    pub(in crate::commands) offered: f64,
    pub(in crate::commands) spread: Spread,
    pub(in crate::commands) begun: Begun,
}

/// How requests began, in mean milliseconds: after they were due, and until each had a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::commands) struct Begun {
    pub(in crate::commands) late: f64,
    pub(in crate::commands) waited: f64,
}

/// All that trials of one search share.
pub(in crate::commands) struct Laboratory<'a, R: Runner> {
    pub(in crate::commands) bench: &'a Bench<R>,
    pub(in crate::commands) objectives: &'a [Objective],
    pub(in crate::commands) see: &'a SeeFlags,
    pub(in crate::commands) interrupt: &'a Interrupt,
    pub(in crate::commands) screen: &'a Screen,
    pub(in crate::commands) log: &'a Log,
    /// CPU that plimsoll may use.
    pub(in crate::commands) cores: f64,
}

/// What a run left behind.
pub(in crate::commands) struct Ran {
    pub(in crate::commands) gathered: Gathered,
    pub(in crate::commands) signals: Vec<Signal>,
    pub(in crate::commands) lasted: Duration,
    /// Of attacks: what was the generator's own, in words, and errors.
    pub(in crate::commands) shortages: Vec<String>,
    pub(in crate::commands) errors: String,
}

impl<R: Runner> Laboratory<'_, R> {
    /// Runs and judges it; `None` when the person ended it.
    pub(in crate::commands) fn trial(
        &self,
        order: Order,
        words: (String, String),
    ) -> Result<Option<Tried>, Failure> {
        let due = self.bench.due(order.rate);
        let mut expected = self.expected(due, order.length, words);
        let most = match (due, self.bench.held) {
            (Some(_), None) => self.bench.senders,
            _ => order.rate as u64,
        };
        if due.is_none() {
            expected.closed = Some(order.rate);
        } else if self.bench.held.is_some() {
            expected.senders = order.rate * expected.batch;
            expected.hopeless = expected.hopeless.min(expected.senders);
        }
        let is_too_few = expected.senders < allowed(self.objectives) * due.unwrap_or(0.0);
        let batch = expected.batch;
        let config = self.bench.trial(order.rate, order.length);
        let ran = self.run(config, expected)?;
        if self.interrupt.is_set() {
            return Ok(None);
        }
        let Ran { gathered, signals, shortages, .. } = ran;
        let mut shortage = shortages.into_iter().next();
        if gathered.is_hopeless && is_too_few {
            let raise = match self.bench.held {
                None => {
                    "senders were busy, and the objectives allow more in flight; raise --senders"
                }
                Some(_) => {
                    "connections were busy, and the objectives allow more in flight; raise --start"
                }
            };
            shortage = shortage.or(Some(format!("all {most} {raise}")));
        }
        let (cpu, wall) = gathered.cpu;
        let used = cpu.as_secs_f64() / wall.as_secs_f64().max(1e-3);
        let generator = Generator {
            cpu_share: if wall.is_zero() { 0.0 } else { used / self.cores },
            lateness_p99: gathered.lateness.percentile(99.0),
            shortage,
        };
        let begun = Begun { late: gathered.lateness.mean(), waited: gathered.waited.mean() };
        let is_script = self.bench.collector.is_none();
        let closed =
            due.is_none().then(|| gathered.closed.into_seconds(order.rate * batch, is_script));
        let seconds = closed.as_ref().map_or(gathered.seconds, |closed| closed.seconds.clone());
        let rate = due.unwrap_or(order.rate);
        let trial = Trial { rate, seconds, generator: generator.clone() };
        let mut judgement = judge(&trial, self.objectives);
        let spread = Spread::of(&trial.seconds, judgement.warm_up);
        if let Some(closed) = closed {
            closed.correct(&mut judgement);
        }
        if gathered.is_hopeless
            && !matches!(judgement.outcome, Outcome::Invalid(_) | Outcome::Fail(_))
        {
            judgement.outcome = Outcome::Fail(Cause::Backlog);
            judgement.score = HOPELESS_SCORE;
        }
        let offered = due.unwrap_or(judgement.throughput);
        let left_out = gathered.signals.left_out;
        Ok(Some(Tried { judgement, generator, signals, left_out, offered, spread, begun }))
    }

    pub(in crate::commands) fn expected(
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
            closed: None,
            length,
            batch: f64::from(self.bench.batch),
            failed: self.bench.failed,
            hopeless: hopeless.max(HOPELESS_LEAST).min(senders),
            senders,
            words,
        }
    }

    /// Runs the engine once. Blocks until all that was sent was answered or given up.
    pub(in crate::commands) fn run(
        &self,
        config: RunConfig,
        expected: Expected,
    ) -> Result<Ran, Failure> {
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
        // The first second is left out.
        let seconds = gathered.count().saturating_sub(1);
        let signals = gathered.signals.told(&bench.registry, seconds, self.see.watched.watch_every);
        Ok(Ran { gathered, signals, lasted, shortages, errors })
    }
}

/// Seconds that the objectives let a response take, the most of them.
pub(in crate::commands) fn allowed(objectives: &[Objective]) -> f64 {
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
