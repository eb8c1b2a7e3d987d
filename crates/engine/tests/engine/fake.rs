//! A runner whose iterations sleep as told, and a log of what was run.

use std::{
    collections::BTreeMap,
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};

use plimsoll_engine::{
    abort::AbortWhen,
    config::{Executor, RunConfig, Scenario},
    control::{Control, Figures},
    hub::{Observer, SinglesLimit},
    progress::ScenarioProgress,
    run::{Finished, RunSetup, run},
    runner::{Iteration, Outcome, RunError, RunErrorKind, Runner, Vu, VuId},
    worker::Worker,
};
use plimsoll_metrics::{
    Builtin, Histogram, Interval, RawSample, Registry, Sink, TagSet, Timestamp, Totals,
    registry::SERIES_LIMIT,
    threshold::ThresholdGroup,
    window::{Condition, Sources, Window},
};
use plimsoll_runtime::{clock::Instant, timer};

pub(crate) const MS: Duration = Duration::from_millis(1);

/// What an iteration does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Sleep(Duration),
    /// Never ends, and looks at its deadline whenever it is polled.
    Wait,
    /// Never ends and does not care.
    Hang,
    Panic,
    /// `test.abort()`
    Abort,
    /// Stops the run from outside, as Ctrl-C does, and goes on.
    Signal,
    /// Says that there is nothing left to do, and goes on for a while.
    Exhaust(Duration),
}

/// What an iteration of a VU does.
pub(crate) type ActOf = dyn Fn(&Iteration, VuId) -> Act + Send + Sync;

/// What was run.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) scenario: String,
    pub(crate) vu: VuId,
    pub(crate) in_instance: u64,
    pub(crate) in_test: u64,
}

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) iterations: Mutex<Vec<Entry>>,
    pub(crate) stages: Mutex<Vec<&'static str>>,
    pub(crate) made: Mutex<Vec<u64>>,
    /// Workers that were told that they have finished.
    pub(crate) finished: Mutex<Vec<usize>>,
    pub(crate) intervals: Mutex<Vec<Timestamp>>,
    pub(crate) samples: Mutex<u64>,
    /// Of `iterations`: samples, sums in what was not told singly, samples that were all the same.
    pub(crate) singles: Mutex<u64>,
    pub(crate) condensed: Mutex<f64>,
    pub(crate) surplus: Mutex<u64>,
    pub(crate) notices: Mutex<Vec<String>>,
}

pub(crate) struct Test {
    pub(crate) act: Box<ActOf>,
    pub(crate) config: RunConfig,
    pub(crate) setup: Result<(), RunError>,
    /// Setup lasts until the run stops, and then fails.
    pub(crate) endless_setup: bool,
    pub(crate) init: Result<(), RunError>,
    pub(crate) thresholds: Vec<ThresholdGroup>,
    pub(crate) keep_samples: bool,
    pub(crate) singles_limit: Option<SinglesLimit>,
    /// Conditions on a window that end the run.
    pub(crate) abort_when: Vec<&'static str>,
    pub(crate) control: Arc<Control>,
}

pub(crate) struct Ended {
    pub(crate) finished: Finished,
    pub(crate) figures: Figures,
    pub(crate) progress: Vec<ScenarioProgress>,
    pub(crate) log: Arc<Log>,
}

impl Test {
    pub(crate) fn new(scenarios: Vec<Scenario>, act: Act) -> Test {
        Test {
            act: Box::new(move |_, _| act),
            config: RunConfig { scenarios, workers: 2, tag_scenario: true, ..RunConfig::default() },
            setup: Ok(()),
            endless_setup: false,
            init: Ok(()),
            thresholds: Vec::new(),
            keep_samples: false,
            singles_limit: None,
            abort_when: Vec::new(),
            control: Arc::default(),
        }
    }

    pub(crate) fn run(self) -> Ended {
        let log = Arc::new(Log::default());
        let runner = FakeRunner {
            act: Arc::from(self.act),
            log: Arc::clone(&log),
            setup: self.setup,
            endless_setup: self.endless_setup,
            init: self.init,
        };
        let registry = Registry::new(SERIES_LIMIT);
        let conditions = self.abort_when.iter().map(|c| Condition::parse(c).unwrap()).collect();
        let window = Window::new(registry.clone(), conditions, Sources::default()).unwrap();
        let limit = self.singles_limit;
        let watch = Watch { log: Arc::clone(&log), registry: registry.clone(), limit };
        let watch = Box::new(watch);
        let finished = run(RunSetup {
            config: self.config,
            runner: Arc::new(runner),
            registry,
            thresholds: self.thresholds,
            control: Arc::clone(&self.control),
            observer: Box::new(AbortWhen::new(window, Arc::clone(&self.control), watch)),
            keep_samples: self.keep_samples,
            observations: None,
        });
        let progress = self.control.progress();
        Ended { finished, figures: self.control.figures(), progress, log }
    }
}

