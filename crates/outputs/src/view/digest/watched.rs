//! Watched signals: which thing a series belongs to, its unit and its words.

use plimsoll_metrics::{Contains, MetricDef, MetricKind, Sink, TagSet};

/// What is watched. The order is that of the page: the generator first, since it decides whether the
/// rest is worth anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Generator,
    Process,
    Cgroup,
    Host,
    Postgres,
    Redis,
    Nginx,
    Prometheus,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Generator => "generator",
            Kind::Process => "process",
            Kind::Cgroup => "cgroup",
            Kind::Host => "host",
            Kind::Postgres => "postgres",
            Kind::Redis => "redis",
            Kind::Nginx => "nginx",
            Kind::Prometheus => "prometheus",
        }
    }

    /// By the beginning of a metric's name, with the tag that names the thing.
    fn of(metric: &str) -> (Kind, &'static str) {
        match metric.split('_').next() {
            Some("host") => (Kind::Host, "host"),
            Some("process") => (Kind::Process, "process"),
            Some("cgroup") => (Kind::Cgroup, "cgroup"),
            Some("postgres") => (Kind::Postgres, "service"),
            Some("redis") => (Kind::Redis, "service"),
            Some("nginx") => (Kind::Nginx, "service"),
            _ => (Kind::Prometheus, "service"),
        }
    }
}

/// Something that is watched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Thing {
    pub(crate) kind: Kind,
    pub(crate) host: String,
    pub(crate) name: String,
}

impl Thing {
    /// The thing that a series is of, and the tags that are left to tell its signals apart.
    pub(super) fn of(metric: &MetricDef, tags: &TagSet) -> (Thing, TagSet) {
        let (mut kind, mut naming) = Kind::of(&metric.name);
        let host = tags.get("host").unwrap_or_default();
        if tags.get(naming).is_none() || (kind == Kind::Host && tags.get("service").is_some()) {
            // A service names its own metrics, `process_cpu_seconds_total` for one.
            (kind, naming) = (Kind::Prometheus, "service");
        }
        if kind == Kind::Process && tags.get("role") == Some("generator") {
            kind = Kind::Generator;
        }
        let name = tags.get(naming).unwrap_or(host).to_owned();
        // Which thread is the hottest changes all the time: its line is one all the same.
        let passing = if &*metric.name == HOTTEST_THREAD { "thread" } else { "" };
        let rest = tags.iter().filter(|(key, _)| ![naming, passing, "host", "role"].contains(key));
        let rest = TagSet::from_pairs(rest);
        (Thing { kind, host: host.to_owned(), name }, rest)
    }

    pub(crate) fn id(&self) -> String {
        let Thing { kind, host, name } = self;
        match kind {
            Kind::Host => format!("host:{host}"),
            kind => format!("{}:{host}:{name}", kind.name()),
        }
    }
}

const HOTTEST_THREAD: &str = "process_hottest_thread_utilization";

/// One line of a thing's charts.
#[derive(Clone, Debug)]
pub(crate) struct Signal {
    /// `metric{tag:value}`
    pub(crate) id: String,
    pub(crate) metric: String,
    pub(crate) tags: TagSet,
    pub(crate) unit: &'static str,
    pub(crate) label: String,
    /// Amounts are shown per second.
    pub(crate) is_amount: bool,
}

/// Limits whose name does not follow from the signal's.
const LIMITS: &[(&str, &str)] = &[
    ("host_memory_total_bytes", "host_memory_used_bytes"),
    ("cgroup_cpu_quota", "cgroup_cpu_utilization"),
];

/// The signal whose limit a metric is: `x_limit` of `x`, `x_limit_bytes` of `x_bytes`.
pub(super) fn limited_by(metric: &str) -> Option<String> {
    if let Some((_, signal)) = LIMITS.iter().find(|(limit, _)| *limit == metric) {
        return Some((*signal).to_owned());
    }
    metric
        .strip_suffix("_limit")
        .map(str::to_owned)
        .or_else(|| Some(format!("{}_bytes", metric.strip_suffix("_limit_bytes")?)))
}

