//! A whole run, from the first VU to the last interval.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU8, AtomicU64},
        mpsc::{Receiver, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use plimsoll_metrics::{Observation, Registry, Totals, threshold::ThresholdGroup};
use plimsoll_runtime::{clock::Instant, workers};
use tokio::sync::watch;

use crate::{
    config::RunConfig,
    control::{Control, StopReason},
    hub::{Hub, Observer, REPORTS_LIMIT, RETURNS_LIMIT, Reached},
    live::{Live, Padded, ScenarioRun},
    plan::Plan,
    progress::Stage,
    runner::{RunError, RunErrorKind, Runner, ScenarioContext},
    worker::{self, Order, Shared},
};

/// From the hub's decision to the first scheduled start, so that every worker is there in time.
const LEAD: Duration = Duration::from_millis(2);

/// Everything that a run needs.
pub struct RunSetup<R: Runner> {
    pub config: RunConfig,
    pub runner: Arc<R>,
    pub registry: Registry,
    pub thresholds: Vec<ThresholdGroup>,
    pub control: Arc<Control>,
    pub observer: Box<dyn Observer>,
    /// Whether some output needs each sample.
    pub keep_samples: bool,
    /// What is recorded beside the load, by whoever holds the other end.
    pub observations: Option<Receiver<Observation>>,
}

/// What a run ends with; totals are there however it ended.
pub struct Finished {
    pub totals: Totals,
    /// From the start of setup to the end of teardown: what k6 divides counts by.
    pub duration: Duration,
    pub stopped: Option<StopReason>,
    /// Of a VU's init, setup or teardown.
    pub error: Option<RunError>,
    /// `test.fail()` was called.
    pub test_failed: bool,
}

/// Blocks until the run is over.
pub fn run<R: Runner>(setup: RunSetup<R>) -> Finished {
    let plan = Plan::new(&setup.config);
    let totals = Totals::new(setup.registry.clone(), &setup.thresholds);
    if let Err(error) = plan.check() {
        return Finished::refused(totals, error);
    }
    let count = if setup.config.workers == 0 { workers::cores() } else { setup.config.workers };
    let live = Arc::new(live(&plan, count));
    let control = setup.control;
    if setup.config.paused {
        control.pause();
    }
    control.attach(Arc::clone(&live));
    let (orders, orders_seen) = watch::channel(Order::Prepare);
    let (reports, reports_seen) = sync_channel(REPORTS_LIMIT);
    let (returns, returned): (Vec<_>, Vec<_>) =
        (0..count).map(|_| sync_channel(RETURNS_LIMIT)).unzip();
    let shared = Arc::new(Shared {
        runner: setup.runner,
        registry: setup.registry,
        keep_samples: setup.keep_samples,
        singles_limit: setup.observer.singles_limit(),
        control: Arc::clone(&control),
        workers: count,
        live: Arc::clone(&live),
        orders: orders_seen,
        reports,
        returns: Mutex::new(returned.into_iter().map(Some).collect()),
        next_vu: AtomicU64::new(plan.planned_vus),
        config: setup.config,
        plan,
    });
    let mut hub = Hub::new(reports_seen, returns, &control, setup.observer, totals);
    hub.observations = setup.observations;
    let on_thread = Arc::clone(&shared);
    let spawned =
        workers::spawn(count, "plimsoll", move |index| worker::main(Arc::clone(&on_thread), index));
    let threads = match spawned {
        Ok(threads) => threads,
        Err(error) => {
            let message = format!("cannot start worker threads: {error}");
            let error = RunError { kind: RunErrorKind::Other, message, hint: None };
            return Finished::refused(hub.finish(Duration::ZERO), error);
        }
    };
    Conductor { hub, orders, threads, shared }.conduct()
}

fn live(plan: &Plan, workers: usize) -> Live {
    let scenario = |planned: &crate::plan::PlannedScenario| {
        Arc::new(ScenarioRun::new(planned.clone(), workers, plan))
    };
    Live {
        scenarios: plan.scenarios.iter().map(scenario).collect(),
        initialized: (0..workers).map(|_| Padded::default()).collect(),
        planned_vus: plan.planned_vus,
        max_duration: plan.max_duration,
        stage: AtomicU8::new(0),
        origin: OnceLock::new(),
        ended: OnceLock::new(),
    }
}

impl Finished {
    /// Nothing was run.
    fn refused(totals: Totals, error: RunError) -> Finished {
        let error = Some(error);
        Finished { totals, duration: Duration::ZERO, stopped: None, error, test_failed: false }
    }
}

/// Leads the workers through the stages of a run.
struct Conductor<'a, R: Runner> {
    hub: Hub<'a>,
    orders: watch::Sender<Order>,
    threads: Vec<JoinHandle<()>>,
    shared: Arc<Shared<R>>,
}

