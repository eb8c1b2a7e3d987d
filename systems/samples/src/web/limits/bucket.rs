//! A token bucket: bytes come at a rate, and some of those that nobody took are kept.

use plimsoll_runtime::clock::Instant;

/// One byte is counted as so many parts: those that come in a nanosecond are a whole number then.
const PARTS: u128 = 1_000_000_000;

/// Pure: the time is told to it.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: u64,
    burst: u64,
    /// Of bytes.
    parts: u128,
    at: Instant,
}

impl Bucket {
    /// `rate` bytes per second, at least 1; full, with `burst` bytes, at `now`.
    pub(super) fn new(rate: u64, burst: u64, now: Instant) -> Bucket {
        Bucket { rate: rate.max(1), burst, parts: u128::from(burst) * PARTS, at: now }
    }

    /// Takes that many bytes, at most `burst`.
    ///
    /// # Errors
    /// When there are too few: the instant at which there are enough, if nobody else takes some.
    pub(super) fn take(&mut self, now: Instant, bytes: u64) -> Result<(), Instant> {
        let full = u128::from(self.burst) * PARTS;
        let come = now.since(self.at).as_nanos() * u128::from(self.rate);
        self.parts = (self.parts + come).min(full);
        self.at = self.at.max(now);
        let wanted = (u128::from(bytes) * PARTS).min(full);
        if let Some(left) = self.parts.checked_sub(wanted) {
            self.parts = left;
            return Ok(());
        }
        let nanos = (wanted - self.parts).div_ceil(u128::from(self.rate));
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        Err(self.at + std::time::Duration::from_nanos(nanos))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: u64 = 1_000_000;

    fn ms(milliseconds: u64) -> Instant {
        Instant::from_nanos(milliseconds * MS)
    }

    #[test]
    fn bytes_come_at_the_rate() {
        let mut bucket = Bucket::new(1_000_000, 2_000, ms(0));
        assert_eq!(bucket.take(ms(0), 2_000), Ok(()));
        assert_eq!(bucket.take(ms(0), 1_000), Err(ms(1)));
        assert_eq!(bucket.take(ms(1), 1_000), Ok(()));
        assert_eq!(bucket.take(ms(1), 1), Err(Instant::from_nanos(MS + 1_000)));
        // No more is kept than the burst.
        assert_eq!(bucket.take(ms(1_000), 2_000), Ok(()));
        assert_eq!(bucket.take(ms(1_000), 500), Err(Instant::from_nanos(1_000 * MS + MS / 2)));
        // A clock that another thread read earlier gives and takes nothing.
        assert_eq!(bucket.take(ms(10), 500), Err(Instant::from_nanos(1_000 * MS + MS / 2)));
        // More than the burst is drawn to it: it would never come.
        assert_eq!(bucket.take(ms(1_002), 1 << 40), Ok(()));
    }

    proptest! {
        #[test]
        fn never_more_than_rate_and_burst(
            rate in 1_u64..1_000_000_000,
            burst in 1_u64..100_000,
            steps in prop::collection::vec((0_u64..50_000_000, 0_u64..200_000), 1..60),
        ) {
            let mut bucket = Bucket::new(rate, burst, Instant::from_nanos(0));
            let (mut now, mut taken) = (Instant::from_nanos(0), 0_u128);
            for (pause, bytes) in steps {
                now = now + std::time::Duration::from_nanos(pause);
                let bytes = bytes.min(burst);
                let outcome = bucket.take(now, bytes);
                if let Err(at) = outcome {
                    prop_assert!(at > now);
                    // It says when, and not later than needed.
                    let early = Instant::from_nanos(at.nanos() - 1);
                    prop_assert!(early == now || bucket.take(early, bytes).is_err());
                    prop_assert_eq!(bucket.take(at, bytes), Ok(()));
                    now = at;
                }
                taken += u128::from(bytes);
                let most = u128::from(burst) * PARTS + u128::from(now.nanos()) * u128::from(rate);
                prop_assert!(taken * PARTS <= most);
            }
        }
    }
}
