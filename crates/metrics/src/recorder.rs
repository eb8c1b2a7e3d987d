//! A worker's own aggregation: no lock, no channel, no allocation per sample.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::{
    Timestamp,
    interval::{Interval, RawSample},
    registry::{MetricId, MetricKind, Registry, SeriesId},
    sink::{Sink, SinkPool},
    tags::TagSet,
};

mod kept;

use kept::Kept;

/// Index of a series in one [`Recorder`]; valid as long as that recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeriesHandle(pub u32);

/// Lives on one worker thread.
pub struct Recorder {
    registry: Registry,
    /// By handle.
    series: Vec<Series>,
    /// Positions in `known`, by metric and tags.
    by_tags: HashTable<u32>,
    known: Vec<(MetricId, TagSet, SeriesHandle)>,
    /// Folded tag sets share a series, which must have one handle.
    by_id: HashMap<SeriesId, SeriesHandle>,
    hasher: DefaultHashBuilder,
    /// Series with samples in this interval.
    dirty: Vec<u32>,
    pool: SinkPool,
    /// An absorbed interval's vector.
    spare: Vec<(SeriesId, Sink)>,
    kept: Kept,
}

struct Series {
    id: SeriesId,
    kind: MetricKind,
    dirty: bool,
    /// Whether it took more samples in the last interval than a histogram keeps singly.
    busy: bool,
    /// Holds memory only while `dirty`.
    sink: Sink,
}

impl Recorder {
    /// `keep_samples`: whether some output needs each sample; at most `sample_limit` are kept
    /// between two calls of [`Recorder::take_samples`], the rest is counted.
    pub fn new(registry: Registry, keep_samples: bool, sample_limit: usize) -> Recorder {
        Recorder {
            registry,
            series: Vec::new(),
            by_tags: HashTable::new(),
            known: Vec::new(),
            by_id: HashMap::new(),
            hasher: DefaultHashBuilder::default(),
            dirty: Vec::new(),
            pool: SinkPool::default(),
            spare: Vec::new(),
            kept: Kept::new(keep_samples, sample_limit),
        }
    }

    /// Of an interval with more than `limit` samples none is kept, and [`Recorder::is_over`] says so:
    /// its sums stand for them. `wants_surplus`: whether they are kept all the same, for an output
    /// that needs each. Samples are then taken together with the interval, or once it is over.
    pub fn limit_samples(&mut self, limit: usize, wants_surplus: bool) {
        self.kept.set_limit(limit, wants_surplus);
    }

    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The handle of a series: one hash look-up, a lock only the first time. Past the registry's
    /// limit on series, a tag set that is folded locks every time, since keeping it would cost memory.
    pub fn handle(&mut self, metric: MetricId, tags: &TagSet) -> SeriesHandle {
        let hash = self.hasher.hash_one((metric, tags));
        let known = &self.known;
        let found = self.by_tags.find(hash, |&at| {
            known.get(at as usize).is_some_and(|(m, t, _)| *m == metric && t == tags)
        });
        if let Some((_, _, handle)) = found.and_then(|&at| known.get(at as usize)) {
            return *handle;
        }
        self.new_handle(hash, metric, tags)
    }

    #[cold]
    fn new_handle(&mut self, hash: u64, metric: MetricId, tags: &TagSet) -> SeriesHandle {
        let (id, is_coarser) = self.registry.series_or_coarser(metric, tags);
        let handle = *self.by_id.entry(id).or_insert_with(|| {
            let handle = SeriesHandle(self.series.len() as u32);
            let kind = self.registry.def(metric).kind;
            self.series.push(Series { id, kind, dirty: false, busy: false, sink: Sink::new(kind) });
            handle
        });
        if !is_coarser {
            let at = self.known.len() as u32;
            self.known.push((metric, tags.clone(), handle));
            let (known, hasher) = (&self.known, &self.hasher);
            self.by_tags.insert_unique(hash, at, |&at| {
                known
                    .get(at as usize)
                    .map_or(0, |(metric, tags, _)| hasher.hash_one((*metric, tags)))
            });
        }
        handle
    }

    /// Adds one sample. Rates take 0 or 1.
    #[inline]
    pub fn record(&mut self, series: SeriesHandle, value: f64, at: Timestamp) {
        self.record_with(series, value, at, None);
    }

    /// As [`Recorder::record`], with metadata for outputs that see each sample.
    #[inline]
    pub fn record_with(
        &mut self,
        series: SeriesHandle,
        value: f64,
        at: Timestamp,
        metadata: Option<&TagSet>,
    ) {
        let Some(entry) = self.series.get_mut(series.0 as usize) else {
            debug_assert!(false, "a handle comes from its recorder");
            return;
        };
        if !entry.dirty {
            entry.dirty = true;
            entry.sink = self.pool.take(entry.kind, entry.busy);
            self.dirty.push(series.0);
        }
        entry.sink.add(value, at.0);
        if self.kept.is_on() {
            let id = entry.id;
            self.kept.push(RawSample { series: id, at, value, metadata: metadata.cloned() });
        }
    }

