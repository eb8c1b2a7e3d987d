//! Monitors of probes that do as a test says.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use plimsoll_metrics::{Contains, Event, MetricKind, Sink, registry::SERIES_LIMIT};
use plimsoll_runtime::{clock::Instant, timer};

use super::*;
use crate::{
    metric::{Metric, Unit},
    probe::{Probe, ProbeError, Reading},
};

static LEVEL: Metric = Metric {
    name: "scripted_level",
    kind: MetricKind::Trend,
    contains: Contains::Default,
    unit: Unit::Count,
    tags: &[],
    source: "a test",
    about: "the number of the reading",
};

static METRICS: &[&Metric] = &[&LEVEL];

/// What a reading does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Works,
    Fails,
    Hangs,
    Panics,
}

/// Does the acts in turn, then the last for ever.
#[derive(Debug)]
struct Scripted(&'static str, &'static [Act]);

impl Subject for Scripted {
    fn name(&self) -> &str {
        self.0
    }

    fn metrics(&self) -> &'static [&'static Metric] {
        METRICS
    }

    fn probe(self: Box<Self>) -> Result<Box<dyn Probe>, ProbeError> {
        if self.1.is_empty() {
            return Err(ProbeError::new("it cannot be"));
        }
        Ok(Box::new(ScriptedProbe { name: self.0, acts: self.1, done: Cell::new(0) }))
    }
}

struct ScriptedProbe {
    name: &'static str,
    acts: &'static [Act],
    done: Cell<usize>,
}

impl Probe for ScriptedProbe {
    fn read<'a>(&'a mut self, readings: &'a Readings) -> Reading<'a> {
        Box::pin(async {
            let number = self.done.replace(self.done.get() + 1);
            let act = self.acts.get(number).or(self.acts.last()).copied();
            match act {
                Some(Act::Works) | None => {
                    let tags = readings.host().with("name", self.name);
                    readings.record(&LEVEL, &tags, number as f64);
                    Ok(())
                }
                Some(Act::Fails) => Err(ProbeError::new(format_args!("reading {number} failed"))),
                Some(Act::Hangs) => {
                    timer::sleep_until(Instant::FAR_FUTURE).await;
                    Ok(())
                }
                Some(Act::Panics) => panic!("as the test wants"),
            }
        })
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(3)
    }
}

/// After so many ticks without what a test waits for, it will not come.
const TICKS_MAX: usize = 10_000;

/// Ticks of what is watched, one each millisecond, until `is_enough` of the events and of the names of what
/// was read: log lines, events, and those names. On a busy machine ticks pass without a reading.
fn check(
    subjects: Vec<Box<dyn Subject>>,
    is_enough: impl Fn(&[Event], &[String]) -> bool,
) -> (Vec<String>, Vec<Event>, Vec<String>) {
    let registry = Registry::new(SERIES_LIMIT);
    let log = Log::memory();
    let readings = Readings::new(registry.clone(), "here", false);
    let (stop, stopped) = oneshot::channel();
    let (ready, first) = mpsc::sync_channel(1);
    let (mut stop, mut ticks) = (Some(stop), 0);
    let (mut events, mut names) = (Vec::new(), Vec::new());
    workers::block_on(async {
        let emit = |observation: Observation| {
            events.extend(observation.events);
            for (series, sink) in &observation.interval.sinks {
                let Sink::Trend(_) = sink else { panic!("{sink:?}") };
                names.push(registry.series_def(*series).tags.get("name").unwrap().to_owned());
            }
            ticks += 1;
            if ticks == TICKS_MAX || is_enough(&events, &names) {
                drop(stop.take());
            }
        };
        let sampler = Sampler::new(readings, log.clone(), emit);
        sampler.run(subjects, Duration::from_millis(1), ready, stopped).await;
    })
    .unwrap();
    assert_eq!(first.try_recv(), Ok(()), "somebody waits for the first readings");
    (log.lines(), events, names)
}

