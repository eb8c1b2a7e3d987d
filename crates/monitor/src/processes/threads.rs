//! Threads of one process: which is the hottest, and how long they waited for a core.

use std::{collections::HashMap, sync::Arc};

use crate::kernel_file::{Buffer, KernelFile};

/// Threads of one process that are looked at; the rest takes part in its sums only.
pub(super) const THREADS_LIMIT: usize = 1_024;

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

/// Over the threads of one process.
#[derive(Default)]
struct Sums {
    /// Nanoseconds and the thread.
    hottest: Option<(u64, u32)>,
    waited: u64,
}

impl Threads {
    /// `count`: how many the process has now.
    pub(super) fn read(&mut self, pid: u32, count: u64, buffer: &mut Buffer) -> Activity {
        let mut sums = Sums::default();
        let is_complete = self.threads.len() as u64 == count.min(THREADS_LIMIT as u64);
        if !(is_complete && self.read_known(&mut sums, buffer)) {
            // Some thread has ended or begun.
            self.list(pid);
            self.read_known(&mut sums, buffer);
        }
        self.has_read = true;
        // Only now: a thread may get its name, and a process its program, after it has begun.
        let hottest = sums.hottest.and_then(|(ran, id)| Some((ran, name(pid, id, buffer)?)));
        Activity { hottest, waited: sums.waited }
    }

    /// Whether all were there.
    fn read_known(&mut self, sums: &mut Sums, buffer: &mut Buffer) -> bool {
        let mut all = true;
        for thread in &mut self.threads {
            let Ok(text) = thread.schedstat.read(buffer) else {
                all = false;
                continue;
            };
            let Some(now) = parse_schedstat(&text) else { continue };
            let Some(last) = thread.last.replace(now) else { continue };
            let ran = now.ran.saturating_sub(last.ran);
            sums.waited = sums.waited.saturating_add(now.waited.saturating_sub(last.waited));
            sums.hottest = sums.hottest.max(Some((ran, thread.id)));
        }
        all
    }

    /// Threads that are there now; those known stay. One that came since the last look began at zero.
    fn list(&mut self, pid: u32) {
        let Ok(directory) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
            self.threads.clear();
            return;
        };
        let mut known: HashMap<u32, Thread> =
            self.threads.drain(..).map(|thread| (thread.id, thread)).collect();
        let ids = directory.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        for id in ids.take(THREADS_LIMIT) {
            let last = self.has_read.then(Schedstat::default);
            let thread = known.remove(&id).unwrap_or_else(|| {
                let schedstat = KernelFile::new(format!("/proc/{pid}/task/{id}/schedstat"));
                Thread { id, schedstat, last }
            });
            self.threads.push(thread);
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = u32> {
        self.threads.iter().map(|thread| thread.id)
    }
}

/// What a thread is called now; `None` when it has just ended.
fn name(pid: u32, id: u32, buffer: &mut Buffer) -> Option<Arc<str>> {
    let text = KernelFile::new(format!("/proc/{pid}/task/{id}/comm")).read(buffer).ok()?;
    Some(Arc::from(text.trim_end_matches('\n')))
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
    use super::*;

    #[test]
    fn recorded_texts() {
        let expected = Schedstat { ran: 1_234_567, waited: 95_773 };
        assert_eq!(parse_schedstat("1234567 95773 12\n"), Some(expected));
        assert_eq!(parse_schedstat("1234567\n"), None);
        assert_eq!(parse_schedstat("x 1 2"), None);
    }

    #[test]
    fn the_hottest_leads_and_waits_add_up() {
        let activity =
            |ran, name: &str, waited| Activity { hottest: Some((ran, name.into())), waited };
        let mut all = Activity::default();
        for other in
            [activity(5, "a", 1), activity(9, "b", 2), Activity::default(), activity(7, "c", 4)]
        {
            all.add(other);
        }
        assert_eq!((all.hottest, all.waited), (Some((9, "b".into())), 7));
    }

    #[test]
    fn a_process_that_never_rests() {
        let mut child =
            std::process::Command::new("yes").stdout(std::process::Stdio::null()).spawn().unwrap();
        let (mut threads, mut buffer) = (Threads::default(), Buffer::default());
        let first = threads.read(child.id(), 1, &mut buffer);
        assert!(first.hottest.is_none(), "there is nothing to compare with");
        let ran = (0..1_000_000).find_map(|_| {
            let activity = threads.read(child.id(), 1, &mut buffer);
            activity.hottest.filter(|(ran, _)| *ran > 0)
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(&*ran.unwrap().1, "yes");
        assert!(threads.read(child.id(), 1, &mut buffer).hottest.is_none());
        assert_eq!(threads.ids().count(), 0);
    }
}
