//! Which metric of a monitor is which signal. What is not named here is for outputs and dashboards.

use super::Kind;

/// What a series says about its thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Cpu,
    Memory,
    MemoryLimit,
    Trouble(Trouble),
}

/// What hints at a bottleneck or an accident; counted since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// seconds that a limit of CPU time held it back
    Throttled,
    OomKills,
    /// connections that found the queue of a listening socket full
    ListenOverflows,
    ListenDrops,
    /// TCP segments that were sent again
    Retransmits,
}

impl Trouble {
    pub const ALL: [Trouble; Trouble::COUNT] = [
        Trouble::Throttled,
        Trouble::OomKills,
        Trouble::ListenOverflows,
        Trouble::ListenDrops,
        Trouble::Retransmits,
    ];

    pub(super) const COUNT: usize = 5;
}

const SIGNALS: [(&str, Kind, Signal); 14] = [
    ("host_cpu_utilization", Kind::Host, Signal::Cpu),
    ("host_memory_used_bytes", Kind::Host, Signal::Memory),
    ("host_memory_total_bytes", Kind::Host, Signal::MemoryLimit),
    ("host_oom_kills", Kind::Host, Signal::Trouble(Trouble::OomKills)),
    ("host_listen_overflows", Kind::Host, Signal::Trouble(Trouble::ListenOverflows)),
    ("host_listen_drops", Kind::Host, Signal::Trouble(Trouble::ListenDrops)),
    ("host_tcp_retransmits", Kind::Host, Signal::Trouble(Trouble::Retransmits)),
    ("process_cpu_utilization", Kind::Process, Signal::Cpu),
    ("process_memory_bytes", Kind::Process, Signal::Memory),
    ("cgroup_cpu_utilization", Kind::Cgroup, Signal::Cpu),
    ("cgroup_memory_bytes", Kind::Cgroup, Signal::Memory),
    ("cgroup_memory_limit_bytes", Kind::Cgroup, Signal::MemoryLimit),
    ("cgroup_cpu_throttled_seconds", Kind::Cgroup, Signal::Trouble(Trouble::Throttled)),
    ("cgroup_oom_kills", Kind::Cgroup, Signal::Trouble(Trouble::OomKills)),
];

impl Signal {
    /// What a metric says and of what kind of thing.
    pub(super) fn of(metric: &str) -> Option<(Kind, Signal)> {
        let found = SIGNALS.iter().find(|(name, ..)| *name == metric);
        found.map(|(_, kind, signal)| (*kind, *signal))
    }
}
