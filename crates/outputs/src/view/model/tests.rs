//! Laws of points and tables.

use plimsoll_metrics::{
    Builtin, Contains, Histogram, Interval, MetricKind, Recorder, Registry, TagSet, Timestamp,
    Totals,
};
use proptest::prelude::{ProptestConfig, Strategy, prop, prop_assert, prop_assert_eq, proptest};

use super::{
    point::{Point, RANKS},
    *,
};
use crate::view::{RELATIVE_ERROR, digest::Digester, sparse::Sparse};

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_795_260_004 * SECOND;

/// Makes intervals, and keeps what they should add up to.
struct Source {
    registry: Registry,
    recorder: Recorder,
    digester: Digester,
    now: u64,
    requests: u64,
    failed: u64,
    times: Histogram,
    read: f64,
}

/// One interval: its milliseconds, response times, how many of the requests failed, bytes read.
type Seen = (u64, Vec<f64>, usize, u32);

impl Source {
    fn new() -> Source {
        let registry = Registry::new(1_000);
        Source {
            recorder: Recorder::new(registry.clone(), false, 0),
            digester: Digester::new(registry.clone(), START / 1_000_000),
            registry,
            now: START,
            requests: 0,
            failed: 0,
            times: Histogram::new(),
            read: 0.0,
        }
    }

    fn interval(&mut self, (millis, times, failed, read): &Seen) -> News {
        self.now += millis * 1_000_000;
        let watched = self.registry.watched_metric(
            "host_disk_read_bytes",
            MetricKind::Counter,
            Contains::Data,
        );
        let host = TagSet::from_pairs([("host", "a"), ("device", "vda")]);
        let at = Timestamp(self.now);
        let recorder = &mut self.recorder;
        let read_bytes = recorder.handle(watched.unwrap(), &host);
        recorder.record(read_bytes, f64::from(*read), at);
        for (number, millis) in times.iter().enumerate() {
            let has_failed = number < *failed;
            let status = if has_failed { "500" } else { "200" };
            let name = if number % 2 == 0 { "even" } else { "odd" };
            let tags = TagSet::from_pairs([("name", name), ("status", status)]);
            let mut record = |builtin: Builtin, value| {
                let series = recorder.handle(builtin.id(), &tags);
                recorder.record(series, value, at);
            };
            record(Builtin::HttpReqs, 1.0);
            record(Builtin::HttpReqDuration, *millis);
            record(Builtin::HttpReqFailed, f64::from(u8::from(has_failed)));
            self.times.record(*millis);
            self.failed += u64::from(has_failed);
        }
        self.requests += times.len() as u64;
        self.read += f64::from(*read);
        let totals = Totals::new(self.registry.clone(), &[]);
        let interval = self.recorder.take_interval();
        News::Interval(Box::new(self.digester.digest(at, &interval, &totals)))
    }
}