#[test]
fn a_failure_is_told_once_and_so_is_the_recovery() {
    use Act::{Fails, Works};
    let acts: &[Act] = &[Works, Fails, Fails, Fails, Works, Works, Fails, Works];
    let (lines, events, names) =
        check(vec![Box::new(Scripted("web", acts))], |events, _| events.len() >= 4);
    assert_eq!(
        lines,
        [
            "level=warning msg=\"cannot watch web: reading 1 failed\"",
            "level=info msg=\"web is watched again\"",
            "level=warning msg=\"cannot watch web: reading 6 failed\"",
            "level=info msg=\"web is watched again\"",
        ]
    );
    let texts: Vec<_> =
        events.iter().map(|event| (event.kind.as_str(), event.text.as_str())).collect();
    assert_eq!(
        texts,
        [
            ("probe", "cannot watch web: reading 1 failed"),
            ("probe", "web is watched again"),
            ("probe", "cannot watch web: reading 6 failed"),
            ("probe", "web is watched again"),
        ]
    );
    // The first, one or two between the failures (a late one comes with the next), and the one after them.
    assert!(names.len() >= 3, "{names:?}");
}

#[test]
fn one_that_hangs_delays_nobody() {
    let subjects: Vec<Box<dyn Subject>> =
        vec![Box::new(Scripted("slow", &[Act::Hangs])), Box::new(Scripted("web", &[Act::Works]))];
    let is_enough = |events: &[Event], names: &[String]| !events.is_empty() && names.len() >= 30;
    let (lines, _, names) = check(subjects, is_enough);
    assert_eq!(lines, ["level=warning msg=\"cannot watch slow: no answer within 3ms\""]);
    assert!(names.len() >= 30 && names.iter().all(|name| name == "web"), "{names:?}");
}

#[test]
fn one_that_panics_or_cannot_be_leaves_the_others() {
    let subjects: Vec<Box<dyn Subject>> = vec![
        Box::new(Scripted("never", &[])),
        Box::new(Scripted("bad", &[Act::Panics])),
        Box::new(Scripted("web", &[Act::Works])),
    ];
    let (lines, events, names) =
        check(subjects, |events, names| events.len() >= 2 && names.len() >= 3);
    assert_eq!(
        lines,
        [
            "level=warning msg=\"cannot watch never: it cannot be\"",
            "level=warning msg=\"cannot watch bad: its probe panicked\"",
        ]
    );
    assert_eq!(events.len(), 2);
    assert!(names.len() >= 3, "{names:?}");
}

#[test]
fn a_monitor_from_start_to_stop() {
    let registry = Registry::new(SERIES_LIMIT);
    let mut settings = Settings::new(&["host", " host "]).unwrap();
    assert_eq!(
        settings.subjects.iter().map(|s| s.name()).collect::<Vec<_>>(),
        ["generator", "host"]
    );
    settings.host = "here".to_owned();
    settings.every = INTERVAL_MIN;
    let seen = Arc::new(AtomicUsize::new(0));
    let monitor = start(settings, &registry, &Log::memory(), {
        let seen = Arc::clone(&seen);
        move |_| {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    })
    .unwrap();
    assert!(registry.find("host_cpu_utilization").is_some(), "thresholds can name it");
    workers::block_on(timer::sleep(INTERVAL_MIN * 2)).unwrap();
    monitor.stop();
    let emitted = seen.load(Ordering::Relaxed);
    assert!(emitted >= 1);
}

#[test]
fn what_cannot_be_started() {
    let registry = Registry::new(SERIES_LIMIT);
    let settings = || Settings::new(&["host"]).unwrap();
    let check = |settings: Settings, expected: &str| {
        let error = start(settings, &registry, &Log::memory(), |_| {}).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let too_often = Settings { every: Duration::from_millis(99), ..settings() };
    check(too_often, "cannot watch every 99ms: the shortest interval is 100ms");
    registry.metric("host_cpu_user", MetricKind::Counter, Contains::Default).unwrap();
    check(
        settings(),
        "cannot watch: metric 'host_cpu_user' already exists but with type counter, instead of trend",
    );
}

#[test]
fn things_of_one_label_are_told_apart() {
    let (own, name) = (std::process::id(), std::fs::read_to_string("/proc/self/comm").unwrap());
    let name = name.trim();
    let check = |watch: &[String], expected: &[&str]| {
        let settings = Settings::named(watch).unwrap();
        let labels: Vec<_> =
            settings.subjects.iter().filter_map(|subject| subject.label()).collect();
        assert_eq!(labels, expected);
    };
    let (by_pid, by_name) = (format!("pid:{own}"), format!("name:{name}"));
    check(std::slice::from_ref(&by_pid), &[name]);
    check(&[by_name.clone(), by_pid.clone()], &[name, &format!("{name}-{own}")]);
    check(&[by_pid, by_name.clone()], &[name, &by_name]);
}
