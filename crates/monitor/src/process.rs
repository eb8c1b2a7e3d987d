//! Samples of one process, alone or with its descendants, from `/proc/PID`.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
    time::Duration,
};

use plimsoll_runtime::clock::Instant;

use crate::procfs::{self, Memory, Missing, Stat, count_cpus, parse_stat, parse_status};

/// Bytes read of one file; these have some hundreds.
const FILE_LIMIT: u64 = 1 << 20;

/// Processes looked at when descendants are wanted.
const PROCESSES_LIMIT: usize = 1 << 16;

/// Whose CPU and memory are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The process with its threads.
    Process,
    /// Also its children, their children and so on, such as a server's workers.
    Tree,
}

/// Figures of a process (or its tree) at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessSample {
    pub at: Instant,
    /// Since the process's start, in steps of 10 ms.
    pub cpu_user: Duration,
    pub cpu_system: Duration,
    /// Of descendants that have ended and were waited for; zero for [`Scope::Process`].
    pub cpu_ended: Duration,
    pub rss_bytes: u64,
    /// For a tree the sum of each process's peak, which is at least the peak of the sum.
    pub peak_rss_bytes: u64,
    pub threads: u64,
}

impl ProcessSample {
    /// All CPU time so far.
    pub fn cpu(&self) -> Duration {
        self.cpu_user.saturating_add(self.cpu_system).saturating_add(self.cpu_ended)
    }

    fn add(&mut self, stat: &Stat, memory: Memory) {
        self.cpu_user = self.cpu_user.saturating_add(stat.cpu_user);
        self.cpu_system = self.cpu_system.saturating_add(stat.cpu_system);
        self.rss_bytes = self.rss_bytes.saturating_add(memory.rss_bytes);
        self.peak_rss_bytes = self.peak_rss_bytes.saturating_add(memory.peak_rss_bytes);
        self.threads = self.threads.saturating_add(stat.threads);
    }
}

/// Why there is no sample.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It has ended (perhaps its parent has not noticed yet), or never was.
    #[error("process {pid} is gone")]
    Gone { pid: u32 },
    #[error("cannot read {path}: {source}")]
    Read { path: String, source: io::Error },
    #[error("cannot understand {path}: {source}")]
    Parse { path: String, source: Missing },
}

/// A process that was there when [`Process::open`] looked. Another that gets its pid later is not
/// taken for it.
#[derive(Clone, Debug)]
pub struct Process {
    pid: u32,
    start_ticks: u64,
    scope: Scope,
}

