//! The closed model: a VU starts its next iteration when the last has ended.

use std::{rc::Rc, sync::atomic::Ordering::Relaxed};

use plimsoll_runtime::clock::Instant;

use super::{Lane, Site, seat::Seat};
use crate::{
    executors::{Budget, Windows, Work},
    runner::Runner,
    worker::Home,
};

/// Starts this worker's slots.
pub(super) fn spawn_slots<R: Runner>(home: &Rc<Home<R>>, site: &Rc<Site>) {
    let Work::Closed { windows, budget } = &site.run.plan.sizing.work else { return };
    for (slot, pool_index) in home.slots_of(&site.run) {
        let lane = site.lane(site.start);
        let (home, windows, budget) = (Rc::clone(home), windows.clone(), *budget);
        site.spawn(run_slot(home, Rc::clone(site), lane, windows, budget, slot, pool_index));
    }
}

async fn run_slot<R: Runner>(
    home: Rc<Home<R>>,
    site: Rc<Site>,
    lane: Rc<Lane>,
    windows: Windows,
    budget: Budget,
    slot: usize,
    pool_index: usize,
) {
    let windows = windows.of(slot);
    let done = match windows.first() {
        Some(first) if lane.sleep_until(&site.worker.control, site.start + first.from).await => {
            match home.pool.take(pool_index, &lane, &site.worker.control).await {
                Some(mut vu) => {
                    let mut seat = Seat::new(&site, &lane, &mut vu);
                    let mut done = 0;
                    for window in windows {
                        let opens = site.start + window.from;
                        if !lane.sleep_until(&site.worker.control, opens).await {
                            break;
                        }
                        lane.deadline.set(site.start + window.kill);
                        site.tally().active.add(1);
                        let closes = site.start + window.until;
                        loop_until(&site, &mut seat, closes, budget, &mut done).await;
                        site.tally().active.subtract(1);
                    }
                    home.pool.put(pool_index, vu);
                    done
                }
                None => 0,
            }
        }
        _ => 0,
    };
    if let Budget::PerVu(each) = budget
        && !site.worker.control.is_draining()
    {
        site.drop_iterations(each.saturating_sub(done));
    }
}

async fn loop_until<V: crate::runner::Vu>(
    site: &Site,
    seat: &mut Seat<'_, V>,
    closes: Instant,
    budget: Budget,
    done: &mut u64,
) {
    while !site.worker.control.is_draining() {
        let now = Instant::now();
        if now >= closes || !claim(site, budget, *done) {
            break;
        }
        seat.iterate(now, None).await;
        *done += 1;
    }
}

/// Takes one iteration from the budget.
fn claim(site: &Site, budget: Budget, done: u64) -> bool {
    match budget {
        Budget::Unlimited => true,
        Budget::PerVu(each) => done < each,
        Budget::Shared(total) => site.run.claimed.fetch_add(1, Relaxed) < total,
    }
}

/// What is left of a shared budget when all workers are done was never started. As in k6, what the
/// end of the whole run left is not dropped: nobody waited for it.
pub(super) fn drop_leftovers(site: &Site) {
    if let Work::Closed { budget: Budget::Shared(total), .. } = &site.run.plan.sizing.work
        && site.run.plan.sizing.planned_vus > 0
        && !site.worker.control.is_draining()
    {
        site.drop_iterations(total.saturating_sub(site.run.claimed.load(Relaxed)));
    }
}