impl Ended {
    /// The sum of a counter, 0 when it has no samples.
    pub(crate) fn counter(&self, name: &str) -> f64 {
        match self.finished.totals.entry(name).map(|entry| &entry.sink) {
            Some(Sink::Counter { sum }) => *sum,
            None => 0.0,
            Some(other) => panic!("{name} is no counter: {other:?}"),
        }
    }

    /// Samples of a trend.
    pub(crate) fn trend_count(&self, name: &str) -> u64 {
        self.trend(name).map_or(0, Histogram::count)
    }

    /// Milliseconds, all samples together.
    pub(crate) fn trend_sum(&self, name: &str) -> f64 {
        self.trend(name).map_or(0.0, Histogram::sum)
    }

    /// The highest value of a gauge.
    pub(crate) fn gauge_max(&self, name: &str) -> f64 {
        match self.finished.totals.entry(name).map(|entry| &entry.sink) {
            Some(Sink::Gauge { max, .. }) => *max,
            other => panic!("{name} is no gauge: {other:?}"),
        }
    }

    fn trend(&self, name: &str) -> Option<&Histogram> {
        match &self.finished.totals.entry(name)?.sink {
            Sink::Trend(histogram) => Some(histogram),
            other => panic!("{name} is no trend: {other:?}"),
        }
    }

    pub(crate) fn iterations(&self) -> Vec<Entry> {
        self.log.iterations.lock().unwrap().clone()
    }

    pub(crate) fn stages(&self) -> Vec<&'static str> {
        self.log.stages.lock().unwrap().clone()
    }

    /// `[completed, interrupted, dropped]`, which the metrics must agree with.
    pub(crate) fn check(&self) -> [u64; 3] {
        let f = self.figures;
        assert_eq!(self.counter("iterations") as u64, f.iterations_completed);
        assert_eq!(self.trend_count("iteration_duration"), f.iterations_completed);
        assert_eq!(self.counter("dropped_iterations") as u64, f.iterations_dropped);
        assert_eq!(f.vus_active, 0);
        let started = f.iterations_completed + f.iterations_interrupted;
        assert_eq!(self.iterations().len() as u64, started);
        [f.iterations_completed, f.iterations_interrupted, f.iterations_dropped]
    }

    /// VU ids that ran, and that each scenario's iterations are numbered 0.. without a gap.
    pub(crate) fn vus(&self) -> Vec<u64> {
        let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for entry in self.iterations() {
            numbers.entry(entry.scenario).or_default().push(entry.in_instance);
        }
        for numbers in numbers.values_mut() {
            numbers.sort_unstable();
            assert_eq!(*numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        }
        let mut vus: Vec<_> = self.iterations().iter().map(|entry| entry.vu.in_instance).collect();
        vus.sort_unstable();
        vus.dedup();
        vus
    }
}

pub(crate) fn scenario(name: &str, executor: Executor) -> Scenario {
    Scenario {
        name: name.to_owned(),
        executor,
        start_time: Duration::ZERO,
        graceful_stop: 200 * MS,
        exec: "default".to_owned(),
        env: BTreeMap::new(),
        tags: BTreeMap::new(),
    }
}

pub(crate) fn error(kind: RunErrorKind) -> RunError {
    RunError { kind, message: "wrong".to_owned(), hint: None }
}

struct FakeRunner {
    act: Arc<ActOf>,
    log: Arc<Log>,
    setup: Result<(), RunError>,
    endless_setup: bool,
    init: Result<(), RunError>,
}

struct FakeVu {
    id: VuId,
    act: Arc<ActOf>,
    log: Arc<Log>,
    control: Arc<Control>,
}

impl Runner for FakeRunner {
    type Vu = FakeVu;

    async fn init_vu(&self, id: VuId, worker: &Rc<Worker>) -> Result<FakeVu, RunError> {
        self.log.made.lock().unwrap().push(id.in_instance);
        self.init.clone()?;
        let control = Arc::clone(&worker.control);
        Ok(FakeVu { id, act: Arc::clone(&self.act), log: Arc::clone(&self.log), control })
    }

