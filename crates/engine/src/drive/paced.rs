//! Arrivals by a pace: none is given up before the end, and lateness is told, not hidden.
//!
//! Each worker has its own part of the arrivals and of the VUs. An arrival that finds no VU free
//! waits in the schedule itself: the cursor stands still until one is, so a backlog of any length
//! takes no memory. A VU that ends an iteration takes the next arrival that is overdue without a
//! trip through the pacer; only when none is, or when VUs take turns, does it wait for the pacer to
//! call it.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    pin::pin,
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::Poll,
    time::Duration,
};

use plimsoll_runtime::{clock::Instant, timer};

use super::{Lane, Site, seat::Seat};
use crate::{
    config::FOREVER,
    executors::{Paced, Work},
    pace::Cursor,
    runner::{Runner, Vu},
    worker::{Home, Notice},
};

/// Arrivals that the pacer starts before it lets responses be read: together they take no longer
/// than a VU's turn.
const BURST_LIMIT: usize = 32;

/// One worker's part of one paced scenario.
struct Desk<R: Runner> {
    home: Rc<Home<R>>,
    site: Rc<Site>,
    cursor: RefCell<Cursor>,
    /// VUs made before the start that nothing has called yet, by their index in the pool. They have
    /// no task until then, so that thousands of them do not delay the first arrivals.
    fresh: RefCell<VecDeque<usize>>,
    idle: RefCell<VecDeque<Rc<Lane>>>,
    rotate: bool,
    pacer: Rc<Lane>,
    /// Whether the pacer waits for a VU, not for time.
    is_stuck: Cell<bool>,
    /// No more arrivals are given out.
    closed: Cell<bool>,
    /// VUs that may still be made here.
    room: Cell<u64>,
    /// How late an arrival may be so as to share a wake-up with those after it.
    slack: Duration,
    /// Where iterations are interrupted, and what has not started is dropped.
    end: Instant,
}

/// Paces this worker's arrivals to the last.
pub(super) async fn drive<R: Runner>(home: &Rc<Home<R>>, site: &Rc<Site>) {
    let Work::Paced(paced) = &site.run.plan.sizing.work else { return };
    let pacer = site.lane(site.start);
    if !pacer.sleep_until(&site.worker.control, site.start).await {
        return;
    }
    let desk = Rc::new(Desk::new(home, site, paced, pacer));
    desk.pace().await;
    desk.close();
    // With nothing more to send the scenario still lasts as long as was asked.
    if let Some(duration) = paced.schedule.duration() {
        desk.pacer.sleep_until(&site.worker.control, site.start + duration).await;
    }
}

/// Has a VU that was made before the start begin with an arrival that is due.
async fn serve_planned<R: Runner>(
    desk: Rc<Desk<R>>,
    lane: Rc<Lane>,
    pool_index: usize,
    due: Instant,
) {
    let pool = &desk.home.pool;
    match pool.take(pool_index, &lane, &desk.site.worker.control).await {
        Some(mut vu) => {
            desk.serve(&lane, &mut vu, due).await;
            pool.put(pool_index, vu);
        }
        None => desk.site.drop_iterations(1),
    }
}

/// Makes a VU while the scenario runs, or takes one that another scenario made, for an arrival that
/// is due.
async fn serve_unplanned<R: Runner>(desk: Rc<Desk<R>>, lane: Rc<Lane>, due: Instant) {
    let vu = match desk.home.pool.take_spare() {
        Some(vu) => Ok(vu),
        None => desk.home.make_unplanned().await,
    };
    match vu {
        Ok(mut vu) => {
            desk.serve(&lane, &mut vu, due).await;
            desk.home.pool.put_spare(vu);
        }
        Err(error) => {
            desk.site.drop_iterations(1);
            desk.refuse_growth(&error.to_string());
        }
    }
}

