//! A page whose cost is set by the request.

use std::{hint::black_box, io, time::Duration};

use http::StatusCode;
use plimsoll_runtime::{clock::thread_cpu_time, timer};

use super::{
    DELAY_SECONDS_MAX,
    exchange::{Head, Reply, refused},
    limits::{Full, State, WriteError},
    sized,
};

/// Steps of work between two looks at the clock, some 10 us.
const STEPS: u64 = 10_000;

/// What a request costs.
struct Cost {
    cpu: Duration,
    /// Bytes that are written and synced.
    write: usize,
    sleep: Duration,
}

/// `/work?cpu_ms=&write_kb=&sleep_ms=&bytes=`: uses that much CPU time, then writes so many times 1024 bytes to
/// the disk, then waits, then sends a page of that many letters. The computing holds up its thread, as real
/// work does.
pub(super) async fn work(head: &Head) -> Reply {
    let cost = Cost {
        cpu: milliseconds(head.parameter("cpu_ms", 0.0)),
        write: kibibytes(head.parameter("write_kb", 0.0)),
        sleep: milliseconds(head.parameter("sleep_ms", 0.0)),
    };
    let done = match &head.limits {
        Some(limits) => limited(limits, cost).await,
        None if cost.write > 0 => Err(NotDone::NoDisk),
        None => {
            burn(cost.cpu);
            pause(cost.sleep).await;
            Ok(())
        }
    };
    match done {
        Ok(()) => sized::page(head.parameter("bytes", 0)),
        Err(not_done) => not_done.reply(),
    }
}

/// Why a request was not worked on to its end.
enum NotDone {
    Full,
    NoDisk,
    Disk(io::Error),
}

impl From<Full> for NotDone {
    fn from(_: Full) -> NotDone {
        NotDone::Full
    }
}

impl From<WriteError> for NotDone {
    fn from(error: WriteError) -> NotDone {
        match error {
            WriteError::Full => NotDone::Full,
            WriteError::Io(error) => NotDone::Disk(error),
        }
    }
}

impl NotDone {
    fn reply(self) -> Reply {
        let full = "too many requests wait already\n";
        match self {
            NotDone::Full => refused(StatusCode::SERVICE_UNAVAILABLE, full),
            NotDone::NoDisk => {
                refused(StatusCode::BAD_REQUEST, "write_kb: start the service with --disk DIR\n")
            }
            NotDone::Disk(error) => {
                refused(StatusCode::INTERNAL_SERVER_ERROR, format!("the disk: {error}\n"))
            }
        }
    }
}

/// In the pool from the first to the last, under the lock while computing.
async fn limited(limits: &State, cost: Cost) -> Result<(), NotDone> {
    let place = limits.enter_pool().await?;
    if !cost.cpu.is_zero() {
        let lock = limits.take_lock().await?;
        burn(cost.cpu);
        drop(lock);
    }
    if cost.write > 0 {
        limits.disk.as_ref().ok_or(NotDone::NoDisk)?.write(cost.write).await?;
    }
    pause(cost.sleep).await;
    drop(place);
    Ok(())
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        timer::sleep(time).await;
    }
}

/// Negative and absurd values are drawn to the nearest that is allowed.
fn milliseconds(value: f64) -> Duration {
    let seconds = (value / 1000.0).clamp(0.0, DELAY_SECONDS_MAX as f64);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// As many bytes; what is less than one or no number is none. The disk has a limit of its own.
fn kibibytes(value: f64) -> usize {
    (value * 1024.0) as usize
}

/// Measured in CPU time of this thread, so that it is the same amount of work on a busy machine.
fn burn(time: Duration) {
    if time.is_zero() {
        return;
    }
    let end = thread_cpu_time() + time;
    let mut state = 1_u64;
    while thread_cpu_time() < end {
        for step in 0..STEPS {
            state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(step));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_its_cpu_time() {
        let before = thread_cpu_time();
        burn(Duration::from_millis(2));
        assert!(thread_cpu_time() - before >= Duration::from_millis(2));
    }

    #[test]
    fn amounts_are_never_negative() {
        for (value, expected) in [(4.0, 4096), (0.5, 512), (-1.0, 0), (f64::NAN, 0)] {
            assert_eq!(kibibytes(value), expected, "{value}");
        }
    }

    #[test]
    fn times_are_drawn_to_what_is_allowed() {
        for (value, expected) in [
            (-1.0, Duration::ZERO),
            (f64::NAN, Duration::ZERO),
            (1.5, Duration::from_micros(1500)),
            (f64::INFINITY, Duration::from_secs(DELAY_SECONDS_MAX)),
        ] {
            assert_eq!(milliseconds(value), expected, "{value}");
        }
    }
}