impl Signal {
    /// `limited`: the signal's metric when `metric` is its limit.
    pub(super) fn new(
        kind: Kind,
        metric: &MetricDef,
        limited: Option<&str>,
        tags: &TagSet,
    ) -> Signal {
        let name = limited.unwrap_or(&metric.name);
        let pairs: Vec<String> = tags.iter().map(|(key, value)| format!("{key}:{value}")).collect();
        let id = match pairs.is_empty() {
            true => name.to_owned(),
            false => format!("{name}{{{}}}", pairs.join(",")),
        };
        Signal {
            id,
            metric: name.to_owned(),
            tags: tags.clone(),
            unit: unit(name, metric),
            label: label(kind, name, tags),
            is_amount: metric.kind == MetricKind::Counter,
        }
    }
}

/// `name`: of the signal, which `metric` is the limit of or the same.
fn unit(name: &str, metric: &MetricDef) -> &'static str {
    let is_bytes = name.ends_with("_bytes") || metric.contains == Contains::Data;
    match metric.kind {
        MetricKind::Counter if is_bytes => "bytes/s",
        MetricKind::Counter if name.ends_with("_seconds") => "s/s",
        MetricKind::Counter => "1/s",
        MetricKind::Rate => "share",
        _ if metric.contains == Contains::Time => "ms",
        _ if is_bytes => "bytes",
        _ if is_share(name) => "share",
        _ if is_cores(name) => "cores",
        _ => "count",
    }
}

fn is_share(name: &str) -> bool {
    name.starts_with("host_cpu_")
        || name.contains("_pressure_")
        || name.ends_with("_share")
        || name.ends_with("_utilization") && !is_cores(name)
}

fn is_cores(name: &str) -> bool {
    matches!(name, HOTTEST_THREAD | "process_run_delay" | "redis_main_thread_utilization")
        || name.starts_with("process_cpu_")
        || name.starts_with("redis_cpu_")
        || name.starts_with("cgroup_cpu_") && !name.ends_with("_share")
}

/// Endings that the unit says already.
const UNIT_ENDINGS: [&str; 4] = ["_bytes", "_seconds", "_share", "_total"];

/// Words that are written in capitals.
const CAPITALS: [&str; 6] = ["cpu", "io", "oom", "tcp", "udp", "dns"];

/// The name in words: without what the thing and the unit say, and behind it the values of its tags.
fn label(kind: Kind, name: &str, tags: &TagSet) -> String {
    let words = match kind {
        Kind::Prometheus => name,
        _ => name.split_once('_').map_or(name, |(_, words)| words),
    };
    let words = UNIT_ENDINGS.iter().find_map(|end| words.strip_suffix(end)).unwrap_or(words);
    let words: Vec<String> = words
        .split('_')
        .map(|word| match CAPITALS.contains(&word) {
            true => word.to_ascii_uppercase(),
            false => word.to_owned(),
        })
        .collect();
    let values: Vec<&str> = tags.iter().map(|(_, value)| value).collect();
    match values.is_empty() {
        true => words.join(" "),
        false => format!("{} {}", words.join(" "), values.join(" ")),
    }
}

/// What a signal recorded in one point: sums, so that points can be merged.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cell {
    pub(crate) sum: f32,
    pub(crate) max: f32,
    /// 0: nothing. Of an amount 1 or more.
    pub(crate) count: u32,
}

impl Cell {
    /// None without samples.
    pub(super) fn of(sink: &Sink) -> Option<Cell> {
        let cell = |sum: f64, max: f64, count: u64| {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            Some(Cell { sum: sum as f32, max: max as f32, count })
        };
        match sink {
            Sink::Counter { sum } => cell(*sum, *sum, 1),
            Sink::Gauge { value, max, seen: true, .. } => cell(*value, *max, 1),
            Sink::Rate { trues, total } if *total > 0 => {
                cell(*trues as f64, *trues as f64 / *total as f64, *total)
            }
            Sink::Trend(histogram) if !histogram.is_empty() => {
                cell(histogram.sum(), histogram.max(), histogram.count())
            }
            _ => None,
        }
    }

