//! How long to wait before the next try.

use std::time::Duration;

use plimsoll_runtime::random::Random;

/// After the first failure.
const FIRST: Duration = Duration::from_millis(250);

/// The longest that is waited for without being told to.
const LONGEST: Duration = Duration::from_secs(10);

/// The longest that a receiver may ask for.
const RETRY_AFTER_LONGEST: Duration = Duration::from_secs(60);

/// Doubles from failure to failure; between half of it and all of it is waited, so that those who
/// failed together do not come back together.
pub(super) struct Backoff {
    random: Random,
    failures: u32,
}

impl Backoff {
    pub(super) fn new(random: Random) -> Backoff {
        Backoff { random, failures: 0 }
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// After one more failure; `at_least` is what the receiver asked for.
    pub(super) fn failed(&mut self, at_least: Option<Duration>) -> Duration {
        let doubled = FIRST.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1).min(31);
        let jittered = doubled.min(LONGEST).mul_f64(0.5 + self.random.unit() / 2.0);
        jittered.max(at_least.unwrap_or_default().min(RETRY_AFTER_LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_with_jitter() {
        let mut backoff = Backoff::new(Random::seeded(1));
        for full in [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000] {
            let wait = backoff.failed(None);
            let full = Duration::from_millis(full);
            assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
        }
        (0..100).for_each(|_| assert!(backoff.failed(None) <= LONGEST));
        backoff.succeeded();
        assert!(backoff.failed(None) <= FIRST);
    }

    #[test]
    fn a_receiver_may_ask_for_more_within_reason() {
        let mut backoff = Backoff::new(Random::seeded(1));
        let asked = Duration::from_secs(7);
        assert_eq!(backoff.failed(Some(asked)), asked);
        assert_eq!(backoff.failed(Some(Duration::from_secs(86_400))), RETRY_AFTER_LONGEST);
    }
}
