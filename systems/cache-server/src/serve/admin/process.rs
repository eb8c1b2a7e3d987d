//! What the kernel knows of this process.

use std::fs;

use super::Page;

/// The kernel's ticks per second in `/proc/self/stat`: fixed for user space.
const TICKS: f64 = 100.0;

/// Memory of the process that is in RAM, in bytes.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
}

/// Seconds of user and system time.
pub(crate) fn cpu_seconds() -> Option<(f64, f64)> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // Fields behind the name, which ends with a parenthesis: user and system time are the 12th and 13th.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map_while(|field| field.parse::<f64>().ok());
    Some((ticks.next()? / TICKS, ticks.next()? / TICKS))
}

/// In the names that Prometheus's own client libraries use. What the kernel does not tell is left out.
pub(super) fn tell(page: &mut Page) {
    if let Some((user, system)) = cpu_seconds() {
        let mut family = page.counter("process_cpu_seconds_total", "CPU time used, in seconds.");
        family.value(user + system);
    }
    if let Some(bytes) = resident_bytes() {
        page.gauge("process_resident_memory_bytes", "Memory in RAM, in bytes.").value(bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        page.gauge("process_open_fds", "Open file descriptors.").value(open.count());
    }
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let limit = limit.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    if let Some(limit) = limit {
        page.gauge("process_max_fds", "Most file descriptors that may be open.").value(limit);
    }
}
