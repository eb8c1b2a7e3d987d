//! What is watched while a run goes on, over its seconds.

use std::{collections::HashMap, time::Duration};

use plimsoll_analysis::bottleneck::Signal;
use plimsoll_metrics::{Interval, Origin, Registry, SeriesId, Sink};

/// Signals of one run that are kept.
pub(in crate::commands) const SIGNALS_LIMIT: usize = 10_000;

/// Seconds of a run and looks of a monitor begin at different moments: so many looks more or fewer may fall
/// into a run than it has seconds.
const BESIDE: f64 = 1.5;

/// Of a host's own figures, which are read once a look and never late. A thing that answers late is looked at
/// less often, and what it then tells is of all the time since.
const OF_HOST: &str = "host_";

/// All that was watched so far.
#[derive(Default)]
pub(in crate::commands) struct Signals {
    levels: HashMap<SeriesId, Level>,
    /// Those that are not kept since there were too many, in the second that had the most.
    pub(in crate::commands) left_out: usize,
}

/// One of them.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    sum: f64,
    max: f64,
    count: u32,
    /// Of a level: how often it was read.
    looks: u64,
    /// An amount that a second adds to, not a level that it has.
    is_amount: bool,
}

impl Level {
    fn add(&mut self, sink: &Sink) {
        let value = match sink {
            Sink::Counter { sum } => *sum,
            Sink::Gauge { value, .. } => *value,
            Sink::Rate { trues, total } if *total > 0 => *trues as f64 / *total as f64,
            Sink::Rate { .. } => 0.0,
            Sink::Trend(histogram) => {
                self.looks += histogram.count();
                histogram.mean()
            }
        };
        self.is_amount = matches!(sink, Sink::Counter { .. });
        self.max = if self.count == 0 { value } else { self.max.max(value) };
        self.sum += value;
        self.count += 1;
    }

    /// Per second, and the most of one second; a second without an amount had none.
    fn mean_and_max(&self, seconds: f64) -> (f64, f64) {
        let count = if self.is_amount { seconds } else { f64::from(self.count) };
        (if count > 0.0 { self.sum / count } else { self.sum }, self.max)
    }
}

impl Signals {
    /// Takes in what was watched in a second.
    pub(in crate::commands) fn add(&mut self, interval: &Interval, registry: &Registry) {
        let mut left_out = 0;
        for (series, sink) in &interval.sinks {
            let metric = registry.series_def(*series).metric;
            if registry.def(metric).origin == Origin::Watched && !self.add_one(*series, sink) {
                left_out += 1;
            }
        }
        self.left_out = self.left_out.max(left_out);
    }

    /// Whether there was room for it.
    fn add_one(&mut self, series: SeriesId, sink: &Sink) -> bool {
        let has_room = self.levels.len() < SIGNALS_LIMIT || self.levels.contains_key(&series);
        if has_room {
            self.levels.entry(series).or_default().add(sink);
        }
        has_room
    }

    /// Means and greatest values over so many seconds, in a fixed order. `every`: the time between two looks.
    pub(in crate::commands) fn told(
        &self,
        registry: &Registry,
        seconds: usize,
        every: Duration,
    ) -> Vec<Signal> {
        let looks = self.looks(registry);
        let signal = |(series, level): (&_, &Level)| {
            let def = registry.series_def(*series);
            let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            let host = def.tags.get("host").unwrap_or_default();
            let looks = looks.get(host).copied().unwrap_or(0);
            let (mean, max) = level.mean_and_max(covered(looks, seconds, every));
            Signal {
                metric: registry.def(def.metric).name.to_string(),
                tags: def.tags.iter().map(pair).collect(),
                mean,
                max,
            }
        };
        let mut signals: Vec<Signal> = self.levels.iter().map(signal).collect();
        signals.sort_by(|a, b| (&a.metric, &a.tags).cmp(&(&b.metric, &b.tags)));
        signals
    }

    /// How often each host was looked at.
    fn looks(&self, registry: &Registry) -> HashMap<String, u64> {
        let mut looks: HashMap<String, u64> = HashMap::new();
        for (series, level) in &self.levels {
            let def = registry.series_def(*series);
            if registry.def(def.metric).name.starts_with(OF_HOST) {
                let host = def.tags.get("host").unwrap_or_default();
                let most = looks.entry(host.to_owned()).or_default();
                *most = level.looks.max(*most);
            }
        }
        looks
    }
}

/// Seconds that amounts are of.
fn covered(looks: u64, seconds: usize, every: Duration) -> f64 {
    let (seconds, every) = (seconds as f64, every.as_secs_f64());
    let by_looks = looks as f64 * every;
    let is_beside = (by_looks - seconds).abs() <= BESIDE * every;
    if looks > 0 && is_beside { by_looks } else { seconds }
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::{Contains, Histogram, MetricKind, TagSet};

    use super::*;

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut signals = Signals::default();
        let gauge = |value| Sink::Gauge { value, min: value, max: value, at: 0, seen: true };
        let most = SIGNALS_LIMIT as u32;
        assert!((0..most).all(|series| signals.add_one(SeriesId(series), &gauge(1.0))));
        assert!(!signals.add_one(SeriesId(most), &gauge(1.0)), "there is no room");
        assert!(signals.add_one(SeriesId(0), &gauge(3.0)), "it has a place already");
        assert_eq!(signals.levels[&SeriesId(0)].mean_and_max(2.0), (2.0, 3.0));
    }

    #[test]
    fn amounts_are_of_the_time_between_looks() {
        let second = Duration::from_secs(1);
        let check = |looks, seconds, every, expected: f64| {
            assert_eq!(covered(looks, seconds, every), expected, "{looks} in {seconds} s");
        };
        check(6, 6, second, 6.0);
        check(5, 6, second, 5.0);
        check(7, 6, second, 7.0);
        check(11, 6, second / 2, 5.5);
        // Somebody else looks at another pace, or nobody tells.
        check(2, 6, second, 6.0);
        check(0, 6, second, 6.0);
        check(0, 1, second, 1.0);
    }

    /// Two looks fell into the second of three seconds, so that six are of four.
    #[test]
    fn a_look_more_is_a_second_more() {
        let registry = Registry::new(100);
        let watched = |name, kind| registry.watched_metric(name, kind, Contains::Default).unwrap();
        let tags = TagSet::from_pairs([("host", "here")]);
        let level = registry.series(watched("host_cpu_utilization", MetricKind::Trend), &tags);
        let amount = registry.series(watched("web_bytes_total", MetricKind::Counter), &tags);
        let mut signals = Signals::default();
        for looks in [1, 2, 1] {
            let mut histogram = Histogram::new();
            (0..looks).for_each(|_| histogram.record(0.5));
            signals.add_one(level, &Sink::Trend(histogram));
            signals.add_one(amount, &Sink::Counter { sum: 100.0 * f64::from(looks) });
        }
        let told = signals.told(&registry, 3, Duration::from_secs(1));
        let means: Vec<f64> = told.iter().map(|signal| signal.mean).collect();
        assert_eq!(means, [0.5, 100.0]);
    }
}
