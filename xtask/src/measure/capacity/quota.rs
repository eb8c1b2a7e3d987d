//! A cgroup with a CPU quota for a process that is measured, where this host lets us make one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

/// As the samples have it: short, so that a used-up quota stops nobody for long.
const PERIOD_MICROS: u64 = 10_000;

/// How often the kernel is asked to remove it, every 20 ms: a process that has ended takes a while.
const ATTEMPTS: u32 = 100;

/// Removed with the value.
pub(super) struct Quota(PathBuf);

impl Quota {
    /// Version 2 where it is mounted alone, or version 1.
    ///
    /// # Errors
    /// Where it is not permitted.
    pub(super) fn make(name: &str, cores: f64) -> Result<Quota> {
        let root = Path::new("/sys/fs/cgroup");
        let is_unified = root.join("cgroup.controllers").is_file();
        let parent = if is_unified { root.to_owned() } else { root.join("cpu") };
        let folder = parent.join(format!("plimsoll-measure-{name}-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("make {}", folder.display()))?;
        let quota = Quota(folder);
        let micros = (cores * PERIOD_MICROS as f64) as u64;
        let settings = match is_unified {
            true => vec![("cpu.max", format!("{micros} {PERIOD_MICROS}"))],
            false => vec![
                ("cpu.cfs_period_us", PERIOD_MICROS.to_string()),
                ("cpu.cfs_quota_us", micros.to_string()),
            ],
        };
        for (file, value) in settings {
            let path = quota.0.join(file);
            fs::write(&path, value).with_context(|| format!("write {}", path.display()))?;
        }
        Ok(quota)
    }

    /// Moves a process into it, with the children that it will have.
    pub(super) fn add(&self, pid: u32) -> Result<()> {
        fs::write(self.0.join("cgroup.procs"), pid.to_string()).context("move a process")
    }

    /// `program` in it from its start.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]);
        command.arg(self.0.join("cgroup.procs")).arg(program);
        command
    }
}

impl Drop for Quota {
    #[expect(clippy::disallowed_methods, reason = "xtask waits for the kernel")]
    fn drop(&mut self) {
        for _ in 0..ATTEMPTS {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        eprintln!("warning: {} is still there", self.0.display());
    }
}
