//! One worker thread: its recorder, its VUs, and its part of each stage of a run.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender},
    },
};

use plimsoll_metrics::{Interval, RawSample, Recorder, Registry};
use plimsoll_runtime::clock::Instant;
use tokio::{
    sync::watch,
    task::{JoinHandle, spawn_local},
};

use crate::{
    config::RunConfig,
    control::Control,
    drive::run_scenario,
    hub::SinglesLimit,
    live::{Live, ScenarioRun},
    plan::Plan,
    runner::{RunError, Runner, ScenarioContext, ScenarioHandle, VuId},
};

mod pool;
mod report;

pub(crate) use pool::Pool;

/// Raw samples that a worker keeps between two hand-overs to the hub; more are counted as lost.
const SAMPLE_LIMIT: usize = 200_000;

/// Shared by everything on one worker thread.
pub struct Worker {
    pub index: usize,
    pub count: usize,
    /// Borrowed only for the length of one call, never across an await.
    pub recorder: Rc<RefCell<Recorder>>,
    pub control: Arc<Control>,
}

/// What the hub has the workers do.
#[derive(Clone)]
pub(crate) enum Order {
    /// Make the planned VUs.
    Prepare,
    /// Worker 0 runs setup; seconds are counted from `origin`.
    Setup {
        origin: Instant,
    },
    Run {
        origin: Instant,
        start: Instant,
        contexts: Arc<[Arc<ScenarioContext>]>,
    },
    /// Worker 0 runs teardown.
    Teardown,
    Finish,
}

/// What a worker tells the hub.
pub(crate) enum Report {
    Ready(Result<(), RunError>),
    Setup(Result<(), RunError>),
    ScenariosDone,
    Teardown(Result<(), RunError>),
    /// All until second `second` since the origin.
    Interval {
        worker: usize,
        second: u64,
        interval: Interval,
        /// Its samples, where they have a limit.
        samples: Vec<RawSample>,
        lost: u64,
        /// Whether it has more of them than that.
        is_over: bool,
    },
    Samples {
        samples: Vec<RawSample>,
        lost: u64,
        /// Whether they are of an interval with more than the limit.
        is_surplus: bool,
    },
    Notice(Notice),
    Finished,
}

/// Something for the log.
pub(crate) struct Notice {
    pub(crate) is_error: bool,
    pub(crate) message: String,
    pub(crate) fields: Vec<(&'static str, String)>,
}

impl Notice {
    pub(crate) fn warning(message: String, fields: Vec<(&'static str, String)>) -> Notice {
        Notice { is_error: false, message, fields }
    }

    pub(crate) fn error(message: String) -> Notice {
        Notice { is_error: true, message, fields: Vec::new() }
    }
}

/// What all workers of a run share.
pub(crate) struct Shared<R> {
    pub(crate) config: RunConfig,
    pub(crate) plan: Plan,
    pub(crate) runner: Arc<R>,
    pub(crate) registry: Registry,
    pub(crate) keep_samples: bool,
    pub(crate) singles_limit: Option<SinglesLimit>,
    pub(crate) control: Arc<Control>,
    pub(crate) workers: usize,
    pub(crate) live: Arc<Live>,
    pub(crate) orders: watch::Receiver<Order>,
    pub(crate) reports: SyncSender<Report>,
    /// By worker: intervals that come back for reuse.
    pub(crate) returns: Mutex<Vec<Option<Receiver<Interval>>>>,
    /// Index of the next unplanned VU.
    pub(crate) next_vu: AtomicU64,
}

/// A worker's own view of a run.
pub(crate) struct Home<R: Runner> {
    pub(crate) worker: Rc<Worker>,
    pub(crate) shared: Arc<Shared<R>>,
    pub(crate) pool: Pool<R::Vu>,
    outbox: report::Outbox,
}

impl<R: Runner> Home<R> {
    /// This worker's slots of a scenario, with their VU's index in the pool.
    pub(crate) fn slots_of(&self, run: &ScenarioRun) -> Vec<(usize, usize)> {
        let own = |(_, index): &(usize, usize)| index % self.worker.count == self.worker.index;
        run.plan.slots.iter().copied().enumerate().filter(own).collect()
    }

    /// The worker of each of a scenario's slots.
    pub(crate) fn workers_of(&self, run: &ScenarioRun) -> Vec<usize> {
        run.plan.slots.iter().map(|index| index % self.worker.count).collect()
    }

    /// Tells the hub something for the log.
    pub(crate) fn notify(&self, notice: Notice) {
        self.report(Report::Notice(notice));
    }

    /// The hub reads until the worker has finished; when it has given up there is nobody to tell.
    fn report(&self, report: Report) {
        drop(self.shared.reports.send(report));
    }

    pub(crate) async fn make_unplanned(&self) -> Result<R::Vu, RunError> {
        let index = self.shared.next_vu.fetch_add(1, Relaxed);
        self.make(index).await
    }

