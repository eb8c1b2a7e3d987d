//! A run that never was, with everything that pages show. What it has follows from its seconds alone.

use plimsoll_metrics::{
    Builtin, Contains, Event, MetricId, MetricKind, Recorder, Registry, TagSet, Timestamp, Totals,
    record::{End, ThresholdResult},
    threshold::{Threshold, ThresholdGroup},
};

use super::{Layer, RunMeta, RunView};

pub(crate) const START_MS: u64 = 1_795_260_004_250;

/// Feeds outputs with one second after another.
pub(crate) struct Story {
    pub(crate) registry: Registry,
    pub(crate) totals: Totals,
    recorder: Recorder,
    second: u64,
    state: u64,
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

impl Story {
    pub(crate) fn new() -> Story {
        let registry = Registry::new(10_000);
        let trend = (MetricKind::Trend, Contains::Default);
        let cpu = registry.watched_metric("host_cpu_utilization", trend.0, trend.1);
        assert!(cpu.is_ok());
        let group = |key: &str, metric: &str, tags: Pairs, expression: &str| ThresholdGroup {
            key: key.to_owned(),
            metric: metric.to_owned(),
            tags: TagSet::from_pairs(tags.iter().copied()),
            thresholds: vec![Threshold::parse(expression).unwrap()],
        };
        let groups = [
            group("http_req_duration", "http_req_duration", &[], "p(95)<200"),
            group("http_req_failed", "http_req_failed", &[], "rate<0.01"),
            group("checks", "checks", &[], "rate>0.99"),
            group(
                "host_cpu_utilization{host:app1}",
                "host_cpu_utilization",
                &[("host", "app1")],
                "max<0.9",
            ),
        ];
        let totals = Totals::new(registry.clone(), &groups);
        let recorder = Recorder::new(registry.clone(), false, 0);
        Story { registry, totals, recorder, second: 0, state: 1 }
    }

    pub(crate) fn meta() -> RunMeta {
        RunMeta {
            id: "story".into(),
            name: "checkout.js".into(),
            started_unix_ms: START_MS,
            tool: "plimsoll 0.1.0".into(),
            layer: Layer::Script,
        }
    }

