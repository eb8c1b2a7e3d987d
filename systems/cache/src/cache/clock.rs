//! The time that items expire by.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use plimsoll_runtime::clock::Instant;

use crate::store::{Deadline, Millis};

/// Tells the milliseconds since some moment.
pub(super) type Tell = Box<dyn Fn() -> Millis + Send + Sync>;

/// A clock that is looked at only from the first item with a deadline on: where none has one, the
/// time makes no difference, and reading it would be a good part of a look-up.
pub(super) struct Clock {
    /// The wall clock when there is none.
    tell: Option<Tell>,
    is_needed: AtomicBool,
}

impl Clock {
    pub(super) fn new(tell: Option<Tell>) -> Clock {
        Clock { tell, is_needed: AtomicBool::new(false) }
    }

    /// Whether there have been items with a deadline.
    #[inline]
    pub(super) fn is_needed(&self) -> bool {
        // Whoever can see such an item has seen its shard's lock given back after this was set.
        self.is_needed.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn now(&self) -> Millis {
        if !self.is_needed() {
            return Millis(0);
        }
        match &self.tell {
            Some(tell) => tell(),
            None => Millis(Instant::now().unix_nanos() / 1_000_000),
        }
    }

    /// When an item ends that lives this long, and the time now.
    pub(super) fn deadline(&self, ttl: Option<Duration>) -> (Deadline, Millis) {
        let Some(ttl) = ttl else { return (Deadline::None, self.now()) };
        if !self.is_needed() {
            self.is_needed.store(true, Ordering::Relaxed);
        }
        let now = self.now();
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        (Deadline::At(Millis(now.0.saturating_add(millis))), now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clock").field("is_needed", &self.is_needed).finish_non_exhaustive()
    }
}
