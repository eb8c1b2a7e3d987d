//! The open model: iterations start when the schedule says, on any free VU of the scenario.
//!
//! Arrivals are dealt to the workers in proportion to their VUs; each worker paces its own. When it
//! has no free VU it hands the arrival to a worker that has one, and only when none has is the
//! arrival dropped. A worker's count of free VUs is its permits: whoever takes one, from whichever
//! thread, has a VU for certain.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    sync::{
        Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicU64, AtomicUsize, Ordering::AcqRel, Ordering::Acquire,
            Ordering::Relaxed,
        },
    },
    task::Poll,
    time::Duration,
};

use plimsoll_runtime::clock::Instant;
use tokio::sync::mpsc;

use super::{Lane, Site, bunch::Bunches, seat::Seat};
use crate::{
    executors::{Arrivals, Work},
    live::Padded,
    plan::PlannedScenario,
    runner::{Runner, Vu},
    worker::{Home, Notice},
};

/// Most arrivals on their way from one worker to another. Each has a VU reserved, so the number of
/// VUs bounds them too.
const HAND_OVER_LIMIT: usize = 4096;

/// How far past the schedule's end a generator that cannot keep up still starts what was due; the
/// rest is dropped.
const LAST_CALL: Duration = Duration::from_millis(100);

/// What the workers share of one open scenario.
pub(crate) struct OpenShared {
    /// By worker: free VUs that nobody has reserved.
    permits: Box<[Padded<AtomicUsize>]>,
    mail: Mutex<Vec<Option<Mail>>>,
    unplanned_left: AtomicU64,
    making: AtomicBool,
    warned: AtomicBool,
}

/// One worker's end of the hand-over queues.
struct Mail {
    senders: Vec<mpsc::Sender<Instant>>,
    receiver: mpsc::Receiver<Instant>,
}

impl OpenShared {
    pub(crate) fn new(plan: &PlannedScenario, workers: usize) -> OpenShared {
        let mut mail = Vec::new();
        if matches!(plan.sizing.work, Work::Open(_)) {
            let queues = (0..workers).map(|_| mpsc::channel(HAND_OVER_LIMIT));
            let (senders, receivers): (Vec<_>, Vec<_>) = queues.unzip();
            let end = |receiver| Some(Mail { senders: senders.clone(), receiver });
            mail = receivers.into_iter().map(end).collect();
        }
        OpenShared {
            permits: (0..workers).map(|_| Padded::default()).collect(),
            mail: Mutex::new(mail),
            unplanned_left: AtomicU64::new(plan.sizing.unplanned_vus),
            making: AtomicBool::new(false),
            warned: AtomicBool::new(false),
        }
    }

    /// VUs made while the scenario runs.
    pub(crate) fn unplanned_made(&self, of: u64) -> u64 {
        of.saturating_sub(self.unplanned_left.load(Relaxed))
    }

    fn mail_of(&self, worker: usize) -> Option<Mail> {
        let mut mail = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        mail.get_mut(worker)?.take()
    }

    /// Reserves a free VU of `worker`.
    fn take_permit(&self, worker: usize) -> bool {
        let Some(permits) = self.permits.get(worker) else { return false };
        permits.0.fetch_update(AcqRel, Acquire, |free| free.checked_sub(1)).is_ok()
    }

    fn give_permit(&self, worker: usize) {
        if let Some(permits) = self.permits.get(worker) {
            permits.0.fetch_add(1, AcqRel);
        }
    }
}

/// One worker's part of one open scenario.
struct Gate<R: Runner> {
    home: Rc<Home<R>>,
    site: Rc<Site>,
    idle: RefCell<VecDeque<Rc<Lane>>>,
    /// No more arrivals, from here or from other workers.
    closed: Cell<bool>,
    end: Instant,
}