impl<R: Runner> Desk<R> {
    fn new(home: &Rc<Home<R>>, site: &Rc<Site>, paced: &Paced, pacer: Rc<Lane>) -> Desk<R> {
        let (worker, workers) = (home.worker.index, home.worker.count);
        let fresh: VecDeque<usize> =
            home.slots_of(&site.run).into_iter().map(|(_, pool_index)| pool_index).collect();
        let planned = fresh.len() as u64;
        let graceful_stop = site.handle.context.scenario.graceful_stop;
        let duration = paced.schedule.duration().unwrap_or(FOREVER);
        site.tally().made.add(planned);
        Desk {
            home: Rc::clone(home),
            site: Rc::clone(site),
            cursor: Cursor::new(Arc::clone(&paced.schedule), paced.deal(worker, workers)).into(),
            fresh: fresh.into(),
            idle: RefCell::default(),
            rotate: paced.rotate,
            pacer,
            is_stuck: Cell::new(false),
            closed: Cell::new(false),
            room: Cell::new(paced.vus_of(worker, workers).saturating_sub(planned)),
            slack: home.shared.config.arrival_slack,
            end: site.start + duration.saturating_add(graceful_stop),
        }
    }

    /// Runs iterations, the first for the arrival `due`, until there are no more arrivals.
    async fn serve<V: Vu>(&self, lane: &Rc<Lane>, vu: &mut V, due: Instant) {
        let mut seat = Seat::new(&self.site, lane, vu);
        let mut next = Some((due, Instant::now()));
        loop {
            let arrival = match next {
                Some(arrival) => Some(arrival),
                None => self.called(lane).await,
            };
            let Some((due, now)) = arrival else { return };
            if self.site.worker.control.is_stopping() {
                lane.expire(now);
            }
            self.site.tally().active.add(1);
            seat.iterate(now, Some(due)).await;
            self.site.tally().active.subtract(1);
            next = self.take_overdue();
        }
    }

    /// Waits among the idle for an arrival and the moment of its start; `None` when there are no more.
    async fn called(&self, lane: &Rc<Lane>) -> Option<(Instant, Instant)> {
        self.idle.borrow_mut().push_back(Rc::clone(lane));
        self.unstick();
        let arrival = lane.wait(&self.site.worker.control, |_| match lane.arrival.take() {
            Some(due) => Poll::Ready(Some(due)),
            None if self.closed.get() => Poll::Ready(None),
            None => Poll::Pending,
        });
        Some((arrival.await??, Instant::now()))
    }

    /// An arrival for a VU that has just become free, and now; none where VUs take turns.
    fn take_overdue(&self) -> Option<(Instant, Instant)> {
        if self.rotate || self.closed.get() || self.site.worker.control.is_draining() {
            return None;
        }
        let now = Instant::now();
        let mut cursor = self.cursor.borrow_mut();
        let due = self.site.start + cursor.peek()?;
        if due > now || now >= self.end {
            return None;
        }
        cursor.take();
        if cursor.peek().is_none() {
            self.unstick();
        }
        Some((due, now))
    }

    /// Has the pacer look again if it waits for a VU.
    fn unstick(&self) {
        if self.is_stuck.get() {
            self.pacer.wake();
        }
    }

    /// Starts arrivals as they become due, to the last one or to the end.
    async fn pace(self: &Rc<Self>) {
        let control = &self.site.worker.control;
        let mut now = Instant::now();
        let mut started = 0;
        // The arrival for which VUs have been given the chance to become free.
        let mut asked_for = None;
        while let Some(due) = self.next_due() {
            if control.is_draining() || now >= self.end {
                return;
            }
            if due > now {
                now = Instant::now();
            }
            if due > now {
                if !self.pacer.sleep_until(control, self.wake_up(due)).await {
                    return;
                }
                (now, started) = (Instant::now(), 0);
            } else if started >= BURST_LIMIT {
                tokio::task::yield_now().await;
                (now, started) = (Instant::now(), 0);
            } else if self.call(due) {
                started += 1;
            } else if asked_for != Some(due) {
                // A VU may be about to end its iteration, had it only had the thread.
                asked_for = Some(due);
                tokio::task::yield_now().await;
                (now, started) = (Instant::now(), 0);
            } else if !self.grow(due) {
                self.wait_for_vu().await;
                (now, started) = (Instant::now(), 0);
            }
        }
    }

