//! Examples of totals: which entries there are, thresholds, checks by group.

use super::*;
use crate::{
    Timestamp,
    recorder::Recorder,
    registry::{Contains, MetricKind, SERIES_LIMIT},
    threshold::parse_key,
};

fn group(key: &str, expressions: &[&str]) -> ThresholdGroup {
    let (metric, tags) = parse_key(key).unwrap();
    let thresholds = expressions.iter().map(|source| Threshold::parse(source).unwrap()).collect();
    ThresholdGroup { key: key.to_owned(), metric, tags, thresholds }
}

/// A run: what is recorded by one worker goes to totals at each `tick`.
struct Run {
    recorder: Recorder,
    totals: Totals,
}

impl Run {
    fn new(groups: &[ThresholdGroup]) -> Run {
        let registry = Registry::new(SERIES_LIMIT);
        registry.metric("mine", MetricKind::Counter, Contains::Default).unwrap();
        registry.watched_metric("watched", MetricKind::Trend, Contains::Default).unwrap();
        let totals = Totals::new(registry.clone(), groups);
        Run { recorder: Recorder::new(registry, false, 0), totals }
    }

    fn add(&mut self, metric: &str, tags: &[(&str, &str)], value: f64) -> &mut Run {
        let id = self.recorder.registry().find(metric).unwrap().id;
        let handle = self.recorder.handle(id, &TagSet::from_pairs(tags.iter().copied()));
        self.recorder.record(handle, value, Timestamp(0));
        self
    }

    fn tick(&mut self) {
        let interval = self.recorder.take_interval();
        self.totals.absorb(&interval);
        self.recorder.recycle(interval);
    }

    fn names(&self) -> Vec<&str> {
        self.totals.entries().iter().map(|entry| entry.name.as_str()).collect()
    }

