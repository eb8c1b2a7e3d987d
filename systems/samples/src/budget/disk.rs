//! How much the process may write to the disk of a folder, in bytes per second.

use std::{
    fmt, fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{
    BudgetError,
    hierarchies::{Controller, Version},
    joined::Joined,
};

const DISK: Controller = Controller { one: "blkio", counting: None, two: "io" };

/// What may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskRate {
    /// On the disk that is meant.
    pub folder: PathBuf,
    pub bytes_per_second: u64,
}

/// The rate holds while the value is there.
#[derive(Debug)]
pub struct Throttled {
    joined: Joined,
    device: Device,
}

impl Throttled {
    /// The cgroup's path below the mounted hierarchies, with a leading slash.
    pub fn path(&self) -> String {
        self.joined.path()
    }

    /// The disk's numbers, as the kernel writes them: `254:0`.
    pub fn device(&self) -> String {
        self.device.to_string()
    }
}

/// A whole disk: partitions have no limits of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Device {
    major: u64,
    minor: u64,
}

impl fmt::Display for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.major, self.minor)
    }
}

impl Device {
    /// As the kernel packs them into one number.
    fn of(number: u64) -> Device {
        Device {
            major: (number >> 8) & 0xfff | (number >> 32) & !0xfff,
            minor: number & 0xff | (number >> 12) & !0xff,
        }
    }

    fn parse(text: &str) -> Option<Device> {
        let (major, minor) = text.trim().split_once(':')?;
        Some(Device { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// Of a folder. `None` when its file system is on no disk, or on several.
    fn under(folder: &Path) -> io::Result<Option<Device>> {
        let device = Device::of(fs::metadata(folder)?.dev());
        let block = Path::new("/sys/dev/block").join(device.to_string());
        let is_part = block.join("partition").is_file();
        let whole = if is_part { block.join("../dev") } else { block.join("dev") };
        Ok(fs::read_to_string(whole).ok().and_then(|text| Device::parse(&text)))
    }
}

impl DiskRate {
    /// Puts this process, with all its threads, into a cgroup of its own that may write so much, and reads the
    /// limit back.
    ///
    /// # Errors
    /// When the folder is on no disk that can be limited, or this process may not make a cgroup; nothing is
    /// left then.
    pub fn enter(&self) -> Result<Throttled, BudgetError> {
        let hint = || {
            let rate = self.bytes_per_second;
            Some(format!(
                "run as root where cgroups can be written, or without --disk-rate under systemd-run --scope \
                 -p 'IOWriteBandwidthMax={} {rate}'",
                self.folder.display()
            ))
        };
        let device = Device::under(&self.folder).map_err(|error| {
            BudgetError::new(format!("{}: {error}", self.folder.display()), None)
        })?;
        let device = device.ok_or_else(|| {
            let message = format!("{} is on no disk of its own", self.folder.display());
            BudgetError::new(message, Some("name a folder of a file system on a disk".to_owned()))
        })?;
        let write = |folder: &Path, version| limit(folder, version, device, self.bytes_per_second);
        match Joined::new(DISK, write) {
            Some(Ok(joined)) => Ok(Throttled { joined, device }),
            Some(Err((what, error))) => Err(BudgetError::new(format!("{what}: {error}"), hint())),
            None => {
                let message = "no hierarchy of cgroups is mounted that has limits of disks";
                Err(BudgetError::new(message, hint()))
            }
        }
    }
}

/// Writes the limit and reads it back.
fn limit(folder: &Path, version: Version, device: Device, rate: u64) -> io::Result<()> {
    let (name, text) = match version {
        Version::One => ("blkio.throttle.write_bps_device", format!("{device} {rate}")),
        Version::Two => ("io.max", format!("{device} wbps={rate}")),
    };
    let path = folder.join(name);
    fs::write(&path, &text)?;
    let found = fs::read_to_string(path)?;
    let is_there = |line: &str| text.split(' ').all(|word| line.split(' ').any(|it| it == word));
    if found.lines().any(is_there) {
        return Ok(());
    }
    Err(io::Error::other(format!("wrote the limit {text}, read {:?}", found.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_two_numbers() {
        let check = |number, expected: &str| {
            assert_eq!(Device::of(number).to_string(), expected);
            assert_eq!(Device::parse(&format!("{expected}\n")), Some(Device::of(number)));
        };
        check(0xfe00, "254:0");
        check(0x801, "8:1");
        check(0x1_0301, "259:1");
        check(0x10_082c, "8:300");
        assert_eq!(Device::parse("x"), None);
    }

    /// What is written where, in a folder that no kernel looks at.
    #[test]
    fn both_versions() {
        let folder = std::env::temp_dir().join(format!("plimsoll-throttle-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let device = Device { major: 254, minor: 0 };
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        limit(&folder, Version::One, device, 1_000).unwrap();
        assert_eq!(read("blkio.throttle.write_bps_device"), "254:0 1000");
        limit(&folder, Version::Two, device, 1_000).unwrap();
        assert_eq!(read("io.max"), "254:0 wbps=1000");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_on_no_disk_cannot_be_limited() {
        let of = |folder: &str| DiskRate { folder: folder.into(), bytes_per_second: 1_000 }.enter();
        assert_eq!(of("/proc").unwrap_err().message, "/proc is on no disk of its own");
        assert!(of("/no/such").unwrap_err().message.starts_with("/no/such: "));
    }
}