    pub(crate) fn merge(&mut self, other: Cell) {
        self.max = if self.count == 0 { other.max } else { self.max.max(other.max) };
        self.sum += other.sum;
        self.count = self.count.saturating_add(other.count);
    }

    pub(crate) fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| f64::from(self.sum) / f64::from(self.count))
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::Registry;

    use super::*;

    /// Thing, signal, unit and words of a series.
    fn check(name: &str, unit: Unit, tags: &[(&str, &str)], expected: &str) {
        let registry = Registry::new(100);
        let (kind, contains) = unit;
        let id = registry.watched_metric(name, kind, contains).unwrap();
        let metric = registry.def(id);
        let (thing, rest) = Thing::of(&metric, &TagSet::from_pairs(tags.iter().copied()));
        let limited = limited_by(name);
        let signal = Signal::new(thing.kind, &metric, limited.as_deref(), &rest);
        let of = if limited.is_some() { "limit of " } else { "" };
        let found = format!("{} {of}{} [{}] {}", thing.id(), signal.id, signal.unit, signal.label);
        assert_eq!(found, expected);
    }

    type Unit = (MetricKind, Contains);
    const LEVEL: Unit = (MetricKind::Trend, Contains::Default);
    const MILLIS: Unit = (MetricKind::Trend, Contains::Time);
    const BYTES: Unit = (MetricKind::Trend, Contains::Data);
    const AMOUNT: Unit = (MetricKind::Counter, Contains::Default);
    const AMOUNT_OF_BYTES: Unit = (MetricKind::Counter, Contains::Data);

    #[test]
    fn signals_of_hosts() {
        let host = [("host", "a")];
        let disk = [("host", "a"), ("device", "sda")];
        let cpu = "host:a host_cpu_utilization [share] CPU utilization";
        check("host_cpu_utilization", LEVEL, &host, cpu);
        let latency = "host:a host_disk_latency{device:sda} [ms] disk latency sda";
        check("host_disk_latency", MILLIS, &disk, latency);
        let read = "host:a host_disk_read_bytes{device:sda} [bytes/s] disk read sda";
        check("host_disk_read_bytes", AMOUNT_OF_BYTES, &disk, read);
        let total = "host:a limit of host_memory_used_bytes [bytes] memory used";
        check("host_memory_total_bytes", BYTES, &host, total);
    }

    #[test]
    fn signals_of_processes_and_cgroups() {
        let own = [("host", "a"), ("process", "generator"), ("role", "generator")];
        let cpu = "generator:a:generator process_cpu_utilization [cores] CPU utilization";
        check("process_cpu_utilization", LEVEL, &own, cpu);
        let nginx = [("host", "a"), ("process", "nginx"), ("thread", "worker-3")];
        let hottest = "process:a:nginx process_hottest_thread_utilization [cores] \
                       hottest thread utilization";
        check("process_hottest_thread_utilization", LEVEL, &nginx, hottest);
        let nginx = [("host", "a"), ("process", "nginx")];
        let limit = "process:a:nginx limit of process_file_descriptors [count] file descriptors";
        check("process_file_descriptors_limit", LEVEL, &nginx, limit);
        let web = [("host", "a"), ("cgroup", "web")];
        let throttled = "cgroup:a:web cgroup_cpu_throttled_seconds [s/s] CPU throttled";
        check("cgroup_cpu_throttled_seconds", AMOUNT, &web, throttled);
    }

    #[test]
    fn signals_of_services() {
        let jobs = [("host", "a"), ("service", "jobs"), ("queue", "x")];
        let depth = "prometheus:a:jobs jobs_queue_depth{queue:x} [count] jobs queue depth x";
        check("jobs_queue_depth", LEVEL, &jobs, depth);
        let seconds = "prometheus:a:jobs process_cpu_seconds_total{queue:x} [1/s] \
                       process CPU seconds x";
        check("process_cpu_seconds_total", AMOUNT, &jobs, seconds);
        let main = [("host", "a"), ("service", "cache")];
        let thread = "redis:a:cache redis_main_thread_utilization [cores] main thread utilization";
        check("redis_main_thread_utilization", LEVEL, &main, thread);
    }
}
