//! What a cgroup's files tell, of either version.

use std::time::Duration;

/// Figures of a cgroup at one moment; totals since its start, and what its files do not tell is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) cpu: Option<Duration>,
    pub(super) throttling: Option<Throttling>,
    pub(super) quota_cores: Option<f64>,
    pub(super) memory_bytes: Option<u64>,
    pub(super) memory_limit_bytes: Option<u64>,
    pub(super) oom_kills: Option<u64>,
    pub(super) disk: Option<Disk>,
}

/// How often a quota stopped it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Throttling {
    /// In which it wanted to run.
    pub(super) periods: u64,
    pub(super) throttled: u64,
    pub(super) time: Duration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Disk {
    pub(super) read_bytes: u64,
    pub(super) written_bytes: u64,
}

impl Figures {
    /// With what only `other` knows.
    pub(super) fn or(self, other: Figures) -> Figures {
        Figures {
            cpu: self.cpu.or(other.cpu),
            throttling: self.throttling.or(other.throttling),
            quota_cores: self.quota_cores.or(other.quota_cores),
            memory_bytes: self.memory_bytes.or(other.memory_bytes),
            memory_limit_bytes: self.memory_limit_bytes.or(other.memory_limit_bytes),
            oom_kills: self.oom_kills.or(other.oom_kills),
            disk: self.disk.or(other.disk),
        }
    }

    /// Whether there is any: a cgroup that is gone has none.
    pub(super) fn is_empty(&self) -> bool {
        *self == Figures::default()
    }
}

/// A quota of `micros` of CPU time per `period` of time, in cores.
pub(super) fn cores(micros: u64, period: u64) -> Option<f64> {
    (period > 0).then(|| micros as f64 / period as f64)
}
