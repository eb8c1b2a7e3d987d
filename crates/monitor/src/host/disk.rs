//! Disks, from `/proc/diskstats`.

use std::collections::HashMap;

use plimsoll_metrics::TagSet;
use plimsoll_runtime::clock::Instant;

use super::metrics;
use crate::{increase::Increase, readings::Readings};

/// Devices that are told of; further ones are left out.
pub(super) const DEVICES_LIMIT: usize = 64;

/// Whatever a device's own sectors are, here they have 512 bytes.
const SECTOR_BYTES: u64 = 512;

/// One line of `/proc/diskstats`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Device<'a> {
    pub(super) name: &'a str,
    pub(super) requests: u64,
    /// Of all reads together, from queue to end; in 32 bits.
    pub(super) read_ms: u64,
    /// The same of writes.
    pub(super) written_ms: u64,
    pub(super) read_bytes: u64,
    pub(super) written_bytes: u64,
    /// With a request under way; in 32 bits. The kernel counts it in its ticks, some milliseconds each, of which
    /// one with any request is wholly busy.
    pub(super) busy_ms: u64,
    /// Of all requests together, flushes too; in 32 bits.
    pub(super) all_ms: u64,
}

/// Devices of the text that have ever had a request, without partitions, loops and compressed memory.
pub(super) fn parse(text: &str) -> impl Iterator<Item = Device<'_>> {
    let mut disk = "";
    text.lines().filter_map(device).filter(move |device| {
        let is_part = is_partition(device.name, disk);
        if !is_part {
            disk = device.name;
        }
        let is_made_up = ["loop", "ram", "zram"].iter().any(|kind| device.name.starts_with(kind));
        !is_part && !is_made_up && device.requests > 0
    })
}