/// Starts this worker's slots and paces its arrivals to the last.
pub(super) async fn drive<R: Runner>(home: &Rc<Home<R>>, site: &Rc<Site>) {
    let Work::Open(arrivals) = &site.run.plan.sizing.work else { return };
    let Some(mail) = site.run.open.mail_of(home.worker.index) else { return };
    let pacer = site.lane(site.start);
    if !pacer.sleep_until(&site.worker.control, site.start).await {
        return;
    }
    let end = site.start + site.run.plan.end().saturating_sub(site.run.plan.scenario.start_time);
    let gate = Rc::new(Gate {
        home: Rc::clone(home),
        site: Rc::clone(site),
        idle: RefCell::default(),
        closed: Cell::new(false),
        end,
    });
    for (_, pool_index) in home.slots_of(&site.run) {
        site.spawn(serve_planned(Rc::clone(&gate), site.lane(end), pool_index));
    }
    site.spawn(receive(Rc::clone(&gate), mail.receiver));
    // So that every VU waits before the first arrival, which is due at once.
    tokio::task::yield_now().await;
    gate.pace(arrivals, &pacer, &mail.senders).await;
}

/// Arrivals from other workers, each with a VU of this one reserved.
async fn receive<R: Runner>(gate: Rc<Gate<R>>, mut arrivals: mpsc::Receiver<Instant>) {
    while let Some(due) = arrivals.recv().await {
        if gate.site.worker.control.is_stopping() {
            gate.site.drop_iterations(1);
        } else {
            gate.place(due);
        }
    }
    gate.closed.set(true);
    for lane in gate.idle.borrow().iter() {
        lane.wake();
    }
}

async fn serve_planned<R: Runner>(gate: Rc<Gate<R>>, lane: Rc<Lane>, pool_index: usize) {
    let pool = &gate.home.pool;
    if let Some(mut vu) = pool.take(pool_index, &lane, &gate.site.worker.control).await {
        gate.serve(&lane, &mut vu).await;
        pool.put(pool_index, vu);
    }
}

/// Makes a VU while the scenario runs, or takes one that another scenario made.
async fn serve_unplanned<R: Runner>(gate: Rc<Gate<R>>, lane: Rc<Lane>) {
    let vu = match gate.home.pool.take_spare() {
        Some(vu) => Ok(vu),
        None => gate.home.make_unplanned().await,
    };
    gate.site.run.open.making.store(false, Relaxed);
    match vu {
        Ok(mut vu) => {
            gate.serve(&lane, &mut vu).await;
            gate.home.pool.put_spare(vu);
        }
        Err(error) => {
            gate.home.notify(Notice::error(format!("error while allocating unplanned VU: {error}")))
        }
    }
}

impl<R: Runner> Gate<R> {
    /// Runs iterations as they arrive, until there are no more.
    async fn serve<V: Vu>(&self, lane: &Rc<Lane>, vu: &mut V) {
        let mut seat = Seat::new(&self.site, lane, vu);
        let control = &self.site.worker.control;
        loop {
            self.idle.borrow_mut().push_back(Rc::clone(lane));
            self.site.run.open.give_permit(self.home.worker.index);
            let next = lane.wait(control, |_| match lane.arrival.take() {
                Some(due) => Poll::Ready(Some(due)),
                None if self.closed.get() => Poll::Ready(None),
                None => Poll::Pending,
            });
            let Some(Some(due)) = next.await else { return };
            if control.is_stopping() {
                lane.expire(Instant::now());
            }
            self.site.tally().active.add(1);
            seat.iterate(Instant::now(), Some(due)).await;
            self.site.tally().active.subtract(1);
        }
    }

