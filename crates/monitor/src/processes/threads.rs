//! Threads of one process: which is the hottest, and how long they waited for a core.

use std::{collections::HashMap, io, sync::Arc};

use crate::kernel_file::{Buffer, KernelFile};

/// Threads of one process that are looked at; the rest takes part in its sums only.
pub(super) const THREADS_LIMIT: usize = 1_024;

/// Longest name of a thread: the kernel keeps 15 bytes.
const NAME_BYTES: usize = 15;

/// What `/proc/PID/task/TID/schedstat` tells, in nanoseconds since the thread's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Schedstat {
    pub(super) ran: u64,
    /// Could run and did not.
    pub(super) waited: u64,
}

pub(super) fn parse_schedstat(text: &str) -> Option<Schedstat> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    Some(Schedstat { ran: numbers.next()?.ok()?, waited: numbers.next()?.ok()? })
}

/// Remembers the last look at each thread.
#[derive(Default)]
pub(super) struct Threads {
    threads: Vec<Thread>,
    has_read: bool,
}

struct Thread {
    id: u32,
    name: Arc<str>,
    schedstat: KernelFile,
    last: Option<Schedstat>,
}

/// What happened since the last look.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity {
    /// Nanoseconds of the thread that ran the most, and its name.
    pub(super) hottest: Option<(u64, Arc<str>)>,
    /// Nanoseconds waited, over all threads.
    pub(super) waited: u64,
}

impl Threads {
    /// `count`: how many the process has now.
    pub(super) fn read(&mut self, pid: u32, count: u64, buffer: &mut Buffer) -> Activity {
        let mut activity = Activity::default();
        let complete = self.threads.len() as u64 == count.min(THREADS_LIMIT as u64);
        if complete && self.read_known(&mut activity, buffer) {
            self.has_read = true;
            return activity;
        }
        // Some thread has ended or begun.
        self.list(pid, buffer);
        self.has_read = true;
        let mut rest = Activity::default();
        self.read_known(&mut rest, buffer);
        activity.add(rest);
        activity
    }

    /// Whether all were there.
    fn read_known(&mut self, activity: &mut Activity, buffer: &mut Buffer) -> bool {
        let mut all = true;
        for thread in &mut self.threads {
            let Ok(text) = thread.schedstat.read(buffer) else {
                all = false;
                continue;
            };
            let Some(now) = parse_schedstat(&text) else { continue };
            let Some(last) = thread.last.replace(now) else { continue };
            let ran = now.ran.saturating_sub(last.ran);
            let waited = now.waited.saturating_sub(last.waited);
            activity.add(Activity { hottest: Some((ran, thread.name.clone())), waited });
        }
        all
    }

    /// Threads that are there now; those known stay. One that came since the last look began at zero.
    fn list(&mut self, pid: u32, buffer: &mut Buffer) {
        let Ok(directory) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
            self.threads.clear();
            return;
        };
        let mut known: HashMap<u32, Thread> =
            self.threads.drain(..).map(|thread| (thread.id, thread)).collect();
        let ids = directory.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        for id in ids.take(THREADS_LIMIT) {
            let last = self.has_read.then(Schedstat::default);
            let thread = known.remove(&id).unwrap_or_else(|| Thread::new(pid, id, last, buffer));
            self.threads.push(thread);
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = u32> {
        self.threads.iter().map(|thread| thread.id)
    }
}

impl Thread {
    fn new(pid: u32, id: u32, last: Option<Schedstat>, buffer: &mut Buffer) -> Thread {
        let folder = format!("/proc/{pid}/task/{id}");
        let name = KernelFile::new(format!("{folder}/comm")).read(buffer).map_or_else(
            |_: io::Error| Arc::from("?"),
            |text| {
                Arc::from(text.trim_end_matches('\n').chars().take(NAME_BYTES).collect::<String>())
            },
        );
        Thread { id, name, schedstat: KernelFile::new(format!("{folder}/schedstat")), last }
    }
}

impl Activity {
    /// As of one more thread, or of another process's.
    pub(super) fn add(&mut self, other: Activity) {
        self.waited = self.waited.saturating_add(other.waited);
        let ran = |hottest: &Option<(u64, Arc<str>)>| hottest.as_ref().map(|(ran, _)| *ran);
        if ran(&other.hottest) > ran(&self.hottest) {
            self.hottest = other.hottest;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread::Builder,
    };

    use super::*;

    #[test]
    fn recorded_texts() {
        let expected = Schedstat { ran: 1_234_567, waited: 95_773 };
        assert_eq!(parse_schedstat("1234567 95773 12\n"), Some(expected));
        assert_eq!(parse_schedstat("1234567\n"), None);
        assert_eq!(parse_schedstat("x 1 2"), None);
    }

    #[test]
    fn the_thread_that_works_is_the_hottest() {
        let (mut threads, mut buffer) = (Threads::default(), Buffer::default());
        let pid = std::process::id();
        let count = || std::fs::read_dir("/proc/self/task").unwrap().count() as u64;
        threads.read(pid, count(), &mut buffer);
        let stop = Arc::new(AtomicBool::new(false));
        let worker = Builder::new().name("hot-one".into()).spawn({
            let stop = Arc::clone(&stop);
            move || {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            }
        });
        // Other tests' threads come and go; sooner or later the one that never rests leads.
        let found = (0..100_000).any(|_| {
            let activity = threads.read(pid, count(), &mut buffer);
            activity.hottest.is_some_and(|(_, name)| &*name == "hot-one")
        });
        stop.store(true, Ordering::Relaxed);
        worker.unwrap().join().unwrap();
        assert!(found);
    }
}
