//! Who waits now, and how long all waited: the numbers of a queue.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

/// Counters of one queue. They are read while they change, so that two of them may be a request apart.
#[derive(Debug, Default)]
pub(super) struct Waits {
    waiting: AtomicUsize,
    count: AtomicU64,
    nanos: AtomicU64,
}

impl Waits {
    /// Counts one more that waits, until the value is dropped; nothing when `limit` wait already.
    pub(super) fn begin(&self, limit: usize) -> Option<Waiting<'_>> {
        let more = |waiting| (waiting < limit).then_some(waiting + 1);
        self.waiting.fetch_update(Relaxed, Relaxed, more).ok().map(|_| Waiting(self))
    }

    /// One has waited so long, maybe not at all.
    pub(super) fn add(&self, time: Duration) {
        self.count.fetch_add(1, Relaxed);
        self.nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Those who are through.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// Over all who are through.
    pub(super) fn time(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Relaxed))
    }
}

/// Somebody who waits, or gave up when this is dropped early.
#[derive(Debug)]
pub(super) struct Waiting<'a>(&'a Waits);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}
