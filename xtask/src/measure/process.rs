//! One measured process: pinned to a core, its CPU time, peak memory and wall time.

use std::{
    collections::BTreeMap,
    fs::File,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};

/// The core that servers get; generators get the other.
pub(super) const SERVER_CORE: &str = "0";
pub(super) const GENERATOR_CORE: &str = "1";

/// What a process took from start to end.
#[derive(Clone, Debug)]
pub(super) struct Usage {
    /// user + system
    pub(super) cpu: Duration,
    pub(super) peak_memory_bytes: u64,
    pub(super) wall: Duration,
    pub(super) stdout: String,
    /// `(time since start, resident bytes)`, about every half second.
    pub(super) memory_course: Vec<(Duration, u64)>,
    /// `(time since start, CPU time of its threads)` at the same times; to the nanosecond, which the
    /// CPU time of an ended process is not.
    cpu_course: Vec<(Duration, Threads)>,
}

/// CPU time by the name of the thread; those with one name together, the first one as [`MAIN_THREAD`].
type Threads = BTreeMap<String, Duration>;

pub(super) const MAIN_THREAD: &str = "main";

/// `program` under taskset on `core`.
pub(super) fn pinned(core: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

/// Runs to the end. `allowed`: exit codes that are fine beside 0.
#[expect(
    clippy::disallowed_methods,
    reason = "xtask measures from outside, without the runtime crate"
)]
pub(super) fn measure(mut command: Command, scratch: &Path, allowed: &[i32]) -> Result<Usage> {
    let out = scratch.join("stdout");
    let err = scratch.join("stderr");
    command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?);
    let before = children_cpu()?;
    let started = Instant::now();
    let mut child =
        command.spawn().context("start the measured process (is taskset installed?)")?;
    let mut peak = 0;
    let (mut course, mut cpu_course) = (Vec::new(), Vec::new());
    let status = loop {
        if let Some((resident, high)) = memory(child.id()) {
            peak = peak.max(high);
            let due = course.last().is_none_or(|(at, _): &(Duration, u64)| {
                started.elapsed() > *at + Duration::from_millis(500)
            });
            if due {
                course.push((started.elapsed(), resident));
                cpu_course.extend(threads_cpu(child.id()).map(|cpu| (started.elapsed(), cpu)));
            }
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(20));
    };
    let wall = started.elapsed();
    let cpu = children_cpu()?.saturating_sub(before);
    let stdout = std::fs::read_to_string(&out).unwrap_or_default();
    if !status.success() && !status.code().is_some_and(|code| allowed.contains(&code)) {
        let stderr = std::fs::read_to_string(&err).unwrap_or_default();
        bail!("a measured process ended with {status}\n{stdout}\n{stderr}");
    }
    Ok(Usage { cpu, peak_memory_bytes: peak, wall, stdout, memory_course: course, cpu_course })
}

impl Usage {
    /// The share of a core that each thread took, by name, between so long after the start and so long
    /// before the end.
    pub(super) fn shares(&self, margin: Duration) -> Result<BTreeMap<String, f64>> {
        let end = self.wall.saturating_sub(margin);
        let mut steady = self.cpu_course.iter().filter(|(at, _)| (margin..end).contains(at));
        let (first, last) = steady.next().zip(steady.next_back()).context("it ended too early")?;
        let seconds = (last.0 - first.0).as_secs_f64();
        let share = |(name, cpu): (&String, &Duration)| {
            let before = first.1.get(name).copied().unwrap_or_default();
            (name.clone(), cpu.saturating_sub(before).as_secs_f64() / seconds)
        };
        Ok(last.1.iter().map(share).collect())
    }
}

/// User and system time of all children that ended and were waited for.
fn children_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| {
        u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or(0)
    };
    Ok(Duration::from_micros(micros(usage.user_time()) + micros(usage.system_time())))
}

/// Of the threads that a live process has.
fn threads_cpu(pid: u32) -> Option<Threads> {
    let mut threads = Threads::new();
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let thread = thread.ok()?;
        let read = |file: &str| std::fs::read_to_string(thread.path().join(file)).ok();
        let name = match thread.file_name().to_str() == Some(&pid.to_string()) {
            true => MAIN_THREAD.to_owned(),
            false => read("comm")?.trim().to_owned(),
        };
        let nanos: u64 = read("schedstat")?.split(' ').next()?.parse().ok()?;
        *threads.entry(name).or_default() += Duration::from_nanos(nanos);
    }
    Some(threads)
}

/// CPU time of all threads of a live process, in nanoseconds.
pub(super) fn cpu_nanos(pid: u32) -> Result<u64> {
    let mut sum = 0;
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    for thread in threads.context("the server has ended")? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        sum += text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(sum)
}

/// Resident bytes now and at most, of a live process.
pub(super) fn memory(pid: u32) -> Option<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    };
    Some((field("VmRSS:")?, field("VmHWM:")?))
}
