//! One process of those that are watched together.

use std::{io, time::Duration};

use nix::{sys::time::TimeValLike, time::clock_getcpuclockid, unistd::Pid};
use plimsoll_runtime::clock::Instant;

use super::threads::{Activity, Threads};
use crate::{
    kernel_file::{Buffer, KernelFile},
    procfs::{self, Stat},
};

/// Limits change seldom, and where the kernel cannot tell the number of open files they must be counted.
const SLOW_EVERY: Duration = Duration::from_secs(5);

/// Open files that are counted one by one at most.
const DESCRIPTORS_COUNTED_LIMIT: usize = 100_000;

/// Running totals of a process since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// To the nanosecond where the kernel tells, else in steps of 10 ms.
    pub(super) cpu: Duration,
    pub(super) user: Duration,
    pub(super) system: Duration,
    /// CPU time of children that have ended and were waited for, in steps of 10 ms.
    pub(super) children_user: Duration,
    pub(super) children_system: Duration,
    pub(super) major_faults: u64,
    /// Those of ended children come on top when they are waited for.
    pub(super) read_bytes: u64,
    pub(super) written_bytes: u64,
}

/// What a process is at the moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Levels {
    pub(super) memory_bytes: u64,
    pub(super) threads: u64,
    /// Open files and how many there may be, where both can be read.
    pub(super) descriptors: Option<(u64, u64)>,
}

pub(super) struct Member {
    pub(super) pid: u32,
    pub(super) parent: u32,
    /// With the pid it tells processes apart.
    start_ticks: Option<u64>,
    /// At the last look; `None` before the first.
    pub(super) totals: Option<Totals>,
    /// Whether it began after the last look at its parent: then all of its totals are new.
    pub(super) is_newborn: bool,
    stat: KernelFile,
    io: KernelFile,
    children: KernelFile,
    limits: KernelFile,
    has_io: bool,
    descriptors_limit: Option<u64>,
    descriptors_counted: Option<u64>,
    slow_read: Option<Instant>,
    pub(super) threads: Threads,
}

/// A look at a process.
pub(super) struct Look {
    pub(super) totals: Totals,
    pub(super) levels: Levels,
    pub(super) activity: Activity,
    /// Ended, though nobody has waited for it yet.
    pub(super) has_ended: bool,
}

impl Member {
    pub(super) fn new(pid: u32, is_newborn: bool) -> Member {
        let file = |name: &str| KernelFile::new(format!("/proc/{pid}/{name}"));
        Member {
            pid,
            parent: 0,
            start_ticks: None,
            totals: None,
            is_newborn,
            stat: file("stat"),
            io: file("io"),
            children: file(&format!("task/{pid}/children")),
            limits: file("limits"),
            has_io: true,
            descriptors_limit: None,
            descriptors_counted: None,
            slow_read: None,
            threads: Threads::default(),
        }
    }