    /// As [`Recorder::record_with`], for a sample that has no stamp yet: `now` is asked only where
    /// a sample's time makes a difference, in gauges and for outputs that see each sample.
    #[inline]
    pub fn record_at(
        &mut self,
        series: SeriesHandle,
        value: f64,
        metadata: Option<&TagSet>,
        now: impl FnOnce() -> Timestamp,
    ) {
        let kind = self.series.get(series.0 as usize).map(|entry| entry.kind);
        let matters = self.kept.is_on() || kind == Some(MetricKind::Gauge);
        let at = if matters { now() } else { Timestamp(0) };
        self.record_with(series, value, at, metadata);
    }

    /// Everything since the last call.
    pub fn take_interval(&mut self) -> Interval {
        self.kept.next_interval();
        let mut sinks = std::mem::take(&mut self.spare);
        for at in self.dirty.drain(..) {
            let Some(series) = self.series.get_mut(at as usize) else { continue };
            series.dirty = false;
            let sink = std::mem::replace(&mut series.sink, Sink::new(series.kind));
            series.busy = matches!(&sink, Sink::Trend(histogram) if !histogram.is_exact());
            sinks.push((series.id, sink));
        }
        Interval { sinks }
    }

    /// Gives an absorbed interval's memory back for reuse.
    pub fn recycle(&mut self, interval: Interval) {
        let mut sinks = interval.sinks;
        for (_, sink) in sinks.drain(..) {
            self.pool.give_back(sink);
        }
        if sinks.capacity() > self.spare.capacity() {
            self.spare = sinks;
        }
    }

    /// Raw samples since the last call, and how many did not fit.
    pub fn take_samples(&mut self) -> (Vec<RawSample>, u64) {
        self.kept.take()
    }

    /// Raw samples waiting.
    pub fn samples_len(&self) -> usize {
        self.kept.len()
    }

