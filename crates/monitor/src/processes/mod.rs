//! Processes with their children, named by number, name or port; and the generator itself.

mod find;
mod group;
mod listening;
mod member;
pub mod metrics;
mod scan;
mod threads;
mod usage;

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use plimsoll_metrics::TagSet;
use plimsoll_runtime::clock::Instant;

use crate::{
    cgroups::{self, QuotaOf},
    kernel_file::Buffer,
    metric::Metric,
    own,
    probe::{Probe, ProbeError, Reading, Subject},
    readings::Readings,
};
use find::Finder;
use group::{Group, Together};
use listening::Listening;

/// Names of threads that one watched thing can have series for; further ones are "others".
const THREAD_NAMES_LIMIT: usize = 32;

/// The tag that the generator's own process has.
pub(crate) const GENERATOR: &str = "generator";

/// `pid:`, `name:` or `port:`.
#[derive(Debug)]
struct ProcessSubject {
    text: String,
    /// The tag `process`.
    label: String,
    which: Which,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    Pid(u32),
    Name(String),
    Port(u16),
}

/// What `pid:123`, `name:nginx` and `port:8080` name; `None` for other texts.
pub(crate) fn parse(text: &str) -> Option<Result<Box<dyn Subject>, String>> {
    Some(which(text)?.map(|(label, which)| {
        Box::new(ProcessSubject { text: text.to_owned(), label, which }) as Box<dyn Subject>
    }))
}

/// With its label.
fn which(text: &str) -> Option<Result<(String, Which), String>> {
    let (scheme, value) = text.split_once(':').unwrap_or((text, ""));
    Some(match scheme {
        "pid" => pid(value),
        "name" if value.is_empty() || value.contains('/') => {
            Err("a name is that of a program, such as nginx, without its folder".to_owned())
        }
        "name" => Ok((value.to_owned(), Which::Name(value.to_owned()))),
        "port" => match value.parse::<u16>() {
            Ok(port @ 1..) => Ok((text.to_owned(), Which::Port(port))),
            _ => Err(format!("a port is a number from 1 to {}", u16::MAX)),
        },
        _ => return None,
    })
}

/// The process, or the first of those, that `pid:123`, `name:nginx` or `port:8080` names now; `None` for
/// other texts.
pub(crate) fn first(text: &str) -> Option<Result<u32, String>> {
    Some(which(text)?.and_then(|(_, which)| {
        let found = finder(which)
            .find(Instant::now(), false)
            .map_err(|error| format!("{text}: {error}"))?;
        found.first().copied().ok_or_else(|| format!("there is no process {text}"))
    }))
}

fn finder(which: Which) -> Finder {
    match which {
        Which::Pid(pid) => Finder::Pid(pid),
        Which::Name(name) => Finder::Name(name),
        Which::Port(port) => Finder::port(port),
    }
}

fn pid(value: &str) -> Result<(String, Which), String> {
    let Ok(pid @ 1..) = value.parse::<u32>() else {
        return Err("a process's number is 1 or more".to_owned());
    };
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
    let name = name.map_err(|_| format!("there is no process {pid}"))?;
    Ok((name.trim_end().to_owned(), Which::Pid(pid)))
}

impl Subject for ProcessSubject {
    fn name(&self) -> &str {
        &self.text
    }

    fn label(&self) -> Option<&str> {
        Some(&self.label)
    }

    fn choose_longer_label(&mut self) {
        self.label = match self.which {
            Which::Pid(pid) => format!("{}-{pid}", self.label),
            Which::Name(_) | Which::Port(_) => self.text.clone(),
        };
    }

    /// Those of the cgroup whose quota holds for it too.
    fn metrics(&self) -> &'static [&'static Metric] {
        static ALL: LazyLock<Vec<&'static Metric>> =
            LazyLock::new(|| [metrics::ALL, cgroups::metrics::ALL].concat());
        &ALL
    }

    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError> {
        let finder = finder(self.which);
        let quota = Some((self.text, QuotaOf::default()));
        Ok(Box::new(ProcessProbe { quota, ..ProcessProbe::new(finder, self.label, Role::Watched) }))
    }
}

/// The process that the monitor is part of.
#[derive(Debug)]
pub(crate) struct GeneratorSubject;

impl Subject for GeneratorSubject {
    fn name(&self) -> &str {
        GENERATOR
    }

    fn metrics(&self) -> &'static [&'static Metric] {
        metrics::ALL
    }

    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError> {
        let finder = Finder::Pid(std::process::id());
        Ok(Box::new(ProcessProbe::new(finder, GENERATOR.to_owned(), Role::Generator)))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Watched,
    Generator,
}

struct ProcessProbe {
    finder: Finder,
    label: String,
    role: Role,
    group: Group,
    listening: Listening,
    /// Of what is watched: the quota that holds for the first of the processes, told as the user named them.
    quota: Option<(String, QuotaOf)>,
    /// Of the last tick; empty when there were none.
    roots: Vec<u32>,
    has_looked: bool,
    buffer: Buffer,
    tags: Option<Tags>,
    /// The generator's split of its CPU time, finer than `/proc` has it.
    own: Option<(Duration, Duration)>,
}

/// Tags, made once.
struct Tags {
    process: TagSet,
    threads: HashMap<Arc<str>, TagSet>,
}