    fn next_due(&self) -> Option<Instant> {
        Some(self.site.start + self.cursor.borrow().peek()?)
    }

    /// When to wake up for an arrival that is due at `due`: later than that only when another one
    /// comes within the slack.
    fn wake_up(&self, due: Instant) -> Instant {
        let latest = due + self.slack;
        match self.cursor.borrow().peek_after() {
            Some(after) if self.site.start + after <= latest => latest,
            _ => due,
        }
    }

    /// Has a free VU start the next arrival, due at `due`; `false` when none is free.
    fn call(self: &Rc<Self>, due: Instant) -> bool {
        // Where they take turns, who has not had one comes first; else whoever was busy last.
        let called =
            (self.rotate && self.call_fresh(due)) || self.call_idle(due) || self.call_fresh(due);
        if called {
            self.cursor.borrow_mut().take();
        }
        called
    }

    fn call_fresh(self: &Rc<Self>, due: Instant) -> bool {
        let Some(pool_index) = self.fresh.borrow_mut().pop_front() else { return false };
        let lane = self.site.lane(self.end);
        self.site.spawn(serve_planned(Rc::clone(self), lane, pool_index, due));
        true
    }

    fn call_idle(&self, due: Instant) -> bool {
        let mut idle = self.idle.borrow_mut();
        let lane = if self.rotate { idle.pop_front() } else { idle.pop_back() };
        let Some(lane) = lane else { return false };
        lane.arrival.set(Some(due));
        lane.wake();
        true
    }

    /// Has the next arrival, due at `due`, start on a new VU; `false` when there may be no more.
    fn grow(self: &Rc<Self>, due: Instant) -> bool {
        let Some(room) = self.room.get().checked_sub(1) else { return false };
        self.room.set(room);
        self.cursor.borrow_mut().take();
        self.site.tally().made.add(1);
        let lane = self.site.lane(self.end);
        self.site.spawn(serve_unplanned(Rc::clone(self), lane, due));
        true
    }

    /// No more VUs after one that could not be made: the next would fail as well.
    fn refuse_growth(&self, error: &str) {
        self.site.tally().made.subtract(1);
        if self.room.replace(0) > 0 || !self.site.run.warned.swap(true, Relaxed) {
            self.home.notify(Notice::error(format!("cannot make another worker: {error}")));
        }
    }

    /// Until a VU is free, or nothing is left to start, or the end.
    async fn wait_for_vu(&self) {
        self.warn();
        self.is_stuck.set(true);
        let mut end = pin!(timer::sleep_until(self.end));
        let free = self.pacer.wait(&self.site.worker.control, |cx| {
            if self.idle.borrow().is_empty() && self.cursor.borrow().peek().is_some() {
                end.as_mut().poll(cx)
            } else {
                Poll::Ready(())
            }
        });
        // Why it ended is asked by the pacer, of the clock and the control.
        free.await;
        self.is_stuck.set(false);
    }

    fn warn(&self) {
        if self.site.run.warned.swap(true, Relaxed) {
            return;
        }
        let plan = &self.site.run.plan;
        let most = plan.sizing.planned_vus + plan.sizing.unplanned_vus;
        self.home.notify(Notice::warning(
            format!("all of {most} workers are busy: what is due starts late"),
            vec![
                ("executor", plan.scenario.executor.name().to_owned()),
                ("scenario", plan.scenario.name.clone()),
            ],
        ));
    }

    /// Gives out no more arrivals and counts those that were due and never started.
    fn close(&self) {
        self.closed.set(true);
        let passed = Instant::now().since(self.site.start);
        let never_started = self.cursor.borrow_mut().left(passed);
        self.site.drop_iterations(never_started);
        for lane in self.idle.borrow().iter() {
            lane.wake();
        }
    }
}