    async fn make(&self, index: u64) -> Result<R::Vu, RunError> {
        let in_test = self.shared.plan.segment.striping().global(index) + 1;
        let id = VuId { in_instance: index + 1, in_test };
        let vu = self.shared.runner.init_vu(id, &self.worker).await?;
        if let Some(count) = self.shared.live.initialized.get(self.worker.index) {
            count.0.add(1);
        }
        Ok(vu)
    }

    async fn prepare(&self) -> Result<(), RunError> {
        for index in self.pool.indices() {
            if self.worker.control.is_draining() {
                return Ok(());
            }
            match self.make(index as u64).await {
                Ok(vu) => self.pool.put(index, vu),
                // Cut short, not failed.
                Err(_) if self.worker.control.is_stopping() => return Ok(()),
                Err(error) => return Err(error),
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Runs setup or teardown (`work`) until it ends or `over` says that it must; it is then polled
    /// for a while, so that it may end by itself. How it ends then is no error of its own.
    async fn once(
        &self,
        work: impl Future<Output = Result<(), RunError>>,
        over: fn(&Control) -> bool,
    ) -> Result<(), RunError> {
        let control = &self.worker.control;
        let mut work = std::pin::pin!(work);
        let result = tokio::select! {
            result = &mut work => result,
            () = control.when(over) => {
                let patience = Instant::now() + crate::drive::INTERRUPT_GRACE;
                plimsoll_runtime::timer::timeout_at(patience, work).await.unwrap_or(Ok(()))
            }
        };
        if over(control) { Ok(()) } else { result }
    }

    async fn run_scenarios(self: &Rc<Self>, start: Instant, contexts: &[Arc<ScenarioContext>]) {
        let runs = self.shared.live.scenarios.iter().filter(|run| run.plan.has_work());
        let tasks: Vec<_> = runs
            .zip(contexts)
            .map(|(run, context)| {
                let handle = Rc::new(ScenarioHandle { context: Arc::clone(context) });
                let start = start + run.plan.scenario.start_time;
                spawn_local(run_scenario(Rc::clone(self), Arc::clone(run), handle, start))
            })
            .collect();
        for task in tasks {
            // A slot that breaks down is reported by its scenario; the rest cannot.
            drop(task.await);
        }
    }
}

/// The task that hands the recordings over, from the first order with an origin on.
struct Reporter {
    returns: Option<Receiver<Interval>>,
    task: Option<JoinHandle<()>>,
}

impl Reporter {
    fn start<R: Runner>(&mut self, home: &Rc<Home<R>>, origin: Instant) {
        if self.task.is_none() {
            let report = report::every_second(Rc::clone(home), origin, self.returns.take());
            self.task = Some(spawn_local(report));
        }
    }

    async fn stop(self) {
        if let Some(task) = self.task {
            task.abort();
            // It ends as cancelled.
            drop(task.await);
        }
    }
}

/// A worker thread's whole life.
pub(crate) async fn main<R: Runner>(shared: Arc<Shared<R>>, index: usize) {
    let mut recorder = Recorder::new(shared.registry.clone(), shared.keep_samples, SAMPLE_LIMIT);
    if let Some(limit) = shared.singles_limit {
        let share = limit.per_second / shared.workers.max(1) as u64;
        let share = usize::try_from(share).unwrap_or(usize::MAX);
        recorder.limit_samples(share.clamp(1, SAMPLE_LIMIT), limit.wants_surplus);
    }
    let worker = Rc::new(Worker {
        index,
        count: shared.workers,
        recorder: Rc::new(RefCell::new(recorder)),
        control: Arc::clone(&shared.control),
    });
    let planned = usize::try_from(shared.plan.planned_vus).unwrap_or(usize::MAX);
    let returns = shared
        .returns
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get_mut(index)
        .and_then(Option::take);
    let mut orders = shared.orders.clone();
    let pool = Pool::new(planned, index, shared.workers);
    let home = Rc::new(Home { worker, shared, pool, outbox: report::Outbox::default() });
    let mut reporter = Reporter { returns, task: None };
    loop {
        let order = orders.borrow_and_update().clone();
        match order {
            Order::Prepare => home.report(Report::Ready(home.prepare().await)),
            Order::Setup { origin } => {
                reporter.start(&home, origin);
                if index == 0 && !home.shared.config.no_setup {
                    let work = home.shared.runner.setup(&home.worker);
                    let result = home.once(work, Control::is_draining).await;
                    home.report(Report::Setup(result));
                }
            }
            Order::Run { origin, start, contexts } => {
                // A worker may be too late to see an order that was not for it.
                reporter.start(&home, origin);
                home.run_scenarios(start, &contexts).await;
                home.report(Report::ScenariosDone);
            }
            Order::Teardown => {
                if index == 0 {
                    let work = home.shared.runner.teardown(&home.worker);
                    let result = home.once(work, Control::is_aborted).await;
                    home.report(Report::Teardown(result));
                }
            }
            Order::Finish => break,
        }
        // Without a hub there is nothing more to do.
        if orders.changed().await.is_err() {
            break;
        }
    }
    reporter.stop().await;
    home.shared.runner.worker_finished(&home.worker);
    report::rest(&home);
    home.report(Report::Finished);
}
