//! Budgets that the process puts itself under: a cgroup of its own with a quota of CPU time, or with a rate at
//! which it may write to a disk.
//!
//! A service that does so is limited as one in a container is, and every tool that reads cgroups sees it.

mod disk;
mod hierarchies;
mod joined;

use std::{fs, io, path::Path, time::Duration};

use plimsoll_runtime::workers;

use hierarchies::{Controller, Version};
use joined::Joined;

pub use disk::{DiskRate, Throttled};
pub use joined::PARENT;

/// Unless told: a quota that is used up stops the process for the rest of the period, and of the kernel's
/// usual 100 ms that would be most of any latency.
pub const PERIOD_DEFAULT: Duration = Duration::from_millis(10);
/// What the kernel takes as period.
pub const PERIOD_MIN: Duration = Duration::from_millis(1);
pub const PERIOD_MAX: Duration = Duration::from_secs(1);
/// Least share of a core: with the kernel's least quota, 1 ms, the period is a tenth of a second.
pub const CORES_MIN: f64 = 0.01;

/// The kernel's least quota, in microseconds.
const QUOTA_MIN_US: u64 = 1_000;

/// How much CPU time a process may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// CPU time per time; 0.25 is a quarter of a core.
    pub cores: f64,
    /// How often the quota begins anew; [`PERIOD_DEFAULT`] or, for small quotas, as long as the kernel
    /// wants, unless given.
    pub period: Option<Duration>,
}

/// Why there is no budget, and what may help.
#[derive(Debug, PartialEq, Eq)]
pub struct BudgetError {
    pub message: String,
    pub hint: Option<String>,
}

impl std::fmt::Display for BudgetError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for BudgetError {}

impl BudgetError {
    fn new(message: impl Into<String>, hint: Option<String>) -> BudgetError {
        BudgetError { message: message.into(), hint }
    }
}

/// In microseconds, as the kernel takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quota {
    quota_us: u64,
    period_us: u64,
}

impl Budget {
    fn quota(self) -> Result<Quota, BudgetError> {
        let wrong = |message: String| Err(BudgetError::new(message, None));
        if !(CORES_MIN..=f64::from(u16::MAX)).contains(&self.cores) {
            return wrong(format!("a budget of {} cores: at least {CORES_MIN}", self.cores));
        }
        let period = self.period.unwrap_or_else(|| {
            let least = Duration::from_micros(QUOTA_MIN_US).div_f64(self.cores);
            // In whole milliseconds, which people read more easily.
            let whole = Duration::from_millis(least.as_nanos().div_ceil(1_000_000) as u64);
            whole.max(PERIOD_DEFAULT)
        });
        if !(PERIOD_MIN..=PERIOD_MAX).contains(&period) {
            return wrong(format!("a period of {period:?}: from {PERIOD_MIN:?} to {PERIOD_MAX:?}"));
        }
        let period_us = period.as_micros() as u64;
        let quota_us = (period_us as f64 * self.cores).round() as u64;
        if quota_us < QUOTA_MIN_US {
            let hint = "choose a longer period or a greater budget".to_owned();
            let message = format!(
                "{} cores in a period of {period:?} are less than 1 ms, the kernel's least quota",
                self.cores
            );
            return Err(BudgetError::new(message, Some(hint)));
        }
        Ok(Quota { quota_us, period_us })
    }
}

/// What has CPU quotas, and what counts what is used of them.
const CPU: Controller = Controller { one: "cpu", counting: Some("cpuacct"), two: "cpu" };

/// Puts this process, with all its threads, into a cgroup of its own below [`PARENT`] whose quota is the
/// budget, and reads the quota back. What killed processes have left there is removed before.
///
/// # Errors
/// When the budget is none that the kernel takes or more than the cores that there are, or when this
/// process may not make a cgroup; nothing is left then.
pub fn enter(budget: Budget) -> Result<Entered, BudgetError> {
    let quota = budget.quota()?;
    let cores = workers::cores();
    if budget.cores > cores as f64 {
        let message = format!("a budget of {} cores: this process may use {cores}", budget.cores);
        return Err(BudgetError::new(message, None));
    }
    match Joined::new(CPU, |folder, version| quota.write(folder, version)) {
        Some(Ok(joined)) => Ok(Entered { joined, quota }),
        Some(Err((what, error))) => Err(BudgetError::new(format!("{what}: {error}"), hint(budget))),
        None => {
            let message = "no hierarchy of cgroups is mounted that has CPU quotas";
            Err(BudgetError::new(message, hint(budget)))
        }
    }
}

/// The quota holds while the value is there.
#[derive(Debug)]
pub struct Entered {
    joined: Joined,
    quota: Quota,
}

impl Entered {
    /// The cgroup's path below the mounted hierarchies, with a leading slash.
    pub fn path(&self) -> String {
        self.joined.path()
    }

