//! The files of a cgroup of version 1, where each controller has a hierarchy of its own.

use std::{path::Path, time::Duration};

use super::figures::{Disk, Figures, Throttling, cores};
use crate::{
    host::value_of,
    kernel_file::{Buffer, KernelFile},
};

/// Limits above are none: the kernel writes the largest number that its pages can count.
const MEMORY_LIMIT_MAX: u64 = 1 << 62;

/// Files of the controllers that are there.
#[derive(Default)]
pub(super) struct V1 {
    cpu: Option<Cpu>,
    usage: Option<KernelFile>,
    memory: Option<Memory>,
    /// With the cgroups below, and the older one without.
    disk: Option<[KernelFile; 2]>,
}

struct Cpu {
    stat: KernelFile,
    quota: KernelFile,
    period: KernelFile,
}

struct Memory {
    usage: KernelFile,
    limit: KernelFile,
    oom: KernelFile,
}

impl V1 {
    /// Takes in the folder of one controller.
    pub(super) fn add(&mut self, controller: &str, folder: &Path) {
        let file = |name: &str| KernelFile::new(folder.join(name));
        match controller {
            "cpu" => {
                self.cpu = Some(Cpu {
                    stat: file("cpu.stat"),
                    quota: file("cpu.cfs_quota_us"),
                    period: file("cpu.cfs_period_us"),
                });
            }
            "cpuacct" => self.usage = Some(file("cpuacct.usage")),
            "memory" => {
                self.memory = Some(Memory {
                    usage: file("memory.usage_in_bytes"),
                    limit: file("memory.limit_in_bytes"),
                    oom: file("memory.oom_control"),
                });
            }
            "blkio" => {
                let names = [
                    "blkio.throttle.io_service_bytes_recursive",
                    "blkio.throttle.io_service_bytes",
                ];
                self.disk = Some(names.map(file));
            }
            _ => {}
        }
    }

    pub(super) fn read(&mut self, buffer: &mut Buffer) -> Figures {
        let mut figures = Figures::default();
        if let Some(usage) = &mut self.usage {
            figures.cpu = number(usage, buffer).map(Duration::from_nanos);
        }
        if let Some(cpu) = &mut self.cpu {
            figures.throttling = cpu.stat.read(buffer).ok().and_then(|text| throttling(&text));
            figures.quota_cores = quota_of(&mut cpu.quota, &mut cpu.period, buffer);
        }
        if let Some(memory) = &mut self.memory {
            figures.memory_bytes = number(&mut memory.usage, buffer);
            figures.memory_limit_bytes =
                number(&mut memory.limit, buffer).filter(|limit| *limit < MEMORY_LIMIT_MAX);
            let oom = memory.oom.read(buffer).ok();
            figures.oom_kills = oom.and_then(|text| value_of(&text, "oom_kill"));
        }
        if let Some([with_below, alone]) = &mut self.disk {
            let text = with_below.read(buffer).map(|text| disk(&text));
            figures.disk = text.or_else(|_| alone.read(buffer).map(|text| disk(&text))).ok();
        }
        figures
    }
}

/// As [`Figures::quota_cores`], once.
pub(super) fn quota(folder: &Path, buffer: &mut Buffer) -> Option<f64> {
    let file = |name: &str| KernelFile::new(folder.join(name));
    quota_of(&mut file("cpu.cfs_quota_us"), &mut file("cpu.cfs_period_us"), buffer)
}

fn quota_of(quota: &mut KernelFile, period: &mut KernelFile, buffer: &mut Buffer) -> Option<f64> {
    // -1 is no limit, and no number of ours.
    let (quota, period) = (number(quota, buffer), number(period, buffer));
    quota.zip(period).and_then(|(quota, period)| cores(quota, period))
}

fn number(file: &mut KernelFile, buffer: &mut Buffer) -> Option<u64> {
    file.read(buffer).ok()?.trim().parse().ok()
}

/// Of `cpu.stat`, with its time in nanoseconds.
fn throttling(text: &str) -> Option<Throttling> {
    Some(Throttling {
        periods: value_of(text, "nr_periods")?,
        throttled: value_of(text, "nr_throttled")?,
        time: Duration::from_nanos(value_of(text, "throttled_time")?),
    })
}

/// Over all devices: `254:0 Read 4096`.
fn disk(text: &str) -> Disk {
    let mut disk = Disk::default();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (Some(operation), Some(Ok(bytes))) = (words.next(), words.next().map(str::parse))
        else {
            continue;
        };
        match operation {
            "Read" => disk.read_bytes = disk.read_bytes.saturating_add(bytes),
            "Write" => disk.written_bytes = disk.written_bytes.saturating_add(bytes),
            _ => {}
        }
    }
    disk
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str, &str)], expected: Figures) {
        let root = tempfile::tempdir().unwrap();
        let mut v1 = V1::default();
        for (controller, name, text) in files {
            let folder = root.path().join(controller);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(name), text).unwrap();
            v1.add(controller, &folder);
        }
        assert_eq!(v1.read(&mut Buffer::default()), expected);
    }

    /// The texts are as Linux 6.18 writes them.
    #[test]
    fn files_of_a_container() {
        let expected = Figures {
            cpu: Some(Duration::from_nanos(7_654_321_000)),
            throttling: Some(Throttling {
                periods: 610,
                throttled: 372,
                time: Duration::from_nanos(18_400_123_456),
            }),
            quota_cores: Some(1.5),
            memory_bytes: Some(100 << 20),
            memory_limit_bytes: Some(256 << 20),
            oom_kills: Some(1),
            disk: Some(Disk { read_bytes: 4_096, written_bytes: 8_192 }),
        };
        let stat = "nr_periods 610\nnr_throttled 372\nthrottled_time 18400123456\nnr_bursts 0\n";
        let bytes =
            "254:0 Read 4096\n254:0 Write 8192\n254:0 Sync 12288\n254:0 Total 12288\nTotal 12288\n";
        check(
            &[
                ("cpuacct", "cpuacct.usage", "7654321000\n"),
                ("cpu", "cpu.stat", stat),
                ("cpu", "cpu.cfs_quota_us", "150000\n"),
                ("cpu", "cpu.cfs_period_us", "100000\n"),
                ("memory", "memory.usage_in_bytes", "104857600\n"),
                ("memory", "memory.limit_in_bytes", "268435456\n"),
                ("memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"),
                ("blkio", "blkio.throttle.io_service_bytes_recursive", bytes),
                ("pids", "pids.current", "5\n"),
            ],
            expected,
        );
    }

    #[test]
    fn no_limits_and_older_kernels() {
        check(
            &[
                ("cpu", "cpu.cfs_quota_us", "-1\n"),
                ("cpu", "cpu.cfs_period_us", "100000\n"),
                ("memory", "memory.limit_in_bytes", "9223372036854771712\n"),
                ("memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n"),
                ("blkio", "blkio.throttle.io_service_bytes", "8:0 Read 5\nTotal 5\n"),
            ],
            Figures { disk: Some(Disk { read_bytes: 5, written_bytes: 0 }), ..Figures::default() },
        );
    }
}
