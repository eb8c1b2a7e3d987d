//! From a decoded command to its reply: who may run it, when, and what is counted.
//!
//! Here is the order in which that is decided. [`permissions`] has what a connection may do, [`counting`] what
//! is kept of its commands, [`transactions`] EXEC, [`tracking`] and [`waiting`] what a read or a command that
//! waits leaves with others.

mod counting;
mod permissions;
#[cfg(test)]
mod tests;
mod tracking;
mod transactions;
mod waiting;

use std::sync::Arc;

use plimsoll_runtime::clock::Instant;
use plimsoll_wire::resp::Command;

use self::{counting::Counting, tracking::remember};
pub(super) use self::{tracking::track_again, waiting::block};
use super::{
    absent,
    clients::session::{Replies, Session},
    hot::{Answer, HotKeys},
    node::Node,
    server::{self, ServerCall},
    telemetry::statistics::WorkerCounters,
};
use crate::commands::{
    self, Batch, Block, Error, Flags, Handler, KeyList, Outcome, Ran, Reply, Run, Spec, Step,
    is_immediate,
};

/// Of commands that take constant time, one in so many is timed.
const TIMED_ONE_IN: u32 = 16;
/// A command with more bytes than that is timed in any case.
const TIMED_BYTES: usize = 64 << 10;

/// What a connection does after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    /// It has no reply yet.
    Blocked(Block),
    /// It has not run: nobody like it is served for now.
    Paused,
    /// It has not run, or not to its end: others have their turn.
    Later,
}

/// How far a command came.
#[derive(Clone, Copy)]
enum Course {
    Ran(Ran),
    /// It runs at EXEC.
    Queued,
    /// It must not run; the reply says why.
    Refused,
}

/// Runs the commands of one batch of one connection.
pub(super) struct Dispatch<'b, 's> {
    pub(super) node: &'s Arc<Node>,
    pub(super) session: &'b mut Session,
    pub(super) batch: Batch<'s>,
    pub(super) out: &'b mut Reply,
    pub(super) counters: Option<&'s WorkerCounters>,
    pub(super) hot: &'b mut HotKeys,
    pub(super) tick: &'b mut u32,
    /// Whether a pause is on.
    pub(super) is_paused: bool,
    /// Whether anybody wants to see each command.
    pub(super) is_monitored: bool,
    /// Nanoseconds that the steps took which the command that comes first has behind it.
    pub(super) spent: u64,
    /// The number of the last command; `u32::MAX` for none.
    pub(super) last: u32,
    pub(super) count: u64,
}

impl Dispatch<'_, '_> {
    /// `bytes` is how long the command was.
    pub(super) fn run(&mut self, command: Command<'_>, bytes: usize) -> Flow {
        let (number, spec) = match commands::resolve_numbered(command) {
            Ok(found) => found,
            Err(error) => {
                self.refuse_unknown(command, error);
                return Flow::Next;
            }
        };
        if self.is_paused && self.node.pause.holds_back(spec, self.batch.now) {
            return Flow::Paused;
        }
        *self.tick = self.tick.wrapping_add(1);
        // What was timed when it was put off is timed to its end.
        let is_timed = spec.may_be_slow
            || self.tick.is_multiple_of(TIMED_ONE_IN)
            || bytes > TIMED_BYTES
            || self.spent > 0;
        let started = is_timed.then(Instant::now);
        self.last = number;
        let (before, sent) = (self.out.buffer().len(), self.out.len());
        let course = match spec.run {
            Run::Keyspace(handler) if self.session.is_plain && !self.is_monitored => {
                if self.batch.make_way(spec, command, bytes) {
                    Course::Ran(self.run_plainly(spec, handler, command))
                } else {
                    Course::Ran(Ran::Later)
                }
            }
            _ => self.run_carefully(spec, command, bytes),
        };
        if matches!(course, Course::Ran(Ran::Later)) {
            return self.put_off(started);
        }
        if self.session.errand.is_some() {
            // It has no reply yet, and runs again.
            return Flow::Paused;
        }
        self.count += 1;
        if self.hot.is_due() {
            self.note_keys(spec, command, course, sent);
        }
        match course {
            Course::Ran(ran) => self.end(spec, command, ran, started, before),
            Course::Queued => Flow::Next,
            Course::Refused => {
                let counting = self.counting();
                counting.refused(number);
                counting.error(self.out.buffer().get(before..).unwrap_or_default());
                self.forget_steps();
                Flow::Next
            }
        }
    }

