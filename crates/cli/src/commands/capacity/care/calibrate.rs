//! What the generator itself can do on this machine: the same load against a target that answers at once,
//! at falling rates, until requests are sent on time.

use std::time::Duration;

use plimsoll_analysis::capacity::{CPU_SHARE_MAX, Kind, Order, Outcome, lateness_limit};
use plimsoll_engine::runner::Runner;
use plimsoll_outputs::search::Now;
use serde_json::{Value, json};

use super::noop::{self, Make, Noop};
use crate::{
    args::SeeFlags,
    commands::trials::{
        REST,
        figures::{milliseconds, number, rate},
        probe::Shape,
        trial::{Laboratory, Tried},
    },
    exit::Failure,
};

/// A shorter search has no time for it.
pub(in crate::commands::capacity) const BUDGET_MIN: Duration = Duration::from_secs(60);

/// Requests at a time that find out about where to begin.
const SENDERS: u64 = 64;

/// One run; the first second is not counted.
const LENGTH: Duration = Duration::from_secs(2);

/// Of what so many at a time reach: the first rate that is tried, and the next ones.
const FIRST: f64 = 0.8;
const STEP: f64 = 0.7;
const STEPS: i32 = 4;

/// What goes on, in words.
const CALIBRATING: &str = "calibrating against serve noop";

/// The longest that calibration takes.
pub(in crate::commands::capacity) const TIME_MAX: Duration =
    Duration::from_secs(2 * (1 + STEPS as u64 + 1));

/// From this share on, another number of requests is another way through a script.
const UNLIKE: f64 = 0.1;

/// Fewer in the first run say nothing of what each costs.
const DONE_MIN: f64 = 1000.0;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::commands::capacity) struct Calibration {
    /// The highest rate that was tried and sent on time; `None` when there was none.
    pub(in crate::commands::capacity) held: Option<f64>,
    /// CPU seconds that one request takes of the generator.
    pub(in crate::commands::capacity) each: f64,
    /// Cores that it may use.
    pub(in crate::commands::capacity) cores: f64,
    /// Milliseconds at the rate held, or the lowest that was tried: by which requests were late, at the 99th
    /// percentile, and from when they were due until they were answered, in the mean.
    pub(in crate::commands::capacity) lateness_p99: f64,
    pub(in crate::commands::capacity) round_trip: f64,
}

impl Calibration {
    /// No rate above it is worth a trial. What was held is less than what the generator can do when its
    /// target is on another machine: here the target took of the same cores.
    pub(in crate::commands::capacity) fn ceiling(&self) -> f64 {
        let by_cpu = if self.each > 0.0 { CPU_SHARE_MAX * self.cores / self.each } else { 0.0 };
        self.held.unwrap_or(0.0).max(by_cpu)
    }

    /// For people, before the search.
    pub(in crate::commands::capacity) fn words(&self, noun: &str) -> String {
        let micros = number(self.each * 1e6);
        let held = match self.held {
            Some(held) => format!(
                "plimsoll held {} on time (p99 of lateness {})",
                rate(held),
                milliseconds(self.lateness_p99)
            ),
            None => format!(
                "plimsoll held no rate on time (p99 of lateness {})",
                milliseconds(self.lateness_p99)
            ),
        };
        format!(
            "calibration: against a target that answers at once {held}; {micros} us of CPU for one of the \
             {noun}, so its CPU is the limit from {} on",
            rate(self.ceiling())
        )
    }

    /// For the result and for searches that go on.
    pub(in crate::commands::capacity) fn json(&self) -> Value {
        json!({
            "held": self.held,
            "cpu_us_per_request": self.each * 1e6,
            "cores": self.cores,
            "lateness_p99_ms": self.lateness_p99,
            "round_trip_ms": self.round_trip,
            "ceiling": self.ceiling(),
        })
    }

    /// Reads what [`Calibration::json`] made.
    pub(in crate::commands::capacity) fn read(json: &Value) -> Option<Calibration> {
        let number = |name: &str| json.get(name).and_then(Value::as_f64);
        Some(Calibration {
            held: number("held"),
            each: number("cpu_us_per_request")? / 1e6,
            cores: number("cores")?,
            lateness_p99: number("lateness_p99_ms")?,
            round_trip: number("round_trip_ms")?,
        })
    }
}

/// What is known of the generator.
#[derive(Clone, Debug)]
pub(in crate::commands::capacity) enum Known {
    Calibrated(Calibration),
    /// With the reason.
    Not(String),
}

impl Known {
    /// No rate above it is worth a trial.
    pub(super) fn ceiling(&self) -> Option<f64> {
        match self {
            Known::Calibrated(found) => Some(found.ceiling()).filter(|ceiling| *ceiling > 0.0),
            Known::Not(_) => None,
        }
    }
}