/// A disk's partitions come behind it, with its name and a number: `sda1`, `nvme0n1p1`.
fn is_partition(name: &str, disk: &str) -> bool {
    !disk.is_empty()
        && name.strip_prefix(disk).is_some_and(|rest| {
            let number = rest.strip_prefix('p').unwrap_or(rest);
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// The kernel's documentation numbers the fields behind the name from 1.
fn device(line: &str) -> Option<Device<'_>> {
    let mut fields = line.split_ascii_whitespace().skip(2);
    let name = fields.next()?;
    let mut numbers = [0_u64; 11];
    for number in &mut numbers {
        *number = fields.next()?.parse().ok()?;
    }
    let [reads, _, read, read_ms, writes, _, written, written_ms, _, busy_ms, all_ms] = numbers;
    Some(Device {
        name,
        requests: reads.saturating_add(writes),
        read_ms,
        written_ms,
        read_bytes: read.saturating_mul(SECTOR_BYTES),
        written_bytes: written.saturating_mul(SECTOR_BYTES),
        busy_ms,
        all_ms,
    })
}

/// Remembers the last look at each device.
#[derive(Default)]
pub(super) struct Disks {
    known: HashMap<String, Disk>,
    last: Option<Instant>,
}

struct Disk {
    tags: TagSet,
    requests: Increase,
    read_ms: Increase,
    written_ms: Increase,
    read_bytes: Increase,
    written_bytes: Increase,
    busy_ms: Increase,
    all_ms: Increase,
}

impl Disks {
    pub(super) fn read(&mut self, text: &str, readings: &Readings) {
        let now = Instant::now();
        let passed_ms =
            self.last.replace(now).map_or(0.0, |last| now.since(last).as_secs_f64()) * 1e3;
        for device in parse(text).take(DEVICES_LIMIT) {
            if !self.known.contains_key(device.name) && self.known.len() < DEVICES_LIMIT {
                let disk = Disk::new(readings.host().with("device", device.name));
                self.known.insert(device.name.to_owned(), disk);
            }
            if let Some(disk) = self.known.get_mut(device.name) {
                disk.read(&device, passed_ms, readings);
            }
        }
    }
}

impl Disk {
    fn new(tags: TagSet) -> Disk {
        let new = Increase::new;
        Disk {
            tags,
            requests: new(),
            read_ms: new(),
            written_ms: new(),
            read_bytes: new(),
            written_bytes: new(),
            busy_ms: new(),
            all_ms: new(),
        }
    }

    fn read(&mut self, device: &Device<'_>, passed_ms: f64, readings: &Readings) {
        let tags = &self.tags;
        if let Some(bytes) = self.read_bytes.of(device.read_bytes) {
            readings.record(&metrics::DISK_READ, tags, bytes as f64);
        }
        if let Some(bytes) = self.written_bytes.of(device.written_bytes) {
            readings.record(&metrics::DISK_WRITTEN, tags, bytes as f64);
        }
        let busy = self.busy_ms.of_32_bits(device.busy_ms);
        let all = self.all_ms.of_32_bits(device.all_ms);
        if let (Some(busy), Some(all), true) = (busy, all, passed_ms > 0.0) {
            // Requests shorter than the kernel's ticks are busy for no longer than they took together.
            let share = (busy.min(all) as f64 / passed_ms).min(1.0);
            readings.record(&metrics::DISK_UTILIZATION, tags, share);
            readings.record(&metrics::DISK_QUEUE, tags, all as f64 / passed_ms);
        }
        let reading = self.read_ms.of_32_bits(device.read_ms);
        let writing = self.written_ms.of_32_bits(device.written_ms);
        let requests = self.requests.of(device.requests);
        if let (Some(reading), Some(writing), Some(requests @ 1..)) = (reading, writing, requests) {
            let mean = (reading + writing) as f64 / requests as f64;
            readings.record(&metrics::DISK_LATENCY, tags, mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The first two lines as recorded on Linux 6.18, the others as disks with partitions look.
    const DISKSTATS: &str = "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n \
        254       0 vda 9877584 410360 740542082 19849619 390259 489863 295150496 1321051 0 783900 \
        21250263 289443 65 195885424 73077 20786 6514\n \
        259       0 nvme0n1 5 0 8 3 2 0 16 1 0 4 4\n 259       1 nvme0n1p1 5 0 8 3 2 0 16 1 0 4 4\n \
        259       2 nvme0n1p12 5 0 8 3 2 0 16 1 0 4 4\n   8       0 sda 1 0 8 3 2 0 16 1 0 4 4\n   \
        8       1 sda1 1 0 8 3 2 0 16 1 0 4 4\n   8      16 sdb 0 0 0 0 0 0 0 0 0 0 0\n \
        253       0 zram0 9 0 8 3 2 0 16 1 0 4 4\n 252       0 dm-0 1 0 2 3 4 0 6 7 0 9 10\n cut 1\n";

    #[test]
    fn whole_disks_that_were_used() {
        let names: Vec<_> = parse(DISKSTATS).map(|device| device.name).collect();
        assert_eq!(names, ["vda", "nvme0n1", "sda", "dm-0"]);
        let vda = Device {
            name: "vda",
            requests: 10_267_843,
            read_ms: 19_849_619,
            written_ms: 1_321_051,
            read_bytes: 740_542_082 * 512,
            written_bytes: 295_150_496 * 512,
            busy_ms: 783_900,
            all_ms: 21_250_263,
        };
        assert_eq!(parse(DISKSTATS).next(), Some(vda));
    }

    /// Ticks of 4 ms with a request of 0.2 ms each are not wholly busy; a device with several requests at a
    /// time is busy once.
    #[test]
    fn short_requests_do_not_fill_a_tick() {
        let registry = plimsoll_metrics::Registry::new(100);
        let readings = Readings::new(registry.clone(), "here", false);
        let mut disk = Disk::new(readings.host().with("device", "vda"));
        let device =
            |busy_ms, all_ms| Device { busy_ms, all_ms, ..parse(DISKSTATS).next().unwrap() };
        let mut check = |from: (u64, u64), to: (u64, u64), share: f64, queue: f64| {
            disk.read(&device(from.0, from.1), 0.0, &readings);
            readings.take();
            disk.read(&device(to.0, to.1), 1_000.0, &readings);
            let found = readings.take();
            let value = |metric: &crate::metric::Metric| {
                found.interval.sinks.iter().find_map(|(series, sink)| {
                    let id = registry.series_def(*series).metric;
                    let plimsoll_metrics::Sink::Trend(histogram) = sink else { return None };
                    (*registry.def(id).name == *metric.name).then(|| histogram.max())
                })
            };
            assert_eq!(value(&metrics::DISK_UTILIZATION), Some(share), "{to:?}");
            assert_eq!(value(&metrics::DISK_QUEUE), Some(queue), "{to:?}");
        };
        check((0, 0), (1_000, 50), 0.05, 0.05);
        check((1_000, 50), (1_900, 3_050), 0.9, 3.0);
    }

    #[test]
    fn what_is_no_partition() {
        for (name, disk, expected) in [
            ("sda1", "sda", true),
            ("sdaa", "sda", false),
            ("nvme0n1p1", "nvme0n1", true),
            ("nvme0n2", "nvme0n1", false),
            ("sda", "sda", false),
            ("mmcblk0boot0", "mmcblk0", false),
            ("vda", "", false),
        ] {
            assert_eq!(is_partition(name, disk), expected, "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_panics(text in "(sd[ab][0-9]? |[0-9]{1,22} |\\n){0,40}") {
            prop_assert!(parse(&text).count() <= text.lines().count());
        }
    }
}
