//! What a monitor records, in words.

use plimsoll_metrics::{Contains, Histogram, MetricKind, TagSet};

use super::*;

type Tags<'a> = &'a [(&'a str, &'a str)];

/// One interval: metric, tags and value of each sample.
fn interval(registry: &Registry, samples: &[(&str, Tags, f64)]) -> Interval {
    let sink = |&(metric, tags, value): &(&str, Tags, f64)| {
        let is_counter =
            Signal::of(metric).is_some_and(|(_, signal)| matches!(signal, Signal::Trouble(_)));
        let kind = if is_counter { MetricKind::Counter } else { MetricKind::Trend };
        let id = registry.watched_metric(metric, kind, Contains::Default).unwrap();
        let series = registry.series(id, &TagSet::from_pairs(tags.iter().copied()));
        let sink = match kind {
            MetricKind::Counter => Sink::Counter { sum: value },
            _ => {
                let mut histogram = Histogram::new();
                histogram.record(value);
                Sink::Trend(histogram)
            }
        };
        (series, sink)
    };
    Interval { sinks: samples.iter().map(sink).collect() }
}

/// With a bar for each run of blanks.
fn without_gaps(line: &str) -> String {
    let parts: Vec<&str> =
        line.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.join("|")
}

const PORT: Tags<'static> = &[("host", "here"), ("process", "port:8080")];
const OWN: Tags<'static> = &[("host", "here"), ("process", "generator"), ("role", "generator")];
const HERE: Tags<'static> = &[("host", "here")];

#[test]
fn cpu_and_memory_of_each_thing() {
    let registry = Registry::new(100);
    let mut things = Things::new(registry.clone());
    assert_eq!((line(&things).as_str(), summary(&things).len()), ("", 0));
    things.absorb(&interval(
        &registry,
        &[
            ("process_cpu_utilization", OWN, 0.25),
            ("process_cpu_utilization", PORT, 0.5),
            ("process_memory_bytes", PORT, 12_000_000.0),
            ("process_threads", PORT, 7.0),
        ],
    ));
    things.absorb(&interval(
        &registry,
        &[
            ("process_cpu_utilization", PORT, 1.0),
            ("process_memory_bytes", PORT, 11_000_000.0),
            ("process_memory_bytes", OWN, 80e6),
        ],
    ));
    assert_eq!(
        line(&things),
        "watched: port:8080 CPU 1.00 cores, memory 11 MB; generator CPU 0.25 cores, memory 80 MB"
    );
    assert_eq!(
        summary(&things),
        [
            "port:8080...: CPU avg=0.75 cores max=1.00 cores  memory max=12 MB",
            "generator...: CPU avg=0.25 cores max=0.25 cores  memory max=80 MB",
        ]
    );
}

#[test]
fn hosts_are_told_apart_and_troubles_named() {
    let registry = Registry::new(100);
    let mut things = Things::new(registry.clone());
    let there: Tags = &[("host", "app1")];
    let web: Tags = &[("host", "app1"), ("cgroup", "web")];
    things.absorb(&interval(
        &registry,
        &[
            ("process_cpu_utilization", PORT, 0.5),
            ("host_cpu_utilization", there, 0.432),
            ("host_memory_used_bytes", there, 3e9),
            ("host_memory_total_bytes", there, 8e9),
            ("host_listen_overflows", there, 3.0),
            ("host_listen_drops", there, 3.0),
            ("host_tcp_retransmits", HERE, 2.0),
            ("cgroup_cpu_throttled_seconds", web, 1.25),
            ("cgroup_oom_kills", web, 1.0),
        ],
    ));
    let lines: Vec<String> = summary(&things).iter().map(|line| without_gaps(line)).collect();
    assert_eq!(
        lines,
        [
            "host app1............: CPU avg=43 % max=43 %|memory max=3.0 GB of 8.0 GB|listen overflows: 3",
            "host here............:|retransmits: 2",
            "port:8080 on here....: CPU avg=0.50 cores max=0.50 cores",
            "cgroup web on app1...:|throttled for 1.25s, OOM kills: 1",
        ]
    );
}

#[test]
fn what_ended_is_gone_and_metrics_of_scripts_are_none() {
    let registry = Registry::new(100);
    let mut things = Things::new(registry.clone());
    let custom =
        registry.metric("host_cpu_utilization", MetricKind::Trend, Contains::Default).unwrap();
    let series = registry.series(custom, &TagSet::from_pairs(HERE.iter().copied()));
    things.absorb(&Interval { sinks: vec![(series, Sink::new(MetricKind::Trend))] });
    things.absorb(&interval(&registry, &[("process_memory_bytes", PORT, 1.0)]));
    let nothing = Interval::default();
    for expected in ["port:8080 memory 1 B", "port:8080 memory 1 B", "port:8080 gone"] {
        things.absorb(&nothing);
        assert_eq!(line(&things), format!("watched: {expected}"));
    }
}

#[test]
fn things_and_recent_values_have_limits() {
    let registry = Registry::new(10_000);
    let mut things = Things::new(registry.clone());
    for at in 0..THINGS_LIMIT + 5 {
        let name = at.to_string();
        let tags: Tags = &[("process", &name)];
        things.absorb(&interval(&registry, &[("process_memory_bytes", tags, 1.0)]));
    }
    assert_eq!(things.list().len(), THINGS_LIMIT);
    let mut level = Level::default();
    (0..RECENT_LIMIT + 5).for_each(|at| level.push(at as f64));
    assert_eq!((level.recent().len(), level.recent().next()), (RECENT_LIMIT, Some(5.0)));
    assert_eq!((level.max(), level.last()), (level.last(), Some((RECENT_LIMIT + 4) as f64)));
}
