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
        let (mut kind, naming) = Kind::of(&metric.name);
        let host = tags.get("host").unwrap_or_default();
        if kind == Kind::Process && tags.get("role") == Some("generator") {
            kind = Kind::Generator;
        }
        let name = tags.get(naming).unwrap_or(host).to_owned();
        let rest = tags.iter().filter(|(key, _)| ![naming, "host", "role"].contains(key));
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
    pub(super) fn new(metric: &MetricDef, limited: Option<&str>, tags: &TagSet) -> Signal {
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
            label: label(name, tags),
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
        || name == "process_run_delay"
        || name.ends_with("_utilization") && !is_cores(name)
}

fn is_cores(name: &str) -> bool {
    name.starts_with("process_cpu_")
        || name.starts_with("process_hottest_thread_")
        || name.starts_with("cgroup_cpu_") && !name.ends_with("_share")
}

/// Endings that the unit says already.
const UNIT_ENDINGS: [&str; 4] = ["_bytes", "_seconds", "_share", "_total"];

/// Words that are written in capitals.
const CAPITALS: [&str; 6] = ["cpu", "io", "oom", "tcp", "udp", "dns"];

/// The name in words: without what the thing and the unit say, and behind it the values of its tags.
fn label(name: &str, tags: &TagSet) -> String {
    let (kind, _) = Kind::of(name);
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
    use plimsoll_metrics::{Registry, SeriesId};

    use super::*;

    #[test]
    fn names_become_things_units_and_words() {
        use MetricKind::{Counter, Trend};
        let registry = Registry::new(100);
        let check = |name, kind, contains, tags: &[(&str, &str)], expected: &str| {
            let id = registry.watched_metric(name, kind, contains).unwrap();
            let tags = TagSet::from_pairs(tags.iter().copied());
            let SeriesId(_) = registry.series(id, &tags);
            let metric = registry.def(id);
            let (thing, rest) = Thing::of(&metric, &tags);
            let limited = limited_by(name);
            let signal = Signal::new(&metric, limited.as_deref(), &rest);
            let of = if limited.is_some() { "limit of " } else { "" };
            let found =
                format!("{} {of}{} [{}] {}", thing.id(), signal.id, signal.unit, signal.label);
            assert_eq!(found, expected);
        };
        let plain = Contains::Default;
        let host = [("host", "a")];
        check(
            "host_cpu_utilization",
            Trend,
            plain,
            &host,
            "host:a host_cpu_utilization [share] CPU utilization",
        );
        check(
            "host_disk_latency",
            Trend,
            Contains::Time,
            &[("host", "a"), ("device", "sda")],
            "host:a host_disk_latency{device:sda} [ms] disk latency sda",
        );
        check(
            "host_disk_read_bytes",
            Counter,
            Contains::Data,
            &[("host", "a"), ("device", "sda")],
            "host:a host_disk_read_bytes{device:sda} [bytes/s] disk read sda",
        );
        check(
            "host_memory_total_bytes",
            Trend,
            Contains::Data,
            &host,
            "host:a limit of host_memory_used_bytes [bytes] memory used",
        );
        let own = [("host", "a"), ("process", "generator"), ("role", "generator")];
        check(
            "process_cpu_utilization",
            Trend,
            plain,
            &own,
            "generator:a:generator process_cpu_utilization [cores] CPU utilization",
        );
        let nginx = [("host", "a"), ("process", "nginx")];
        check(
            "process_file_descriptors_limit",
            Trend,
            plain,
            &nginx,
            "process:a:nginx limit of process_file_descriptors [count] file descriptors",
        );
        check(
            "cgroup_cpu_throttled_seconds",
            Counter,
            plain,
            &[("host", "a"), ("cgroup", "web")],
            "cgroup:a:web cgroup_cpu_throttled_seconds [s/s] CPU throttled",
        );
        check(
            "jobs_queue_depth",
            Trend,
            plain,
            &[("host", "a"), ("service", "jobs"), ("queue", "x")],
            "prometheus:a:jobs jobs_queue_depth{queue:x} [count] jobs queue depth x",
        );
    }
}
