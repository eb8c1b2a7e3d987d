//! From intervals to rows.

use plimsoll_metrics::{Builtin, Contains, Histogram, MetricKind, Sink, TagSet};

use super::*;

fn sources() -> Vec<Source> {
    let of = |count: Builtin, latency: Builtin, failed: Option<Builtin>, noun| Source {
        count: count.id(),
        latency: latency.id(),
        failed: failed.map(Builtin::id),
        noun,
        per_iteration: (noun == "iterations").then_some(4),
    };
    let failed = Some(Builtin::HttpReqFailed);
    vec![
        of(Builtin::HttpReqs, Builtin::HttpReqDuration, failed, "requests"),
        of(Builtin::Iterations, Builtin::IterationDuration, None, "iterations"),
    ]
}

struct Run {
    registry: Registry,
    totals: Totals,
    live: Live,
    follower: Box<dyn Output>,
    second: u64,
}

impl Run {
    fn new() -> Run {
        let registry = Registry::new(100);
        let live = Live::new(registry.clone(), sources());
        let follower = live.follower();
        let totals = Totals::new(registry.clone(), &[]);
        Run { registry, totals, live, follower, second: 0 }
    }

    /// One second with these sinks; the rows after it as text.
    fn second(&mut self, sinks: Vec<(MetricId, Sink)>) -> Vec<String> {
        let of = |(metric, sink)| (self.registry.series(metric, &TagSet::default()), sink);
        let interval = Interval { sinks: sinks.into_iter().map(of).collect() };
        self.totals.absorb(&interval);
        self.second += 1;
        let at = Timestamp(self.second * 1_000_000_000);
        self.follower.interval(at, &interval, &self.totals);
        let rows = self.live.rows();
        let text = |row: &Row| {
            let [first, second] = &row.cells;
            let alarm = if first.alarm || second.alarm { " !" } else { "" };
            format!("{}: {} | {}{alarm}", row.label, first.text, second.text)
        };
        rows.iter().map(text).collect()
    }
}

fn times(millis: &[f64]) -> Sink {
    let mut histogram = Histogram::new();
    millis.iter().for_each(|&millis| histogram.record(millis));
    Sink::Trend(histogram)
}

#[test]
fn rate_latency_and_errors_of_the_last_second() {
    let mut run = Run::new();
    let counted = |count: f64, failed| {
        vec![
            (Builtin::HttpReqs.id(), Sink::Counter { sum: count }),
            (Builtin::HttpReqDuration.id(), times(&[1.0, 2.0, 30.0])),
            (Builtin::HttpReqFailed.id(), Sink::Rate { trues: failed, total: 1_000 }),
            (Builtin::Iterations.id(), Sink::Counter { sum: 7.0 }),
        ]
    };
    assert_eq!(
        run.second(counted(1_000.0, 0)),
        [
            "requests: 1,000/s | ",
            "latency: p50 2ms | p99 29.44ms",
            "errors: 0.00 % | 0 of 1,000 failed",
        ]
    );
    let mut more = counted(1_500.0, 5);
    let mut asked = Sink::new(MetricKind::Gauge);
    asked.add(1_600.0, 1);
    more.push((Builtin::IterationsAsked.id(), asked));
    more.push((Builtin::DroppedIterations.id(), Sink::Counter { sum: 3.0 }));
    more.push((Builtin::IterationLateness.id(), times(&[25.0])));
    assert_eq!(
        run.second(more),
        [
            "requests: 1,500/s | 1,600 iterations/s asked, 3 iterations dropped, up to 25ms late !",
            "latency: p50 2ms | p99 29.44ms",
            "errors: 0.50 % | 5 of 2,000 failed !",
        ]
    );
    assert_eq!(run.live.rows()[0].cells[0].trend.as_ref().unwrap().values, [1_000.0, 1_500.0]);
}

#[test]
fn a_script_without_requests_has_iterations() {
    let mut run = Run::new();
    let rows = run.second(vec![
        (Builtin::Iterations.id(), Sink::Counter { sum: 2.5 }),
        (Builtin::IterationDuration.id(), times(&[250.0])),
        (Builtin::DroppedIterations.id(), Sink::Counter { sum: 2.0 }),
    ]);
    assert_eq!(rows, ["iterations: 2.5/s | 8 dropped !", "latency: p50 250ms | p99 250ms"]);
}

/// Its cores are this machine's.
#[test]
fn a_generator_at_its_limit_says_so() {
    let mut run = Run::new();
    let registry = run.registry.clone();
    let cpu =
        registry.watched_metric("process_cpu_utilization", MetricKind::Trend, Contains::Default);
    let tags = TagSet::from_pairs([("process", "generator"), ("role", "generator")]);
    let series = registry.series(cpu.unwrap(), &tags);
    let cores = workers::cores() as f64;
    for (share, alarm) in [(0.5, false), (0.95, true)] {
        let interval = Interval { sinks: vec![(series, times(&[share * cores]))] };
        run.follower.interval(Timestamp(0), &interval, &run.totals);
        let rows = run.live.rows();
        let cell = &rows.last().unwrap().cells[0];
        assert_eq!((cell.alarm, cell.text.ends_with(&format!(" of {cores}"))), (alarm, alarm));
    }
}

#[test]
fn watched_things_follow_the_load() {
    let mut run = Run::new();
    let registry = run.registry.clone();
    let metric = |name| registry.watched_metric(name, MetricKind::Trend, Contains::Default);
    let (cpu, memory) = (metric("host_cpu_utilization"), metric("host_memory_used_bytes"));
    let rows = run.second(vec![(cpu.unwrap(), times(&[0.5])), (memory.unwrap(), times(&[5e6]))]);
    assert_eq!(rows.last().map(String::as_str), Some("host : CPU 50 % | memory 5.0 MB"));
    assert_eq!(run.live.watched_line(), "watched: host  CPU 50 %, memory 5.0 MB");
    assert_eq!(run.live.watched_summary().len(), 1);
    (0..3).for_each(|_| drop(run.second(Vec::new())));
    assert_eq!(run.second(Vec::new()).last().map(String::as_str), Some("host : gone |  !"));
}
