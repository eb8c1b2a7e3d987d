//! What is kept of commands: calls and their time, errors, and those that took long.

use std::sync::atomic::Ordering;

use plimsoll_wire::resp::Command;

use crate::{
    commands::{Flags, Spec},
    serve::{
        clients::Client,
        locked,
        node::Node,
        telemetry::{
            latency::Event,
            statistics::{CommandCounters, WorkerCounters},
        },
    },
    store::Millis,
};

/// Most kinds of errors that are counted apart.
const ERROR_KINDS_MAX: usize = 128;

/// Where a client's commands are counted.
#[derive(Clone, Copy)]
pub(super) struct Counting<'d> {
    pub(super) node: &'d Node,
    /// Of the thread.
    pub(super) counters: Option<&'d WorkerCounters>,
    pub(super) client: &'d Client,
    pub(super) now: Millis,
}

impl<'d> Counting<'d> {
    fn of(&self, number: u32) -> Option<&'d CommandCounters> {
        self.counters?.by_command.get(usize::try_from(number).ok()?)
    }

    /// A command has run, and took that many nanoseconds if it was timed.
    #[inline]
    pub(super) fn ran(
        &self,
        number: u32,
        spec: &Spec,
        command: Command<'_>,
        has_failed: bool,
        nanos: Option<u64>,
    ) {
        let Some(counters) = self.of(number) else { return };
        counters.calls.add(1);
        if has_failed {
            counters.failed.add(1);
        }
        if let Some(nanos) = nanos {
            counters.timed.add(1);
            counters.nanos.add(nanos);
            self.took(spec, command, nanos / 1_000);
        }
    }

    /// A command was not allowed to run.
    pub(super) fn refused(&self, number: u32) {
        if let Some(counters) = self.of(number) {
            counters.rejected.add(1);
        }
    }

    fn took(&self, spec: &Spec, command: Command<'_>, micros: u64) {
        let hot = &self.node.parameters.hot;
        if micros >= hot.slowlog_threshold.load(Ordering::Relaxed) && !spec.has(Flags::SKIP_SLOWLOG)
        {
            self.keep_slow(spec, command, micros);
        }
        let threshold = hot.latency_threshold.load(Ordering::Relaxed);
        if threshold > 0 && micros / 1_000 >= threshold {
            let event = if spec.has(Flags::FAST) { Event::FastCommand } else { Event::Command };
            locked(&self.node.latencies).add(event, self.now.0 / 1_000, micros / 1_000);
        }
    }

    #[cold]
    fn keep_slow(&self, spec: &Spec, command: Command<'_>, micros: u64) {
        let who = (self.client.peer.to_string(), self.client.labels().name.into());
        let length = self.node.parameters.number("slowlog-max-len");
        let length = usize::try_from(length).unwrap_or(0);
        locked(&self.node.slowlog).add(spec, command, micros, self.now, who, length);
    }

    /// A command has ended with this reply; it is not there when nobody wanted one.
    pub(super) fn error(&self, reply: &[u8]) {
        if let Some(counters) = self.counters {
            counters.errors.add(1);
        }
        let Some(rest) = reply.strip_prefix(b"-") else { return };
        let code = rest.split(|byte| matches!(byte, b' ' | b'\r')).next().unwrap_or_default();
        let code = String::from_utf8_lossy(code).into_owned();
        let mut errors = locked(&self.node.errors);
        if errors.len() < ERROR_KINDS_MAX || errors.contains_key(&code) {
            *errors.entry(code).or_default() += 1;
        }
    }
}
