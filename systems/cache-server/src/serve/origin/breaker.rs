//! A breaker: an origin that fails several times in a row is left alone for a while, then tried by one
//! request.

use std::sync::Mutex;

use crate::{serve::locked, store::Millis};

/// Longest time that it stays open.
const OPEN_MILLIS_MAX: u64 = 30_000;

/// Of one origin. Closed at first.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// In a row, while it is closed.
    failures: u32,
    /// Times that it was opened in a row.
    opened: u32,
    open_until: Option<Millis>,
    /// The one request that is let through is under way.
    is_probing: bool,
}

impl Breaker {
    /// Whether a request may be sent now. One that may has to be followed by [`Breaker::succeeded`]
    /// or [`Breaker::failed`].
    pub(super) fn allows(&self, now: Millis) -> bool {
        let mut state = locked(&self.0);
        let Some(until) = state.open_until else { return true };
        if now < until || state.is_probing {
            return false;
        }
        state.is_probing = true;
        true
    }

    /// Closes; whether it was open.
    pub(super) fn succeeded(&self) -> bool {
        std::mem::take(&mut *locked(&self.0)).open_until.is_some()
    }

    /// Opens after `failures_max` failures in a row, 0 being never, and after each failed trial for
    /// twice as long, from `millis` on. Whether it was closed and is open now.
    pub(super) fn failed(&self, now: Millis, failures_max: u32, millis: u64) -> bool {
        let mut state = locked(&self.0);
        state.failures = state.failures.saturating_add(1);
        let is_trial = std::mem::take(&mut state.is_probing);
        let is_open = state.open_until.is_some();
        if failures_max == 0 {
            state.open_until = None;
        } else if is_trial || (!is_open && state.failures >= failures_max) {
            let time =
                millis.saturating_mul(1 << state.opened.min(16)).min(OPEN_MILLIS_MAX.max(millis));
            state.opened = state.opened.saturating_add(1);
            state.open_until = Some(Millis(now.0.saturating_add(time)));
        }
        !is_open && state.open_until.is_some()
    }

    pub(super) fn is_open(&self) -> bool {
        locked(&self.0).open_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_tries_and_closes() {
        let breaker = Breaker::default();
        let fail = |at| breaker.failed(Millis(at), 3, 1_000);
        for _ in 0..2 {
            assert!(breaker.allows(Millis(0)));
            fail(0);
        }
        // A success in between begins the count anew.
        breaker.succeeded();
        for _ in 0..3 {
            assert!(breaker.allows(Millis(0)));
            fail(0);
        }
        // Those that were under way.
        fail(900);
        assert!(breaker.is_open());
        assert!(!breaker.allows(Millis(999)));
        assert!(breaker.allows(Millis(1_000)));
        assert!(!breaker.allows(Millis(1_000)), "two trials at a time");
        fail(1_000);
        assert!(!breaker.allows(Millis(2_999)));
        assert!(breaker.allows(Millis(3_000)));
        breaker.succeeded();
        assert!(!breaker.is_open());
        assert!(breaker.allows(Millis(3_000)) && breaker.allows(Millis(3_000)));
    }

    #[test]
    fn it_is_open_for_half_a_minute_at_most() {
        let breaker = Breaker::default();
        let mut now = 0;
        for _ in 0..50 {
            breaker.failed(Millis(now), 1, 1_000);
            now += 30_000;
            assert!(breaker.allows(Millis(now)));
        }
    }

    #[test]
    fn none_when_there_is_no_limit() {
        let breaker = Breaker::default();
        for _ in 0..100 {
            breaker.failed(Millis(0), 0, 1_000);
        }
        assert!(breaker.allows(Millis(0)));
    }
}
