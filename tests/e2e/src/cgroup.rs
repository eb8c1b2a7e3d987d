//! A cgroup with limits, where this host lets us make one.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::Duration,
};

const ROOT: &str = "/sys/fs/cgroup";

/// How often the kernel is asked to remove it, every 20 ms: processes that were killed take a while.
const ATTEMPTS: u32 = 100;

/// One cgroup of version 1 or 2; removed with the value, when nobody is in it any more.
#[derive(Debug)]
pub struct Cgroup {
    name: String,
    folders: Vec<PathBuf>,
}

impl Cgroup {
    /// Makes one with half a core and 512 MB; nothing where that is not allowed.
    pub fn make() -> Option<Cgroup> {
        Cgroup::with_cores(0.5)
    }

    /// Makes one with so many cores and 512 MB; nothing where that is not allowed.
    pub fn with_cores(cores: f64) -> Option<Cgroup> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Relaxed);
        let name = format!("plimsoll-e2e-{}-{number}", std::process::id());
        let root = Path::new(ROOT);
        let quota = format!("{:.0}", cores * 100_000.0);
        let maximum = format!("{quota} 100000");
        let (parents, settings): (&[&str], _) = if root.join("cgroup.controllers").is_file() {
            // A controller that is not switched on for children has no files there.
            fs::write(root.join("cgroup.subtree_control"), "+cpu +memory").ok()?;
            (&[""], [("cpu.max", maximum.as_str()), ("memory.max", "536870912")])
        } else {
            let limits =
                [("cpu.cfs_quota_us", quota.as_str()), ("memory.limit_in_bytes", "536870912")];
            (&["cpu", "cpuacct", "memory"], limits)
        };
        let mut cgroup = Cgroup { name, folders: Vec::new() };
        for parent in parents {
            let folder = root.join(parent).join(&cgroup.name);
            // Two controllers may share a hierarchy.
            if !folder.is_dir() {
                fs::create_dir(&folder).ok()?;
            }
            cgroup.folders.push(folder);
        }
        for (file, value) in settings {
            let mut places = cgroup.folders.iter().map(|folder| folder.join(file));
            fs::write(places.find(|place| place.is_file())?, value).ok()?;
        }
        Some(cgroup)
    }

    /// As `--watch cgroup:` takes it.
    pub fn path(&self) -> String {
        format!("/{}", self.name)
    }

    /// Where the number of a process is written that is to be in it.
    pub fn member_files(&self) -> Vec<String> {
        let files = self.folders.iter().map(|folder| folder.join("cgroup.procs"));
        files.map(|file| file.display().to_string()).collect()
    }

    /// Moves a process into it.
    pub fn add(&self, pid: u32) {
        for folder in &self.folders {
            fs::write(folder.join("cgroup.procs"), pid.to_string()).expect("move a process");
        }
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for folder in &self.folders {
            let gone = || !folder.is_dir() || fs::remove_dir(folder).is_ok();
            let is_gone = (0..ATTEMPTS).any(|_| {
                let is_gone = gone();
                if !is_gone {
                    thread::sleep(Duration::from_millis(20));
                }
                is_gone
            });
            if !is_gone && !thread::panicking() {
                panic!("{} could not be removed", folder.display());
            }
        }
    }
}
