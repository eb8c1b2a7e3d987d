//! VUs that loop in a number set from outside while the test runs.

use std::{rc::Rc, task::Poll};

use plimsoll_runtime::clock::Instant;

use super::{Lane, Site, seat::Seat};
use crate::{
    config::FOREVER,
    executors::Work,
    runner::{Runner, Vu},
    worker::Home,
};

/// Starts this worker's slots, and the task that wakes them at each change from outside.
pub(super) fn spawn_slots<R: Runner>(home: &Rc<Home<R>>, site: &Rc<Site>) {
    let Work::External { vus, duration } = &site.run.plan.sizing.work else { return };
    let end = site.start + duration.unwrap_or(FOREVER);
    for (slot, pool_index) in home.slots_of(&site.run) {
        let lane = site.lane(end);
        let number = home.shared.plan.segment.striping().global(slot as u64);
        let slot = Slot { number, vus: *vus, end };
        site.spawn(run_slot(Rc::clone(home), Rc::clone(site), lane, slot, pool_index));
    }
    site.spawn(watch_changes(Rc::clone(site), end));
}

struct Slot {
    /// 0.. in the whole test.
    number: u64,
    /// As configured.
    vus: u64,
    end: Instant,
}

impl Slot {
    fn is_wanted(&self, site: &Site) -> bool {
        let control = &site.worker.control;
        !control.is_paused() && self.number < control.scaled().unwrap_or(self.vus)
    }
}

async fn run_slot<R: Runner>(
    home: Rc<Home<R>>,
    site: Rc<Site>,
    lane: Rc<Lane>,
    slot: Slot,
    pool_index: usize,
) {
    if !lane.sleep_until(&site.worker.control, site.start).await {
        return;
    }
    let Some(mut vu) = home.pool.take(pool_index, &lane, &site.worker.control).await else {
        return;
    };
    run_vu(&site, &lane, &slot, &mut vu).await;
    home.pool.put(pool_index, vu);
}

async fn run_vu<V: Vu>(site: &Rc<Site>, lane: &Rc<Lane>, slot: &Slot, vu: &mut V) {
    let control = &site.worker.control;
    let mut seat = Seat::new(site, lane, vu);
    loop {
        let wanted = lane.wait(control, |_| {
            if Instant::now() >= slot.end {
                Poll::Ready(false)
            } else if slot.is_wanted(site) {
                Poll::Ready(true)
            } else {
                Poll::Pending
            }
        });
        if wanted.await != Some(true) {
            return;
        }
        site.tally().active.add(1);
        while !control.is_draining() && slot.is_wanted(site) {
            let now = Instant::now();
            if now >= slot.end {
                break;
            }
            seat.iterate(now, None).await;
        }
        site.tally().active.subtract(1);
        if control.is_draining() {
            return;
        }
    }
}

/// Wakes idle slots when the wanted number changes, and at the end.
async fn watch_changes(site: Rc<Site>, end: Instant) {
    let control = std::sync::Arc::clone(&site.worker.control);
    let mut changes = control.changes();
    while !control.is_draining() {
        let over = plimsoll_runtime::timer::timeout_at(end, changes.changed()).await.is_none();
        for lane in site.lanes.borrow().iter() {
            lane.wake();
        }
        if over {
            return;
        }
    }
}
