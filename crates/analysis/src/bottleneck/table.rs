//! Which signals tell of which resource, as data.

/// A thing that can be the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// CPU time that a cgroup's quota allows.
    CpuQuota,
    /// One thread, which cannot take more than one core.
    Thread,
    /// All cores of a host.
    HostCpu,
    Disk,
    LinkOut,
    LinkIn,
    /// Connections, workers or permits that a service tells of itself.
    Pool,
    /// A pool of one that is a lock, told by the service itself.
    Lock,
    /// Sessions that a server lets in.
    Connections,
    FileDescriptors,
    /// Connections that wait to be accepted.
    ListenQueue,
    Memory,
    /// Locks and other waits inside a database.
    Waits,
}

impl Resource {
    /// A stable name for machines.
    pub fn name(self) -> &'static str {
        match self {
            Resource::CpuQuota => "cpu_quota",
            Resource::Thread => "thread",
            Resource::HostCpu => "host_cpu",
            Resource::Disk => "disk",
            Resource::LinkOut => "network_out",
            Resource::LinkIn => "network_in",
            Resource::Pool => "pool",
            Resource::Lock => "lock",
            Resource::Connections => "connections",
            Resource::FileDescriptors => "file_descriptors",
            Resource::ListenQueue => "listen_queue",
            Resource::Memory => "memory",
            Resource::Waits => "waits",
        }
    }
}

/// What a resource belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlaceKind {
    Host,
    Process,
    Cgroup,
    Service,
}

impl PlaceKind {
    /// The tag that names it; a stable name for machines too.
    pub fn name(self) -> &'static str {
        match self {
            PlaceKind::Host => "host",
            PlaceKind::Process => "process",
            PlaceKind::Cgroup => "cgroup",
            PlaceKind::Service => "service",
        }
    }
}

/// How a resource is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// Busy for a time per request: at 1 there is no more, and others wait for it.
    Busy,
    /// Held for as long as a request takes: full also when what is behind it has become slow.
    Held,
}

/// Of what the used amount is a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// It is a share already, of one thing that can be busy for one second per second.
    One,
    /// It is a share of all cores of its host.
    Cores,
    /// Of another metric with the same tags.
    Metric(&'static str),
    /// Of the speed of the interface.
    Link,
}

/// How values of a symptom are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Share,
    Count,
    Milliseconds,
    PerSecond,
}

/// A sign that requests wait for a resource, or are lost for want of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Symptom {
    pub(super) metric: &'static str,
    /// Whether the host's series is meant, whatever the resource belongs to.
    pub(super) is_of_host: bool,
    /// From which value on it means something, and how many times the value at little load.
    pub(super) above: f64,
    pub(super) times: f64,
    pub(super) unit: Unit,
    /// In words, before and after the value.
    pub(super) words: (&'static str, &'static str),
}

/// A resource whose use can be told as a share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) resource: Resource,
    pub(super) place: PlaceKind,
    pub(super) used: &'static str,
    /// The tag that tells several of one place apart.
    pub(super) part: Option<&'static str>,
    pub(super) limit: Limit,
    pub(super) nature: Nature,
    pub(super) symptoms: &'static [Symptom],
}

const fn of_place(
    metric: &'static str,
    above: f64,
    unit: Unit,
    words: (&'static str, &'static str),
) -> Symptom {
    Symptom { metric, is_of_host: false, above, times: 2.0, unit, words }
}

const fn of_host(
    metric: &'static str,
    above: f64,
    unit: Unit,
    words: (&'static str, &'static str),
) -> Symptom {
    Symptom { metric, is_of_host: true, above, times: 2.0, unit, words }
}

const THROTTLED: Symptom =
    of_place("cgroup_cpu_throttled_share", 0.05, Unit::Share, ("throttled in", "of periods"));
const CPU_WAITED: Symptom =
    of_host("host_pressure_cpu_some", 0.3, Unit::Share, ("a core was waited for", "of the time"));
const IO_WAITED: Symptom =
    of_host("host_pressure_io_some", 0.1, Unit::Share, ("a disk was waited for", "of the time"));
const DISK_LATENCY: Symptom =
    of_place("host_disk_latency", 1.0, Unit::Milliseconds, ("its requests took", "on average"));
const DISK_QUEUE: Symptom =
    of_place("host_disk_queue", 1.5, Unit::Count, ("", "requests for it at a time"));
const RETRANSMITS: Symptom =
    of_host("host_tcp_retransmits", 1.0, Unit::PerSecond, ("", "TCP segments sent again"));
const DROPPED: Symptom =
    of_place("host_network_dropped_packets", 1.0, Unit::PerSecond, ("", "packets dropped"));
const REJECTED: Symptom =
    of_place("redis_rejected_connections", 0.01, Unit::PerSecond, ("", "connections refused"));

