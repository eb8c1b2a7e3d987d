//! The load of the last second.

use plimsoll_metrics::{Builtin, Histogram, Interval, MetricId, Registry, Sink, Totals};

use super::Source;
use crate::watched::Level;

/// A last piece of a second that is shorter says nothing about rates.
const SECONDS_MIN: f64 = 0.5;

pub(super) struct Figures {
    registry: Registry,
    sources: Vec<Source>,
    /// Metric of each series seen so far, by its number.
    metrics: Vec<Option<MetricId>>,
    pub(super) noun: &'static str,
    /// per second
    pub(super) rate: Level,
    /// iterations per second, of schedules that say how many
    pub(super) asked: Option<f64>,
    /// how many of what is counted one iteration is
    pub(super) per_iteration: Option<u32>,
    /// at the 99th percentile of the last second, in milliseconds
    pub(super) lateness: Option<f64>,
    /// iterations that could not start, since the start of the run
    pub(super) dropped: f64,
    /// milliseconds; empty where nothing came in the last second
    pub(super) p50: Level,
    pub(super) p99: Level,
    /// share of the last second
    pub(super) failed: Level,
    /// since the start of the run: failed, and all
    pub(super) failures: Option<(u64, u64)>,
}

/// What one interval has of a source.
#[derive(Default)]
struct Second {
    count: f64,
    latency: Histogram,
    lateness: Histogram,
    failed: u64,
    judged: u64,
}

impl Figures {
    pub(super) fn new(registry: Registry, sources: Vec<Source>) -> Figures {
        let noun = sources.first().map_or("", |source| source.noun);
        let per_iteration = sources.first().and_then(|source| source.per_iteration);
        Figures {
            registry,
            sources,
            metrics: Vec::new(),
            noun,
            rate: Level::default(),
            asked: None,
            per_iteration,
            lateness: None,
            dropped: 0.0,
            p50: Level::default(),
            p99: Level::default(),
            failed: Level::default(),
            failures: None,
        }
    }

    pub(super) fn absorb(&mut self, interval: &Interval, seconds: f64, totals: &Totals) {
        let Some(source) = self.source(totals) else { return };
        let mut second = Second::default();
        (self.asked, self.lateness) = (None, None);
        for (series, sink) in &interval.sinks {
            let metric = self.metric(series.0 as usize, *series);
            match sink {
                Sink::Counter { sum } if metric == source.count => second.count += sum,
                Sink::Counter { sum } if metric == Builtin::DroppedIterations.id() => {
                    self.dropped += sum;
                }
                Sink::Gauge { value, .. } if metric == Builtin::IterationsAsked.id() => {
                    self.asked = Some(*value);
                }
                Sink::Trend(late) if metric == Builtin::IterationLateness.id() => {
                    second.lateness.merge(late);
                }
                Sink::Rate { trues, total } if Some(metric) == source.failed => {
                    second.failed += trues;
                    second.judged += total;
                    if metric == source.count {
                        second.count += *total as f64;
                    }
                }
                Sink::Trend(histogram) if metric == source.latency => {
                    second.latency.merge(histogram);
                    if metric == source.count {
                        second.count += histogram.count() as f64;
                    }
                }
                _ => {}
            }
        }
        self.add(&second, seconds, source);
    }

    fn add(&mut self, second: &Second, seconds: f64, source: Source) {
        self.noun = source.noun;
        self.per_iteration = source.per_iteration;
        if seconds >= SECONDS_MIN {
            self.rate.push(second.count / seconds);
        }
        if !second.latency.is_empty() {
            self.p50.push(second.latency.percentile(50.0));
            self.p99.push(second.latency.percentile(99.0));
        }
        if !second.lateness.is_empty() {
            self.lateness = Some(second.lateness.percentile(99.0));
        }
        if source.failed.is_some() {
            let (failed, judged) = self.failures.unwrap_or_default();
            self.failures = Some((failed + second.failed, judged + second.judged));
            if second.judged > 0 {
                self.failed.push(second.failed as f64 / second.judged as f64);
            }
        }
    }

    /// The first that has samples; until then the first.
    fn source(&self, totals: &Totals) -> Option<Source> {
        let has_samples = |source: &&Source| {
            let entries = totals.entries().iter();
            entries.filter(|entry| entry.seen).any(|entry| entry.metric.id == source.count)
        };
        self.sources.iter().find(has_samples).or(self.sources.first()).copied()
    }

    fn metric(&mut self, at: usize, series: plimsoll_metrics::SeriesId) -> MetricId {
        if let Some(known) = self.metrics.get(at).copied().flatten() {
            return known;
        }
        let metric = self.registry.series_def(series).metric;
        if self.metrics.len() <= at {
            self.metrics.resize(at + 1, None);
        }
        if let Some(slot) = self.metrics.get_mut(at) {
            *slot = Some(metric);
        }
        metric
    }
}
