//! A short look at the target before the search: whether it answers, and about how fast it is.

use std::time::Duration;

use plimsoll_analysis::capacity::CPU_SHARE_MAX;
use plimsoll_engine::runner::Runner;

use super::{
    bench::Bench,
    figures,
    gather::Gathered,
    trial::{Laboratory, Ran, allowed},
};
use crate::exit::{Exit, Failure};

/// Requests at a time, and for how long.
const SENDERS: u64 = 4;
const LENGTH: Duration = Duration::from_secs(2);

/// The search begins at so much of what the probe reached.
const START: f64 = 0.25;

/// A probe with fewer requests says nothing of what each costs.
const CALIBRATION: f64 = 1000.0;

/// Requests get cheaper when there are many: so far above the estimate it may still go.
const MARGIN: f64 = 2.0;

/// Where nothing is known of the generator; trials find out.
const CEILING: f64 = 1e6;

/// A search of whole numbers begins at so much of what is expected, from here on at least and at most. In a
/// closed model a service is busy long before it is too slow, and what is never seen idle has no bottleneck
/// that could be told from what waits for it.
const START_CLOSED: f64 = 1.0 / 16.0;
const START_MIN: f64 = 2.0;
const START_MAX: f64 = 256.0;

/// Held connections at least, over those that are busy at a time.
const HELD_MARGIN: f64 = 4.0;

/// What one request, or one iteration of a script, is answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::commands) struct Shape {
    /// Bytes of an answer, without its head.
    pub(in crate::commands) body: u64,
    /// How many requests it sends.
    pub(in crate::commands) requests: f64,
}

impl Shape {
    /// `head_bytes`: of an answer, beside its body.
    pub(in crate::commands) fn of(ran: &Ran, head_bytes: f64) -> Shape {
        let Gathered { done, requests, received, .. } = &ran.gathered;
        // What is negative becomes 0.
        let body = (received / requests.max(1.0) - head_bytes) as u64;
        Shape { body, requests: requests / done.max(1.0) }
    }
}

/// What it found.
pub(in crate::commands) struct Probed {
    pub(in crate::commands) start: f64,
    pub(in crate::commands) ceiling: f64,
    /// Of whole numbers: the least that makes sense.
    pub(in crate::commands) floor: f64,
    pub(in crate::commands) shape: Shape,
    pub(in crate::commands) words: String,
}

impl<R: Runner> Laboratory<'_, R> {
    /// Sends for two seconds; `None` when the person ended it.
    ///
    /// # Errors
    /// When the target does not answer.
    pub(in crate::commands) fn probe(&self) -> Result<Option<Probed>, Failure> {
        let expected = self.expected(None, LENGTH, Default::default());
        self.screen.doing("probing the target", None);
        let ran = self.run(self.bench.closed(SENDERS, LENGTH), expected)?;
        self.screen.clear();
        if self.interrupt.is_set() {
            return Ok(None);
        }
        answers(self.bench, &ran)?;
        Ok(Some(self.probed(&ran)))
    }

    fn probed(&self, ran: &Ran) -> Probed {
        let done = ran.gathered.done;
        let shape = Shape::of(ran, self.bench.head_bytes);
        let reached = done / ran.lasted.max(LENGTH).as_secs_f64();
        if self.bench.unit().is_whole() {
            return self.probed_whole(reached, shape);
        }
        let (cpu, wall) = ran.gathered.cpu;
        let each = cpu.as_secs_f64() / (reached * wall.as_secs_f64()).max(1.0);
        let start = (reached * START).max(self.bench.scripted.unwrap_or(0.0) * START);
        let noun = self.bench.noun;
        let found = format!("probe: {} {noun} at a time reach {}", SENDERS, figures::rate(reached));
        if done < CALIBRATION || each <= 0.0 {
            let words = format!("{found}; trials will tell what the generator can do");
            return Probed { start, ceiling: CEILING.max(start * 100.0), floor: 1.0, shape, words };
        }
        let most = CPU_SHARE_MAX * self.cores / each;
        let words = format!(
            "{found}; the generator can send about {} with {} cores",
            figures::rate(most),
            figures::number(self.cores)
        );
        Probed { start, ceiling: (most * MARGIN).max(start), floor: 1.0, shape, words }
    }

    /// For virtual users or connections: while a service serves no more than it does now, so many may wait
    /// for it as are served in the time that the objectives allow.
    fn probed_whole(&self, reached: f64, shape: Shape) -> Probed {
        let bench = self.bench;
        let ceiling = bench.senders as f64;
        let floor = match bench.held {
            // Each connection is busy while it waits for an answer.
            Some(rate) => (HELD_MARGIN * rate * SENDERS as f64 / reached.max(1.0)).ceil(),
            None => bench.scenarios.len() as f64,
        };
        let expected = match bench.scripted {
            Some(vus) => vus,
            None => reached * allowed(self.objectives),
        };
        let start = (expected * START_CLOSED).round().clamp(START_MIN, START_MAX);
        let start = start.max(floor).min(ceiling);
        let reached = figures::number(reached);
        let words = format!("probe: {SENDERS} {} at a time reach {reached}/s", bench.noun);
        Probed { start, ceiling, floor: floor.clamp(1.0, ceiling), shape, words }
    }
}

fn answers<R: Runner>(bench: &Bench<R>, ran: &Ran) -> Result<(), Failure> {
    let (done, failed) = (ran.gathered.done, ran.gathered.failed);
    let subject = &bench.subject;
    let down = |message: String| {
        let failure = Failure::new(Exit::Other, message);
        match first_error(&ran.errors) {
            Some(error) => failure.with_hint(error),
            None => failure,
        }
    };
    if done <= 0.0 {
        return Err(down(format!("{subject} did not answer in {}", figures::length(ran.lasted))));
    }
    if failed >= done {
        let noun = bench.noun;
        return Err(down(format!("{subject} is down: all {done:.0} {noun} of the probe failed")));
    }
    Ok(())
}

/// Of an attack's report, which ends with its errors.
pub(in crate::commands) fn first_error(report: &str) -> Option<&str> {
    let (_, errors) = report.split_once("Error Set:")?;
    errors.lines().map(str::trim).find(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::first_error;

    #[test]
    fn errors_are_found_in_reports() {
        let report = "Success  [ratio]  0.00%\nError Set:\ndial: connection refused\nother\n";
        assert_eq!(first_error(report), Some("dial: connection refused"));
        assert_eq!(first_error("Error Set:\n"), None);
        assert_eq!(first_error("Success"), None);
    }
}
