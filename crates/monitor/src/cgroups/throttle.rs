//! Limits of disks: how much of what a cgroup may read and write per second it does.

use std::{collections::HashMap, path::Path};

use plimsoll_metrics::TagSet;
use plimsoll_runtime::clock::Instant;

use super::metrics;
use crate::{
    increase::Increase,
    kernel_file::{Buffer, KernelFile},
    readings::Readings,
};

/// Devices with limits that are told of; further ones are left out.
const DEVICES_LIMIT: usize = 64;

/// Bytes and requests that are read and written: what may be limited, and is counted.
const KINDS: usize = 4;

/// Of one device. What is not known or has no limit is `None`.
type Amounts = [Option<u64>; KINDS];

/// By the device's numbers, `254:0`.
type Devices = HashMap<String, Amounts>;

/// Version 1: a file for each limit, and lines for each operation in a file of bytes and one of requests.
const LIMITS: [&str; KINDS] = [
    "blkio.throttle.read_bps_device",
    "blkio.throttle.write_bps_device",
    "blkio.throttle.read_iops_device",
    "blkio.throttle.write_iops_device",
];
const COUNTS: [&str; 2] = ["blkio.throttle.io_service_bytes", "blkio.throttle.io_serviced"];
const OPERATIONS: [&str; 2] = ["Read", "Write"];

/// Version 2: all in one line.
const LIMIT_KEYS: [&str; KINDS] = ["rbps", "wbps", "riops", "wiops"];
const COUNT_KEYS: [&str; KINDS] = ["rbytes", "wbytes", "rios", "wios"];

enum Files {
    One { limits: [KernelFile; KINDS], counts: [KernelFile; 2] },
    Two { limits: KernelFile, counts: KernelFile },
}

/// Remembers the last look at what a cgroup did to the devices that it has limits of.
pub(super) struct Throttle {
    files: Files,
    known: HashMap<String, Known>,
    last: Option<Instant>,
}

struct Known {
    tags: TagSet,
    done: [Increase; KINDS],
}

impl Throttle {
    /// In the folder of the controller `blkio`.
    pub(super) fn one(folder: &Path) -> Throttle {
        let file = |name: &str| KernelFile::new(folder.join(name));
        Throttle::new(Files::One { limits: LIMITS.map(file), counts: COUNTS.map(file) })
    }

    pub(super) fn two(folder: &Path) -> Throttle {
        let file = |name: &str| KernelFile::new(folder.join(name));
        Throttle::new(Files::Two { limits: file("io.max"), counts: file("io.stat") })
    }

    fn new(files: Files) -> Throttle {
        Throttle { files, known: HashMap::new(), last: None }
    }

    /// Records for each device the share of the limit that it is nearest to; nothing without limits.
    pub(super) fn read(&mut self, cgroup: &TagSet, readings: &Readings, buffer: &mut Buffer) {
        let limits = self.files.limits(buffer);
        if limits.is_empty() {
            return;
        }
        let counts = self.files.counts(buffer);
        let now = Instant::now();
        let passed = self.last.replace(now).map_or(0.0, |last| now.since(last).as_secs_f64());
        for (device, limits) in limits.into_iter().take(DEVICES_LIMIT) {
            let counts = counts.get(&device).copied().unwrap_or_default();
            let known = self.known.entry(device).or_insert_with_key(|device| Known {
                tags: cgroup.with("device", &name_of(device)),
                done: Default::default(),
            });
            let share = known.share(counts, limits, passed);
            if let Some(share) = share {
                readings.record(&metrics::DISK_UTILIZATION, &known.tags, share);
            }
        }
    }
}

impl Known {
    fn share(&mut self, counts: Amounts, limits: Amounts, passed: f64) -> Option<f64> {
        let kinds = self.done.iter_mut().zip(counts).zip(limits);
        // A device that nothing was done to yet is not counted.
        let shares = kinds.filter_map(|((done, count), limit)| {
            let done = done.of(count.unwrap_or(0))?;
            Some(done as f64 / passed / limit.filter(|limit| *limit > 0)? as f64)
        });
        shares.reduce(f64::max).filter(|share| share.is_finite())
    }
}

impl Files {
    fn limits(&mut self, buffer: &mut Buffer) -> Devices {
        let mut devices = Devices::new();
        match self {
            Files::One { limits, .. } => {
                for (kind, file) in limits.iter_mut().enumerate() {
                    let Ok(text) = file.read(buffer) else { continue };
                    for line in text.lines() {
                        let Some((device, limit)) = line.trim().split_once(' ') else { continue };
                        put(&mut devices, device, kind, limit);
                    }
                }
            }
            Files::Two { limits, .. } => in_lines(&mut devices, limits, LIMIT_KEYS, buffer),
        }
        devices
    }

