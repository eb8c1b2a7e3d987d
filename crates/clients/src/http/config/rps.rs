//! `rps`: a limit on the rate of requests over all workers.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use plimsoll_runtime::clock::Instant;

/// An even schedule of slots shared by all threads: one atomic step per request, no lock.
#[derive(Debug)]
pub struct RateLimit {
    interval: Duration,
    /// The next free slot, in the clock's nanoseconds.
    next: AtomicU64,
}

impl RateLimit {
    /// `None` for a rate of 0 or less: no limit.
    pub fn per_second(rate: f64) -> Option<RateLimit> {
        let interval = Duration::try_from_secs_f64(1.0 / rate).ok().filter(|i| !i.is_zero())?;
        (rate > 0.0).then(|| RateLimit { interval, next: AtomicU64::new(0) })
    }

    /// Takes the next slot: when the request may start. Unused time is not saved up.
    pub fn take(&self, now: Instant) -> Instant {
        let interval = u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX);
        let slot = |next: u64| next.max(now.nanos());
        let update = |next: u64| Some(slot(next).saturating_add(interval));
        // The closure always gives a value, so this cannot fail; the former value is ours.
        let former = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        Instant::from_nanos(slot(former.unwrap_or_else(|next| next)))
    }
}

#[cfg(test)]
mod tests {
    use super::RateLimit;
    use plimsoll_runtime::clock::Instant;

    #[test]
    fn slots_are_even_and_not_saved_up() {
        let limit = RateLimit::per_second(1000.0).unwrap();
        let at = |ms: u64| Instant::from_nanos(ms * 1_000_000);
        assert_eq!(limit.take(at(5)), at(5));
        assert_eq!(limit.take(at(5)), at(6));
        assert_eq!(limit.take(at(5)), at(7));
        assert_eq!(limit.take(at(100)), at(100));
        assert_eq!(limit.take(at(100)), at(101));
    }

    #[test]
    fn no_rate_no_limit() {
        for rate in [0.0, -1.0, f64::NAN] {
            assert!(RateLimit::per_second(rate).is_none());
        }
    }
}
