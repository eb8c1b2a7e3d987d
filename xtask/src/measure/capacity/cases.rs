//! Services of ours whose limit is set, and what is true of each.

/// A service and what is true of it.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Of `serve web`; with [`DISK`] in it, a folder on a disk.
    pub(super) service: &'static [&'static str],
    pub(super) page: &'static str,
    pub(super) objective: &'static str,
    /// Further flags of the search.
    pub(super) flags: &'static [&'static str],
    /// Whether its own page about its limits is watched, beside its process.
    pub(super) has_page: bool,
    /// Whether the cgroup that it makes for itself is watched.
    pub(super) has_cgroup: bool,
    /// The resource that has to be named; `None`: nothing that is watched is the limit.
    pub(super) truth: Option<&'static str>,
    /// What it can do at least on an idle machine, and what it can never exceed: requests per second, or
    /// connections.
    pub(super) least: f64,
    pub(super) most: f64,
}

/// Stands for a folder in what a service is started with.
pub(super) const DISK: &str = "DISK";

const PLAIN: Case = Case {
    name: "",
    service: &[],
    page: "/work",
    objective: "p(99)<300ms",
    flags: &[],
    has_page: false,
    has_cgroup: false,
    truth: None,
    least: 0.0,
    most: f64::INFINITY,
};

/// Each sends the next when the last was answered.
const CONNECTIONS: &[&str] = &["--dimension", "connections"];

/// The first two are of one service with twice as much of it.
pub(super) const CASES: [Case; 13] = [
    Case {
        name: "quota of 0.25 core",
        service: &["--cpu-budget", "0.25"],
        page: "/work?cpu_ms=1",
        objective: "p(99)<200ms",
        truth: Some("cpu_quota"),
        least: 150.0,
        most: 250.0,
        ..PLAIN
    },
    Case {
        name: "quota of 0.5 core",
        service: &["--cpu-budget", "0.5"],
        page: "/work?cpu_ms=1",
        objective: "p(99)<200ms",
        truth: Some("cpu_quota"),
        least: 300.0,
        most: 500.0,
        ..PLAIN
    },
    Case {
        name: "pool of 4, 20 ms each",
        service: &["--pool", "4"],
        page: "/work?sleep_ms=20",
        has_page: true,
        truth: Some("pool"),
        least: 160.0,
        most: 200.0,
        ..PLAIN
    },
    Case {
        name: "the same, not told of",
        service: &["--pool", "4"],
        page: "/work?sleep_ms=20",
        least: 160.0,
        most: 200.0,
        ..PLAIN
    },
    Case {
        name: "lock around 5 ms of CPU",
        service: &["--lock", "--threads", "2"],
        page: "/work?cpu_ms=5",
        has_page: true,
        truth: Some("lock"),
        least: 120.0,
        most: 200.0,
        ..PLAIN
    },
    Case {
        name: "link of 1 MB/s",
        service: &["--bandwidth", "1MB/s"],
        page: "/work?bytes=10000",
        has_page: true,
        truth: Some("network_out"),
        least: 80.0,
        most: 100.0,
        ..PLAIN
    },
    Case {
        name: "one thread",
        service: &["--threads", "1"],
        page: "/work?cpu_ms=4",
        truth: Some("thread"),
        least: 150.0,
        most: 250.0,
        ..PLAIN
    },
    Case {
        name: "disk, 64 KiB synced",
        service: &["--disk", DISK],
        page: "/work?write_kb=64",
        truth: Some("disk"),
        ..PLAIN
    },
    Case {
        name: "disk of 1 MiB/s",
        service: &["--disk", DISK, "--disk-rate", "1MiB/s"],
        page: "/work?write_kb=8",
        has_cgroup: true,
        truth: Some("disk"),
        least: 95.0,
        most: 128.0,
        ..PLAIN
    },
    Case {
        name: "accepts one in 5 ms",
        service: &["--threads", "1", "--accept-pause", "5ms", "--backlog", "16"],
        flags: &["-keepalive=false"],
        truth: Some("listen_queue"),
        least: 120.0,
        most: 200.0,
        ..PLAIN
    },
    // It is never seen to give way: any rate that the generator reaches is kept.
    Case {
        name: "sleeps 50 ms",
        page: "/work?sleep_ms=50",
        flags: &["--max", "400", "--budget", "60s"],
        least: 400.0,
        most: 400.0,
        ..PLAIN
    },
    // So many wait in turn for one of four that each waits the objective.
    Case {
        name: "pool of 4, connections",
        service: &["--pool", "4"],
        page: "/work?sleep_ms=20",
        flags: CONNECTIONS,
        has_page: true,
        truth: Some("pool"),
        least: 45.0,
        most: 60.0,
        ..PLAIN
    },
    Case {
        name: "quota, connections",
        service: &["--cpu-budget", "0.25"],
        page: "/work?cpu_ms=1",
        flags: CONNECTIONS,
        truth: Some("cpu_quota"),
        least: 30.0,
        most: 75.0,
        ..PLAIN
    },
];