impl<R: Runner> Conductor<'_, R> {
    fn conduct(mut self) -> Finished {
        let control = Arc::clone(&self.shared.control);
        let live = Arc::clone(&self.shared.live);
        let count = self.shared.workers;
        let ready = self.until(|reached| reached.ready == count) && self.resumed();
        let origin = Instant::now();
        live.origin.set(origin).ok();
        if ready && self.hub.reached.error.is_none() && !control.is_draining() {
            self.hub.begin(origin);
            self.test(origin);
        }
        let ended = Instant::now();
        live.ended.set(ended).ok();
        Stage::Done.store(&live);
        let duration = ended.since(origin);
        let finished = self.order(Order::Finish, |reached| reached.finished == count);
        let error = self.hub.reached.error.take();
        let broken = !finished && has_broken(&self.threads, &self.hub.reached);
        if finished {
            for thread in self.threads.drain(..) {
                // A panic after the last report has nothing left to spoil.
                drop(thread.join());
            }
        }
        let stopped = control.reason();
        let error = match (&stopped, error) {
            (Some(StopReason::Error(error)), None) => Some(error.clone()),
            (_, None) if broken && !control.is_aborted() => Some(RunError {
                kind: RunErrorKind::Other,
                message: "a worker thread broke down".to_owned(),
                hint: None,
            }),
            (_, error) => error,
        };
        let totals = self.hub.finish(duration);
        Finished { totals, duration, stopped, error, test_failed: control.is_marked_failed() }
    }

    /// Setup, scenarios, teardown.
    fn test(&mut self, origin: Instant) {
        let control = Arc::clone(&self.shared.control);
        let live = Arc::clone(&self.shared.live);
        let (no_setup, no_teardown) = (self.shared.config.no_setup, self.shared.config.no_teardown);
        Stage::Setup.store(&live);
        let set_up = self.order(Order::Setup { origin }, |reached| no_setup || reached.setup);
        if !set_up || self.hub.reached.error.is_some() || control.is_draining() {
            return;
        }
        Stage::Scenarios.store(&live);
        let start = Instant::now() + LEAD;
        let contexts = self.contexts(start);
        let count = self.shared.workers;
        let done =
            self.order(Order::Run { origin, start, contexts }, |r| r.scenarios_done == count);
        if !done || no_teardown || control.is_aborted() {
            return;
        }
        Stage::Teardown.store(&live);
        self.order(Order::Teardown, |reached| reached.teardown);
    }

    /// What the VUs of each scenario that has work will see.
    fn contexts(&self, start: Instant) -> Arc<[Arc<ScenarioContext>]> {
        let config = &self.shared.config;
        let working = self.shared.live.scenarios.iter().filter(|run| run.plan.has_work());
        let contexts = working.map(|run| {
            let start = start + run.plan.scenario.start_time;
            run.began.set(start).ok();
            Arc::new(run.context(&config.run_tags, config.tag_scenario, start))
        });
        contexts.collect()
    }

    /// Waits while the run is paused before its start.
    fn resumed(&mut self) -> bool {
        let control = Arc::clone(&self.shared.control);
        self.until(|_| !control.is_paused() || control.is_draining())
    }

    fn order(&mut self, order: Order, done: impl Fn(&Reached) -> bool) -> bool {
        self.orders.send_replace(order);
        self.until(done)
    }

    fn until(&mut self, done: impl Fn(&Reached) -> bool) -> bool {
        let threads = &self.threads;
        self.hub.until(done, |reached| !has_broken(threads, reached))
    }
}

/// Whether a thread has ended that did not say so. One that has may be some time ahead of the others.
fn has_broken(threads: &[JoinHandle<()>], reached: &Reached) -> bool {
    threads.iter().filter(|thread| thread.is_finished()).count() > reached.finished
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    #[test]
    fn a_thread_that_is_ahead_of_the_others_is_not_broken() {
        let (hold, held) = mpsc::sync_channel::<()>(0);
        let slow = thread::spawn(move || _ = held.recv().ok());
        let quick = thread::spawn(|| {});
        while !quick.is_finished() {
            thread::yield_now();
        }
        let threads = [slow, quick];
        let reached = |finished| Reached { finished, ..Reached::default() };
        assert!(!has_broken(&threads, &reached(1)));
        assert!(has_broken(&threads, &reached(0)), "it ended without a word");
        drop(hold);
    }
}
