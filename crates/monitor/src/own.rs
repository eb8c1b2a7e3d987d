//! The load generator's own CPU and memory, finer than `/proc` has them.

use std::time::Duration;

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeVal,
};
use plimsoll_runtime::clock::Instant;

use crate::process::{ProcessError, ProcessSample, read_memory};

/// Figures of this process, with all its threads, now: CPU time in microseconds.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn sample() -> Result<ProcessSample, ProcessError> {
    let pid = std::process::id();
    let memory = read_memory(pid)?;
    let (cpu_user, cpu_system) = cpu_times()?;
    Ok(ProcessSample {
        at: Instant::now(),
        cpu_user,
        cpu_system,
        cpu_ended: Duration::ZERO,
        rss_bytes: memory.rss_bytes,
        peak_rss_bytes: memory.peak_rss_bytes,
        threads: threads(),
    })
}

/// Cores that the quota of a cgroup lets this process take; `None` when it has no quota.
pub fn cpu_quota() -> Option<f64> {
    crate::cgroups::own_quota()
}

/// CPU time of this process in the program and in the kernel.
pub(crate) fn cpu_times() -> Result<(Duration, Duration), ProcessError> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).map_err(|errno| ProcessError::Read {
        path: "the resource usage of this process".to_owned(),
        source: errno.into(),
    })?;
    Ok((duration(usage.user_time()), duration(usage.system_time())))
}

fn duration(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec()).unwrap_or(0);
    Duration::from_secs(seconds).saturating_add(Duration::from_micros(micros))
}

/// Threads of this process; 0 when they cannot be counted.
fn threads() -> u64 {
    std::fs::read_dir("/proc/self/task").map_or(0, |tasks| tasks.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_shows() {
        let before = sample().unwrap();
        let mut sum = 0_u64;
        while sample().unwrap().cpu() < before.cpu() + Duration::from_millis(2) {
            sum = std::hint::black_box((0..10_000).fold(sum, u64::wrapping_add));
        }
        let after = sample().unwrap();
        assert!(after.at > before.at);
        assert!(after.rss_bytes > 0 && after.peak_rss_bytes >= after.rss_bytes);
        assert!(after.threads >= 1);
    }
}
