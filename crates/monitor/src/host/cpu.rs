//! Use of the cores, from `/proc/stat`.

use plimsoll_metrics::TagSet;

use super::metrics;
use crate::readings::Readings;

/// Cores that are told apart; the sum has all.
pub(super) const CORES_LIMIT: usize = 512;

/// Ticks of one line, as proc(5) orders them: user, nice, system, idle, iowait, irq, softirq, steal.
/// Time in guests is part of user's already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ticks([u64; 8]);

/// What `/proc/stat` tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) all: Ticks,
    /// With the core's number: one that is offline is left out.
    pub(super) cores: Vec<(u32, Ticks)>,
    pub(super) running: u64,
}

/// Parses `/proc/stat` into `stat`, whose memory is reused. Lines that are not understood are left out.
pub(super) fn parse(text: &str, stat: &mut Stat) {
    stat.cores.clear();
    for line in text.lines() {
        let Some((key, values)) = line.split_once(' ') else { continue };
        match key {
            "cpu" => stat.all = ticks(values),
            "procs_running" => stat.running = values.trim().parse().unwrap_or(0),
            _ => {
                let core = key.strip_prefix("cpu").and_then(|core| core.parse().ok());
                if let Some(core) = core.filter(|_| stat.cores.len() < CORES_LIMIT) {
                    stat.cores.push((core, ticks(values)));
                }
            }
        }
    }
}

fn ticks(values: &str) -> Ticks {
    let mut ticks = Ticks::default();
    for (into, value) in ticks.0.iter_mut().zip(values.split_ascii_whitespace()) {
        *into = value.parse().unwrap_or(0);
    }
    ticks
}

/// Shares of the time between two looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shares {
    pub(super) busy: f64,
    pub(super) user: f64,
    pub(super) system: f64,
    pub(super) iowait: f64,
    pub(super) steal: f64,
}

impl Ticks {
    /// `None` when not a tick has passed. Idle times may run backwards a little: that is no time.
    pub(super) fn since(self, before: Ticks) -> Option<Shares> {
        let mut passed = [0_u64; 8];
        for ((into, now), then) in passed.iter_mut().zip(self.0).zip(before.0) {
            *into = now.saturating_sub(then);
        }
        let total: u64 = passed.iter().sum();
        if total == 0 {
            return None;
        }
        let [user, nice, system, idle, iowait, irq, softirq, steal] = passed;
        let share = |ticks: u64| ticks as f64 / total as f64;
        Some(Shares {
            busy: share(total - idle - iowait),
            user: share(user + nice),
            system: share(system + irq + softirq),
            iowait: share(iowait),
            steal: share(steal),
        })
    }
}

/// Remembers the last look.
#[derive(Default)]
pub(super) struct Cpu {
    now: Stat,
    before: Stat,
    has_before: bool,
    /// By core.
    tags: Vec<TagSet>,
}

impl Cpu {
    pub(super) fn read(&mut self, text: &str, readings: &Readings) {
        parse(text, &mut self.now);
        // The thread that asks is running itself.
        let running = self.now.running.saturating_sub(1);
        readings.record(&metrics::RUN_QUEUE_LENGTH, readings.host(), running as f64);
        if self.has_before {
            self.record(readings);
        }
        self.has_before = true;
        std::mem::swap(&mut self.now, &mut self.before);
    }

    fn record(&mut self, readings: &Readings) {
        let host = readings.host();
        if let Some(all) = self.now.all.since(self.before.all) {
            readings.record(&metrics::CPU_UTILIZATION, host, all.busy);
            readings.record(&metrics::CPU_USER, host, all.user);
            readings.record(&metrics::CPU_SYSTEM, host, all.system);
            readings.record(&metrics::CPU_IOWAIT, host, all.iowait);
            readings.record(&metrics::CPU_STEAL, host, all.steal);
        }
        for (core, ticks) in &self.now.cores {
            let before = self.before.cores.iter().find(|(before, _)| before == core);
            let Some(shares) = before.and_then(|(_, before)| ticks.since(*before)) else {
                continue;
            };
            let index = *core as usize;
            while self.tags.len() <= index && self.tags.len() < CORES_LIMIT {
                self.tags.push(host.with("core", &self.tags.len().to_string()));
            }
            if let Some(tags) = self.tags.get(index) {
                readings.record(&metrics::CPU_CORE_UTILIZATION, tags, shares.busy);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Recorded on Linux 6.18, with two cores; the lines behind are shortened.
    const STAT: &str = "cpu  2358570 230512 643081 1181408 15605 0 133047 9768 0 0\n\
        cpu0 1146634 106473 314239 648193 4667 0 55573 5067 0 0\n\
        cpu1 1211936 124039 328842 533215 10937 0 77474 4701 0 0\n\
        intr 71802647 0 0 0 0\nctxt 161108540\nbtime 1795257726\nprocesses 742200\n\
        procs_running 3\nprocs_blocked 0\nsoftirq 432111829 0 1531847 8\n";

    #[test]
    fn a_recorded_text() {
        let mut stat = Stat::default();
        parse(STAT, &mut stat);
        let all = Ticks([2_358_570, 230_512, 643_081, 1_181_408, 15_605, 0, 133_047, 9_768]);
        assert_eq!((stat.all, stat.running), (all, 3));
        assert_eq!(stat.cores.iter().map(|(core, _)| *core).collect::<Vec<_>>(), [0, 1]);
        parse(STAT, &mut stat);
        assert_eq!(stat.cores.len(), 2);
        parse("cpu\ncpu1x 1\ncpufreq 3\nprocs_running x\n", &mut stat);
        assert_eq!((stat.cores.len(), stat.running), (0, 0));
    }

    #[test]
    fn shares_of_what_passed() {
        let before = Ticks([10, 0, 10, 100, 5, 1, 1, 0]);
        let after = Ticks([40, 10, 20, 130, 15, 6, 6, 0]);
        let shares = after.since(before).unwrap();
        assert_eq!((shares.user, shares.system, shares.iowait), (0.4, 0.2, 0.1));
        assert!((shares.busy - 0.6).abs() < 1e-9 && shares.steal == 0.0);
        assert_eq!(after.since(after), None);
    }

    #[test]
    fn idle_time_that_runs_backwards_is_none() {
        let shares = Ticks([110, 0, 0, 95, 0, 0, 0, 0]).since(Ticks([10, 0, 0, 100, 0, 0, 0, 0]));
        assert_eq!(shares.unwrap().busy, 1.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Also with totals that go down: shares stay shares.
        #[test]
        fn shares_are_shares(before: [u32; 8], now: [u32; 8]) {
            let ticks = |numbers: [u32; 8]| Ticks(numbers.map(u64::from));
            if let Some(shares) = ticks(now).since(ticks(before)) {
                let Shares { busy, user, system, iowait, steal } = shares;
                for share in [busy, user, system, iowait, steal, user + system + iowait + steal] {
                    prop_assert!((0.0..=1.000_001).contains(&share), "{shares:?}");
                }
            }
        }

        #[test]
        fn no_text_panics(text in "(cpu[0-9]{0,3} |procs_running |[0-9]{1,22} |\\n){0,40}") {
            let mut stat = Stat::default();
            parse(&text, &mut stat);
            prop_assert!(stat.cores.len() <= text.lines().count());
        }
    }
}