    fn counts(&mut self, buffer: &mut Buffer) -> Devices {
        let mut devices = Devices::new();
        match self {
            Files::One { counts, .. } => {
                for (unit, file) in counts.iter_mut().enumerate() {
                    let Ok(text) = file.read(buffer) else { continue };
                    for line in text.lines() {
                        let mut words = line.split_ascii_whitespace();
                        let (Some(device), Some(operation), Some(count)) =
                            (words.next(), words.next(), words.next())
                        else {
                            continue;
                        };
                        let place = OPERATIONS.iter().position(|name| *name == operation);
                        let Some(place) = place else { continue };
                        put(&mut devices, device, unit * OPERATIONS.len() + place, count);
                    }
                }
            }
            Files::Two { counts, .. } => in_lines(&mut devices, counts, COUNT_KEYS, buffer),
        }
        devices
    }
}

/// `254:0 wbps=1048576 wiops=max`
fn in_lines(
    devices: &mut Devices,
    file: &mut KernelFile,
    keys: [&str; KINDS],
    buffer: &mut Buffer,
) {
    let Ok(text) = file.read(buffer) else { return };
    for line in text.lines() {
        let Some((device, rest)) = line.trim().split_once(' ') else { continue };
        for (key, value) in rest.split(' ').filter_map(|word| word.split_once('=')) {
            if let Some(kind) = keys.iter().position(|name| *name == key) {
                put(devices, device, kind, value);
            }
        }
    }
}

fn put(devices: &mut Devices, device: &str, kind: usize, value: &str) {
    // "max" is no limit.
    let Ok(value) = value.parse() else { return };
    if let Some(place) = devices.entry(device.to_owned()).or_default().get_mut(kind) {
        *place = Some(value);
    }
}

/// `vda`, or the numbers where the kernel does not say.
fn name_of(device: &str) -> String {
    let link = std::fs::read_link(format!("/sys/dev/block/{device}"));
    let name = link.ok().and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
    name.unwrap_or_else(|| device.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], throttle: fn(&Path) -> Throttle, expected: [Amounts; 2]) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut found = throttle(folder.path());
        let buffer = &mut Buffer::default();
        let limits = found.files.limits(buffer);
        let counts = found.files.counts(buffer);
        let of = |devices: &Devices| devices.get("254:0").copied().unwrap_or_default();
        assert_eq!([of(&limits), of(&counts)], expected);
    }

    #[test]
    fn files_of_both_versions() {
        let bytes =
            "254:0 Read 4096\n254:0 Write 8192\n254:0 Sync 8192\n254:0 Total 12288\nTotal 12288\n";
        check(
            &[
                ("blkio.throttle.write_bps_device", "254:0 1048576\n"),
                ("blkio.throttle.read_bps_device", ""),
                ("blkio.throttle.io_service_bytes", bytes),
                (
                    "blkio.throttle.io_serviced",
                    "254:0 Read 1\n254:0 Write 2\n254:0 Total 3\nTotal 3\n",
                ),
            ],
            Throttle::one,
            [[None, Some(1_048_576), None, None], [Some(4096), Some(8192), Some(1), Some(2)]],
        );
        check(
            &[
                ("io.max", "254:0 rbps=max wbps=1048576 riops=100 wiops=max\n"),
                ("io.stat", "8:0 rbytes=1\n254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0\n"),
            ],
            Throttle::two,
            [[None, Some(1_048_576), Some(100), None], [Some(4096), Some(8192), Some(1), Some(2)]],
        );
        check(&[("io.max", "")], Throttle::two, Default::default());
        check(&[], Throttle::one, Default::default());
    }

    #[test]
    fn the_nearest_limit_counts() {
        let mut known = Known { tags: TagSet::from_pairs([("a", "b")]), done: Default::default() };
        let limits = [None, Some(1_000), None, Some(100)];
        assert_eq!(known.share([Some(5), Some(100), None, Some(1)], limits, 0.0), None);
        let counts = [Some(9_000), Some(600), None, Some(91)];
        assert_eq!(known.share(counts, limits, 1.0), Some(0.9));
        assert_eq!(known.share(counts, [None; KINDS], 1.0), None);
    }
}
