//! A pool of places with a queue of limited length before it; with one place, a lock.
//!
//! Waiting requests do not hold up their thread, and places go to them in the order in which they came.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use plimsoll_runtime::clock::Instant;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::waits::Waits;

/// Places are shared by all threads of a service.
pub(super) struct Gate {
    pub(super) size: usize,
    pub(super) queue: usize,
    places: Semaphore,
    pub(super) waits: Waits,
    refused: AtomicU64,
    busy_nanos: AtomicU64,
    now: fn() -> Instant,
}

/// The queue is as long as it may be.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::web) struct Full;

/// A place that is taken; dropping it gives it to the next.
pub(in crate::web) struct Place<'a> {
    gate: &'a Gate,
    since: Instant,
    _permit: SemaphorePermit<'a>,
}

impl Gate {
    /// At least one place; `queue` may wait.
    pub(super) fn new(size: usize, queue: usize, now: fn() -> Instant) -> Gate {
        let size = size.clamp(1, Semaphore::MAX_PERMITS);
        Gate {
            size,
            queue,
            places: Semaphore::new(size),
            waits: Waits::default(),
            refused: AtomicU64::new(0),
            busy_nanos: AtomicU64::new(0),
            now,
        }
    }

    /// Waits for a place. Whoever drops the future leaves the queue.
    pub(super) async fn enter(&self) -> Result<Place<'_>, Full> {
        let came = (self.now)();
        // The semaphore keeps a free place for those who wait, so that nobody overtakes them here.
        if let Ok(permit) = self.places.try_acquire() {
            return Ok(self.place(permit, came, came));
        }
        let Some(waiting) = self.waits.begin(self.queue) else {
            self.refused.fetch_add(1, Relaxed);
            return Err(Full);
        };
        let permit = self.places.acquire().await;
        drop(waiting);
        // Only a semaphore that is closed refuses; this one never is.
        permit.map(|permit| self.place(permit, came, (self.now)())).map_err(|_| Full)
    }

    fn place<'a>(
        &'a self,
        permit: SemaphorePermit<'a>,
        came: Instant,
        since: Instant,
    ) -> Place<'a> {
        self.waits.add(since.since(came));
        Place { gate: self, since, _permit: permit }
    }

    pub(super) fn in_use(&self) -> usize {
        self.size.saturating_sub(self.places.available_permits())
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// For how long places were taken, over all that were given back.
    pub(super) fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy_nanos.load(Relaxed))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let held = (self.gate.now)().since(self.since);
        let nanos = u64::try_from(held.as_nanos()).unwrap_or(u64::MAX);
        self.gate.busy_nanos.fetch_add(nanos, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
    };

    use super::*;

    thread_local! {
        static NOW: Cell<Instant> = const { Cell::new(Instant::from_nanos(0)) };
    }

    fn gate(size: usize, queue: usize) -> Gate {
        NOW.set(Instant::from_nanos(0));
        Gate::new(size, queue, || NOW.get())
    }

    fn pass_ms(milliseconds: u64) {
        NOW.set(NOW.get() + Duration::from_millis(milliseconds));
    }

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn entered<'a>(poll: Poll<Result<Place<'a>, Full>>) -> Place<'a> {
        match poll {
            Poll::Ready(Ok(place)) => place,
            Poll::Ready(Err(Full)) => panic!("refused"),
            Poll::Pending => panic!("waits"),
        }
    }

    #[test]
    fn places_go_to_those_who_came_first() {
        let gate = gate(2, 10);
        let [first, second] =
            [entered(poll(pin!(gate.enter()))), entered(poll(pin!(gate.enter())))];
        let (mut third, mut fourth) = (pin!(gate.enter()), pin!(gate.enter()));
        assert!(poll(third.as_mut()).is_pending() && poll(fourth.as_mut()).is_pending());
        assert_eq!((gate.in_use(), gate.waits.waiting()), (2, 2));
        pass_ms(20);
        drop(first);
        assert!(poll(fourth.as_mut()).is_pending(), "it came after the third");
        // Nobody who comes now takes the place that the third was given.
        assert!(poll(pin!(gate.enter())).is_pending());
        let third = entered(poll(third));
        assert_eq!((gate.waits.waiting(), gate.waits.count()), (1, 3));
        assert_eq!(gate.waits.time(), Duration::from_millis(20));
        pass_ms(5);
        drop(second);
        let fourth = entered(poll(fourth));
        assert_eq!(gate.waits.time(), Duration::from_millis(45));
        drop((third, fourth));
        assert_eq!(gate.busy(), Duration::from_millis(20 + 25 + 5));
        assert_eq!((gate.in_use(), gate.waits.waiting(), gate.waits.count()), (0, 0, 4));
    }

    #[test]
    fn a_full_queue_refuses() {
        let gate = gate(1, 1);
        let place = entered(poll(pin!(gate.enter())));
        {
            let mut waiting = pin!(gate.enter());
            assert!(poll(waiting.as_mut()).is_pending());
            assert!(matches!(poll(pin!(gate.enter())), Poll::Ready(Err(Full))));
            assert_eq!((gate.refused(), gate.waits.waiting()), (1, 1));
        }
        // The one who waited has given up, so another may.
        let mut next = pin!(gate.enter());
        assert!(poll(next.as_mut()).is_pending());
        drop(place);
        drop(entered(poll(next)));
        assert_eq!((gate.refused(), gate.waits.count(), gate.in_use()), (1, 2, 0));
    }

    #[test]
    fn without_a_queue_nobody_waits() {
        let gate = gate(1, 0);
        let place = entered(poll(pin!(gate.enter())));
        assert!(matches!(poll(pin!(gate.enter())), Poll::Ready(Err(Full))));
        drop(place);
        entered(poll(pin!(gate.enter())));
    }
}
