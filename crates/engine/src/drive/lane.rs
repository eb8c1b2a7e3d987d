//! How a VU slot's task is woken, interrupted and ended from outside.

use std::{
    cell::Cell,
    future::poll_fn,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use plimsoll_runtime::{clock::Instant, timer};

use crate::control::Control;

/// One slot's place in its worker; its task and the watchers of deadlines share it.
pub(crate) struct Lane {
    /// Where the running iteration, or the next one, is interrupted.
    pub(crate) deadline: Rc<Cell<Instant>>,
    /// An iteration that is due now; open models only.
    pub(crate) arrival: Cell<Option<Instant>>,
    waker: Cell<Option<Waker>>,
    running: Cell<bool>,
    killed: Cell<bool>,
    suspended: Cell<bool>,
}

impl Lane {
    pub(crate) fn new(deadline: Instant) -> Lane {
        Lane {
            deadline: Rc::new(Cell::new(deadline)),
            arrival: Cell::new(None),
            waker: Cell::new(None),
            running: Cell::new(false),
            killed: Cell::new(false),
            suspended: Cell::new(false),
        }
    }

    /// Has the slot's task polled again.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Moves the deadline to `now` unless it is nearer.
    pub(crate) fn expire(&self, now: Instant) {
        self.deadline.set(self.deadline.get().min(now));
        self.wake();
    }

    /// Wakes an iteration past its deadline; ends one that is past it by `grace`.
    pub(crate) fn interrupt(&self, now: Instant, grace: Duration) {
        let deadline = self.deadline.get();
        if !self.running.get() || deadline > now {
            return;
        }
        if deadline + grace <= now {
            self.kill();
        } else {
            self.wake();
        }
    }

    /// Drops the running iteration's future at its next poll, which is soon.
    pub(crate) fn kill(&self) {
        if self.running.get() {
            self.killed.set(true);
            self.wake();
        }
    }

    /// Whether the last iteration ever waited.
    pub(crate) fn was_suspended(&self) -> bool {
        self.suspended.get()
    }

    /// Runs an iteration's future; `None` when it had to be dropped.
    pub(crate) async fn attend<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        self.suspended.set(false);
        self.running.set(true);
        let output = poll_fn(|cx| {
            if self.killed.get() {
                return Poll::Ready(None);
            }
            self.register(cx);
            let poll = future.as_mut().poll(cx).map(Some);
            if poll.is_pending() {
                self.suspended.set(true);
            }
            poll
        })
        .await;
        self.running.set(false);
        self.killed.set(false);
        output
    }

    /// Waits until `ready`, which is asked again whenever the lane is woken; `None` when the run
    /// is ended first.
    pub(crate) async fn wait<T>(
        &self,
        control: &Control,
        mut ready: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Option<T> {
        poll_fn(|cx| {
            self.register(cx);
            match ready(cx) {
                Poll::Ready(value) => Poll::Ready(Some(value)),
                Poll::Pending if control.is_draining() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Whether `at` was reached before the run was ended.
    pub(crate) async fn sleep_until(&self, control: &Control, at: Instant) -> bool {
        if control.is_draining() {
            return false;
        }
        if at <= Instant::now() {
            return true;
        }
        let mut timer = pin!(timer::sleep_until(at));
        self.wait(control, |cx| timer.as_mut().poll(cx)).await.is_some()
    }

    fn register(&self, cx: &Context<'_>) {
        let waker = match self.waker.take() {
            Some(waker) if waker.will_wake(cx.waker()) => waker,
            _ => cx.waker().clone(),
        };
        self.waker.set(Some(waker));
    }
}
