//! Which processes a name stands for.

use std::{fs, time::Duration};

use plimsoll_runtime::clock::Instant;

use super::scan;
use crate::{
    pace::Pace,
    probe::ProbeError,
    sockets::{self, Listener},
};

/// How often it is looked whether further processes have the name.
pub(super) const RESCAN_EVERY: Duration = Duration::from_secs(5);

/// Open files of one process that are looked at for the one who listens.
const DESCRIPTORS_LIMIT: usize = 100_000;

/// Processes without their children.
pub(super) enum Finder {
    Pid(u32),
    Name(String),
    Port(Box<PortFinder>),
}

/// Who listens at a port.
pub(super) struct PortFinder {
    port: u16,
    pub(super) listeners: Vec<Listener>,
    /// Of the sockets for which the holders were looked for.
    inodes: Vec<u64>,
    holders: Vec<u32>,
    pace: Pace,
}

impl Finder {
    pub(super) fn port(port: u16) -> Finder {
        Finder::Port(Box::new(PortFinder {
            port,
            listeners: Vec::new(),
            inodes: Vec::new(),
            holders: Vec::new(),
            pace: Pace::default(),
        }))
    }

    /// The processes at this tick. `is_stale`: some of the last answer are gone.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn find(&mut self, at: Instant, is_stale: bool) -> Result<Vec<u32>, ProbeError> {
        match self {
            Finder::Pid(pid) if is_stale => {
                Err(ProbeError::new(format_args!("process {pid} has ended")))
            }
            Finder::Pid(pid) => Ok(vec![*pid]),
            Finder::Name(name) => {
                let age = if is_stale { Duration::ZERO } else { RESCAN_EVERY };
                by_name(name, age)
            }
            Finder::Port(port) => port.find(at, is_stale),
        }
    }
}

fn by_name(name: &str, age: Duration) -> Result<Vec<u32>, ProbeError> {
    let own = std::process::id();
    let found: Vec<u32> = scan::with(age, |all| {
        all.iter()
            .filter(|seen| seen.pid != own && seen.is_named(name))
            .map(|seen| seen.pid)
            .collect()
    });
    if found.is_empty() {
        return Err(ProbeError::new("no process has this name"));
    }
    Ok(found)
}

impl PortFinder {
    fn find(&mut self, at: Instant, is_stale: bool) -> Result<Vec<u32>, ProbeError> {
        let all = sockets::listeners_at(at)
            .map_err(|error| ProbeError::new(format_args!("cannot ask who listens: {error}")))?;
        self.listeners.clear();
        self.listeners.extend(all.iter().filter(|listener| listener.port == self.port));
        let inodes: Vec<u64> = self.listeners.iter().map(|listener| listener.inode).collect();
        if inodes.is_empty() {
            self.inodes.clear();
            self.holders.clear();
            return Err(ProbeError::new("nobody listens at this port"));
        }
        let is_known = inodes == self.inodes && !is_stale && !self.holders.is_empty();
        // The first look is never put off.
        if !is_known && (self.pace.is_due(Duration::ZERO) || inodes != self.inodes) {
            self.holders = self.pace.run(|| holders(&inodes));
            self.inodes = inodes;
        }
        if self.holders.is_empty() {
            let text = "somebody listens at this port, but who it is cannot be seen: \
                another user's process, or one in another namespace";
            return Err(ProbeError::new(text));
        }
        Ok(self.holders.clone())
    }
}

/// Processes that have one of the sockets open. Whoever opens sockets for others, as systemd does, is
/// left out when somebody else has it too.
fn holders(inodes: &[u64]) -> Vec<u32> {
    let own = std::process::id();
    let mut found: Vec<u32> =
        scan::pids().filter(|pid| *pid != own && has_one(*pid, inodes)).collect();
    let opens_for_others = |pid: &u32| *pid == 1 && found.len() > 1 && is_init();
    if let Some(at) = found.iter().position(opens_for_others) {
        found.remove(at);
    }
    // This process has the most sockets of all and is seldom meant.
    if found.is_empty() && has_one(own, inodes) {
        found.push(own);
    }
    found
}

fn is_init() -> bool {
    let name = fs::read_to_string("/proc/1/comm").unwrap_or_default();
    matches!(name.trim(), "systemd" | "init")
}

fn has_one(pid: u32, inodes: &[u64]) -> bool {
    sockets_of(pid).any(|inode| inodes.contains(&inode))
}

/// Inodes of the sockets that a process has open; none when they cannot be seen.
pub(super) fn sockets_of(pid: u32) -> impl Iterator<Item = u64> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files
        .take(DESCRIPTORS_LIMIT)
        .filter_map(|file| socket_inode(fs::read_link(file.path()).ok()?.to_str()?))
}

/// `socket:[4242]`
fn socket_inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_sockets() {
        assert_eq!(socket_inode("socket:[4242]"), Some(4_242));
        assert_eq!(socket_inode("pipe:[4242]"), None);
        assert_eq!(socket_inode("/dev/null"), None);
    }

    #[test]
    fn a_name_nobody_has() {
        let error = Finder::Name("no-such-program".into()).find(Instant::now(), true).unwrap_err();
        assert_eq!(error.to_string(), "no process has this name");
        let error = Finder::Pid(7).find(Instant::now(), true).unwrap_err();
        assert_eq!(error.to_string(), "process 7 has ended");
    }
}