    /// Paces this worker's arrivals.
    async fn pace(
        self: &Rc<Self>,
        arrivals: &Arrivals,
        pacer: &Lane,
        senders: &[mpsc::Sender<Instant>],
    ) {
        let control = &self.site.worker.control;
        let start = self.site.start;
        let last_call = start + arrivals.duration() + LAST_CALL;
        let due = self.turns().map_while(|turn| arrivals.time(turn)).map(|offset| start + offset);
        let mut bunches = Bunches::new(due, self.slack());
        let mut bunch = Vec::new();
        let mut done = 0;
        'pacing: while let Some(at) = bunches.next_into(&mut bunch, Instant::now()) {
            if !pacer.sleep_until(control, at).await {
                break;
            }
            for due in bunch.drain(..) {
                if control.is_stopping() {
                    break 'pacing;
                }
                if Instant::now() > last_call {
                    self.site.drop_iterations(self.own(arrivals.total()).saturating_sub(done));
                    break 'pacing;
                }
                if !self.start(due, pacer, senders).await {
                    self.site.drop_iterations(1);
                    self.grow();
                }
                done += 1;
            }
        }
        if arrivals.is_constant() {
            pacer.sleep_until(control, start + arrivals.duration()).await;
        }
    }

    fn slack(&self) -> Duration {
        self.home.shared.config.arrival_slack
    }

    /// Whether a VU took the arrival. One that finds none free waits as long as the slack lets it, so
    /// that none is dropped for having to start together with others.
    async fn start(&self, due: Instant, pacer: &Lane, senders: &[mpsc::Sender<Instant>]) -> bool {
        if self.offer(due, senders) {
            return true;
        }
        let latest = due + self.slack();
        if latest > Instant::now() {
            pacer.sleep_until(&self.site.worker.control, latest).await;
        } else {
            // A VU may be about to end its iteration, had it only had the thread.
            tokio::task::yield_now().await;
        }
        self.offer(due, senders)
    }

    /// This worker's places in a round of arrivals, as many as it has VUs, and the round's length.
    fn places(&self) -> (Vec<u64>, u64) {
        let mut deal = self.home.workers_of(&self.site.run);
        if deal.is_empty() {
            deal.push(0);
        }
        let here = self.home.worker.index;
        let own = (0..).zip(&deal).filter(|(_, worker)| **worker == here).map(|(place, _)| place);
        (own.collect(), deal.len() as u64)
    }

    /// The numbers of the arrivals that are this worker's.
    fn turns(&self) -> impl Iterator<Item = u64> + use<R> {
        let (places, round) = self.places();
        let most = if places.is_empty() { 0 } else { u64::MAX / round };
        (0..most).map(move |turn| {
            let each = places.len() as u64;
            let place = usize::try_from(turn % each).ok().and_then(|i| places.get(i));
            (turn / each) * round + place.copied().unwrap_or(0)
        })
    }

    /// How many of the first `total` arrivals are this worker's.
    fn own(&self, total: u64) -> u64 {
        let (places, round) = self.places();
        let rest = places.iter().filter(|place| **place < total % round).count();
        (total / round).saturating_mul(places.len() as u64).saturating_add(rest as u64)
    }

    /// Whether a VU of any worker has the arrival.
    fn offer(&self, due: Instant, senders: &[mpsc::Sender<Instant>]) -> bool {
        let here = self.home.worker.index;
        let open = &self.site.run.open;
        if open.take_permit(here) {
            self.place(due);
            return true;
        }
        (1..senders.len()).map(|step| (here + step) % senders.len()).any(|there| {
            if !open.take_permit(there) {
                return false;
            }
            let sent = senders.get(there).is_some_and(|sender| sender.try_send(due).is_ok());
            if !sent {
                open.give_permit(there);
            }
            sent
        })
    }

    /// Gives an arrival to a free VU of this worker; its permit is taken.
    fn place(&self, due: Instant) {
        let lane = self.idle.borrow_mut().pop_front();
        debug_assert!(lane.is_some(), "a permit without a free VU");
        match lane {
            Some(lane) => {
                lane.arrival.set(Some(due));
                lane.wake();
            }
            None => self.site.drop_iterations(1),
        }
    }

    /// After a drop: starts making another VU, one at a time per scenario, as k6 does.
    fn grow(self: &Rc<Self>) {
        let open = &self.site.run.open;
        if open.making.swap(true, AcqRel) {
            return;
        }
        let left = open.unplanned_left.fetch_update(AcqRel, Acquire, |left| left.checked_sub(1));
        if left.is_ok() {
            let lane = self.site.lane(self.end);
            self.site.spawn(serve_unplanned(Rc::clone(self), lane));
            return;
        }
        open.making.store(false, Relaxed);
        if !open.warned.swap(true, Relaxed) {
            let plan = &self.site.run.plan;
            let most = plan.sizing.planned_vus + plan.sizing.unplanned_vus;
            self.home.notify(Notice::warning(
                format!("Insufficient VUs, reached {most} active VUs and cannot initialize more"),
                vec![
                    ("executor", plan.scenario.executor.name().to_owned()),
                    ("scenario", plan.scenario.name.clone()),
                ],
            ));
        }
    }
}
