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

/// Removed with the value. The first folder has the quota.
pub(super) struct Quota(Vec<PathBuf>);

impl Quota {
    /// Version 2 where it is mounted alone, or version 1 with its usage, which may be told in a hierarchy of
    /// its own.
    ///
    /// # Errors
    /// Where it is not permitted.
    pub(super) fn make(name: &str, cores: f64) -> Result<Quota> {
        let root = Path::new("/sys/fs/cgroup");
        let is_unified = root.join("cgroup.controllers").is_file();
        let parents: &[&str] = if is_unified { &[""] } else { &["cpu", "cpuacct"] };
        let mut quota = Quota(Vec::new());
        for parent in parents {
            let name = format!("plimsoll-measure-{name}-{}", std::process::id());
            let folder = root.join(parent).join(name);
            // Two controllers may share a hierarchy.
            if !folder.is_dir() {
                fs::create_dir(&folder).with_context(|| format!("make {}", folder.display()))?;
                quota.0.push(folder);
            }
        }
        let micros = (cores * PERIOD_MICROS as f64) as u64;
        let settings = match is_unified {
            true => vec![("cpu.max", format!("{micros} {PERIOD_MICROS}"))],
            false => vec![
                ("cpu.cfs_period_us", PERIOD_MICROS.to_string()),
                ("cpu.cfs_quota_us", micros.to_string()),
            ],
        };
        let folder = quota.0.first().context("such a cgroup is there already")?;
        for (file, value) in settings {
            let path = folder.join(file);
            fs::write(&path, value).with_context(|| format!("write {}", path.display()))?;
        }
        Ok(quota)
    }

    /// Moves a process into it, with the children that it will have.
    pub(super) fn add(&self, pid: u32) -> Result<()> {
        let mut files = self.0.iter().map(|folder| folder.join("cgroup.procs"));
        files.try_for_each(|file| fs::write(file, pid.to_string())).context("move a process")
    }

    /// `program` in it from its start.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "for file in $0; do echo $$ > $file; done; exec \"$@\""]);
        let files = self.0.iter().map(|folder| folder.join("cgroup.procs").display().to_string());
        command.arg(files.collect::<Vec<_>>().join(" ")).arg(program);
        command
    }
}

impl Drop for Quota {
    #[expect(clippy::disallowed_methods, reason = "xtask waits for the kernel")]
    fn drop(&mut self) {
        for folder in &self.0 {
            let is_gone = (0..ATTEMPTS).any(|_| {
                let is_gone = fs::remove_dir(folder).is_ok();
                if !is_gone {
                    thread::sleep(Duration::from_millis(20));
                }
                is_gone
            });
            if !is_gone {
                eprintln!("warning: {} is still there", folder.display());
            }
        }
    }
}
