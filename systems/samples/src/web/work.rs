//! A page whose cost is set by the request.

use std::{hint::black_box, time::Duration};

use http::StatusCode;
use plimsoll_runtime::{clock::thread_cpu_time, timer};

use super::{
    DELAY_SECONDS_MAX,
    exchange::{Head, Reply, refused},
    limits::{Full, State},
    sized,
};

/// Steps of work between two looks at the clock, some 10 us.
const STEPS: u64 = 10_000;

/// `/work?cpu_ms=&sleep_ms=&bytes=`: uses that much CPU time, then waits, then sends a page of
/// that many letters. The work holds up its thread, as real work does.
pub(super) async fn work(head: &Head) -> Reply {
    let cpu = milliseconds(head.parameter("cpu_ms", 0.0));
    let sleep = milliseconds(head.parameter("sleep_ms", 0.0));
    let done = match &head.limits {
        None => {
            burn(cpu);
            pause(sleep).await;
            Ok(())
        }
        Some(limits) => limited(limits, cpu, sleep).await,
    };
    match done {
        Ok(()) => sized::page(head.parameter("bytes", 0)),
        Err(Full) => refused(StatusCode::SERVICE_UNAVAILABLE, "too many requests wait already\n"),
    }
}

/// In the pool from the first to the last, under the lock while computing.
async fn limited(limits: &State, cpu: Duration, sleep: Duration) -> Result<(), Full> {
    let place = limits.enter_pool().await?;
    if !cpu.is_zero() {
        let lock = limits.take_lock().await?;
        burn(cpu);
        drop(lock);
    }
    pause(sleep).await;
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
