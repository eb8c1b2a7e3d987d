//! This host: cores, memory, disks, network, pressure.

mod cpu;
mod disk;
mod memory;
pub mod metrics;
mod network;
pub(crate) mod pressure;

use std::{io, time::Duration};

use plimsoll_metrics::TagSet;
use plimsoll_runtime::clock::Instant;

use crate::{
    kernel_file::{Buffer, KernelFile},
    metric::Metric,
    probe::{Probe, ProbeError, Reading, Subject},
    readings::Readings,
    sockets::{self, STATES, Sockets},
};
pub(crate) use memory::value_of;
use pressure::Pressure;

/// Counting sockets looks at a table as large as the host's memory allows, so it has its own pace.
const SOCKETS_EVERY: Duration = Duration::from_secs(1);

/// `host`: the machine that the monitor runs on.
#[derive(Debug)]
pub(crate) struct HostSubject;

impl Subject for HostSubject {
    fn name(&self) -> &str {
        "host"
    }

    fn metrics(&self) -> &'static [&'static Metric] {
        metrics::ALL
    }

    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError> {
        Ok(Box::new(HostProbe::new()))
    }
}

/// The files of `/proc` that are read at each tick.
struct Files {
    stat: KernelFile,
    meminfo: KernelFile,
    vmstat: KernelFile,
    diskstats: KernelFile,
    interfaces: KernelFile,
    snmp: KernelFile,
    netstat: KernelFile,
    sockstat: KernelFile,
    descriptors: KernelFile,
    /// Of CPU, memory and disks.
    pressure: [KernelFile; 3],
}

struct HostProbe {
    files: Files,
    buffer: Buffer,
    cpu: cpu::Cpu,
    vmstat: memory::Vmstat,
    disks: disk::Disks,
    network: network::Network,
    pressure: [Pressure; 3],
    sockets: Sockets,
    sockets_counted: Option<Instant>,
    /// By the number of the state.
    state_tags: Vec<TagSet>,
}

impl Probe for HostProbe {
    fn read<'a>(&'a mut self, readings: &'a Readings) -> Reading<'a> {
        Box::pin(async { self.read_now(readings) })
    }
}

impl HostProbe {
    fn new() -> HostProbe {
        let files = Files {
            stat: KernelFile::new("/proc/stat"),
            meminfo: KernelFile::new("/proc/meminfo"),
            vmstat: KernelFile::new("/proc/vmstat"),
            diskstats: KernelFile::new("/proc/diskstats"),
            interfaces: KernelFile::new("/proc/net/dev"),
            snmp: KernelFile::new("/proc/net/snmp"),
            netstat: KernelFile::new("/proc/net/netstat"),
            sockstat: KernelFile::new("/proc/net/sockstat"),
            descriptors: KernelFile::new("/proc/sys/fs/file-nr"),
            pressure: ["cpu", "memory", "io"]
                .map(|kind| KernelFile::new(format!("/proc/pressure/{kind}"))),
        };
        HostProbe {
            files,
            buffer: Buffer::default(),
            cpu: cpu::Cpu::default(),
            vmstat: memory::Vmstat::default(),
            disks: disk::Disks::default(),
            network: network::Network::default(),
            pressure: Default::default(),
            sockets: Sockets::new(),
            sockets_counted: None,
            state_tags: Vec::new(),
        }
    }

    /// Only `/proc/stat` must be there: containers hide other files, and kernels lack some.
    fn read_now(&mut self, readings: &Readings) -> Result<(), ProbeError> {
        let HostProbe { files, buffer, .. } = self;
        let unreadable = |error: io::Error| ProbeError::new(format_args!("/proc/stat: {error}"));
        self.cpu.read(&files.stat.read(buffer).map_err(unreadable)?, readings);
        if let Ok(text) = files.meminfo.read(buffer) {
            memory::record_meminfo(&text, readings);
        }
        if let Ok(text) = files.vmstat.read(buffer) {
            self.vmstat.read(&text, readings);
        }
        if let Ok(text) = files.diskstats.read(buffer) {
            self.disks.read(&text, readings);
        }
        if let Ok(text) = files.interfaces.read(buffer) {
            self.network.read_interfaces(&text, readings);
        }
        if let Ok(text) = files.netstat.read(buffer) {
            self.network.read_netstat(&text, readings);
        }
        if let Ok(text) = files.descriptors.read(buffer) {
            record_descriptors(&text, readings);
        }
        self.read_pressure(readings);
        self.read_sockets(readings);
        Ok(())
    }

    fn read_pressure(&mut self, readings: &Readings) {
        let kinds = [
            (&metrics::PRESSURE_CPU_SOME, None),
            (&metrics::PRESSURE_MEMORY_SOME, Some(&metrics::PRESSURE_MEMORY_FULL)),
            (&metrics::PRESSURE_IO_SOME, Some(&metrics::PRESSURE_IO_FULL)),
        ];
        let files = self.files.pressure.iter_mut().zip(&mut self.pressure);
        for ((file, pressure), kinds) in files.zip(kinds) {
            if let Ok(text) = file.read(&mut self.buffer) {
                pressure.read(&text, kinds, readings.host(), readings);
            }
        }
    }

    fn read_sockets(&mut self, readings: &Readings) {
        if self.state_tags.is_empty() {
            let tags = |state: &str| readings.host().with("state", state);
            self.state_tags = STATES.iter().map(|state| tags(state)).collect();
        }
        let record = |state: usize, count: u64| {
            if let Some(tags) = state.checked_sub(1).and_then(|at| self.state_tags.get(at)) {
                readings.record(&metrics::SOCKETS, tags, count as f64);
            }
        };
        if let Ok(text) = self.files.snmp.read(&mut self.buffer) {
            self.network.read_snmp(&text, readings);
            if let Some(count) = network::value_below(&text, "Tcp", "CurrEstab") {
                record(usize::from(sockets::ESTABLISHED), count);
            }
        }
        if let Ok(text) = self.files.sockstat.read(&mut self.buffer)
            && let Some(count) = network::sockstat(&text, "TCP", "tw")
        {
            record(usize::from(sockets::TIME_WAIT), count);
        }
        let now = readings.at();
        let is_due = self.sockets_counted.is_none_or(|last| now.since(last) >= SOCKETS_EVERY);
        if is_due && let Some(counts) = self.sockets.count_rare_states() {
            self.sockets_counted = Some(now);
            for (state, count) in counts.into_iter().enumerate() {
                if sockets::is_rare(state) {
                    record(state, count);
                }
            }
        }
    }
}

/// `/proc/sys/fs/file-nr`: open files, always 0, and the limit, which is the largest number when there
/// is none.
fn record_descriptors(text: &str, readings: &Readings) {
    const NO_LIMIT: u64 = i64::MAX as u64;
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<u64>);
    let (Some(Ok(open)), Some(Ok(limit))) = (numbers.next(), numbers.nth(1)) else { return };
    readings.record(&metrics::FILE_DESCRIPTORS, readings.host(), open as f64);
    if limit < NO_LIMIT {
        readings.record(&metrics::FILE_DESCRIPTORS_LIMIT, readings.host(), limit as f64);
    }
}

#[cfg(test)]
mod tests;
