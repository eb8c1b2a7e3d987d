//! Doing the work on one worker: its VU slots, their iterations, their deadlines.
//!
//! A slot is a task of the worker's thread with a `Lane`, through which it is woken, interrupted
//! and, when nothing else helps, ended. `closed`, `open`, `paced` and `external` say when a slot
//! starts its next iteration.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use plimsoll_metrics::{Builtin, TagSet, Timestamp};
use plimsoll_runtime::{clock::Instant, timer};
use tokio::task::{JoinHandle, spawn_local};

use crate::{
    control::StopReason,
    executors::Work,
    live::{ScenarioRun, Tally},
    runner::{RunError, RunErrorKind, Runner, ScenarioHandle},
    worker::{Home, Worker},
};

mod bunch;
mod closed;
mod external;
mod lane;
pub(crate) mod open;
mod paced;
mod seat;

pub(crate) use lane::Lane;

/// How long an interrupted iteration may take to end by itself before its future is dropped.
pub const INTERRUPT_GRACE: Duration = Duration::from_secs(2);

/// One scenario on one worker.
pub(crate) struct Site {
    pub(crate) worker: Rc<Worker>,
    pub(crate) run: Arc<ScenarioRun>,
    pub(crate) handle: Rc<ScenarioHandle>,
    pub(crate) start: Instant,
    pub(crate) min_iteration: Duration,
    lanes: RefCell<Vec<Rc<Lane>>>,
    tasks: RefCell<Vec<JoinHandle<()>>>,
}

impl Site {
    pub(crate) fn tally(&self) -> &Tally {
        let index = self.worker.index;
        self.run.tallies.get(index).expect("one tally for each worker")
    }

    /// A new slot, interrupted at `deadline`.
    fn lane(&self, deadline: Instant) -> Rc<Lane> {
        let lane = Rc::new(Lane::new(deadline));
        self.lanes.borrow_mut().push(Rc::clone(&lane));
        lane
    }

    fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.tasks.borrow_mut().push(spawn_local(task));
    }

    /// Counts iterations that were due and never started.
    fn drop_iterations(&self, count: u64) {
        if count == 0 {
            return;
        }
        self.tally().dropped.add(count);
        let at = timestamp(Instant::now());
        let mut recorder = self.worker.recorder.borrow_mut();
        let series = recorder.handle(Builtin::DroppedIterations.id(), self.tags());
        recorder.record(series, count as f64, at);
    }

    fn tags(&self) -> &TagSet {
        &self.handle.context.tags
    }

    /// Waits for all slots, also those that are added meanwhile.
    async fn join(&self) {
        loop {
            let task = self.tasks.borrow_mut().pop();
            let Some(task) = task else { return };
            if let Err(error) = task.await {
                self.worker.control.stop(StopReason::Error(RunError {
                    kind: RunErrorKind::Other,
                    message: format!("a virtual user broke down: {error}"),
                    hint: None,
                }));
            }
        }
    }

    /// Wakes slots whose deadline has passed, and ends those that were woken long enough ago.
    fn interrupt(&self, now: Instant) {
        for lane in self.lanes.borrow().iter() {
            lane.interrupt(now, INTERRUPT_GRACE);
        }
    }
}

pub(crate) fn timestamp(at: Instant) -> Timestamp {
    Timestamp(at.unix_nanos())
}

/// Runs one scenario's part on this worker, from before its start to the end of its last iteration.
pub(crate) async fn run_scenario<R: Runner>(
    home: Rc<Home<R>>,
    run: Arc<ScenarioRun>,
    handle: Rc<ScenarioHandle>,
    start: Instant,
) {
    let worker = Rc::clone(&home.worker);
    let site = Rc::new(Site {
        worker: Rc::clone(&worker),
        run: Arc::clone(&run),
        handle,
        start,
        min_iteration: home.shared.config.min_iteration_duration,
        lanes: RefCell::default(),
        tasks: RefCell::default(),
    });
    let guards = [
        Guard(spawn_local(watch_deadlines(Rc::clone(&site)))),
        Guard(spawn_local(watch_stop(Rc::clone(&site)))),
    ];
    match &run.plan.sizing.work {
        Work::Closed { .. } => closed::spawn_slots(&home, &site),
        Work::Open(_) => open::drive(&home, &site).await,
        Work::Paced(_) => paced::drive(&home, &site).await,
        Work::External { .. } => external::spawn_slots(&home, &site),
    }
    site.join().await;
    drop(guards);
    if run.workers_left.fetch_sub(1, std::sync::atomic::Ordering::AcqRel) == 1 {
        closed::drop_leftovers(&site);
        run.finished.set(Instant::now()).ok();
    }
}

/// Ends its task when dropped.
struct Guard(JoinHandle<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Looks at the slots at each moment at which the schedule interrupts some of them.
async fn watch_deadlines(site: Rc<Site>) {
    let mut moments = site.run.plan.interruptions();
    let patience: Vec<_> = moments.iter().map(|m| m.saturating_add(INTERRUPT_GRACE)).collect();
    moments.extend(patience);
    moments.sort_unstable();
    for moment in moments {
        timer::sleep_until(site.start + moment).await;
        site.interrupt(Instant::now());
    }
}

/// Once the run is ended, waiting slots look again; once it stops, or the graceful stop of a run
/// that drains is over, every slot's deadline is now.
async fn watch_stop(site: Rc<Site>) {
    let control = Arc::clone(&site.worker.control);
    control.drained().await;
    for lane in site.lanes.borrow().iter() {
        lane.wake();
    }
    let graceful_stop = site.handle.context.scenario.graceful_stop;
    tokio::select! {
        () = timer::sleep(graceful_stop) => {}
        () = control.stopped() => {}
    }
    let now = Instant::now();
    for lane in site.lanes.borrow().iter() {
        lane.expire(now);
    }
    site.interrupt(now);
    let patience = timer::sleep(INTERRUPT_GRACE);
    tokio::select! {
        () = patience => {}
        () = control.aborted() => {}
    }
    for lane in site.lanes.borrow().iter() {
        lane.kill();
    }
}
