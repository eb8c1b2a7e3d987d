//! The VUs of one worker, lent to one scenario at a time.

use std::{cell::RefCell, task::Poll};

use crate::{control::Control, drive::Lane};

/// VUs by their index in the pool of all workers.
pub(crate) struct Pool<V> {
    /// VU `worker + i * workers`, unless it is lent or not made yet.
    slots: Vec<Slot<V>>,
    worker: usize,
    workers: usize,
    /// VUs made while the run was on, whose scenario is over.
    spare: RefCell<Vec<V>>,
}

struct Slot<V> {
    vu: RefCell<Option<V>>,
    waiting: RefCell<Option<std::task::Waker>>,
}

impl<V> Pool<V> {
    /// Room for the VUs of `worker` among `planned` ones.
    pub(crate) fn new(planned: usize, worker: usize, workers: usize) -> Pool<V> {
        let own = (worker..planned).step_by(workers.max(1));
        let slot = |_| Slot { vu: RefCell::new(None), waiting: RefCell::new(None) };
        Pool { slots: own.map(slot).collect(), worker, workers, spare: RefCell::default() }
    }

    pub(crate) fn indices(&self) -> impl Iterator<Item = usize> + use<V> {
        let (worker, workers) = (self.worker, self.workers);
        (0..self.slots.len()).map(move |place| worker + place * workers)
    }

    /// Waits for a VU that an earlier scenario still has; `None` when the run stops first.
    pub(crate) async fn take(&self, index: usize, lane: &Lane, control: &Control) -> Option<V> {
        let slot = self.slot(index)?;
        lane.wait(control, |cx| match slot.vu.borrow_mut().take() {
            Some(vu) => Poll::Ready(vu),
            None => {
                *slot.waiting.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    pub(crate) fn put(&self, index: usize, vu: V) {
        let Some(slot) = self.slot(index) else { return };
        *slot.vu.borrow_mut() = Some(vu);
        let waiting = slot.waiting.borrow_mut().take();
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    pub(crate) fn take_spare(&self) -> Option<V> {
        self.spare.borrow_mut().pop()
    }

    pub(crate) fn put_spare(&self, vu: V) {
        self.spare.borrow_mut().push(vu);
    }

    fn slot(&self, index: usize) -> Option<&Slot<V>> {
        self.slots.get(index / self.workers.max(1))
    }
}