/// In the order in which they are preferred when their limits cannot be told apart.
pub(super) const ENTRIES: [Entry; 11] = [
    Entry {
        resource: Resource::CpuQuota,
        place: PlaceKind::Cgroup,
        used: "cgroup_cpu_utilization",
        part: None,
        limit: Limit::Metric("cgroup_cpu_quota"),
        nature: Nature::Busy,
        symptoms: &[THROTTLED],
    },
    Entry {
        resource: Resource::Thread,
        place: PlaceKind::Process,
        used: "process_hottest_thread_utilization",
        part: Some("thread"),
        limit: Limit::One,
        nature: Nature::Busy,
        symptoms: &[],
    },
    Entry {
        resource: Resource::Thread,
        place: PlaceKind::Service,
        used: "redis_main_thread_utilization",
        part: None,
        limit: Limit::One,
        nature: Nature::Busy,
        symptoms: &[],
    },
    Entry {
        resource: Resource::HostCpu,
        place: PlaceKind::Host,
        used: "host_cpu_utilization",
        part: None,
        limit: Limit::Cores,
        nature: Nature::Busy,
        symptoms: &[CPU_WAITED],
    },
    Entry {
        resource: Resource::Disk,
        place: PlaceKind::Cgroup,
        used: "cgroup_disk_utilization",
        part: Some("device"),
        limit: Limit::One,
        nature: Nature::Busy,
        symptoms: &[IO_WAITED],
    },
    Entry {
        resource: Resource::Disk,
        place: PlaceKind::Host,
        used: "host_disk_utilization",
        part: Some("device"),
        limit: Limit::One,
        nature: Nature::Busy,
        symptoms: &[DISK_LATENCY, DISK_QUEUE, IO_WAITED],
    },
    Entry {
        resource: Resource::LinkOut,
        place: PlaceKind::Host,
        used: "host_network_sent_bytes",
        part: Some("interface"),
        limit: Limit::Link,
        nature: Nature::Busy,
        symptoms: &[RETRANSMITS, DROPPED],
    },
    Entry {
        resource: Resource::LinkIn,
        place: PlaceKind::Host,
        used: "host_network_received_bytes",
        part: Some("interface"),
        limit: Limit::Link,
        nature: Nature::Busy,
        symptoms: &[RETRANSMITS, DROPPED],
    },
    Entry {
        resource: Resource::Connections,
        place: PlaceKind::Service,
        used: "postgres_connections",
        part: None,
        limit: Limit::Metric("postgres_connections_limit"),
        nature: Nature::Held,
        symptoms: &[],
    },
    Entry {
        resource: Resource::Connections,
        place: PlaceKind::Service,
        used: "redis_clients",
        part: None,
        limit: Limit::Metric("redis_clients_limit"),
        nature: Nature::Held,
        symptoms: &[REJECTED],
    },
    Entry {
        resource: Resource::FileDescriptors,
        place: PlaceKind::Process,
        used: "process_file_descriptors",
        part: None,
        limit: Limit::Metric("process_file_descriptors_limit"),
        nature: Nature::Held,
        symptoms: &[],
    },
];

/// A resource that shows only by its symptom: nothing says how much of it is used.
pub(super) struct Sign {
    pub(super) resource: Resource,
    pub(super) place: PlaceKind,
    pub(super) part: Option<&'static str>,
    /// When it is the share of another metric of the same place.
    pub(super) per: Option<&'static str>,
    pub(super) symptom: Symptom,
}

const fn sign(resource: Resource, place: PlaceKind, symptom: Symptom) -> Sign {
    Sign { resource, place, part: None, per: None, symptom }
}

const REFUSED: (&str, &str) = ("", "connections found it full");
const STALLED: (&str, &str) = ("memory was waited for", "of the time");

/// Looked at only when nothing of [`ENTRIES`] is the limit, since such signs follow from any other limit
/// too. Causes come first, what follows from them later.
pub(super) const SIGNS: [Sign; 7] = [
    Sign {
        resource: Resource::Waits,
        place: PlaceKind::Service,
        part: Some("wait"),
        per: Some("postgres_connections_active"),
        symptom: of_place(
            "postgres_waiting",
            0.5,
            Unit::Share,
            ("", "of the active sessions wait"),
        ),
    },
    sign(
        Resource::Memory,
        PlaceKind::Cgroup,
        of_place("cgroup_pressure_memory_some", 0.3, Unit::Share, STALLED),
    ),
    sign(
        Resource::Memory,
        PlaceKind::Host,
        of_place("host_pressure_memory_some", 0.3, Unit::Share, STALLED),
    ),
    sign(
        Resource::Connections,
        PlaceKind::Service,
        of_place("nginx_connections_dropped", 0.01, Unit::PerSecond, REFUSED),
    ),
    sign(
        Resource::Connections,
        PlaceKind::Service,
        of_place("redis_rejected_connections", 0.01, Unit::PerSecond, REFUSED),
    ),
    Sign {
        resource: Resource::ListenQueue,
        place: PlaceKind::Process,
        part: Some("port"),
        per: Some("process_listen_queue_limit"),
        symptom: of_place("process_listen_queue", 0.9, Unit::Share, ("", "of it taken")),
    },
    sign(
        Resource::ListenQueue,
        PlaceKind::Host,
        of_place("host_listen_overflows", 0.01, Unit::PerSecond, REFUSED),
    ),
];

/// Waits of a database that are no limit: for its client, or for nothing to do.
pub(super) const IDLE_WAITS: [&str; 2] = ["Client", "Activity"];

/// Prefixes of what the monitor names itself; other metrics are those of a service's own page.
pub(super) const MONITOR_PREFIXES: [&str; 6] =
    ["host_", "process_", "cgroup_", "postgres_", "redis_", "nginx_"];

/// What to watch to see a resource: by metric, with the words for who did not.
pub(super) const SEEN_BY: [(&str, &str); 7] = [
    ("host_cpu_utilization", "the CPU of the service's host"),
    ("process_hottest_thread_utilization", "the service's own process and its threads"),
    ("cgroup_cpu_utilization", "a CPU quota, if the service has one"),
    ("host_disk_utilization", "the disks of the service's host"),
    ("host_network_sent_bytes", "the network interfaces of the service's host"),
    ("host_listen_overflows", "full listen queues on the service's host"),
    ("host_pressure_cpu_some", "how long cores are waited for (boot with psi=1)"),
];
