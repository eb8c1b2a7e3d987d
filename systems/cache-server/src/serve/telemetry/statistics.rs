//! What the workers have done: counters that each writes alone and anybody reads.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that one thread changes, without the cost of a shared change.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Only the owning thread calls this.
    #[inline]
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    /// Only the owning thread calls this.
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Of one command on one worker.
#[derive(Debug, Default)]
pub(crate) struct CommandCounters {
    pub(crate) calls: Counter,
    /// Of those calls that were timed.
    pub(crate) timed: Counter,
    pub(crate) nanos: Counter,
    pub(crate) failed: Counter,
    pub(crate) rejected: Counter,
}

/// Of one worker.
#[derive(Debug)]
pub(crate) struct WorkerCounters {
    pub(crate) reads: Counter,
    pub(crate) writes: Counter,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) commands: Counter,
    pub(crate) errors: Counter,
    /// When the thread did its chores last, in milliseconds since the epoch; 0 before the first time.
    pub(crate) heartbeat: Counter,
    /// Answered from the thread's own copies of values.
    pub(crate) copied_reads: Counter,
    /// In the order of the index of commands.
    pub(crate) by_command: Box<[CommandCounters]>,
}

/// Sums over all workers of one command.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct CommandTotals {
    pub(crate) calls: u64,
    /// Time of all calls: measured, or where only some were timed, their mean times all.
    pub(crate) micros: f64,
    pub(crate) failed: u64,
    pub(crate) rejected: u64,
}

impl WorkerCounters {
    pub(crate) fn new(commands: usize) -> WorkerCounters {
        WorkerCounters {
            reads: Counter::default(),
            writes: Counter::default(),
            bytes_in: Counter::default(),
            bytes_out: Counter::default(),
            commands: Counter::default(),
            errors: Counter::default(),
            heartbeat: Counter::default(),
            copied_reads: Counter::default(),
            by_command: (0..commands).map(|_| CommandCounters::default()).collect(),
        }
    }

    /// For CONFIG RESETSTAT. A count made at the same moment by the owning thread may survive it.
    pub(crate) fn reset(&self) {
        let own = [
            &self.reads,
            &self.writes,
            &self.bytes_in,
            &self.bytes_out,
            &self.commands,
            &self.errors,
            &self.copied_reads,
        ];
        own.into_iter().for_each(Counter::reset);
        for command in &self.by_command {
            let all = [
                &command.calls,
                &command.timed,
                &command.nanos,
                &command.failed,
                &command.rejected,
            ];
            all.into_iter().for_each(Counter::reset);
        }
    }
}

impl CommandTotals {
    pub(crate) fn of(workers: &[WorkerCounters], command: usize) -> CommandTotals {
        let mut totals = CommandTotals::default();
        let (mut timed, mut nanos) = (0, 0);
        for counters in workers.iter().filter_map(|worker| worker.by_command.get(command)) {
            totals.calls += counters.calls.get();
            totals.failed += counters.failed.get();
            totals.rejected += counters.rejected.get();
            timed += counters.timed.get();
            nanos += counters.nanos.get();
        }
        if timed > 0 {
            totals.micros = nanos as f64 / 1e3 / timed as f64 * totals.calls as f64;
        }
        totals
    }
}

/// What happens seldom, counted by whoever it happens to.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) accepted: AtomicU64,
    /// For the limit of clients.
    pub(crate) rejected: AtomicU64,
    /// Closed because they did not read what they were sent.
    pub(crate) output_limit: AtomicU64,
    pub(crate) query_limit: AtomicU64,
    pub(crate) idle_closed: AtomicU64,
    pub(crate) protocol_errors: AtomicU64,
    /// Of TLS, also those that took too long.
    pub(crate) handshakes_failed: AtomicU64,
    pub(crate) denied_auth: AtomicU64,
    pub(crate) denied_command: AtomicU64,
    pub(crate) denied_key: AtomicU64,
    pub(crate) denied_channel: AtomicU64,
    pub(crate) peak_clients: AtomicU64,
    pub(crate) blocked_clients: AtomicU64,
    pub(crate) keys_expired_actively: AtomicU64,
    /// Messages that closed a connection instead of being read by it.
    pub(crate) messages_undelivered: AtomicU64,
}

impl Events {
    pub(crate) fn count(event: &AtomicU64) {
        event.fetch_add(1, Ordering::Relaxed);
    }

    /// The gauges stay.
    pub(crate) fn reset(&self) {
        for event in [
            &self.accepted,
            &self.rejected,
            &self.output_limit,
            &self.query_limit,
            &self.idle_closed,
            &self.protocol_errors,
            &self.handshakes_failed,
            &self.denied_auth,
            &self.denied_command,
            &self.denied_key,
            &self.denied_channel,
            &self.keys_expired_actively,
            &self.messages_undelivered,
        ] {
            event.store(0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_that_of_the_timed_calls_for_all() {
        let workers = [WorkerCounters::new(2), WorkerCounters::new(2)];
        for (worker, (calls, timed, nanos)) in workers.iter().zip([(10, 1, 2_000), (6, 1, 4_000)]) {
            let counters = &worker.by_command[1];
            counters.calls.add(calls);
            counters.timed.add(timed);
            counters.nanos.add(nanos);
        }
        let totals = CommandTotals::of(&workers, 1);
        assert_eq!((totals.calls, totals.micros), (16, 48.0));
        assert_eq!(CommandTotals::of(&workers, 0), CommandTotals::default());
        workers[0].reset();
        assert_eq!(CommandTotals::of(&workers, 1).calls, 6);
    }
}