    async fn setup(&self, worker: &Rc<Worker>) -> Result<(), RunError> {
        assert_eq!(worker.index, 0);
        self.log.stages.lock().unwrap().push("setup");
        if self.endless_setup {
            let stopping = |_: &mut std::task::Context<'_>| match worker.control.is_stopping() {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            };
            std::future::poll_fn(stopping).await;
            return Err(error(RunErrorKind::Other));
        }
        self.setup.clone()
    }

    async fn teardown(&self, _worker: &Rc<Worker>) -> Result<(), RunError> {
        self.log.stages.lock().unwrap().push("teardown");
        Ok(())
    }

    fn worker_finished(&self, worker: &Rc<Worker>) {
        self.log.finished.lock().unwrap().push(worker.index);
    }
}

impl Vu for FakeVu {
    async fn iterate(&mut self, iteration: Iteration) -> Outcome {
        let entry = Entry {
            scenario: iteration.scenario.context.scenario.name.clone(),
            vu: self.id,
            in_instance: iteration.in_instance,
            in_test: iteration.in_test,
        };
        self.log.iterations.lock().unwrap().push(entry);
        let deadline = Rc::clone(&iteration.deadline);
        let interrupted = std::future::poll_fn(move |_| {
            if deadline.get() <= Instant::now() {
                std::task::Poll::Ready(Outcome::Interrupted)
            } else {
                std::task::Poll::Pending
            }
        });
        match (self.act)(&iteration, self.id) {
            Act::Sleep(duration) => {
                tokio::select! {
                    biased;
                    () = timer::sleep(duration) => Outcome::Completed,
                    outcome = interrupted => outcome,
                }
            }
            Act::Wait => interrupted.await,
            Act::Hang => std::future::pending().await,
            Act::Panic => panic!("as told"),
            Act::Abort => {
                let reason = plimsoll_engine::control::StopReason::ScriptAbort("enough".to_owned());
                self.control.stop(reason);
                Outcome::Aborted
            }
            Act::Exhaust(duration) => {
                self.control.drain(plimsoll_engine::control::StopReason::Exhausted);
                tokio::select! {
                    biased;
                    () = timer::sleep(duration) => Outcome::Completed,
                    outcome = interrupted => outcome,
                }
            }
            Act::Signal => {
                self.control.stop(plimsoll_engine::control::StopReason::Signal);
                interrupted.await
            }
        }
    }

    fn tags(&self) -> TagSet {
        TagSet::default().with("group", "")
    }

    fn metadata(&self) -> Option<TagSet> {
        None
    }
}

struct Watch {
    log: Arc<Log>,
    registry: Registry,
    limit: Option<SinglesLimit>,
}

impl Watch {
    fn iterations(&self, samples: &[RawSample]) -> u64 {
        let is_one = |sample: &&RawSample| {
            self.registry.series_def(sample.series).metric == Builtin::Iterations.id()
        };
        samples.iter().filter(is_one).count() as u64
    }
}

impl Observer for Watch {
    fn interval(&mut self, at: Timestamp, _interval: &Interval, _totals: &Totals) {
        self.log.intervals.lock().unwrap().push(at);
    }

    fn samples(&mut self, samples: Vec<RawSample>, lost: u64) {
        *self.log.samples.lock().unwrap() += samples.len() as u64 + lost;
        *self.log.singles.lock().unwrap() += self.iterations(&samples);
    }

    fn singles_limit(&self) -> Option<SinglesLimit> {
        self.limit
    }

    fn condensed(&mut self, from: Timestamp, to: Timestamp, interval: &Interval) {
        assert!(from < to, "{from:?} {to:?}");
        for (series, sink) in &interval.sinks {
            let metric = self.registry.series_def(*series).metric;
            if let (true, Sink::Counter { sum }) = (metric == Builtin::Iterations.id(), sink) {
                *self.log.condensed.lock().unwrap() += sum;
            }
        }
    }

    fn surplus(&mut self, samples: Vec<RawSample>, lost: u64) {
        *self.log.surplus.lock().unwrap() += self.iterations(&samples) + lost;
    }

    fn notice(&mut self, _is_error: bool, message: &str, _fields: &[(&str, &str)]) {
        self.log.notices.lock().unwrap().push(message.to_owned());
    }
}
