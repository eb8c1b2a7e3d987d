//! A made-up service: what each of its resources shows at each rate.

use super::super::{
    Known, Measured, Named, NotIdentified, Observed, Resource, Signal, Verdict, diagnose, words,
};
use crate::{simulated::Dice, stats::Interval};

/// What one series is, by the state of the service.
struct Series {
    metric: &'static str,
    tags: Vec<(&'static str, &'static str)>,
    reading: Box<dyn Fn(State) -> f64>,
}

/// The service in one trial.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    /// Requests per second that ended, and of those asked for the share above what it can do.
    pub(super) throughput: f64,
    pub(super) overload: f64,
    /// Of its capacity.
    pub(super) load: f64,
}

impl State {
    /// What `milliseconds` of something per request come to, beside a background.
    pub(super) fn used(self, milliseconds: f64, background: f64) -> f64 {
        background + self.throughput * milliseconds / 1_000.0
    }

    /// A queue that stays at `calm` until the end is near, and is `full` beyond it.
    pub(super) fn queue(self, calm: f64, full: f64) -> f64 {
        if self.overload > 0.0 {
            full
        } else if self.load > 0.9 {
            calm + (full - calm) / 2.0
        } else {
            calm
        }
    }
}

pub(super) struct Service {
    pub(super) capacity: f64,
    series: Vec<Series>,
    pub(super) known: Known,
    pub(super) generator: f64,
    /// Of each utilization and time, as a share.
    pub(super) noise: f64,
    pub(super) seed: u64,
    /// The share of what it can do up to which it keeps its objectives.
    kept_to: f64,
    /// Rates as shares of the capacity.
    pub(super) rates: Vec<f64>,
}

impl Service {
    /// Which can do so many requests per second, on two hosts' worth of idle things.
    pub(super) fn new(capacity: f64) -> Service {
        let known = Known {
            capacity: Some(Measured {
                value: capacity * 0.98,
                interval: Some(Interval { low: capacity * 0.95, high: capacity * 1.01 }),
            }),
            cores: Some(2.0),
            links: Vec::new(),
            is_closed: false,
        };
        Service {
            capacity,
            series: Vec::new(),
            known,
            generator: 0.22,
            noise: 0.01,
            seed: 7,
            kept_to: 1.0,
            rates: vec![0.1, 0.2, 0.4, 0.5, 0.8, 0.9, 0.95, 0.98, 1.05, 1.2, 1.6],
        }
    }

    /// Its objectives give way before it does.
    pub(super) fn kept_to(mut self, share: f64) -> Service {
        let value = self.capacity * share;
        let interval = Some(Interval { low: value * 0.97, high: value * 1.03 });
        self.known.capacity = Some(Measured { value, interval });
        self.kept_to = share;
        self
    }

    pub(super) fn with(
        mut self,
        metric: &'static str,
        tags: &[(&'static str, &'static str)],
        reading: impl Fn(State) -> f64 + 'static,
    ) -> Service {
        self.series.push(Series { metric, tags: tags.to_vec(), reading: Box::new(reading) });
        self
    }

    /// What any monitor tells of a host on which not much happens, `cpu` milliseconds per request.
    pub(super) fn on_a_host(self, cpu: f64) -> Service {
        let host = [("host", "app1")];
        self.with("host_cpu_utilization", &host, move |at| at.used(cpu, 0.04).min(2.0) / 2.0)
            .with("host_pressure_cpu_some", &host, |_| 0.02)
            .with("host_pressure_io_some", &host, |_| 0.0)
            .with("host_disk_utilization", &[("host", "app1"), ("device", "vda")], |_| 0.03)
            .with("host_disk_latency", &[("host", "app1"), ("device", "vda")], |_| 0.3)
            .with("host_listen_overflows", &host, |_| 0.0)
            .with("host_network_sent_bytes", &[("host", "app1"), ("interface", "eth0")], |at| {
                at.throughput * 900.0
            })
    }

    pub(super) fn rows(&self) -> Vec<Observed> {
        let mut dice = Dice::new(self.seed);
        let mut random = move || dice.roll() * 2.0 - 1.0;
        let mut rows = Vec::new();
        for share in &self.rates {
            let offered = share * self.capacity;
            let throughput = offered.min(self.capacity);
            let state = State {
                throughput,
                overload: (share - 1.0).max(0.0),
                load: throughput / self.capacity,
            };
            let latency_mean =
                5.0 + if *share > 1.0 { 2_000.0 } else { 2.0 * share / (1.05 - share) };
            let signals = self.series.iter().map(|Series { metric, tags, reading }| {
                let is_setting = ["_quota", "_limit", "_size", "_bandwidth_bytes_per_second"]
                    .iter()
                    .any(|end| metric.ends_with(end));
                let off = self.noise * random() * if is_setting { 0.0 } else { 1.0 };
                let mean = (reading(state) * (1.0 + off)).max(0.0);
                Signal::new(metric, tags, mean, mean * 1.1)
            });
            rows.push(Observed {
                offered,
                throughput,
                latency_mean,
                in_flight: throughput * latency_mean / 1_000.0,
                kept: *share <= self.kept_to,
                generator: self.generator,
                signals: signals.collect(),
            });
        }
        rows
    }

    pub(super) fn verdict(&self) -> Verdict {
        diagnose(&self.rows(), &self.known)
    }

    /// The bottleneck, which must be `resource` of `place`, with a limit near to the capacity.
    #[track_caller]
    pub(super) fn names(&self, resource: Resource, place: &str) -> (Named, Verdict, String) {
        let verdict = self.verdict();
        let text = words(&verdict).join("\n");
        let named = verdict.bottleneck.clone().unwrap_or_else(|why| panic!("{why:?}\n{text}"));
        assert_eq!(
            (named.subject.resource, named.subject.place.name.as_str()),
            (resource, place),
            "{text}"
        );
        if let Some(limit) = named.limit {
            let ratio = limit.value / self.capacity;
            assert!((0.9..1.12).contains(&ratio), "{limit:?} {text}");
            assert!(
                limit.interval.low < limit.value && limit.value < limit.interval.high,
                "{text}"
            );
        }
        (named, verdict, text)
    }

    #[track_caller]
    pub(super) fn names_none(&self) -> (NotIdentified, Verdict, String) {
        let verdict = self.verdict();
        let text = words(&verdict).join("\n");
        let why = verdict.bottleneck.clone().expect_err(&text);
        (why, verdict, text)
    }
}
