//! How many are in flight, looked at again and again while a trial runs.
//!
//! Little's law is a check of the measurement only when its three parts come from three places: this one is
//! what the schedule asked for less what has ended, and takes no part in the latencies. The ends of seconds
//! will not do as moments to look: with even arrivals they always fall behind one, when it has ended or just
//! before it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use plimsoll_engine::control::Control;
use plimsoll_metrics::Timestamp;
use plimsoll_runtime::clock::Instant;

/// Between two looks, at least, and how much more at most.
const PAUSE: Duration = Duration::from_millis(5);
const PAUSE_MORE: Duration = Duration::from_millis(10);

/// Multiples of it, without their whole part, fall into step with nothing and leave no gap.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// Looks that nobody has taken: a minute's.
const LOOKS_LIMIT: usize = 12_000;

/// What was seen and not yet taken, in the order of time.
#[derive(Clone, Default)]
pub(super) struct Looks(Arc<Mutex<Vec<(Timestamp, f64)>>>);

impl Looks {
    /// Looks until `stopped` is sent to or its sender is gone. `batch`: requests that are one iteration.
    pub(super) fn look(&self, control: &Control, batch: f64, stopped: &Receiver<()>) {
        for turn in 1_u32.. {
            let pause = PAUSE + PAUSE_MORE.mul_f64((f64::from(turn) * GOLDEN).fract());
            if !matches!(stopped.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
                return;
            }
            let in_flight = control.in_flight() as f64 * batch;
            self.add(Timestamp(Instant::now().unix_nanos()), in_flight);
        }
    }

    fn add(&self, at: Timestamp, in_flight: f64) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() < LOOKS_LIMIT {
            looks.push((at, in_flight));
        }
    }

    /// The mean of those up to `at`, which are forgotten; `None` when there were none.
    pub(super) fn mean_until(&self, at: Timestamp) -> Option<f64> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = looks.partition_point(|(when, _)| *when <= at);
        let sum: f64 = looks.drain(..count).map(|(_, in_flight)| in_flight).sum();
        (count > 0).then(|| sum / count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_taken_once() {
        let looks = Looks::default();
        assert_eq!(looks.mean_until(Timestamp(5)), None);
        for (at, in_flight) in [(1, 2.0), (2, 4.0), (3, 9.0)] {
            looks.add(Timestamp(at), in_flight);
        }
        assert_eq!(looks.mean_until(Timestamp(2)), Some(3.0));
        assert_eq!(looks.mean_until(Timestamp(2)), None);
        assert_eq!(looks.mean_until(Timestamp(9)), Some(9.0));
    }

    /// Requests that take 2 ms and come every 10 ms: a fifth of one on average, whatever the phase.
    #[test]
    fn moments_do_not_fall_into_step_with_arrivals() {
        for phase in [0.0, 3.0, 9.9] {
            let mut at = phase;
            let mut busy = 0;
            for turn in 1..=10_000 {
                at += 5.0 + 10.0 * (f64::from(turn) * GOLDEN).fract();
                busy += u32::from(at % 10.0 < 2.0);
            }
            assert!((1_900..2_100).contains(&busy), "{phase}: {busy}");
        }
    }
}
