//! From successive samples to utilization.

use std::time::Duration;

use plimsoll_runtime::clock::Instant;

use crate::process::ProcessSample;

/// What a process used between two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProcessUsage {
    /// End of the time that it covers.
    pub at: Instant,
    /// CPU time per time: 1.0 is one core.
    pub cpu_utilization: f64,
    /// Resident at `at`.
    pub rss_bytes: u64,
    /// Since the process's start.
    pub peak_rss_bytes: u64,
    pub threads: u64,
}

/// Remembers the last sample of one process.
#[derive(Clone, Debug, Default)]
pub struct ProcessWatch {
    first: Option<ProcessSample>,
    last: Option<ProcessSample>,
}

impl ProcessWatch {
    pub fn new() -> ProcessWatch {
        ProcessWatch::default()
    }

    /// The usage since the sample before; `None` for the first, or when no time has passed.
    pub fn observe(&mut self, sample: &ProcessSample) -> Option<ProcessUsage> {
        self.first.get_or_insert(*sample);
        let before = self.last.replace(*sample)?;
        usage(&before, sample)
    }

    /// The usage over all samples so far.
    pub fn overall(&self) -> Option<ProcessUsage> {
        usage(self.first.as_ref()?, self.last.as_ref()?)
    }
}

fn usage(before: &ProcessSample, after: &ProcessSample) -> Option<ProcessUsage> {
    let passed = after.at.since(before.at);
    if passed == Duration::ZERO {
        return None;
    }
    // A descendant that ended without being waited for takes its time with it.
    let used = after.cpu().saturating_sub(before.cpu());
    Some(ProcessUsage {
        at: after.at,
        cpu_utilization: used.as_secs_f64() / passed.as_secs_f64(),
        rss_bytes: after.rss_bytes,
        peak_rss_bytes: after.peak_rss_bytes,
        threads: after.threads,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_ms: u64, cpu_ms: u64) -> ProcessSample {
        ProcessSample {
            at: Instant::from_nanos(at_ms * 1_000_000),
            cpu_user: Duration::from_millis(cpu_ms),
            cpu_system: Duration::from_millis(cpu_ms / 2),
            cpu_ended: Duration::ZERO,
            rss_bytes: at_ms,
            peak_rss_bytes: at_ms,
            threads: 1,
        }
    }

    fn check(samples: &[ProcessSample], expected: &[Option<f64>], overall: Option<f64>) {
        let mut watch = ProcessWatch::new();
        let found: Vec<Option<f64>> = samples
            .iter()
            .map(|sample| watch.observe(sample).map(|usage| usage.cpu_utilization))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(watch.overall().map(|usage| usage.cpu_utilization), overall);
    }

    #[test]
    fn utilization_in_cores() {
        check(&[], &[], None);
        check(&[sample(0, 0)], &[None], None);
        check(
            &[sample(1_000, 100), sample(2_000, 1_100), sample(4_000, 1_100)],
            &[None, Some(1.5), Some(0.0)],
            Some(0.5),
        );
    }

    #[test]
    fn time_that_stands_still_or_runs_backwards() {
        check(&[sample(5, 10), sample(5, 20)], &[None, None], None);
        check(&[sample(5, 10), sample(1_005, 4)], &[None, Some(0.0)], Some(0.0));
    }
}
