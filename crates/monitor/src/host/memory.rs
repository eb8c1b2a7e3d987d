//! Memory of the host, from `/proc/meminfo` and `/proc/vmstat`.

use super::metrics;
use crate::{increase::Increase, readings::Readings};

/// What `/proc/meminfo` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meminfo {
    pub(super) total_bytes: u64,
    pub(super) available_bytes: u64,
}

/// Parses `/proc/meminfo`; `None` when one of the two is missing (the second came with Linux 3.14).
pub(super) fn parse_meminfo(text: &str) -> Option<Meminfo> {
    let bytes = |key: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(key))?;
        let kilobytes: u64 = value.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
        Some(kilobytes.saturating_mul(1024))
    };
    Some(Meminfo { total_bytes: bytes("MemTotal:")?, available_bytes: bytes("MemAvailable:")? })
}

/// The value of `key` in a text of lines such as `pgmajfault 12`: `/proc/vmstat` and files of cgroups.
pub(crate) fn value_of(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}

/// In `/proc/vmstat` since Linux 4.13.
const OOM_KILL: &str = "oom_kill";

/// Remembers the last look.
#[derive(Default)]
pub(super) struct Vmstat {
    major_faults: Increase,
    oom_kills: Increase,
}

impl Vmstat {
    pub(super) fn read(&mut self, text: &str, readings: &Readings) {
        let host = readings.host();
        for (key, metric, increase) in [
            ("pgmajfault", &metrics::MAJOR_FAULTS, &mut self.major_faults),
            (OOM_KILL, &metrics::OOM_KILLS, &mut self.oom_kills),
        ] {
            let Some(added) = value_of(text, key).and_then(|total| increase.of(total)) else {
                continue;
            };
            readings.record(metric, host, added as f64);
            // Whoever reads the curves wants to know when.
            if added > 0 && key == OOM_KILL {
                let text = format!("host: {added} processes killed for want of memory");
                readings.event("oom", text);
            }
        }
    }
}

pub(super) fn record_meminfo(text: &str, readings: &Readings) {
    let Some(memory) = parse_meminfo(text) else { return };
    let host = readings.host();
    let used = memory.total_bytes.saturating_sub(memory.available_bytes);
    readings.record(&metrics::MEMORY_TOTAL, host, memory.total_bytes as f64);
    readings.record(&metrics::MEMORY_AVAILABLE, host, memory.available_bytes as f64);
    readings.record(&metrics::MEMORY_USED, host, used as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_texts() {
        let text = "MemTotal:       24608256 kB\nMemFree:        10461744 kB\n\
            MemAvailable:   21313268 kB\nBuffers:          205388 kB\n";
        let expected =
            Meminfo { total_bytes: 24_608_256 * 1024, available_bytes: 21_313_268 * 1024 };
        assert_eq!(parse_meminfo(text), Some(expected));
        assert_eq!(parse_meminfo("MemTotal: 5 kB\n"), None);
        let text = "pgfault 1\npgmajfault 491637\noom_kill 1\noom_kill_x 7\n";
        assert_eq!(value_of(text, "pgmajfault"), Some(491_637));
        assert_eq!(value_of(text, "oom_kill"), Some(1));
        assert_eq!(value_of(text, "oom"), None);
    }
}