    fn sum(&self, name: &str) -> f64 {
        match self.totals.entry(name).map(|entry| &entry.sink) {
            Some(Sink::Counter { sum }) => *sum,
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn entries_follow_the_registry_whatever_comes_first() {
    let mut run = Run::new(&[group("mine{b:2}", &[]), group("mine{a:1}", &[])]);
    assert_eq!(run.names(), ["mine", "mine{b:2}", "mine{a:1}"]);
    run.add("mine", &[("a", "1"), ("b", "2")], 1.0).tick();
    run.add("http_reqs", &[], 1.0).add("mine", &[("a", "1")], 4.0).tick();
    run.add("vus", &[], 1.0).add("mine", &[("a", "1")], 8.0).add("http_reqs", &[], 1.0).tick();
    assert_eq!(run.names(), ["vus", "http_reqs", "mine", "mine{b:2}", "mine{a:1}"]);
    assert_eq!(run.sum("mine"), 13.0);
    assert_eq!(run.sum("mine{b:2}"), 1.0);
    assert_eq!(run.sum("mine{a:1}"), 13.0);
    assert_eq!(run.sum("http_reqs"), 2.0);
}

#[test]
fn a_threshold_makes_its_metric_visible() {
    let run = Run::new(&[group("http_req_duration{a:b}", &["max<1"])]);
    assert_eq!(run.names(), ["http_req_duration", "http_req_duration{a:b}"]);
    assert!(run.totals.entries().iter().all(|entry| !entry.seen));
}

#[test]
fn the_sub_metric_of_expected_responses_needs_one() {
    let mut run = Run::new(&[]);
    run.add("http_req_duration", &[("expected_response", "false")], 1.0).tick();
    assert_eq!(run.names(), ["http_req_duration"]);
    run.add("http_req_duration", &[("expected_response", "true")], 2.0).tick();
    assert_eq!(run.names(), ["http_req_duration", EXPECTED_RESPONSE]);

    let mut listed = Run::new(&[group("http_req_duration{expected_response:true}", &["max<1"])]);
    listed.add("http_req_duration", &[("expected_response", "true")], 2.0).tick();
    assert_eq!(listed.names(), ["http_req_duration", EXPECTED_RESPONSE]);
}

#[test]
fn a_threshold_without_samples_fails_but_does_not_abort() {
    let mut aborting = group("mine", &["count>0"]);
    aborting.thresholds[0].abort_on_fail = true;
    let mut run = Run::new(&[aborting, group("http_reqs", &["count>=0"])]);
    assert!(run.totals.evaluate(Duration::from_secs(1)).is_empty());
    assert_eq!(run.totals.failed(), ["mine"]);
    run.add("mine", &[], 0.0).tick();
    assert_eq!(run.totals.evaluate(Duration::from_secs(2)), ["mine"]);
    run.add("mine", &[], 1.0).tick();
    assert!(run.totals.evaluate(Duration::from_secs(3)).is_empty());
    assert!(run.totals.failed().is_empty());
}

#[test]
fn a_threshold_on_what_was_not_seen_fails() {
    let mut groups = [group("watched{host:a}", &["max<2"]), group("watched{host:b}", &["max<2"])];
    groups.iter_mut().for_each(|group| group.thresholds[0].abort_on_fail = true);
    let mut run = Run::new(&groups);
    run.add("watched", &[("host", "a")], 1.0).tick();
    assert!(run.totals.evaluate(Duration::from_secs(1)).is_empty(), "it does not abort");
    assert_eq!(run.totals.failed(), ["watched{host:b}"]);
    run.add("watched", &[("host", "b")], 1.0).tick();
    run.totals.evaluate(Duration::from_secs(2));
    assert!(run.totals.failed().is_empty());
}

#[test]
fn an_abort_names_all_that_failed_with_samples() {
    let mut aborting = group("mine", &["count<1"]);
    aborting.thresholds[0].abort_on_fail = true;
    let patient = group("http_reqs", &["count>5"]);
    let mut run = Run::new(&[aborting, patient, group("vus", &["value>0"])]);
    run.add("http_reqs", &[], 1.0).tick();
    assert!(run.totals.evaluate(Duration::from_secs(1)).is_empty());
    run.add("mine", &[], 1.0).tick();
    assert_eq!(run.totals.evaluate(Duration::from_secs(2)), ["http_reqs", "mine"]);
    assert_eq!(run.totals.failed(), ["http_reqs", "mine", "vus"]);
}

/// What the windows of `expression` on `key` come to, a value in each second.
fn windows(key: &str, expression: &str, seconds: &[Option<f64>]) -> (InWindows, Vec<bool>) {
    let mut run = Run::new(&[group(key, &[expression])]);
    let metric = parse_key(key).unwrap().0;
    // Before there is load nothing counts.
    run.add(&metric, &[("a", "1")], 1e9).tick();
    assert!(!run.totals.end_second(false));
    let mut news = Vec::new();
    for value in seconds {
        // Of another sub-metric.
        run.add(&metric, &[("a", "2")], -1e9);
        if let Some(value) = value {
            run.add(&metric, &[("a", "1")], *value);
        }
        run.tick();
        news.push(run.totals.end_second(true));
    }
    run.totals.evaluate(Duration::from_secs(seconds.len() as u64));
    let state = run.totals.entry(key).unwrap().thresholds[0].clone();
    assert_eq!(state.last_failed, state.in_windows.broken.is_some());
    (state.in_windows, news)
}

#[test]
fn every_window_must_keep_a_threshold_that_has_one() {
    let check = |key: &str, expression: &str, seconds: &[Option<f64>], worst, broken| {
        let key = format!("{key}{{a:1}}");
        let (found, news) = windows(&key, expression, seconds);
        assert_eq!(found, InWindows { worst, broken }, "{key} {expression}");
        let expected: Vec<bool> = (1..=seconds.len() as u64)
            .map(|second| broken.is_some_and(|(_, at)| at == second))
            .collect();
        assert_eq!(news, expected, "{key} {expression}");
    };
    let trend = [Some(1.0), Some(5.0), Some(1.0), Some(9.0), Some(1.0)];
    check("http_req_duration", "avg<5 over 2s", &trend, Some(5.0), Some((5.0, 4)));
    check("http_req_duration", "avg<=5 over 2s", &trend, Some(5.0), None);
    check("http_req_duration", "min>0.5 over 1s", &trend, Some(1.0), None);
    check("http_req_duration", "max<6 over 3s", &trend, Some(9.0), Some((9.0, 4)));
    check("http_req_duration", "max<1 over 6s", &trend, None, None);
    // Nothing was measured, so nothing is known; but nothing was counted either.
    check("http_req_duration", "max<6 over 1s", &[None, Some(2.0), None], Some(2.0), None);
    check("mine", "rate>=2 over 2s", &[Some(4.0), None, None], Some(0.0), Some((0.0, 3)));
    check("mine", "count<5 over 2s", &[Some(4.0), Some(1.0)], Some(5.0), Some((5.0, 2)));
    check("checks", "rate>0.5 over 2s", &[Some(1.0), Some(0.0)], Some(0.5), Some((0.5, 2)));
    check("vus", "value<7 over 1s", &[Some(3.0), None, Some(7.0)], Some(7.0), Some((7.0, 3)));
}

#[test]
fn a_broken_window_aborts_after_the_delay() {
    let mut aborting = group("mine", &["count<2 over 1s"]);
    aborting.thresholds[0].abort_on_fail = true;
    aborting.thresholds[0].delay_abort_eval = Duration::from_secs(3);
    let mut run = Run::new(&[aborting]);
    run.add("mine", &[], 5.0).tick();
    assert!(run.totals.end_second(true));
    assert!(run.totals.evaluate(Duration::from_secs(1)).is_empty());
    assert!(!run.totals.end_second(true), "it is told once");
    assert_eq!(run.totals.evaluate(Duration::from_secs(3)), ["mine"]);
}

#[test]
fn failed_keys_are_sorted() {
    let keys = ["mine{b:1}", "mine", "http_reqs"];
    let mut run = Run::new(&keys.map(|key| group(key, &["count>0"])));
    run.totals.evaluate(Duration::from_secs(1));
    assert_eq!(run.totals.failed(), ["http_reqs", "mine", "mine{b:1}"]);
}

#[test]
fn abort_on_fail_waits_for_its_delay() {
    let mut late = group("mine", &["count<2", "rate<1"]);
    late.thresholds[0].abort_on_fail = true;
    late.thresholds[0].delay_abort_eval = Duration::from_secs(5);
    let mut run = Run::new(&[late]);
    run.add("mine", &[], 3.0).tick();
    assert!(run.totals.evaluate(Duration::from_secs(4)).is_empty());
    assert_eq!(run.totals.failed(), ["mine"]);
    assert_eq!(run.totals.evaluate(Duration::from_secs(5)), ["mine"]);
    let failed: Vec<bool> = run
        .totals
        .entry("mine")
        .unwrap()
        .thresholds
        .iter()
        .map(|state| state.last_failed)
        .collect();
    assert_eq!(failed, [true, false]);
}

#[test]
fn checks_by_group_in_order_of_first_sight() {
    let mut run = Run::new(&[]);
    for (group, check, value) in [
        ("::a::b", "x", 1.0),
        ("::a", "y", 0.0),
        ("::a", "x", 1.0),
        ("", "z", 1.0),
        ("::a", "y", 1.0),
    ] {
        run.add("checks", &[("group", group), ("check", check), ("scenario", "s")], value);
    }
    run.add("checks", &[("group", ""), ("check", "z"), ("scenario", "t")], 0.0);
    run.add("group_duration", &[("group", "::e")], 1.0).tick();

    let checks: Vec<_> = run.totals.checks();
    let check = |group, name| TagSet::from_pairs([("group", group), ("check", name)]);
    let expected = [
        (check("::a::b", "x"), 1, 0),
        (check("::a", "y"), 1, 1),
        (check("::a", "x"), 1, 0),
        (check("", "z"), 1, 1),
    ];
    assert_eq!(checks, expected);

    let root = run.totals.root_group();
    assert_eq!((root.path.as_str(), root.id.as_str()), ("", "d41d8cd98f00b204e9800998ecf8427e"));
    let [a, e] = &root.groups[..] else { panic!("{root:?}") };
    assert_eq!((a.name.as_str(), e.path.as_str()), ("a", "::e"));
    let names: Vec<_> = a.checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["y", "x"]);
    let [b] = &a.groups[..] else { panic!("{a:?}") };
    let [x] = &b.checks[..] else { panic!("{b:?}") };
    assert_eq!((x.path.as_str(), x.id.as_str()), ("::a::b::x", "e6219d832306280dd6747d908bad42c7"));
    assert_eq!(root.checks[0].id, "d02c3cd6cc1f75505c030ca8377f0724");
}

/// The worker that reports first need not be the one that was first.
#[test]
fn first_sight_is_that_of_the_scripts() {
    let mut run = Run::new(&[]);
    let mut other = Recorder::new(run.recorder.registry().clone(), false, 0);
    run.add("checks", &[("check", "first"), ("group", "::a")], 1.0);
    let tags = TagSet::from_pairs([("check", "second"), ("group", "::b")]);
    let second = other.handle(Builtin::Checks.id(), &tags);
    other.record(second, 1.0, Timestamp(0));
    run.totals.absorb(&other.take_interval());
    run.tick();
    let checks = run.totals.checks();
    let names: Vec<_> = checks.iter().map(|(tags, ..)| tags.get("check").unwrap()).collect();
    assert_eq!(names, ["first", "second"]);
    let root = run.totals.root_group();
    let groups: Vec<_> = root.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(groups, ["a", "b"]);
}

#[test]
fn groups_end_somewhere() {
    let mut run = Run::new(&[]);
    run.add("checks", &[("group", &"::x".repeat(50_000)), ("check", "c")], 1.0).tick();
    let root = run.totals.root_group();
    let depth = std::iter::successors(Some(&root), |group| group.groups.first()).count();
    assert_eq!(depth, 65);
}