    /// A step is over, and not the command.
    fn put_off(&mut self, started: Option<Instant>) -> Flow {
        self.spent += started.map_or(0, nanos_since);
        Flow::Later
    }

    /// The next command is another one.
    fn forget_steps(&mut self) {
        self.batch.walk = None;
        self.spent = 0;
    }

    /// The command has run. What it wrote begins at `before`.
    #[inline]
    fn end(
        &mut self,
        spec: &'static Spec,
        command: Command<'_>,
        ran: Ran,
        started: Option<Instant>,
        before: usize,
    ) -> Flow {
        // What comes in steps is timed each time.
        let nanos = started.map(|started| nanos_since(started) + std::mem::take(&mut self.spent));
        self.counting().ran(self.last, spec, command, ran == Ran::Failed, nanos);
        match ran {
            Ran::Replied | Ran::Later => Flow::Next,
            Ran::Failed => {
                self.counting().error(self.out.buffer().get(before..).unwrap_or_default());
                self.forget_steps();
                Flow::Next
            }
            Ran::Blocked(block) => Flow::Blocked(block),
        }
    }

    fn counting(&self) -> Counting<'_> {
        Counting {
            node: self.node,
            counters: self.counters,
            client: &self.session.client,
            now: self.batch.now,
        }
    }

    /// The reply of the command begins at `sent`.
    #[cold]
    fn note_keys(
        &mut self,
        spec: &'static Spec,
        command: Command<'_>,
        course: Course,
        sent: usize,
    ) {
        // What was refused has not been asked for.
        let keys = match course {
            Course::Refused | Course::Ran(Ran::Failed) => KeyList::None,
            Course::Queued | Course::Ran(_) => self.batch.keys(spec, command),
        };
        let bytes = self.out.len().saturating_sub(sent);
        self.hot.note(keys.as_slice().iter().copied(), bytes, self.batch.random);
    }

    /// There is no such command, or not with so many arguments.
    #[cold]
    fn refuse_unknown(&mut self, command: Command<'_>, error: Error) {
        if let Error::Arity(name) = error
            && let Some(number) = commands::number_of(name)
        {
            self.counting().refused(number);
        }
        let error = match error {
            Error::UnknownCommand { .. } | Error::UnknownSubcommand { .. } => {
                absent::explain(command).unwrap_or(error)
            }
            error => error,
        };
        self.session.transaction.fail();
        let before = self.out.buffer().len();
        if self.session.takes_reply() {
            self.out.error(&error);
        }
        self.counting().error(self.out.buffer().get(before..).unwrap_or_default());
    }

    /// With nothing of the session that matters.
    #[inline]
    fn run_plainly(&mut self, spec: &'static Spec, handler: Handler, command: Command<'_>) -> Ran {
        let Dispatch { node, batch, hot, out, counters, .. } = self;
        let keys = batch.keys(spec, command);
        if hot.copies.is_empty() || !spec.has(Flags::COPIED) {
            return batch.run_on(spec, handler, command, &keys, true, out);
        }
        let Some(key) = keys.as_slice().first() else {
            return batch.run_on(spec, handler, command, &keys, true, out);
        };
        let answer = hot.copies.answer(key, batch.held.store(), batch.now, out);
        if answer == Answer::Given {
            if let Some(counters) = counters {
                counters.copied_reads.add(1);
            }
            return Ran::Replied;
        }
        let ran = batch.run_on(spec, handler, command, &keys, true, out);
        if answer == Answer::Wanted && ran == Ran::Replied {
            let fresh_until = node.keyspace.fills().fresh_until(batch.held.index(key), key);
            hot.copies.take(key, batch.held.look(key), fresh_until, batch.now);
        }
        ran
    }

    /// With all that a session can be in the middle of.
    fn run_carefully(&mut self, spec: &'static Spec, command: Command<'_>, bytes: usize) -> Course {
        let mark = self.out.mark();
        if self.session.replies == Replies::SkipNext {
            self.session.replies = Replies::Skip;
        }
        // A command that comes back was allowed when it came first.
        let checked = if self.runs_again() { Ok(()) } else { self.check(spec, command) };
        let course = match checked {
            Ok(()) => self.run_allowed(spec, command, bytes),
            Err(error) => self.refuse(&error),
        };
        let is_put_off = matches!(course, Course::Ran(Ran::Later)) || self.session.errand.is_some();
        if !is_put_off
            && spec.name != "client|caching"
            && !self.session.transaction.is_open()
            && let Some(mode) = &mut self.session.tracking
        {
            mode.caching = None;
        }
        let has_ended = !is_put_off && !matches!(course, Course::Ran(Ran::Blocked(_)));
        // CLIENT REPLY SKIP has no reply itself.
        let is_skip = self.session.replies == Replies::SkipNext;
        if is_skip || (has_ended && !self.session.takes_reply()) {
            self.out.rollback(mark);
        }
        self.session.settle();
        course
    }

    fn refuse(&mut self, error: &Error) -> Course {
        self.session.transaction.fail();
        self.out.error(error);
        Course::Refused
    }

    /// Whether the command has begun before.
    fn runs_again(&self) -> bool {
        self.session.errand.is_some() || self.batch.walk.is_some()
    }

    fn run_allowed(&mut self, spec: &'static Spec, command: Command<'_>, bytes: usize) -> Course {
        if self.session.transaction.is_open() && !is_immediate(spec) {
            return match self.session.transaction.queue(spec, command, self.out) {
                Ok(()) => Course::Queued,
                Err(error) => self.refuse(&error),
            };
        }
        if !self.batch.make_way(spec, command, bytes) {
            return Course::Ran(Ran::Later);
        }
        let is_exec = matches!(spec.run, Run::Transaction(Step::Exec));
        // EXEC is shown behind the commands that it runs.
        if self.is_monitored && !self.runs_again() && !is_exec {
            self.tell_monitors(spec, command);
        }
        let session = &*self.session;
        let is_answered = session.replies == Replies::On;
        let places = self.batch.places(spec, command);
        remember(self.node, session, spec, (command, places), self.batch.now);
        let ran = match spec.run {
            // PING, the only one of these that is allowed then: who listens expects all answers in the form
            // of messages.
            Run::Keyspace(_) if session.is_only_listening() => {
                self.out.array(2);
                self.out.bulk(b"pong");
                self.out.bulk(command.get(1).unwrap_or_default());
                Ran::Replied
            }
            Run::Keyspace(_) => {
                // Whoever wants no reply has nothing to wait for.
                let may_block = is_answered || !spec.has(Flags::READ_THROUGH);
                self.batch.run(spec, command, may_block, self.out)
            }
            Run::Server | Run::Transaction(_) => self.run_server(spec, command),
        };
        if self.is_monitored && is_exec {
            self.tell_monitors(spec, command);
        }
        Course::Ran(ran)
    }

    fn tell_monitors(&self, spec: &Spec, command: Command<'_>) {
        transactions::tell_monitors(self.node, &self.session.client, spec, command, self.batch.now);
    }

    fn run_server(&mut self, spec: &'static Spec, command: Command<'_>) -> Ran {
        let mark = self.out.mark();
        let outcome = self.serve(spec, command);
        match outcome {
            Ok(()) => Ran::Replied,
            Err(error) => {
                self.out.rollback(mark);
                self.out.error(&error);
                Ran::Failed
            }
        }
    }

    fn serve(&mut self, spec: &'static Spec, command: Command<'_>) -> Outcome {
        match spec.run {
            Run::Transaction(Step::Exec) => self.exec(),
            Run::Transaction(Step::Watch) => {
                self.session.transaction.watch(&mut self.batch, spec, command, self.out)
            }
            Run::Server | Run::Keyspace(_) => {
                // They may take long, and other locks.
                self.batch.release();
                server::run(ServerCall {
                    node: self.node,
                    session: self.session,
                    spec,
                    arguments: command,
                    held: &mut self.batch.held,
                    out: self.out,
                    now: self.batch.now,
                    is_queued: false,
                })
            }
        }
    }
}

fn nanos_since(started: Instant) -> u64 {
    Instant::now().nanos().saturating_sub(started.nanos())
}