    /// Whether this interval has more samples than [`Recorder::limit_samples`] allows.
    pub fn is_over(&self) -> bool {
        self.kept.is_over()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{builtin::Builtin, interval::Merger, registry::SERIES_LIMIT, totals::Totals};

    fn recorder(series_limit: usize) -> Recorder {
        Recorder::new(Registry::new(series_limit), false, 0)
    }

    #[test]
    fn one_handle_per_series() {
        let mut recorder = recorder(SERIES_LIMIT);
        let tags = TagSet::from_pairs([("a", "1")]);
        let handle = recorder.handle(Builtin::HttpReqs.id(), &tags);
        assert_eq!(
            recorder.handle(Builtin::HttpReqs.id(), &TagSet::from_pairs([("a", "1")])),
            handle
        );
        assert_ne!(recorder.handle(Builtin::HttpReqDuration.id(), &tags), handle);
        assert_ne!(recorder.handle(Builtin::HttpReqs.id(), &tags.with("b", "")), handle);
    }

    /// The clock is read only where somebody will see the time.
    #[test]
    fn the_time_is_asked_for_where_it_matters() {
        let check = |keep_samples, metric: Builtin, expected: u32| {
            let mut recorder = Recorder::new(Registry::new(SERIES_LIMIT), keep_samples, 10);
            let series = recorder.handle(metric.id(), &TagSet::default());
            let mut asked = 0;
            recorder.record_at(series, 1.0, None, || {
                asked += 1;
                Timestamp(7)
            });
            assert_eq!(asked, expected, "{metric:?}");
            let (samples, _) = recorder.take_samples();
            assert!(samples.iter().all(|sample| sample.at == Timestamp(7)));
            assert_eq!(recorder.take_interval().sinks.len(), 1);
        };
        for metric in [Builtin::Checks, Builtin::Iterations, Builtin::GroupDuration] {
            check(false, metric, 0);
            check(true, metric, 1);
        }
        check(false, Builtin::Vus, 1);
        check(true, Builtin::Vus, 1);
    }

    #[test]
    fn an_interval_holds_what_came_since_the_last() {
        let mut recorder = recorder(SERIES_LIMIT);
        let reqs = recorder.handle(Builtin::HttpReqs.id(), &TagSet::default());
        let duration = recorder.handle(Builtin::HttpReqDuration.id(), &TagSet::default());
        for _ in 0..3 {
            recorder.record(reqs, 1.0, Timestamp(1));
            recorder.record(duration, 2.5, Timestamp(1));
            recorder.record(duration, 3.5, Timestamp(1));
            let interval = recorder.take_interval();
            let [(_, Sink::Counter { sum }), (_, Sink::Trend(histogram))] = &interval.sinks[..]
            else {
                panic!("{interval:?}");
            };
            assert_eq!((*sum, histogram.count(), histogram.sum()), (1.0, 2, 6.0));
            recorder.recycle(interval);
            assert!(recorder.take_interval().sinks.is_empty());
        }
    }

    #[test]
    fn folded_series_share_a_handle_and_cost_no_memory() {
        let mut recorder = recorder(2);
        let tags = |at: usize| TagSet::from_pairs([("url", at.to_string())]);
        let handles: Vec<_> =
            (0..50).map(|at| recorder.handle(Builtin::HttpReqs.id(), &tags(at))).collect();
        assert!(handles[2..].iter().all(|handle| *handle == handles[2]));
        assert_eq!((recorder.known.len(), recorder.series.len()), (2, 3));
        handles.iter().for_each(|handle| recorder.record(*handle, 1.0, Timestamp(0)));
        assert_eq!(recorder.take_interval().sinks.len(), 3);
    }

    #[test]
    fn raw_samples_have_a_limit() {
        let mut recorder = Recorder::new(Registry::new(SERIES_LIMIT), true, 2);
        let reqs = recorder.handle(Builtin::HttpReqs.id(), &TagSet::default());
        let metadata = TagSet::from_pairs([("vu", "1")]);
        recorder.record_with(reqs, 1.0, Timestamp(5), Some(&metadata));
        recorder.record(reqs, 2.0, Timestamp(6));
        recorder.record(reqs, 3.0, Timestamp(7));
        assert_eq!(recorder.samples_len(), 2);
        let (samples, lost) = recorder.take_samples();
        assert_eq!(lost, 1);
        assert_eq!(samples[0].metadata.as_ref(), Some(&metadata));
        assert_eq!((samples[1].value, samples[1].at), (2.0, Timestamp(6)));
        assert_eq!(recorder.take_samples().1, 0);
    }

    /// An interval has either all of its samples singly or none.
    #[test]
    fn an_interval_past_the_limit_is_its_sums() {
        for wants_surplus in [false, true] {
            let mut recorder = Recorder::new(Registry::new(SERIES_LIMIT), true, 10);
            recorder.limit_samples(3, wants_surplus);
            let reqs = recorder.handle(Builtin::HttpReqs.id(), &TagSet::default());
            for (count, is_over) in [(3, false), (4, true), (7, true), (1, false)] {
                (0..count).for_each(|at| recorder.record(reqs, 1.0, Timestamp(at)));
                assert_eq!(recorder.is_over(), is_over, "{count}");
                let (samples, lost) = recorder.take_samples();
                let kept = if is_over && !wants_surplus { 0 } else { count };
                assert_eq!((samples.len() as u64, lost), (kept, 0), "{count}");
                let interval = recorder.take_interval();
                assert!(
                    matches!(interval.sinks[..], [(_, Sink::Counter { sum })] if sum == count as f64)
                );
                assert!(!recorder.is_over());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever the limit on series, however many workers: each sample is in exactly one sink.
        #[test]
        fn nothing_is_lost_or_counted_twice(
            limit in 0_usize..12,
            seconds in vec(vec((0_usize..2, 0_u8..20, 0_u8..3), 0..40), 1..4),
        ) {
            let registry = Registry::new(limit);
            let mut workers: Vec<Recorder> =
                (0..2).map(|_| Recorder::new(registry.clone(), false, 0)).collect();
            let mut merger = Merger::new();
            let mut totals = Totals::new(registry.clone(), &[]);
            for second in &seconds {
                for &(worker, url, status) in second {
                    let tags = TagSet::from_pairs([
                        ("url", url.to_string()),
                        ("status", status.to_string()),
                    ]);
                    for metric in [Builtin::HttpReqs, Builtin::HttpReqDuration] {
                        let handle = workers[worker].handle(metric.id(), &tags);
                        workers[worker].record(handle, 1.0, Timestamp(0));
                    }
                }
                for worker in &mut workers {
                    let interval = worker.take_interval();
                    totals.absorb(&interval);
                    merger.add(&interval);
                    worker.recycle(interval);
                }
                prop_assert_eq!(counts(&merger.merged().sinks), [second.len() as f64; 2]);
                let mut ids: Vec<SeriesId> = merger.merged().sinks.iter().map(|(id, _)| *id).collect();
                ids.sort_unstable();
                ids.dedup();
                prop_assert_eq!(ids.len(), merger.merged().sinks.len());
                merger.clear();
            }
            let all: usize = seconds.iter().map(Vec::len).sum();
            let entries = totals.entries().iter().filter(|entry| entry.tags.is_empty());
            let sinks: Vec<_> = entries.map(|entry| (SeriesId(0), entry.sink.clone())).collect();
            prop_assert_eq!(counts(&sinks), [all as f64; 2]);
        }
    }

    /// The sum of counters and the number of values in trends.
    fn counts(sinks: &[(SeriesId, Sink)]) -> [f64; 2] {
        sinks.iter().fold([0.0, 0.0], |[sums, values], (_, sink)| match sink {
            Sink::Counter { sum } => [sums + sum, values],
            Sink::Trend(histogram) => [sums, values + histogram.count() as f64],
            other => panic!("{other:?}"),
        })
    }
}