    /// Its figures now.
    ///
    /// # Errors
    /// When it is gone.
    pub(super) fn look(&mut self, at: Instant, buffer: &mut Buffer) -> io::Result<Look> {
        let stat = procfs::parse_stat(&self.stat.read(buffer)?).map_err(io::Error::other)?;
        if *self.start_ticks.get_or_insert(stat.start_ticks) != stat.start_ticks {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.parent = stat.parent;
        let has_ended = stat.has_ended();
        let (read_bytes, written_bytes) = self.read_io(buffer);
        let totals = Totals {
            cpu: self.cpu(&stat),
            user: stat.cpu_user,
            system: stat.cpu_system,
            children_user: stat.children_user,
            children_system: stat.children_system,
            major_faults: stat.major_faults,
            read_bytes,
            written_bytes,
        };
        if has_ended {
            let (levels, activity) = (Levels::default(), Activity::default());
            return Ok(Look { totals, levels, activity, has_ended });
        }
        let levels = Levels {
            memory_bytes: stat.rss_pages.saturating_mul(page_bytes()),
            threads: stat.threads,
            descriptors: self.descriptors(at, buffer),
        };
        let activity = self.threads.read(self.pid, stat.threads, buffer);
        Ok(Look { totals, levels, activity, has_ended })
    }

    /// The clock of the process, which is exact where ticks of 10 ms are not; never behind the last look.
    fn cpu(&self, stat: &Stat) -> Duration {
        let ticks = stat.cpu_user.saturating_add(stat.cpu_system);
        let exact = i32::try_from(self.pid).ok().and_then(|pid| {
            let time = clock_getcpuclockid(Pid::from_raw(pid)).ok()?.now().ok()?;
            u64::try_from(time.num_nanoseconds()).ok().map(Duration::from_nanos)
        });
        exact.unwrap_or(ticks).max(self.totals.map_or(Duration::ZERO, |last| last.cpu))
    }

    /// Bytes from and to disks; those of the last look when they cannot be read, as of other users'
    /// processes.
    fn read_io(&mut self, buffer: &mut Buffer) -> (u64, u64) {
        let last = self.totals.map_or((0, 0), |last| (last.read_bytes, last.written_bytes));
        if !self.has_io {
            return last;
        }
        match self.io.read(buffer) {
            Ok(text) => parse_io(&text).unwrap_or(last),
            Err(error) => {
                self.has_io = error.kind() != io::ErrorKind::PermissionDenied;
                last
            }
        }
    }

    /// Whether bytes from and to disks can be read.
    pub(super) fn has_io(&self) -> bool {
        self.has_io
    }

    fn descriptors(&mut self, at: Instant, buffer: &mut Buffer) -> Option<(u64, u64)> {
        let path = format!("/proc/{}/fd", self.pid);
        // Since Linux 6.2 the size of the folder is their number.
        let size = std::fs::metadata(&path).ok()?.len();
        if self.slow_read.is_none_or(|last| at.since(last) >= SLOW_EVERY) {
            self.slow_read = Some(at);
            let limits = self.limits.read(buffer).ok();
            self.descriptors_limit = limits.and_then(|text| parse_descriptors_limit(&text));
            if size == 0 {
                let counted = std::fs::read_dir(&path).ok();
                self.descriptors_counted =
                    counted.map(|files| files.take(DESCRIPTORS_COUNTED_LIMIT).count() as u64);
            }
        }
        let open = if size > 0 { size } else { self.descriptors_counted? };
        Some((open, self.descriptors_limit?))
    }

    /// Children of its main thread, of which servers fork theirs; `None` when the kernel does not tell.
    pub(super) fn children(&mut self, buffer: &mut Buffer) -> Option<Vec<u32>> {
        self.children.read(buffer).ok().map(|text| parse_pids(&text))
    }

    /// Children of its other threads.
    pub(super) fn children_of_threads(&self, buffer: &mut Buffer) -> Vec<u32> {
        let others = self.threads.ids().filter(|id| *id != self.pid);
        let paths = others.map(|id| format!("/proc/{}/task/{id}/children", self.pid));
        let mut found = Vec::new();
        for path in paths {
            if let Ok(text) = KernelFile::new(path).read(buffer) {
                found.extend(parse_pids(&text));
            }
        }
        found
    }
}

fn parse_pids(text: &str) -> Vec<u32> {
    text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Bytes read and written of `/proc/PID/io`.
fn parse_io(text: &str) -> Option<(u64, u64)> {
    let value =
        |key: &str| text.lines().find_map(|line| line.strip_prefix(key))?.trim().parse().ok();
    Some((value("read_bytes:")?, value("write_bytes:")?))
}

/// The soft limit of open files in `/proc/PID/limits`; `None` when there is no limit.
fn parse_descriptors_limit(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// Bytes of a page of memory.
fn page_bytes() -> u64 {
    use nix::unistd::{SysconfVar, sysconf};
    thread_local! {
        static BYTES: u64 = sysconf(SysconfVar::PAGE_SIZE)
            .ok()
            .flatten()
            .and_then(|bytes| u64::try_from(bytes).ok())
            .unwrap_or(4_096);
    }
    BYTES.with(|bytes| *bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_texts() {
        let io = "rchar: 2012\nwchar: 7\nsyscr: 7\nsyscw: 0\nread_bytes: 4096\nwrite_bytes: 8192\n\
            cancelled_write_bytes: 1\n";
        assert_eq!(parse_io(io), Some((4_096, 8_192)));
        assert_eq!(parse_io("read_bytes: 1\n"), None);
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
            Max processes             unlimited            unlimited            processes \n\
            Max open files            1024                 524288               files     \n";
        assert_eq!(parse_descriptors_limit(limits), Some(1_024));
        assert_eq!(parse_descriptors_limit(&limits.replace("1024", "unlimited")), None);
        assert_eq!(parse_pids("12 345 \n"), [12, 345]);
    }

    #[test]
    fn this_process() {
        let (mut member, mut buffer) = (Member::new(std::process::id(), false), Buffer::default());
        let look = member.look(Instant::now(), &mut buffer).unwrap();
        assert!(look.totals.cpu > Duration::ZERO && look.levels.memory_bytes > 1 << 20);
        assert!(look.levels.threads >= 1 && !look.has_ended);
        let (open, limit) = look.levels.descriptors.unwrap();
        assert!(open >= 3 && open <= limit, "{open} of {limit}");
        member.totals = Some(look.totals);
        let later = member.look(Instant::now(), &mut buffer).unwrap();
        assert!(later.totals.cpu >= look.totals.cpu);
    }

    #[test]
    fn a_process_that_is_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let (mut member, mut buffer) = (Member::new(child.id(), false), Buffer::default());
        member.look(Instant::now(), &mut buffer).ok();
        child.wait().unwrap();
        assert!(member.look(Instant::now(), &mut buffer).is_err());
    }
}
