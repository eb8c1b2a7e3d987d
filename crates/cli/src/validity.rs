//! Whether the generator itself was the limit of a run: then its numbers are not the service's.

use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};
use plimsoll_metrics::{Builtin, Sink, Totals};
use plimsoll_monitor::{ProcessWatch, own};
use plimsoll_runtime::workers;

/// Share of the cores that the generator may use before its own queues show in the latencies.
const CPU_SHARE_MAX: f64 = 0.9;

/// Lateness that an open-model run may have at its 99th percentile.
const LATENESS_P99_MAX: Duration = Duration::from_millis(10);

/// A run with fewer iterations says nothing about its percentiles.
const ITERATIONS_MIN: u64 = 100;

/// A shorter run is mostly start-up.
const DURATION_MIN: Duration = Duration::from_secs(5);

/// The generator's usage from the start of the load on.
pub(crate) struct Watch {
    process: ProcessWatch,
    cores: usize,
}

impl Watch {
    /// From now on.
    pub(crate) fn start() -> Watch {
        let mut process = ProcessWatch::new();
        if let Ok(sample) = own::sample() {
            process.observe(&sample);
        }
        Watch { process, cores: workers::cores() }
    }

    /// Why the run is not valid, in sentences; empty when it is.
    pub(crate) fn verdict(mut self, totals: &Totals, duration: Duration) -> Vec<String> {
        if duration < DURATION_MIN {
            return Vec::new();
        }
        let usage = own::sample().ok().and_then(|sample| self.process.observe(&sample));
        let share = usage.map_or(0.0, |usage| usage.cpu_utilization / cores(self.cores));
        cpu(share, self.cores).into_iter().chain(lateness(totals)).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "no machine has 2^53 cores")]
fn cores(count: usize) -> f64 {
    count as f64
}

fn cpu(share: f64, cores: usize) -> Option<String> {
    (share > CPU_SHARE_MAX).then(|| {
        format!(
            "generator-limited: plimsoll used {:.0} % of {cores} core(s); \
             the service may be faster than these numbers",
            share * 100.0
        )
    })
}

/// Iterations started late, at their 99th percentile.
pub(crate) fn lateness(totals: &Totals) -> Option<String> {
    let entry = totals.entry(Builtin::IterationLateness.name())?;
    let Sink::Trend(histogram) = &entry.sink else { return None };
    let p99 = histogram.percentile(99.0);
    let limit = LATENESS_P99_MAX.as_secs_f64() * 1e3;
    (histogram.count() >= ITERATIONS_MIN && p99 > limit).then(|| {
        format!(
            "generator-limited: what was due started late (p99 {p99:.1} ms, limit {limit:.0} ms)"
        )
    })
}

/// Of an attack's requests, more were due and not sent than a 99th percentile leaves out.
pub(crate) fn never_sent(never_sent: u64, sent: u64) -> Option<String> {
    let due = sent.saturating_add(never_sent);
    (never_sent > due / 100).then(|| {
        format!("generator-limited: {never_sent} of {due} requests were due and never sent")
    })
}

/// All senders of an attack were made and what was due `fell_behind` all the same; `most` of them there
/// may be.
pub(crate) fn senders(fell_behind: bool, made: u64, most: u64) -> Option<String> {
    (made >= most && fell_behind).then(|| {
        let (noun, verb) = if most == 1 { ("sender", "was") } else { ("senders", "were") };
        format!(
            "generator-limited: all {most} {noun} {verb} busy with earlier requests; allow more with \
             -max-workers or -hold-connections"
        )
    })
}

/// Requests that failed for want of something of the generator's own, with the limit and how to raise it.
pub(crate) fn shortages(descriptors: u64, ports: u64) -> Vec<String> {
    let mut reasons = Vec::new();
    if descriptors > 0 {
        let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
        reasons.push(format!(
            "generator-limited: {descriptors} requests found no free file descriptor; the limit is \
             {limit}, raise it with `ulimit -n` or in /etc/security/limits.conf, or send less at a \
             time with -max-connections"
        ));
    }
    if ports > 0 {
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
        let range = range.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join("-");
        reasons.push(format!(
            "generator-limited: {ports} requests found no free local port; the range is {range}, \
             widen it with `sysctl net.ipv4.ip_local_port_range='1024 65535'`, keep connections \
             (-keepalive), or send from more addresses (-laddr 127.0.0.2-127.0.0.9)"
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::{cpu, never_sent, senders};

    #[test]
    fn only_a_busy_generator_is_named() {
        assert_eq!(cpu(0.5, 2), None);
        assert!(cpu(0.97, 2).is_some_and(|text| text.contains("97 % of 2 core")));
    }

    #[test]
    fn what_was_never_sent_is_named_when_it_shows_in_percentiles() {
        let check = |never, sent, expected| {
            assert_eq!(never_sent(never, sent).is_some(), expected, "{never} of {sent}");
        };
        check(0, 0, false);
        check(0, 10, false);
        check(1, 0, true);
        check(1, 40, true);
        check(10, 990, false);
        check(11, 989, true);
        let text = never_sent(5_960, 40).unwrap();
        assert!(text.contains("5960 of 6000 requests"), "{text}");
    }

    #[test]
    fn senders_are_named_when_all_were_made_and_too_few() {
        assert_eq!(senders(true, 1, 2), None);
        assert_eq!(senders(false, 2, 2), None);
        assert!(senders(true, 2, 2).is_some_and(|text| text.contains("all 2 senders were busy")));
    }
}
