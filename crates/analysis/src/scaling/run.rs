//! What one run of so many at a time gave, and whether it may count.

use plimsoll_metrics::Histogram;

use crate::capacity::{CPU_SHARE_MAX, Generator, warm_up};

/// How far from Little's law a run may be.
const LITTLE_MAX: f64 = 0.05;

/// A stretch of about a second.
#[derive(Clone, Debug, Default)]
pub struct Stretch {
    /// How long it was.
    pub seconds: f64,
    /// Iterations that ended, and among them those that failed; of several requests a share may have.
    pub done: f64,
    pub failed: f64,
    /// Milliseconds that each took.
    pub latency: Histogram,
}

/// A run in which so many were always under way: each began the next when the last had ended.
#[derive(Clone, Debug, Default)]
pub struct Run {
    pub in_flight: f64,
    pub stretches: Vec<Stretch>,
    pub generator: Generator,
}

/// What a run says after its warm-up.
#[derive(Clone, Debug)]
pub struct Measured {
    pub validity: Validity,
    /// Iterations per second that succeeded.
    pub throughput: f64,
    /// The share that failed, 0 to 1.
    pub failed: f64,
    /// Milliseconds that iterations took.
    pub latency: Histogram,
    pub little: Little,
    pub warm_up_seconds: f64,
    pub used_seconds: f64,
}

/// Little's law: what is under way is what ends per second, times what each takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Little {
    /// Under way by throughput and latency.
    pub in_flight: f64,
    /// How far that is from what was under way, as a share.
    pub gap: f64,
    /// So much is due to iterations that the run's edges cut.
    pub allowed: f64,
}

impl Little {
    /// Within 5 %, or what the edges explain.
    pub fn holds(&self) -> bool {
        self.gap <= self.allowed
    }
}

/// Whether a run says anything of the service.
#[derive(Clone, Debug, PartialEq)]
pub enum Validity {
    Valid,
    /// The generator was the limit, for this reason.
    Invalid(String),
    /// Nothing that was asked for succeeded.
    Failed,
}

impl Run {
    pub fn measure(&self) -> Measured {
        let means: Vec<f64> = self.stretches.iter().map(|one| one.latency.mean()).collect();
        let (left_out, used) = self.stretches.split_at(warm_up(&means));
        let sum = |of: fn(&Stretch) -> f64| used.iter().map(of).sum::<f64>();
        let seconds = sum(|one| one.seconds);
        let (done, failed) = (sum(|one| one.done), sum(|one| one.failed));
        let mut latency = Histogram::new();
        used.iter().for_each(|one| latency.merge(&one.latency));
        let per_second = |count: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
        let succeeded = (done - failed).max(0.0);
        Measured {
            validity: self.validity(succeeded),
            throughput: per_second(succeeded),
            failed: if done > 0.0 { failed / done } else { 0.0 },
            little: self.little(per_second(done), latency.mean() / 1e3, seconds),
            latency,
            warm_up_seconds: left_out.iter().map(|one| one.seconds).sum(),
            used_seconds: seconds,
        }
    }

    fn validity(&self, succeeded: f64) -> Validity {
        let Generator { cpu_share, shortage, .. } = &self.generator;
        if let Some(shortage) = shortage {
            return Validity::Invalid(shortage.clone());
        }
        if *cpu_share > CPU_SHARE_MAX {
            let percent = cpu_share * 100.0;
            return Validity::Invalid(format!("the generator used {percent:.0} % of its CPU"));
        }
        if self.stretches.is_empty() {
            let reason = "no second of it was seen in time: the generator's machine is too busy";
            return Validity::Invalid(reason.to_owned());
        }
        if succeeded > 0.0 { Validity::Valid } else { Validity::Failed }
    }

    /// `throughput` per second, `latency` in seconds.
    fn little(&self, throughput: f64, latency: f64, seconds: f64) -> Little {
        let in_flight = throughput * latency;
        let gap = (in_flight / self.in_flight.max(1.0) - 1.0).abs();
        // Of each one under way, an iteration began before the run's seconds and one ended after them.
        let edges = if seconds > 0.0 { latency / seconds } else { 0.0 };
        Little { in_flight, gap, allowed: LITTLE_MAX + edges }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five seconds of 10 at a time that take `millis` each, the first five times as long.
    fn run(millis: f64, failed: f64) -> Run {
        let stretch = |second: u32| {
            let took = if second == 0 { millis * 5.0 } else { millis };
            let done = 10.0 * 1000.0 / took;
            let mut latency = Histogram::new();
            (0..done as u32).for_each(|_| latency.record(took));
            Stretch { seconds: 1.0, done, failed: done * failed, latency }
        };
        Run { in_flight: 10.0, stretches: (0..5).map(stretch).collect(), ..Run::default() }
    }

    #[test]
    fn the_first_second_is_left_out() {
        let found = run(20.0, 0.0).measure();
        assert_eq!(
            (found.throughput, found.used_seconds, found.warm_up_seconds),
            (500.0, 4.0, 1.0)
        );
        assert!((found.latency.mean() - 20.0).abs() < 0.5, "{found:?}");
        assert!(found.little.holds() && found.validity == Validity::Valid, "{found:?}");
    }

    #[test]
    fn what_failed_is_no_throughput() {
        let some = run(20.0, 0.25).measure();
        assert_eq!((some.throughput, some.failed), (375.0, 0.25));
        assert!(some.little.holds(), "what failed was under way too: {some:?}");
        assert_eq!(run(20.0, 1.0).measure().validity, Validity::Failed);
        let unseen = Run::default().measure().validity;
        assert!(matches!(unseen, Validity::Invalid(_)), "{unseen:?}");
    }

    #[test]
    fn a_generator_that_was_the_limit_makes_it_invalid() {
        let with = |cpu_share, shortage: Option<&str>| {
            let shortage = shortage.map(str::to_owned);
            let generator = Generator { cpu_share, shortage, ..Generator::default() };
            Run { generator, ..run(20.0, 0.0) }.measure().validity
        };
        assert_eq!(with(0.79, None), Validity::Valid);
        let Validity::Invalid(reason) = with(0.91, None) else { panic!() };
        assert!(reason.contains("91 % of its CPU"), "{reason}");
        assert_eq!(with(0.1, Some("no ports")), Validity::Invalid("no ports".to_owned()));
    }

    #[test]
    fn time_that_nothing_was_under_way_breaks_littles_law() {
        let idle = Run { in_flight: 12.0, ..run(20.0, 0.0) }.measure();
        assert!(!idle.little.holds(), "{idle:?}");
        assert!((idle.little.in_flight - 10.0).abs() < 0.3, "{idle:?}");
        // Two seconds each: what began before a run of five says little.
        let slow = Run { in_flight: 12.0, ..run(2000.0, 0.0) }.measure();
        assert!(slow.little.holds(), "{slow:?}");
    }
}