    /// 0.0..1.0
    fn random(&mut self) -> f64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.state >> 33) as f64 / (1u64 << 31) as f64
    }

    fn record(&mut self, metric: MetricId, tags: Pairs, value: f64) {
        let tags = TagSet::from_pairs(tags.iter().copied());
        let series = self.recorder.handle(metric, &tags);
        self.recorder.record(series, value, Timestamp(self.now()));
    }

    fn watch(&mut self, name: &str, tags: Pairs, value: f64) {
        let (kind, contains) = match name {
            name if name.ends_with("latency") => (MetricKind::Trend, Contains::Time),
            "host_memory_used_bytes" | "process_memory_bytes" | "host_memory_total_bytes" => {
                (MetricKind::Trend, Contains::Data)
            }
            name if name.ends_with("_bytes") => (MetricKind::Counter, Contains::Data),
            "host_tcp_retransmits" | "host_listen_overflows" | "postgres_transactions" => {
                (MetricKind::Counter, Contains::Default)
            }
            _ => (MetricKind::Trend, Contains::Default),
        };
        let metric = self.registry.watched_metric(name, kind, contains).unwrap();
        self.record(metric, tags, value);
    }

    fn now(&self) -> u64 {
        START_MS * 1_000_000 + 37_000_000 + self.second * 1_000_000_000
    }

    /// The load rises for a minute; from three quarters of it on the service can take no more.
    fn load(&mut self) {
        let asked = 40.0 + (self.second as f64).min(60.0) * 2.0;
        let strain = ((asked - 130.0) / 40.0).max(0.0);
        self.record(Builtin::IterationsAsked.id(), &[], asked);
        self.record(Builtin::Vus.id(), &[], (asked / 4.0).round());
        self.record(Builtin::VusMax.id(), &[], 60.0);
        for number in 0..asked as u64 {
            let is_login = number % 5 == 0;
            let (name, method) = match is_login {
                true => ("http://shop/login", "POST"),
                false => ("http://shop/items/${}", "GET"),
            };
            let slow = if is_login { 60.0 } else { 12.0 };
            let wait = (-(1.0 - self.random()).ln()).powi(2) * strain * 120.0;
            let millis = slow * (0.7 + self.random() * 0.8) + wait;
            let late = self.random() * 0.3 + strain * 2.0;
            let fate = self.random();
            let (status, code) = match fate {
                fate if fate < strain * 0.06 => ("503", "1503"),
                fate if fate < strain * 0.08 => ("0", "1050"),
                _ => ("200", ""),
            };
            let mut tags = vec![("name", name), ("method", method), ("status", status)];
            tags.extend((!code.is_empty()).then_some(("error_code", code)));
            let failed = f64::from(u8::from(!code.is_empty()));
            self.record(Builtin::HttpReqs.id(), &tags, 1.0);
            self.record(Builtin::HttpReqDuration.id(), &tags, millis);
            self.record(Builtin::HttpReqFailed.id(), &tags, failed);
            self.record(Builtin::IterationLateness.id(), &[], late);
            self.record(Builtin::IterationResponseTime.id(), &[], millis + late);
            self.record(Builtin::Iterations.id(), &[], 1.0);
            let check = [("check", "status is 200"), ("group", "::buy")];
            self.record(Builtin::Checks.id(), &check, 1.0 - failed);
            self.record(Builtin::Checks.id(), &[("check", "has items"), ("group", "")], 1.0);
        }
        self.record(Builtin::DataReceived.id(), &[], asked * 2_300.0);
        self.record(Builtin::DataSent.id(), &[], asked * 310.0);
        if strain > 0.0 {
            self.record(Builtin::DroppedIterations.id(), &[], (strain * 3.0).round());
        }
    }

    fn surroundings(&mut self) {
        let asked = 40.0 + (self.second as f64).min(60.0) * 2.0;
        let busy = (asked / 150.0).min(0.98);
        for (host, share) in [("load1", 0.3), ("app1", 1.0)] {
            let on_host = [("host", host)];
            let utilization = busy * share * (0.95 + self.random() * 0.05);
            self.watch("host_cpu_utilization", &on_host, utilization);
            self.watch("host_cpu_user", &on_host, utilization * 0.7);
            self.watch("host_cpu_system", &on_host, utilization * 0.25);
            self.watch("host_cpu_iowait", &on_host, 0.01);
            self.watch("host_cpu_steal", &on_host, 0.0);
            self.watch("host_pressure_cpu_some", &on_host, (utilization - 0.6).max(0.0));
            let used = 3.1e9 + self.second as f64 * 4e6;
            self.watch("host_memory_used_bytes", &on_host, used);
            self.watch("host_memory_total_bytes", &on_host, 8.0 * (1u64 << 30) as f64);
            let eth = [("host", host), ("interface", "eth0")];
            self.watch("host_network_received_bytes", &eth, asked * 310.0);
            self.watch("host_network_sent_bytes", &eth, asked * 2_300.0);
            self.watch("host_tcp_retransmits", &on_host, (busy * 2.0).floor());
            let disk = [("host", host), ("device", "vda")];
            self.watch("host_disk_utilization", &disk, busy * 0.2);
            let latency = 0.4 + self.random();
            self.watch("host_disk_latency", &disk, latency);
            self.watch("host_disk_written_bytes", &disk, asked * 900.0);
            for core in ["0", "1"] {
                let core = [("host", host), ("core", core)];
                self.watch("host_cpu_core_utilization", &core, utilization);
            }
        }
        let generator = [("host", "load1"), ("process", "generator"), ("role", "generator")];
        let nginx = [("host", "app1"), ("process", "nginx")];
        for (tags, cores) in [(&generator[..], 0.4), (&nginx[..], 1.8)] {
            self.watch("process_cpu_utilization", tags, busy * cores);
            self.watch("process_memory_bytes", tags, 9e7 + self.second as f64 * 1e5);
            self.watch("process_file_descriptors", tags, asked);
            self.watch("process_file_descriptors_limit", tags, 1024.0);
            self.watch("process_threads", tags, 5.0);
            self.watch("process_run_delay", tags, busy * 0.1);
        }
        let postgres = [("host", "app1"), ("service", "shop")];
        self.watch("postgres_transactions", &postgres, asked * 3.0);
        self.watch("postgres_connections", &postgres, (asked / 5.0).round());
        self.watch("postgres_connections_limit", &postgres, 100.0);
    }

    /// The next second, handed to `take`.
    pub(crate) fn second(
        &mut self,
        take: impl FnOnce(Timestamp, &plimsoll_metrics::Interval, &Totals),
    ) {
        self.load();
        self.surroundings();
        self.second += 1;
        let interval = self.recorder.take_interval();
        self.totals.absorb(&interval);
        let elapsed = std::time::Duration::from_secs(self.second);
        self.totals.evaluate(elapsed);
        take(Timestamp(self.now()), &interval, &self.totals);
    }

    pub(crate) fn event(&self, kind: &str, text: &str) -> Event {
        Event { at: Timestamp(self.now()), kind: kind.into(), text: text.into() }
    }

    pub(crate) fn end(&self) -> End {
        let entries = self.totals.entries().iter();
        let thresholds = entries.flat_map(|entry| {
            entry.thresholds.iter().map(|state| ThresholdResult {
                key: entry.name.clone(),
                expression: state.threshold.source.clone(),
                ok: !state.last_failed,
            })
        });
        End {
            reason: "finished".into(),
            duration_ms: self.second as f64 * 1e3,
            thresholds: thresholds.collect(),
        }
    }

    /// A run of so many seconds, complete.
    pub(crate) fn told(seconds: u64) -> RunView {
        let mut story = Story::new();
        let mut view = RunView::new(Story::meta(), story.registry.clone());
        for second in 0..seconds {
            story.second(|at, interval, totals| view.interval(at, interval, totals));
            if second == seconds / 2 {
                view.event(&story.event("stage", "ramping-arrival-rate: the last stage begins"));
            }
        }
        let invalid =
            "INVALID: generator-limited: what was due started late (p99 12.1 ms, limit 10 ms)";
        view.event(&story.event("invalid", invalid));
        view.end(&story.end());
        view
    }
}
