//! Where probes put their readings.

use std::{cell::RefCell, rc::Rc};

use hashbrown::HashMap;
use plimsoll_metrics::{
    Contains, Event, MetricId, MetricKind, Observation, Origin, Recorder, Registry, SeriesHandle,
    TagSet, Timestamp,
};
use plimsoll_runtime::clock::Instant;

use crate::metric::Metric;

/// Series that one monitor makes: those past it are left out and counted. A host of 128 cores and 64
/// disks with 50 watched processes stays below.
pub const SERIES_LIMIT: usize = 5_000;

/// Raw samples kept between two observations, for outputs that need each.
const SAMPLES_LIMIT: usize = 2 * SERIES_LIMIT;

/// Events kept between two observations.
const EVENTS_LIMIT: usize = 256;

/// A handle to what is collected, for one reading: with the moment of its tick.
#[derive(Clone)]
pub struct Readings {
    at: Instant,
    host: TagSet,
    shared: Rc<RefCell<Collected>>,
}

struct Collected {
    recorder: Recorder,
    /// By the name of a metric of ours.
    metrics: HashMap<&'static str, Option<MetricId>>,
    series: HashMap<(MetricId, TagSet), SeriesHandle>,
    left_out: u64,
    events: Vec<Event>,
}

impl Readings {
    /// `host`: the name that readings of this machine are tagged with. `keep_samples`: whether some
    /// output needs each sample.
    pub fn new(registry: Registry, host: &str, keep_samples: bool) -> Readings {
        let collected = Collected {
            recorder: Recorder::new(registry, keep_samples, SAMPLES_LIMIT),
            metrics: HashMap::new(),
            series: HashMap::new(),
            left_out: 0,
            events: Vec::new(),
        };
        Readings {
            at: Instant::now(),
            host: TagSet::from_pairs([("host", host)]),
            shared: Rc::new(RefCell::new(collected)),
        }
    }

    /// The same, for the tick at `at`.
    #[must_use]
    pub fn at_tick(&self, at: Instant) -> Readings {
        Readings { at, ..self.clone() }
    }

    /// The moment that all readings of this tick are stamped with.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// This machine's `host` tag: what the tags of local readings start from.
    pub fn host(&self) -> &TagSet {
        &self.host
    }

    /// Records a value of a metric of ours; one that is no finite number is left out.
    pub fn record(&self, metric: &'static Metric, tags: &TagSet, value: f64) {
        let id = {
            let mut collected = self.shared.borrow_mut();
            let Collected { metrics, recorder, .. } = &mut *collected;
            *metrics.entry(metric.name).or_insert_with(|| metric.register(recorder.registry()).ok())
        };
        if let Some(id) = id {
            self.record_id(id, tags, value);
        }
    }

    /// A metric whose name only the watched thing knows. None when the name is none, or belongs to a metric
    /// of another kind or to one that the load has.
    pub fn metric(&self, name: &str, kind: MetricKind, contains: Contains) -> Option<MetricId> {
        let collected = self.shared.borrow();
        let registry = collected.recorder.registry();
        match registry.find(name) {
            Some(existing) if existing.origin != Origin::Watched => None,
            _ => registry.watched_metric(name, kind, contains).ok(),
        }
    }

    /// As [`Readings::record`], for metrics of [`Readings::metric`].
    pub fn record_id(&self, metric: MetricId, tags: &TagSet, value: f64) {
        if !value.is_finite() {
            return;
        }
        let mut collected = self.shared.borrow_mut();
        let Some(series) = collected.series(metric, tags) else { return };
        let at = Timestamp(self.at.unix_nanos());
        collected.recorder.record(series, value, at);
    }

    /// A mark on the axis of time, at this tick. `kind`: a short word such as `probe` or `process`.
    pub fn event(&self, kind: &str, text: impl Into<String>) {
        let at = Timestamp(self.at.unix_nanos());
        self.forward(Event { at, kind: kind.to_owned(), text: text.into() });
    }

    /// As [`Readings::event`], with the time that somebody else noted.
    pub fn forward(&self, event: Event) {
        let mut collected = self.shared.borrow_mut();
        if collected.events.len() < EVENTS_LIMIT {
            collected.events.push(event);
        }
    }

    /// Everything since the last call.
    pub fn take(&self) -> Observation {
        let mut collected = self.shared.borrow_mut();
        let interval = collected.recorder.take_interval();
        let (samples, _) = collected.recorder.take_samples();
        Observation { interval, samples, events: std::mem::take(&mut collected.events) }
    }

    /// Values left out since the last call, for want of room for their series.
    pub fn take_left_out(&self) -> u64 {
        std::mem::take(&mut self.shared.borrow_mut().left_out)
    }
}

impl Collected {
    fn series(&mut self, metric: MetricId, tags: &TagSet) -> Option<SeriesHandle> {
        if let Some(known) = self.series.get(&Key(metric, tags)) {
            return Some(*known);
        }
        if self.series.len() >= SERIES_LIMIT {
            self.left_out += 1;
            return None;
        }
        let handle = self.recorder.handle(metric, tags);
        self.series.insert((metric, tags.clone()), handle);
        Some(handle)
    }
}

/// A borrowed key of the map of series: tags are looked up far more often than they are cloned.
#[derive(Hash)]
struct Key<'a>(MetricId, &'a TagSet);

impl hashbrown::Equivalent<(MetricId, TagSet)> for Key<'_> {
    fn equivalent(&self, (metric, tags): &(MetricId, TagSet)) -> bool {
        self.0 == *metric && self.1 == tags
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_metrics::Sink;

    use super::*;
    use crate::metric::{Unit, contains};

    static LEVEL: Metric = Metric {
        name: "test_level",
        kind: MetricKind::Trend,
        contains: contains(Unit::Share),
        unit: Unit::Share,
        tags: &["core"],
        source: "a test",
        about: "a level",
    };

    fn readings(keep_samples: bool) -> Readings {
        Readings::new(Registry::new(100_000), "here", keep_samples)
    }

    #[test]
    fn what_is_recorded_comes_out_once() {
        let readings = readings(true).at_tick(Instant::from_nanos(5));
        let tags = readings.host().with("core", "0");
        readings.record(&LEVEL, &tags, 0.5);
        readings.record(&LEVEL, &tags, f64::NAN);
        readings.event("probe", "text");
        let observation = readings.take();
        let [(_, Sink::Trend(histogram))] = &observation.interval.sinks[..] else {
            panic!("{observation:?}");
        };
        assert_eq!((histogram.count(), histogram.max()), (1, 0.5));
        let at = Timestamp(Instant::from_nanos(5).unix_nanos());
        assert_eq!((observation.samples.len(), observation.samples[0].at), (1, at));
        assert_eq!(observation.events, [Event { at, kind: "probe".into(), text: "text".into() }]);
        let empty = readings.take();
        assert!(empty.interval.sinks.is_empty() && empty.samples.is_empty());
        assert!(empty.events.is_empty());
    }

    #[test]
    fn series_have_a_limit() {
        let readings = readings(false);
        for core in 0..SERIES_LIMIT + 2 {
            readings.record(&LEVEL, &readings.host().with("core", &core.to_string()), 1.0);
        }
        readings.record(&LEVEL, &readings.host().with("core", "0"), 1.0);
        assert_eq!(readings.take().interval.sinks.len(), SERIES_LIMIT);
        assert_eq!((readings.take_left_out(), readings.take_left_out()), (2, 0));
    }
}