    /// Quota and period as the kernel has them.
    pub fn quota(&self) -> (Duration, Duration) {
        (Duration::from_micros(self.quota.quota_us), Duration::from_micros(self.quota.period_us))
    }
}

impl Quota {
    /// Writes it and reads it back.
    fn write(self, folder: &Path, version: Version) -> io::Result<()> {
        let Quota { quota_us, period_us } = self;
        let read = |name: &str| fs::read_to_string(folder.join(name));
        let (wanted, found) = match version {
            Version::One => {
                fs::write(folder.join("cpu.cfs_period_us"), period_us.to_string())?;
                fs::write(folder.join("cpu.cfs_quota_us"), quota_us.to_string())?;
                let (quota, period) = (read("cpu.cfs_quota_us")?, read("cpu.cfs_period_us")?);
                (format!("{quota_us} {period_us}"), format!("{} {}", quota.trim(), period.trim()))
            }
            Version::Two => {
                let wanted = format!("{quota_us} {period_us}");
                fs::write(folder.join("cpu.max"), &wanted)?;
                (wanted, read("cpu.max")?.trim().to_owned())
            }
        };
        if wanted == found {
            return Ok(());
        }
        Err(io::Error::other(format!("wrote the quota {wanted}, read {found}")))
    }
}

fn hint(budget: Budget) -> Option<String> {
    let percent = (budget.cores * 100.0).round();
    Some(format!(
        "run as root where cgroups can be written, or without --cpu-budget under systemd-run --scope \
         -p CPUQuota={percent}% -p CPUQuotaPeriodSec=10ms"
    ))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{
        hierarchies::{Hierarchy, Place},
        *,
    };

    #[test]
    fn budgets_become_quotas() {
        let check = |cores, period: Option<u64>, expected: Result<(u64, u64), &str>| {
            let period = period.map(Duration::from_micros);
            match (Budget { cores, period }.quota(), expected) {
                (Ok(quota), expected) => {
                    assert_eq!(
                        Ok((quota.quota_us, quota.period_us)),
                        expected,
                        "{cores} {period:?}"
                    );
                }
                (Err(error), Err(text)) => assert!(error.message.contains(text), "{error}"),
                (Err(error), Ok(_)) => panic!("{cores} {period:?}: {error}"),
            }
        };
        check(0.25, None, Ok((2_500, 10_000)));
        check(2.0, None, Ok((20_000, 10_000)));
        check(0.25, Some(100_000), Ok((25_000, 100_000)));
        // The kernel takes no quota below 1 ms, so the period grows.
        check(0.05, None, Ok((1_000, 20_000)));
        check(0.03, None, Ok((1_020, 34_000)));
        check(0.01, None, Ok((1_000, 100_000)));
        check(0.05, Some(10_000), Err("less than 1 ms"));
        check(0.25, Some(999), Err("from 1ms to 1s"));
        check(0.25, Some(1_000_001), Err("from 1ms to 1s"));
        for cores in [0.0, 0.009, -1.0, f64::NAN, f64::INFINITY] {
            check(cores, None, Err("at least 0.01"));
        }
    }

    #[test]
    fn more_than_there_is_is_no_budget() {
        let error = enter(Budget { cores: 60_000.0, period: None }).unwrap_err();
        assert!(
            error.message.starts_with("a budget of 60000 cores: this process may use "),
            "{error}"
        );
    }

    /// What is written where with version 2, in folders that no kernel looks at.
    #[test]
    fn version_two_hands_the_controller_down() {
        let root = std::env::temp_dir().join(format!("plimsoll-budget-{}", std::process::id()));
        let own = root.join("own.scope");
        fs::create_dir_all(&own).unwrap();
        let hierarchies = vec![Hierarchy { root: root.clone(), own: own.clone() }];
        let place = Place { version: Version::Two, below: PathBuf::new(), hierarchies };
        let quota = Budget { cores: 0.25, period: None }.quota().unwrap();
        let write = |folder: &Path, version| quota.write(folder, version);
        let entered = Joined::at(place, CPU, write).unwrap();

        let pid = std::process::id().to_string();
        assert_eq!(entered.path(), format!("/plimsoll/web-{pid}"));
        let folder = root.join("plimsoll").join(format!("web-{pid}"));
        let read = |path: &Path, name: &str| fs::read_to_string(path.join(name)).unwrap();
        assert_eq!(read(&root, "cgroup.subtree_control"), "+cpu");
        assert_eq!(read(&root.join("plimsoll"), "cgroup.subtree_control"), "+cpu");
        assert_eq!(read(&folder, "cpu.max"), "2500 10000");
        assert_eq!(read(&folder, "cgroup.procs"), pid);
        drop(entered);
        assert_eq!(read(&own, "cgroup.procs"), pid);
        fs::remove_dir_all(&root).unwrap();
    }
}
