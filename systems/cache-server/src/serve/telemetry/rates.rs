//! What the server does per second, from two looks at its counters: what tools for Redis show first.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use plimsoll_runtime::clock::Instant;

use super::statistics::WorkerCounters;
use crate::serve::locked;

/// Sums over all workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    commands: u64,
    bytes_in: u64,
    bytes_out: u64,
}

/// The last look, and what has come of it.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    last: Mutex<Option<(Instant, Totals)>>,
    pub(crate) commands: AtomicU64,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
}

impl Rates {
    /// To be called about once in a second: the rates are those since the last call.
    pub(crate) fn look(&self, workers: &[WorkerCounters], now: Instant) {
        let mut totals = Totals::default();
        for worker in workers {
            totals.commands += worker.commands.get();
            totals.bytes_in += worker.bytes_in.get();
            totals.bytes_out += worker.bytes_out.get();
        }
        let Some((at, before)) = locked(&self.last).replace((now, totals)) else { return };
        let seconds = now.since(at).as_secs_f64();
        for (rate, before, total) in [
            (&self.commands, before.commands, totals.commands),
            (&self.bytes_in, before.bytes_in, totals.bytes_in),
            (&self.bytes_out, before.bytes_out, totals.bytes_out),
        ] {
            // CONFIG RESETSTAT lets counters begin anew.
            rate.store(per_second(total.saturating_sub(before), seconds), Ordering::Relaxed);
        }
    }
}

fn per_second(count: u64, seconds: f64) -> u64 {
    if seconds > 0.0 { (count as f64 / seconds).round() as u64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rates_are_those_between_two_looks() {
        let workers = [WorkerCounters::new(0), WorkerCounters::new(0)];
        let (rates, start) = (Rates::default(), Instant::now());
        let look = |millis| {
            rates.look(&workers, start + Duration::from_millis(millis));
            [&rates.commands, &rates.bytes_in, &rates.bytes_out]
                .map(|rate| rate.load(Ordering::Relaxed))
        };
        workers[0].commands.add(1_000);
        assert_eq!(look(0), [0, 0, 0]);
        workers[0].commands.add(100);
        workers[1].commands.add(200);
        workers[1].bytes_in.add(10);
        workers[1].bytes_out.add(5_000);
        assert_eq!(look(2_000), [150, 5, 2_500]);
        workers.iter().for_each(WorkerCounters::reset);
        assert_eq!(look(3_000), [0, 0, 0]);
        workers[0].commands.add(7);
        // Twice at the same time: nothing can be said.
        assert_eq!(look(3_000), [0, 0, 0]);
    }
}
