//! All processes of the host, looked through seldom: it costs a look at each.

use std::{cell::RefCell, collections::HashMap, fs, time::Duration};

use crate::{
    kernel_file::{Buffer, KernelFile},
    pace::Pace,
    procfs,
};

/// Processes of one host that are looked at.
const PROCESSES_LIMIT: usize = 1 << 16;

/// A process as a scan saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) pid: u32,
    pub(super) parent: u32,
    start_ticks: u64,
    /// As the kernel calls it, cut to 15 bytes.
    comm: String,
    /// The file name in its first argument.
    program: String,
}

/// Bytes that the kernel keeps of a name.
const COMM_BYTES: usize = 15;

impl Seen {
    pub(super) fn is_named(&self, name: &str) -> bool {
        let is_cut = self.comm.len() == COMM_BYTES && name.starts_with(&self.comm);
        self.program == name || self.comm == name || (is_cut && self.program.is_empty())
    }
}

/// The last scan, which all watched things share.
#[derive(Default)]
struct Scan {
    seen: Vec<Seen>,
    /// Of looks at every process.
    whole: Pace,
    /// Of looks at those that have come since.
    newcomers: Pace,
    buffer: Buffer,
}

thread_local! {
    static SCAN: RefCell<Scan> = RefCell::default();
}

/// Calls `look` with all processes as they were at most `age` ago, or longer when a new look would
/// cost too much. Then those that have come since are looked at alone, which costs far less: one that
/// took another program meanwhile still has its former name.
pub(super) fn with<T>(age: Duration, look: impl FnOnce(&[Seen]) -> T) -> T {
    SCAN.with_borrow_mut(|scan| {
        let Scan { seen, whole, newcomers, buffer } = scan;
        if whole.is_due(age) {
            whole.run(|| look_at_all(seen, buffer));
        } else if age.is_zero() && newcomers.is_due(age) {
            newcomers.run(|| look_at_newcomers(seen, buffer));
        }
        look(seen)
    })
}

fn look_at_all(seen: &mut Vec<Seen>, buffer: &mut Buffer) {
    let mut known: HashMap<u32, Seen> = seen.drain(..).map(|seen| (seen.pid, seen)).collect();
    seen.extend(pids().filter_map(|pid| look_at(pid, known.remove(&pid), buffer)));
}

fn look_at_newcomers(seen: &mut Vec<Seen>, buffer: &mut Buffer) {
    let mut known: HashMap<u32, Seen> = seen.drain(..).map(|seen| (seen.pid, seen)).collect();
    seen.extend(pids().filter_map(|pid| known.remove(&pid).or_else(|| look_at(pid, None, buffer))));
}

/// `None` when it is gone. `known`: what was seen of that number before.
fn look_at(pid: u32, known: Option<Seen>, buffer: &mut Buffer) -> Option<Seen> {
    let text = KernelFile::new(format!("/proc/{pid}/stat")).read(buffer).ok()?;
    let stat = procfs::parse_stat(&text).ok().filter(|stat| !stat.has_ended())?;
    let same =
        known.filter(|known| known.start_ticks == stat.start_ticks && known.comm == stat.comm);
    let program = same.map_or_else(|| program(pid, buffer), |known| known.program);
    let (parent, start_ticks) = (stat.parent, stat.start_ticks);
    Some(Seen { pid, parent, start_ticks, comm: stat.comm, program })
}

/// Numbers of all processes.
pub(super) fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).take(PROCESSES_LIMIT)
}

fn program(pid: u32, buffer: &mut Buffer) -> String {
    let text = KernelFile::new(format!("/proc/{pid}/cmdline")).read(buffer);
    text.map_or_else(|_| String::new(), |text| program_of(&text).to_owned())
}

/// The file name in a command line's first argument. Some servers write there what they do:
/// `nginx: master process`.
fn program_of(cmdline: &str) -> &str {
    let first = cmdline.split('\0').next().unwrap_or_default();
    let path = first.split([' ', ':']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// Processes that come from `roots`, which themselves are left out.
pub(super) fn descendants(roots: &[u32], all: &[Seen]) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for seen in all {
        children.entry(seen.parent).or_default().push(seen.pid);
    }
    let mut found: Vec<u32> = Vec::new();
    let mut next: Vec<u32> = roots.to_vec();
    // Each one's children are taken out once, so that even a circle would end.
    while let Some(pid) = next.pop() {
        let below = children.remove(&pid).unwrap_or_default();
        next.extend(&below);
        found.extend(below);
    }
    found.retain(|pid| !roots.contains(pid));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(pid: u32, parent: u32, comm: &str, program: &str) -> Seen {
        Seen { pid, parent, start_ticks: 0, comm: comm.into(), program: program.into() }
    }

    #[test]
    fn names() {
        for (cmdline, expected) in [
            ("/usr/sbin/nginx\0-g\0daemon off;\0", "nginx"),
            ("nginx: master process /usr/sbin/nginx", "nginx"),
            ("postgres: checkpointer ", "postgres"),
            ("sh\0-c\0x\0", "sh"),
            ("", ""),
        ] {
            assert_eq!(program_of(cmdline), expected);
        }
        let python = seen(1, 0, "gunicorn", "python3.11");
        assert!(python.is_named("gunicorn") && python.is_named("python3.11"));
        assert!(!python.is_named("python"));
        let long = seen(1, 0, "prometheus-node", "");
        assert!(long.is_named("prometheus-node-exporter") && !long.is_named("prometheus"));
    }

    #[test]
    fn descendants_of_several() {
        let parents = [(1, 0), (2, 1), (3, 2), (4, 2), (5, 4), (6, 1), (7, 6)];
        let all: Vec<Seen> =
            parents.iter().map(|&(pid, parent)| seen(pid, parent, "", "")).collect();
        let check = |roots: &[u32], expected: &[u32]| {
            let mut found = descendants(roots, &all);
            found.sort_unstable();
            assert_eq!(found, expected, "{roots:?}");
        };
        check(&[2], &[3, 4, 5]);
        check(&[2, 4, 6], &[3, 5, 7]);
        check(&[9], &[]);
        assert_eq!(descendants(&[1], &[seen(1, 2, "", ""), seen(2, 1, "", "")]), [2]);
    }

    #[test]
    fn this_process_is_seen_with_its_parent() {
        let own = std::process::id();
        let found = with(Duration::ZERO, |seen| seen.iter().find(|seen| seen.pid == own).cloned());
        assert_eq!(found.unwrap().parent, nix::unistd::getppid().as_raw().unsigned_abs());
    }
}
