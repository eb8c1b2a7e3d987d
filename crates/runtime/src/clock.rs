//! Monotonic time in nanoseconds, with one anchor to the wall clock taken at start.

use std::time::Duration;

/// A point of monotonic time: nanoseconds since the first use of the clock in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    pub fn now() -> Instant {
        todo!()
    }

    pub const fn from_nanos(nanos: u64) -> Instant {
        Instant(nanos)
    }

    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Nanoseconds since the Unix epoch; never runs backwards.
    pub fn unix_nanos(self) -> u64 {
        todo!()
    }

    /// Zero when `earlier` is later.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub fn elapsed(self) -> Duration {
        Instant::now().since(self)
    }
}

impl std::ops::Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, duration: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}