impl Process {
    /// Finds the process with `pid`.
    ///
    /// # Errors
    /// [`ProcessError::Gone`] when there is none, and when `/proc` cannot be read.
    pub fn open(pid: u32, scope: Scope) -> Result<Process, ProcessError> {
        let stat = read_stat(pid)?;
        Ok(Process { pid, start_ticks: stat.start_ticks, scope })
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its figures now.
    ///
    /// # Errors
    /// [`ProcessError::Gone`] when it has ended. Descendants that end meanwhile are left out.
    pub fn sample(&self) -> Result<ProcessSample, ProcessError> {
        let at = Instant::now();
        let own = read_stat(self.pid)?;
        if own.start_ticks != self.start_ticks {
            return Err(ProcessError::Gone { pid: self.pid });
        }
        let mut sample = ProcessSample {
            at,
            cpu_user: Duration::ZERO,
            cpu_system: Duration::ZERO,
            cpu_ended: Duration::ZERO,
            rss_bytes: 0,
            peak_rss_bytes: 0,
            threads: 0,
        };
        sample.add(&own, read_memory(self.pid)?);
        if self.scope == Scope::Tree {
            sample.cpu_ended = own.children_cpu();
            for stat in descendants(self.pid, all_processes()?) {
                if let Ok(memory) = read_memory(stat.pid) {
                    sample.add(&stat, memory);
                    sample.cpu_ended = sample.cpu_ended.saturating_add(stat.children_cpu());
                }
            }
        }
        Ok(sample)
    }
}

/// CPUs of the host, at least 1.
///
/// # Errors
/// When `/proc/stat` cannot be read.
pub fn host_cpus() -> Result<usize, ProcessError> {
    let path = "/proc/stat";
    let text = read(path).map_err(|source| ProcessError::Read { path: path.to_owned(), source })?;
    Ok(count_cpus(&text).max(1))
}

/// The processes of `all` that come from `root`, which itself is left out.
fn descendants(root: u32, all: Vec<Stat>) -> Vec<Stat> {
    let mut children: HashMap<u32, Vec<Stat>> = HashMap::new();
    for stat in all {
        children.entry(stat.parent).or_default().push(stat);
    }
    let mut found = children.remove(&root).unwrap_or_default();
    let mut at = 0;
    // Each parent's children are taken out once, so that even a circle would end.
    while let Some(pid) = found.get(at).map(|stat| stat.pid) {
        found.extend(children.remove(&pid).unwrap_or_default());
        at += 1;
    }
    found.retain(|stat| stat.pid != root);
    found
}

/// All processes that can be read; those that end meanwhile are left out.
fn all_processes() -> Result<Vec<Stat>, ProcessError> {
    let directory = std::fs::read_dir("/proc")
        .map_err(|source| ProcessError::Read { path: "/proc".to_owned(), source })?;
    let pids = directory.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(pids.take(PROCESSES_LIMIT).filter_map(|pid| read_stat(pid).ok()).collect())
}

fn read_stat(pid: u32) -> Result<Stat, ProcessError> {
    let stat: Stat = read_and_parse(pid, "stat", parse_stat)?;
    if stat.has_ended() { Err(ProcessError::Gone { pid }) } else { Ok(stat) }
}

pub(crate) fn read_memory(pid: u32) -> Result<Memory, ProcessError> {
    read_and_parse(pid, "status", parse_status)
}

fn read_and_parse<T>(
    pid: u32,
    file: &str,
    parse: impl Fn(&str) -> Result<T, procfs::Missing>,
) -> Result<T, ProcessError> {
    let path = format!("/proc/{pid}/{file}");
    match read(&path) {
        Ok(text) => parse(&text).map_err(|source| ProcessError::Parse { path, source }),
        Err(error) if is_gone(&error) => Err(ProcessError::Gone { pid }),
        Err(source) => Err(ProcessError::Read { path, source }),
    }
}

/// Names of executables need not be UTF-8, so what is not is replaced.
fn read(path: &str) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A process that ends between open and read gives "no such process" instead of "no such file".
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
        || error.raw_os_error() == Some(nix::errno::Errno::ESRCH as i32)
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn stat(pid: u32, parent: u32) -> Stat {
        let text = format!("{pid} (p) S {parent} {}", "0 ".repeat(30));
        parse_stat(&text).unwrap()
    }

    #[test]
    fn descendants_of_descendants() {
        let all = [(1, 0), (2, 1), (3, 2), (4, 2), (5, 4), (6, 1), (7, 6)];
        let found = |root| {
            let all = all.iter().map(|&(pid, parent)| stat(pid, parent)).collect();
            let mut pids: Vec<u32> = descendants(root, all).iter().map(|stat| stat.pid).collect();
            pids.sort_unstable();
            pids
        };
        assert_eq!(found(2), [3, 4, 5]);
        assert_eq!(found(6), [7]);
        assert!(found(9).is_empty());
        let circle = descendants(1, vec![stat(1, 2), stat(2, 1)]);
        assert_eq!(circle.len(), 1);
    }

    /// A shell that starts a child, says so and waits for its input to end.
    fn shell_with_child() -> Child {
        Command::new("sh")
            .args(["-c", "sleep 30 & echo ready; read line; kill $!; wait"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    #[test]
    fn a_process_with_and_without_its_children_until_it_is_gone() {
        let mut shell = shell_with_child();
        let mut ready = [0; 6];
        shell.stdout.take().unwrap().read_exact(&mut ready).unwrap();
        let alone = Process::open(shell.id(), Scope::Process).unwrap();
        let tree = Process::open(shell.id(), Scope::Tree).unwrap();
        let (one, both) = (alone.sample().unwrap(), tree.sample().unwrap());
        assert_eq!((one.threads, both.threads), (1, 2));
        assert!(one.rss_bytes > 0 && both.rss_bytes > one.rss_bytes);
        assert!(one.peak_rss_bytes >= one.rss_bytes);

        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert!(matches!(alone.sample(), Err(ProcessError::Gone { pid }) if pid == shell.id()));
        assert!(matches!(tree.sample(), Err(ProcessError::Gone { .. })));
        assert!(matches!(
            Process::open(shell.id(), Scope::Process),
            Err(ProcessError::Gone { .. })
        ));
    }

    #[test]
    fn another_process_with_the_same_pid_is_not_it() {
        let own = Process::open(std::process::id(), Scope::Process).unwrap();
        assert!(own.sample().is_ok());
        let older = Process { start_ticks: own.start_ticks.wrapping_sub(1), ..own };
        assert!(matches!(older.sample(), Err(ProcessError::Gone { .. })));
    }

    #[test]
    fn the_host_has_cpus() {
        assert!(host_cpus().unwrap() >= 1);
    }
}