fn intervals() -> impl Strategy<Value = Vec<Seen>> {
    let times = prop::collection::vec((-2.0..4.0).prop_map(|power| 10f64.powf(power)), 0..20);
    prop::collection::vec((1_u64..4_000, times, 0_usize..20, 0_u32..1_000), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However often neighbours were merged and whatever the lengths of intervals.
    #[test]
    fn nothing_is_lost_and_nothing_counted_twice(seen in intervals(), limit in 2_usize..12) {
        let mut source = Source::new();
        let mut model = Model::with_points_limit(RunMeta::default(), limit);
        for one in &seen {
            let (points, epoch) = (model.points(), model.epoch());
            model.absorb(source.interval(one));
            prop_assert!(model.points() < limit);
            // Pages that have points which are no more must be told.
            prop_assert!(model.points() >= points || model.epoch() > epoch);
        }
        model.close();
        let points = model.timeline.points();
        let done: f64 = points.iter().map(|point| point.load.done).sum();
        let failed: f64 = points.iter().map(|point| point.load.failed).sum();
        let times: u64 = points.iter().map(|point| point.latency[0].times.count()).sum();
        let at_all = 0..points.len();
        let errors = model.errors.iter().flat_map(|(_, track)| {
            at_all.clone().map(|point| track.get(point))
        });
        let read: f64 =
            at_all.clone().map(|point| f64::from(model.watched[0].track.get(point).sum)).sum();
        let urls = &model.urls.0;
        let mut of_urls = Sparse::default();
        urls.iter().for_each(|url| of_urls.merge(&url.times));
        prop_assert_eq!(done as u64, source.requests);
        prop_assert_eq!(failed as u64, source.failed);
        prop_assert_eq!(times, source.requests);
        prop_assert_eq!(errors.sum::<u64>(), source.failed);
        prop_assert_eq!(read as u64, source.read as u64);
        prop_assert_eq!(urls.iter().map(|url| url.count).sum::<u64>(), source.requests);
        prop_assert_eq!(urls.iter().map(|url| url.failed).sum::<u64>(), source.failed);
        prop_assert_eq!(of_urls.count(), source.requests);
        for pair in points.windows(2) {
            prop_assert!(pair[0].to == pair[1].from, "points follow one another");
        }
    }

    /// Of one point that many intervals were merged to.
    #[test]
    fn percentiles_of_merged_points_are_those_of_all_values(seen in intervals()) {
        let mut source = Source::new();
        let mut model = Model::with_points_limit(RunMeta::default(), 2);
        seen.iter().for_each(|one| model.absorb(source.interval(one)));
        model.close();
        let mut merged = Point::new(0);
        model.timeline.points().iter().for_each(|point| merged.merge(point));
        merged.settle();
        let Some(found) = merged.latency[0].percentiles else {
            prop_assert!(source.times.is_empty());
            return Ok(());
        };
        for (rank, found) in RANKS.into_iter().zip(found) {
            let exact = source.times.percentile(rank);
            prop_assert!((found / exact - 1.0).abs() <= RELATIVE_ERROR, "{rank}: {found} {exact}");
        }
    }
}

#[test]
fn what_comes_late_or_twice_makes_no_point_of_its_own() {
    let mut source = Source::new();
    let mut model = Model::new(RunMeta::default());
    let totals = Totals::new(source.registry.clone(), &[]);
    let mut at = |nanos: u64| {
        let digest = source.digester.digest(Timestamp(nanos), &Interval::default(), &totals);
        model.absorb(News::Interval(Box::new(digest)));
        model.points()
    };
    assert_eq!(at(START + SECOND), 1);
    assert_eq!(at(START + SECOND), 1, "again");
    assert_eq!(at(START), 1, "earlier");
    assert_eq!(at(START + 2 * SECOND), 2);
    assert_eq!(at(START + 32 * SECOND), 3, "half a minute of silence");
    assert_eq!(at(u64::MAX), 4);
    assert_eq!(at(u64::MAX), 4);
}

/// Of something that reads 100 bytes a second and is looked at every five seconds.
#[test]
fn rare_looks_at_amounts_are_rates_all_the_same() {
    let registry = Registry::new(10);
    let read = registry.watched_metric("x_read_bytes", MetricKind::Counter, Contains::Data);
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let [always, late] = ["always", "late"].map(|name| {
        let tags = TagSet::from_pairs([("host", "a"), ("service", name)]);
        recorder.handle(*read.as_ref().unwrap(), &tags)
    });
    let mut digester = Digester::new(registry.clone(), START / 1_000_000);
    let mut model = Model::new(RunMeta::default());
    let totals = Totals::new(registry, &[]);
    for second in 1..=200_u64 {
        let at = Timestamp(START + second * SECOND);
        if second % 5 == 0 {
            recorder.record(always, 500.0, at);
        }
        // It comes, goes for two minutes and comes again.
        if second % 5 == 0 && (second == 50 || second >= 170) {
            recorder.record(late, 500.0, at);
        }
        let digest = digester.digest(at, &recorder.take_interval(), &totals);
        model.absorb(News::Interval(Box::new(digest)));
    }
    for watched in &model.watched {
        let rates = (0..200).filter(|&at| watched.track.get(at).count > 0).map(|at| {
            f64::from(watched.track.get(at).sum) / model.covered(&watched.track, at).unwrap()
        });
        let rates: Vec<f64> = rates.collect();
        assert!(rates.len() >= 8 && rates.iter().all(|&rate| rate == 100.0), "{rates:?}");
    }
}

#[test]
fn names_have_limits_and_all_is_counted() {
    let mut model = Model::new(RunMeta::default());
    let registry = Registry::new(10_000);
    let watched =
        registry.watched_metric("host_sockets", MetricKind::Trend, Contains::Default).unwrap();
    let mut recorder = Recorder::new(registry.clone(), false, 0);
    let mut digester = Digester::new(registry.clone(), 0);
    for number in 0..700 {
        let number = number.to_string();
        let tags = TagSet::from_pairs([("name", number.clone()), ("error", number.clone())]);
        let check = TagSet::from_pairs([("check", number.clone())]);
        let sockets = TagSet::from_pairs([("host", "a".to_owned()), ("state", number)]);
        for (metric, tags) in [
            (Builtin::HttpReqs.id(), &tags),
            (Builtin::HttpReqFailed.id(), &tags),
            (Builtin::Checks.id(), &check),
            (watched, &sockets),
        ] {
            let series = recorder.handle(metric, tags);
            recorder.record(series, 1.0, Timestamp(START));
        }
    }
    let totals = Totals::new(registry, &[]);
    let digest = digester.digest(Timestamp(START), &recorder.take_interval(), &totals);
    model.absorb(News::Interval(Box::new(digest)));
    let counts: Vec<u64> = model.urls.0.iter().map(|url| url.count).collect();
    assert_eq!((counts.len(), counts.iter().sum::<u64>(), counts[499]), (500, 700, 201));
    assert_eq!(model.urls.0[499].name, "others");
    let errors: u64 = model.errors.iter().map(|(_, track)| track.get(0)).sum();
    assert_eq!((model.errors.len(), errors), (50, 700));
    let checks: u64 = model.checks.0.iter().map(|(_, passes, _)| passes).sum();
    assert_eq!((model.checks.0.len(), checks), (500, 700));
    assert_eq!((model.watched.len(), model.unwatched), (500, 200));
    model.close();
    let json: serde_json::Value = serde_json::from_slice(&model.whole().to_json()).unwrap();
    assert_eq!(json["warnings"].as_array().unwrap().len(), 4, "{}", json["warnings"]);
}

#[test]
fn events_have_limits() {
    let mut model = Model::new(RunMeta::default());
    for number in 0..600 {
        let text = format!("{number} {}", "é".repeat(1_000));
        let kind = if number < 60 { "invalid" } else { "probe" };
        model.absorb(News::Event(Event { at: Timestamp(START), kind: kind.into(), text }));
    }
    assert_eq!(model.events.len(), 500);
    assert!(model.events[0].text.starts_with("0 ") && model.events[499].text.starts_with("599 "));
    assert!(model.events.iter().all(|event| event.text.chars().count() <= 501));
    assert_eq!((model.warnings.len(), model.events_left_out), (50, 100));
}
