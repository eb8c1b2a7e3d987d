//! The files of a cgroup of version 2, the unified hierarchy.

use std::{borrow::Cow, path::Path, time::Duration};

use super::figures::{Disk, Figures, Throttling, cores};
use crate::{
    host::value_of,
    kernel_file::{Buffer, KernelFile},
};

pub(super) struct V2 {
    cpu_stat: KernelFile,
    cpu_max: KernelFile,
    memory_current: KernelFile,
    memory_max: KernelFile,
    memory_events: KernelFile,
    io_stat: KernelFile,
    /// Of CPU, memory and disks.
    pub(super) pressure: [KernelFile; 3],
}

impl V2 {
    pub(super) fn new(folder: &Path) -> V2 {
        let file = |name: &str| KernelFile::new(folder.join(name));
        V2 {
            cpu_stat: file("cpu.stat"),
            cpu_max: file("cpu.max"),
            memory_current: file("memory.current"),
            memory_max: file("memory.max"),
            memory_events: file("memory.events"),
            io_stat: file("io.stat"),
            pressure: [file("cpu.pressure"), file("memory.pressure"), file("io.pressure")],
        }
    }

    /// Files of controllers that are off are not there.
    pub(super) fn read(&mut self, buffer: &mut Buffer) -> Figures {
        let mut figures = Figures::default();
        if let Ok(text) = self.cpu_stat.read(buffer) {
            figures.cpu = value_of(&text, "usage_usec").map(Duration::from_micros);
            figures.throttling = throttling(&text);
        }
        if let Ok(text) = self.cpu_max.read(buffer) {
            figures.quota_cores = quota_of(&text);
        }
        if let Ok(text) = self.memory_current.read(buffer) {
            figures.memory_bytes = text.trim().parse().ok();
        }
        if let Ok(text) = self.memory_max.read(buffer) {
            // "max" is no limit.
            figures.memory_limit_bytes = text.trim().parse().ok();
        }
        if let Ok(text) = self.memory_events.read(buffer) {
            figures.oom_kills = value_of(&text, "oom_kill");
        }
        if let Ok(text) = self.io_stat.read(buffer) {
            figures.disk = Some(disk(&text));
        }
        figures
    }
}

/// Of `cpu.stat`; the lines are there when the controller is on.
fn throttling(text: &str) -> Option<Throttling> {
    Some(Throttling {
        periods: value_of(text, "nr_periods")?,
        throttled: value_of(text, "nr_throttled")?,
        time: Duration::from_micros(value_of(text, "throttled_usec")?),
    })
}

/// As [`Figures::quota_cores`], once.
pub(super) fn quota(folder: &Path, buffer: &mut Buffer) -> Option<f64> {
    let text = KernelFile::new(folder.join("cpu.max")).read(buffer).ok().map(Cow::into_owned)?;
    quota_of(&text)
}

/// Of `cpu.max`: `50000 100000`, or `max 100000` for no limit.
fn quota_of(text: &str) -> Option<f64> {
    let (micros, period) = text.trim().split_once(' ')?;
    cores(micros.parse().ok()?, period.parse().ok()?)
}

/// Of `io.stat`, over all devices: `8:0 rbytes=4096 wbytes=0 rios=1 ...`.
fn disk(text: &str) -> Disk {
    let mut disk = Disk::default();
    for (key, value) in text.split_ascii_whitespace().filter_map(|word| word.split_once('=')) {
        let value = value.parse().unwrap_or(0);
        match key {
            "rbytes" => disk.read_bytes = disk.read_bytes.saturating_add(value),
            "wbytes" => disk.written_bytes = disk.written_bytes.saturating_add(value),
            _ => {}
        }
    }
    disk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_container() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            (
                "cpu.stat",
                "usage_usec 7654321\nuser_usec 7000000\nsystem_usec 654321\ncore_sched.force_idle_usec 0\n\
                 nr_periods 610\nnr_throttled 372\nthrottled_usec 18400123\nnr_bursts 0\nburst_usec 0\n",
            ),
            ("cpu.max", "25000 100000\n"),
            ("memory.current", "104857600\n"),
            ("memory.max", "268435456\n"),
            ("memory.events", "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n"),
            (
                "io.stat",
                "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n\
                 253:0 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0\n",
            ),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let expected = Figures {
            cpu: Some(Duration::from_micros(7_654_321)),
            throttling: Some(Throttling {
                periods: 610,
                throttled: 372,
                time: Duration::from_micros(18_400_123),
            }),
            quota_cores: Some(0.25),
            memory_bytes: Some(100 << 20),
            memory_limit_bytes: Some(256 << 20),
            oom_kills: Some(1),
            disk: Some(Disk { read_bytes: 4_097, written_bytes: 8_194 }),
        };
        assert_eq!(V2::new(folder.path()).read(&mut Buffer::default()), expected);
    }

    #[test]
    fn no_limits_and_no_controllers() {
        assert_eq!(quota_of("max 100000\n"), None);
        assert_eq!(quota_of("1 0\n"), None);
        // Recorded from a hierarchy whose controllers are version 1's.
        assert_eq!(throttling("usage_usec 5\nuser_usec 3\nsystem_usec 2\n"), None);
        assert_eq!(disk(""), Disk::default());
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("memory.max"), "max\n").unwrap();
        assert!(V2::new(folder.path()).read(&mut Buffer::default()).is_empty());
    }
}
