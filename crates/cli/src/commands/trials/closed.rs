//! Trials in a closed model: so many virtual users or connections, each of which sends the next when the
//! last was answered.
//!
//! Nothing is due at a given time, so nothing can be late or pile up: what counts is the time that requests
//! took and how many failed. A slow service makes everybody wait, and less is sent while it is slow: the
//! time that requests would have waited in an open model is not seen (coordinated omission).

use std::time::Duration;

use plimsoll_analysis::capacity::{Cause, Judgement, Outcome, Score, Second};
use plimsoll_engine::progress::{ScenarioProgress, ScenarioState};
use plimsoll_metrics::{Histogram, Timestamp};
use plimsoll_runtime::clock::Instant;

/// An interval that is shorter is what was left after the last second.
const WHOLE: Duration = Duration::from_millis(500);

/// Seconds are counted from the start of the test, and scenarios begin a little later.
const SLACK: Duration = Duration::from_millis(100);

/// What nothing ended in is over its limit by, as the judge has it.
const NOTHING_SCORE: Score = Score { excess: 4.0, error: 1.0 };

/// What one interval recorded.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) done: f64,
    pub(super) failed: f64,
    /// Milliseconds of iterations, and of a script's HTTP requests.
    pub(super) iterations: Histogram,
    pub(super) requests: Histogram,
}

/// A trial so far.
#[derive(Default)]
pub(super) struct Seen {
    /// When the scenarios began, in nanoseconds of the epoch.
    began: Option<u64>,
    last: Option<Timestamp>,
    seconds: Vec<Counted>,
    /// Of what was under way at the end and was answered after it.
    tail: Counted,
}

impl Seen {
    /// Takes in the interval that ended at `at`; whether it is one of the trial's seconds.
    pub(super) fn add(
        &mut self,
        at: Timestamp,
        progress: &[ScenarioProgress],
        length: Duration,
        counted: Counted,
    ) -> bool {
        let since_last = self.last.replace(at).map(|last| at.0.saturating_sub(last.0));
        let Some(began) = self.began.or_else(|| began(progress)) else { return false };
        self.began = Some(began);
        let elapsed = Duration::from_nanos(at.0.saturating_sub(began));
        let is_whole = since_last.is_none_or(|nanos| nanos >= WHOLE.as_nanos() as u64);
        let is_within = is_whole && elapsed <= length + SLACK;
        if is_within {
            self.seconds.push(counted);
        } else {
            self.tail.done += counted.done;
            self.tail.failed += counted.failed;
            self.tail.iterations.merge(&counted.iterations);
            self.tail.requests.merge(&counted.requests);
        }
        is_within
    }

    pub(super) fn count(&self) -> usize {
        self.seconds.len()
    }

    /// For the judge, when all has ended: `level` were busy all the time. A script's latency is that of its
    /// HTTP requests, since its iterations contain the time that users think; that of iterations when it
    /// sends none. What was under way at the end is part of the last second: slow requests are more likely
    /// to be among them than fast ones.
    pub(super) fn into_seconds(self, level: f64, is_script: bool) -> Trial {
        let sends = |one: &Counted| one.requests.count() > 0;
        let of_requests = is_script && (self.seconds.iter().any(sends) || sends(&self.tail));
        let latency = |one: &Counted| match of_requests {
            true => one.requests.clone(),
            false => one.iterations.clone(),
        };
        let mut trial = Trial { level, ..Trial::default() };
        for one in &self.seconds {
            trial.done.push(one.done);
            trial.iterations.push((one.iterations.sum(), one.iterations.count() as f64));
            trial.seconds.push(Second {
                due: one.done,
                done: one.done,
                failed: one.failed,
                in_flight: level,
                latency: latency(one),
            });
        }
        if let Some(last) = trial.seconds.last_mut() {
            last.latency.merge(&latency(&self.tail));
            last.due += self.tail.done;
            last.done += self.tail.done;
            last.failed += self.tail.failed;
        }
        trial
    }
}

/// When the first scenario began, if one has.
fn began(progress: &[ScenarioProgress]) -> Option<u64> {
    let has_begun = |scenario: &&ScenarioProgress| {
        scenario.state != ScenarioState::Waiting && !scenario.elapsed.is_zero()
    };
    let elapsed = progress.iter().filter(has_begun).map(|scenario| scenario.elapsed).max()?;
    Some(Instant::now().unix_nanos().saturating_sub(elapsed.as_nanos() as u64))
}

/// A trial that is over.
#[derive(Default)]
pub(super) struct Trial {
    level: f64,
    pub(super) seconds: Vec<Second>,
    /// By second: what ended in it, and the sum of iterations' milliseconds with their number.
    done: Vec<f64>,
    iterations: Vec<(f64, f64)>,
}

