//! Monotonic time in nanoseconds, tied once to the wall clock.
//!
//! Reading the clock costs one vDSO call (some 20 ns): no system call, no lock, no allocation.

mod calendar;

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use nix::time::{ClockId, clock_gettime};

pub use calendar::{format_rfc3339, parse_rfc3339};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A point of monotonic time: nanoseconds of `CLOCK_MONOTONIC` (since some moment before the
/// process began, on Linux the boot).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// Later than every instant that occurs.
    pub const FAR_FUTURE: Instant = Instant(u64::MAX);

    /// The present.
    #[inline]
    pub fn now() -> Instant {
        Instant::of(ClockId::CLOCK_MONOTONIC)
    }

    /// The present as of the kernel's last tick, up to 10 ms ago: costs a quarter of [`Instant::now`],
    /// for questions that are not about measuring.
    #[inline]
    pub fn coarse() -> Instant {
        Instant::of(ClockId::CLOCK_MONOTONIC_COARSE)
    }

    /// Both clocks exist on every kernel that we run on; were one refused, time stands still.
    #[inline]
    fn of(clock: ClockId) -> Instant {
        clock_gettime(clock).map_or(Instant(0), |time| {
            let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
            Instant(seconds * NANOS_PER_SECOND + u64::try_from(time.tv_nsec()).unwrap_or(0))
        })
    }

    /// The instant that many nanoseconds after the clock's origin.
    pub const fn from_nanos(nanos: u64) -> Instant {
        Instant(nanos)
    }

    /// Nanoseconds since the clock's origin.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Nanoseconds since the Unix epoch. Never runs backwards: the wall clock is read once, and a
    /// step of it during the run is not followed.
    pub fn unix_nanos(self) -> u64 {
        self.0.saturating_add_signed(wall_offset())
    }

    /// Zero when `earlier` is later.
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Time passed since this instant; zero when it lies ahead.
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

/// CPU time used by the calling thread, for work that has to take a given share of a core.
pub fn thread_cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, |time| {
        Duration::new(
            u64::try_from(time.tv_sec()).unwrap_or(0),
            u32::try_from(time.tv_nsec()).unwrap_or(0),
        )
    })
}

/// Unix time minus monotonic time, in nanoseconds.
fn wall_offset() -> i64 {
    static OFFSET: OnceLock<i64> = OnceLock::new();
    *OFFSET.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = i64::try_from(wall.as_nanos()).unwrap_or(i64::MAX);
        wall.saturating_sub_unsigned(Instant::now().0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_run_backwards() {
        let mut last = Instant::now();
        for _ in 0..1000 {
            let now = Instant::now();
            assert!(now >= last);
            assert!(now.unix_nanos() >= last.unix_nanos());
            last = now;
        }
    }

    #[test]
    fn the_wall_clock_agrees_with_the_system() {
        #[expect(clippy::disallowed_methods, reason = "what the anchor is compared with")]
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let ours = Duration::from_nanos(Instant::now().unix_nanos());
        assert!(ours.abs_diff(wall) < Duration::from_secs(60));
    }

    #[test]
    fn sums_and_differences_saturate() {
        let instant = Instant::from_nanos(10);
        assert_eq!(instant.since(Instant::from_nanos(3)), Duration::from_nanos(7));
        assert_eq!(instant.since(Instant::from_nanos(30)), Duration::ZERO);
        assert_eq!(instant + Duration::MAX, Instant::FAR_FUTURE);
        assert_eq!((instant + Duration::from_nanos(5)).nanos(), 15);
    }

    #[test]
    fn cpu_time_grows_with_work() {
        let before = thread_cpu_time();
        let mut sum = 0_u64;
        while thread_cpu_time() == before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(thread_cpu_time() > before);
    }
}