impl Probe for ProcessProbe {
    fn read<'a>(&'a mut self, readings: &'a Readings) -> Reading<'a> {
        Box::pin(async { self.read_now(readings) })
    }
}

impl ProcessProbe {
    fn new(finder: Finder, label: String, role: Role) -> ProcessProbe {
        ProcessProbe {
            finder,
            label,
            role,
            // What the generator starts, as a system to be tested, is not the generator.
            group: Group::new(role == Role::Watched),
            listening: Listening::default(),
            quota: None,
            roots: Vec::new(),
            has_looked: false,
            buffer: Buffer::default(),
            tags: None,
            own: None,
        }
    }

    fn read_now(&mut self, readings: &Readings) -> Result<(), ProbeError> {
        let is_gone = self.has_looked && self.roots.is_empty();
        let is_stale = is_gone || self.roots.iter().any(|pid| !self.group.has(*pid));
        self.has_looked = true;
        let mut together = self.look(is_stale, readings)?;
        if together.processes == 0 {
            // All have ended since; others may have taken their place already.
            together = self.look(true, readings)?;
        }
        if together.processes == 0 {
            return Err(ProbeError::new("the process has ended"));
        }
        self.record(&together, readings);
        if let (Some((label, quota)), Some(pid)) = (&mut self.quota, self.roots.first()) {
            let cores = |passed: Duration| together.usage.cpu.as_secs_f64() / passed.as_secs_f64();
            let used = together.passed.map(cores);
            quota.read((*pid, used), label, readings, &mut self.buffer);
        }
        Ok(())
    }

    /// Finds the processes and looks at them. `is_stale`: some of those known are gone.
    fn look(&mut self, is_stale: bool, readings: &Readings) -> Result<Together, ProbeError> {
        let found = self.finder.find(readings.at(), is_stale).inspect_err(|_| self.forget())?;
        if !self.roots.iter().any(|pid| found.contains(pid)) {
            if let (Some(former), Some(now)) = (self.roots.first(), found.first()) {
                let text = format!("{}: process {former} was replaced by {now}", self.label);
                readings.event("process", text);
            }
            self.group.clear();
        }
        self.roots = found;
        self.group.follow(&self.roots, readings.at(), &mut self.buffer);
        Ok(self.group.look(&mut self.buffer))
    }

    fn forget(&mut self) {
        self.roots.clear();
        self.group.clear();
    }

    fn record(&mut self, together: &Together, readings: &Readings) {
        let own = self.own_split();
        let tags = self.tags.get_or_insert_with(|| {
            let mut process = readings.host().with("process", &self.label);
            if self.role == Role::Generator {
                process = process.with("role", GENERATOR);
            }
            Tags { process, threads: HashMap::new() }
        });
        let record = |metric, value: f64| readings.record(metric, &tags.process, value);
        let levels = &together.levels;
        record(&metrics::MEMORY, levels.memory_bytes as f64);
        record(&metrics::THREADS, levels.threads as f64);
        record(&metrics::PROCESSES, together.processes as f64);
        if let Some((open, limit)) = levels.descriptors {
            record(&metrics::FILE_DESCRIPTORS, open as f64);
            record(&metrics::FILE_DESCRIPTORS_LIMIT, limit as f64);
        }
        // The generator's own ports are those of its dashboard.
        if self.role == Role::Watched {
            let listeners = match &self.finder {
                Finder::Port(finder) => finder.listeners.clone(),
                _ => self.listening.of(self.group.pids(), readings.at()),
            };
            self.listening.record(listeners, &tags.process, readings);
        }
        let Some(passed) = together.passed else { return };
        let usage = &together.usage;
        let cores = |time: Duration| time.as_secs_f64() / passed.as_secs_f64();
        let (user, system) = own.unwrap_or((usage.user, usage.system));
        record(&metrics::CPU_UTILIZATION, cores(usage.cpu));
        record(&metrics::CPU_USER, cores(user));
        record(&metrics::CPU_SYSTEM, cores(system));
        record(&metrics::RUN_DELAY, cores(Duration::from_nanos(together.activity.waited)));
        record(&metrics::MAJOR_FAULTS, usage.major_faults as f64);
        if together.has_io {
            record(&metrics::DISK_READ, usage.read_bytes as f64);
            record(&metrics::DISK_WRITTEN, usage.written_bytes as f64);
        }
        if let Some((ran, name)) = &together.activity.hottest {
            let value = cores(Duration::from_nanos(*ran));
            readings.record(&metrics::HOTTEST_THREAD, tags.of_thread(name), value);
        }
    }

    /// CPU time in the program and in the kernel since the last call, for the generator.
    fn own_split(&mut self) -> Option<(Duration, Duration)> {
        if self.role != Role::Generator {
            return None;
        }
        let now = own::cpu_times().ok()?;
        let last = self.own.replace(now)?;
        Some((now.0.saturating_sub(last.0), now.1.saturating_sub(last.1)))
    }
}

impl Tags {
    fn of_thread(&mut self, name: &Arc<str>) -> &TagSet {
        let is_known = self.threads.contains_key(name);
        let name = match is_known || self.threads.len() < THREAD_NAMES_LIMIT {
            true => name.clone(),
            false => Arc::from("others"),
        };
        let process = &self.process;
        self.threads.entry(name).or_insert_with_key(|name| process.with("thread", name))
    }
}

#[cfg(test)]
mod tests;