impl Trial {
    /// Puts right what the judge cannot know: what ended within the trial, that iterations and not requests
    /// are what Little's law is about, and that nothing is not good.
    pub(super) fn correct(&self, judgement: &mut Judgement) {
        let used = self.done.get(judgement.warm_up..).unwrap_or_default();
        judgement.throughput = used.iter().sum::<f64>() / used.len().max(1) as f64;
        let iterations = self.iterations.get(judgement.warm_up..).unwrap_or_default();
        let (sum, count) = iterations
            .iter()
            .fold((0.0, 0.0), |(sum, count), (more, number)| (sum + more, count + number));
        let busy = judgement.throughput * sum / f64::max(count, 1.0) / 1e3;
        judgement.little_gap =
            if self.level > 0.0 { (busy - self.level).abs() / self.level } else { 0.0 };
        let is_empty = self.seconds.iter().all(|second| second.latency.count() == 0);
        if is_empty && !matches!(judgement.outcome, Outcome::Invalid(_)) {
            judgement.outcome = Outcome::Fail(Cause::NotAchieved);
            judgement.score = NOTHING_SCORE;
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_analysis::capacity::{self, Generator, judge};
    use plimsoll_metrics::window::Objective;

    use super::*;

    fn running(elapsed: Duration) -> Vec<ScenarioProgress> {
        vec![ScenarioProgress {
            name: "a".to_owned(),
            executor: "constant-vus",
            state: ScenarioState::Running,
            elapsed,
            duration: None,
            starts_in: Duration::ZERO,
            progress: 0.0,
            vus_active: 1,
            vus_planned: 1,
            iterations_completed: 0,
            iterations_interrupted: 0,
            iterations_dropped: 0,
            iterations_total: None,
            rate: None,
            succeeded: false,
            columns: Vec::new(),
        }]
    }

    /// Iterations of a second each, with a request of 100 ms.
    fn counted(done: u32) -> Counted {
        let mut counted = Counted { done: f64::from(done), ..Counted::default() };
        for _ in 0..done {
            counted.iterations.record(1000.0);
            counted.requests.record(100.0);
        }
        counted
    }

    /// Four users for three seconds, after one of setup; what ended in the tail is `late`.
    fn seen(each: u32, late: Counted) -> Seen {
        let start = Instant::now().unix_nanos();
        let at = |second: u64| Timestamp(start + second * 1_000_000_000);
        let length = Duration::from_secs(3);
        let mut seen = Seen::default();
        assert!(!seen.add(at(0), &[], length, Counted::default()), "of setup");
        // It began just after the first second.
        for second in 1..=3 {
            assert!(seen.add(
                at(second),
                &running(Duration::from_millis(1)),
                length,
                counted(each)
            ));
        }
        assert!(!seen.add(Timestamp(at(3).0 + 200_000_000), &[], length, late));
        seen
    }

    fn judged(seen: Seen, is_script: bool, slo: &str) -> Judgement {
        let objectives = [Objective::parse(slo).unwrap()];
        let trial = seen.into_seconds(4.0, is_script);
        let generator = Generator::default();
        let seconds = trial.seconds.clone();
        let mut judgement = judge(&capacity::Trial { rate: 4.0, seconds, generator }, &objectives);
        trial.correct(&mut judgement);
        judgement
    }

    #[test]
    fn a_scripts_latency_is_that_of_its_requests() {
        let of_requests = judged(seen(4, Counted::default()), true, "avg<200ms");
        assert!((of_requests.mean_latency - 100.0).abs() < 2.0, "{of_requests:?}");
        let whole = judged(seen(4, Counted::default()), false, "avg<200ms");
        assert!((whole.mean_latency - 1000.0).abs() < 20.0, "{whole:?}");
        for judgement in [of_requests, whole] {
            assert_eq!(judgement.throughput, 4.0);
            assert!(judgement.little_gap < 0.02, "four iterations of a second are four users");
        }
    }

    #[test]
    fn what_was_under_way_at_the_end_counts_as_latency_and_not_as_throughput() {
        let mut late = Counted { done: 4.0, failed: 4.0, ..Counted::default() };
        (0..4).for_each(|_| late.iterations.record(20_000.0));
        let judgement = judged(seen(4, late), false, "avg<2s");
        assert_eq!(judgement.throughput, 4.0);
        assert!(judgement.mean_latency > 4000.0, "{}", judgement.mean_latency);
    }

    #[test]
    fn where_nothing_ends_nothing_is_kept() {
        let judgement = judged(seen(0, Counted::default()), false, "p(99)<200ms");
        assert_eq!(judgement.outcome, Outcome::Fail(Cause::NotAchieved));
    }
}