impl<R: Runner> Laboratory<'_, R> {
    /// `None` when the person ended it. `shape`: of what the real target was sent and answered. Whatever goes
    /// wrong, the search does without.
    pub(in crate::commands::capacity) fn calibrate(
        &self,
        noop: &Noop<R>,
        shape: Shape,
    ) -> Option<Known> {
        let make = match noop {
            Noop::At(make) => make,
            Noop::None(reason) => return Some(Known::Not((*reason).to_owned())),
        };
        let not = |failure: Failure| Some(Known::Not(failure.message));
        let found = self.against_noop(make, shape, |laboratory| laboratory.falling(shape));
        let none = || Some(Known::Not("the script does not talk HTTP alone".to_owned()));
        found.map_or_else(not, |found| found.unwrap_or_else(none))
    }

    /// The mean milliseconds of an answer at `rate`, of a target that answers at once: all of it is the
    /// generator's, the network's and the kernel's. `None` when it cannot be told.
    pub(in crate::commands::capacity) fn round_trip(
        &self,
        noop: &Noop<R>,
        shape: Shape,
        rate: f64,
    ) -> Option<f64> {
        let Noop::At(make) = noop else { return None };
        let tried = self.against_noop(make, shape, |laboratory| {
            laboratory.hold(rate, "measuring plimsoll's own latency against serve noop")
        });
        let tried = tried.ok().flatten().flatten()?;
        let is_valid = !matches!(tried.judgement.outcome, Outcome::Invalid(_));
        is_valid.then_some(tried.judgement.mean_latency)
    }

    /// `None` when the load cannot go there.
    fn against_noop<T>(
        &self,
        make: &Make<R>,
        shape: Shape,
        run: impl FnOnce(&Laboratory<R>) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let (_service, addr) = noop::start(shape.body)?;
        let Some(bench) = make(addr)? else { return Ok(None) };
        let see = SeeFlags::nothing();
        let laboratory = Laboratory { bench: &bench, see: &see, ..*self };
        let found = run(&laboratory);
        self.screen.clear();
        found.map(Some)
    }

    fn hold(&self, rate: f64, words: &str) -> Result<Option<Tried>, Failure> {
        let order = Order { rate, length: LENGTH, kind: Kind::Bracket };
        let run = Now {
            phase: "calibrate".to_owned(),
            is_aside: true,
            rate,
            length_s: LENGTH.as_secs_f64(),
            seconds: Vec::new(),
        };
        self.screen.doing(words, Some(run));
        self.trial(order, ("calibration".to_owned(), String::new()))
    }

    /// Down from about what it reaches at all.
    fn falling(&self, shape: Shape) -> Result<Option<Known>, Failure> {
        self.screen.doing(&format!("{CALIBRATING}, with {SENDERS} at a time"), None);
        let expected = self.expected(None, LENGTH, Default::default());
        let ran = self.run(self.bench.closed(SENDERS, LENGTH), expected)?;
        let reached = ran.gathered.done / ran.lasted.max(LENGTH).as_secs_f64();
        if reached <= 0.0 || ran.gathered.failed > 0.0 {
            let reason = "the target that answers at once was not reached".to_owned();
            return Ok((!self.interrupt.is_set()).then_some(Known::Not(reason)));
        }
        let found = Shape::of(&ran, self.bench.head_bytes);
        if (found.requests / shape.requests.max(f64::MIN_POSITIVE) - 1.0).abs() > UNLIKE {
            return Ok(Some(Known::Not(format!(
                "answered by another target, one of the {} sends {} requests, not {}",
                self.bench.noun,
                number(found.requests),
                number(shape.requests)
            ))));
        }
        if ran.gathered.done < DONE_MIN {
            let reason = "too few go through it at a time to tell what each takes";
            return Ok(Some(Known::Not(reason.to_owned())));
        }
        let mut found = None;
        for step in 0..STEPS {
            let rate = reached * FIRST * STEP.powi(step);
            let words = format!("{CALIBRATING}, rate {} of {STEPS} at most", step + 1);
            let Some(tried) = self.hold(rate, &words)? else { return Ok(None) };
            let is_kept = tried.judgement.outcome == Outcome::Pass
                || matches!(tried.judgement.outcome, Outcome::Undecided { leans_to_pass: true });
            let is_held =
                is_kept && tried.generator.lateness_p99 <= lateness_limit(self.objectives);
            found = Some(calibration(&tried, is_held.then_some(rate), self.cores));
            if is_held {
                break;
            }
            self.interrupt.rest(REST);
        }
        let none = || Known::Not("there was no run".to_owned());
        Ok((!self.interrupt.is_set()).then(|| found.map_or_else(none, Known::Calibrated)))
    }
}

fn calibration(tried: &Tried, held: Option<f64>, cores: f64) -> Calibration {
    let Tried { judgement, generator, .. } = tried;
    Calibration {
        held,
        each: generator.cpu_share * cores / judgement.throughput.max(1.0),
        cores,
        lateness_p99: generator.lateness_p99,
        round_trip: judgement.mean_latency,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(held: Option<f64>, each: f64) -> Calibration {
        Calibration { held, each, cores: 2.0, lateness_p99: 0.3, round_trip: 0.25 }
    }

    #[test]
    fn the_ceiling_is_what_was_held_or_what_the_cpu_is_good_for() {
        let check = |held, each, expected: f64| {
            let ceiling = found(held, each).ceiling();
            assert!((ceiling - expected).abs() < 1e-6, "{ceiling}");
        };
        check(Some(8000.0), 100e-6, 16_000.0);
        check(Some(8000.0), 400e-6, 8000.0);
        check(None, 400e-6, 4000.0);
        check(None, 0.0, 0.0);
    }

    #[test]
    fn it_is_stored_and_told() {
        for held in [Some(8000.0), None] {
            let found = found(held, 100e-6);
            assert_eq!(Calibration::read(&found.json()), Some(found));
        }
        assert_eq!(
            found(Some(8000.0), 100e-6).words("requests"),
            "calibration: against a target that answers at once plimsoll held 8,000/s on time (p99 of \
             lateness 0.30 ms); 100 us of CPU for one of the requests, so its CPU is the limit from 16,000/s on"
        );
        assert!(found(None, 1.0).words("requests").contains("held no rate on time"));
        assert_eq!(Calibration::read(&Value::Null), None);
    }
}
