//! From a decoded command to its reply: who may run it, when, and what is counted.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use plimsoll_runtime::clock::Instant;
use plimsoll_wire::resp::Command;

use super::{
    absent,
    acl::{Access, Context, Reason},
    clients::{
        Client, flag,
        session::{Blocked, Replies, Session},
    },
    hot::{Answer, HotKeys},
    locked,
    node::Node,
    notify::tracking::Post,
    server::{self, ServerCall},
    telemetry::{
        denial,
        latency::Event,
        statistics::{Events, WorkerCounters},
    },
};
use crate::{
    commands::{
        self, Batch, Block, Error, Flags, Handler, KeyList, Ran, Reply, Run, Spec, Step,
        is_immediate,
    },
    store::Millis,
};

/// Of commands that take constant time, one in so many is timed.
const TIMED_ONE_IN: u32 = 16;
/// A command with more bytes than that is timed in any case.
const TIMED_BYTES: usize = 64 << 10;
/// Most kinds of errors that are counted apart.
const ERROR_KINDS_MAX: usize = 128;

/// What a connection does after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    /// It has no reply yet.
    Blocked(Block),
    /// It has not run: nobody like it is served for now.
    Paused,
    /// It has not run: room for it is being made.
    Later,
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
        if !self.session.transaction.is_open() && !self.batch.make_way(spec, command, bytes) {
            return Flow::Later;
        }
        self.last = number;
        self.count += 1;
        *self.tick = self.tick.wrapping_add(1);
        let is_timed =
            spec.may_be_slow || self.tick.is_multiple_of(TIMED_ONE_IN) || bytes > TIMED_BYTES;
        let started = is_timed.then(Instant::now);
        let (before, sent) = (self.out.buffer().len(), self.out.len());
        let ran = match spec.run {
            Run::Keyspace(handler) if self.session.is_plain && !self.is_monitored => {
                self.run_plainly(spec, handler, command)
            }
            _ => self.run_carefully(spec, command),
        };
        if ran == Ran::Later {
            self.count -= 1;
            return Flow::Later;
        }
        if self.session.errand.is_some() {
            // It has no reply yet, and runs again.
            self.count -= 1;
            return Flow::Paused;
        }
        if self.hot.is_due() {
            // What was refused has not been asked for.
            let keys = match ran {
                Ran::Failed => KeyList::None,
                _ => self.batch.keys(spec, command),
            };
            let bytes = self.out.len().saturating_sub(sent);
            self.hot.note(keys.as_slice().iter().copied(), bytes, self.batch.random);
        }
        self.record(spec, command, ran, started);
        match ran {
            Ran::Replied | Ran::Later => Flow::Next,
            Ran::Failed => {
                self.batch.walk = None;
                self.count_error(before);
                Flow::Next
            }
            Ran::Blocked(block) => Flow::Blocked(block),
        }
    }

    fn refuse_unknown(&mut self, command: Command<'_>, error: Error) {
        let error = match error {
            Error::UnknownCommand { .. } => absent::explain(command).unwrap_or(error),
            error => error,
        };
        self.session.transaction.fail();
        let before = self.out.buffer().len();
        if self.session.replies == Replies::On {
            self.out.error(&error);
        }
        self.count_error(before);
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
    fn run_carefully(&mut self, spec: &'static Spec, command: Command<'_>) -> Ran {
        let mark = self.out.mark();
        if self.session.replies == Replies::SkipNext {
            self.session.replies = Replies::Skip;
        }
        let ran = match self.check(spec, command) {
            Ok(()) => self.run_allowed(spec, command),
            Err(error) => {
                self.session.transaction.fail();
                if let Some(counters) = self.counters_of(self.last) {
                    counters.rejected.add(1);
                }
                self.out.error(&error);
                Ran::Failed
            }
        };
        if spec.name != "client|caching"
            && !self.session.transaction.is_open()
            && let Some(mode) = &mut self.session.tracking
        {
            mode.caching = None;
        }
        match self.session.replies {
            Replies::On => {}
            Replies::Off | Replies::SkipNext => self.out.rollback(mark),
            // It has no reply to skip yet.
            Replies::Skip if self.session.errand.is_some() => {}
            Replies::Skip => {
                self.out.rollback(mark);
                self.session.replies = Replies::On;
            }
        }
        self.session.settle();
        ran
    }

    fn check(&mut self, spec: &'static Spec, command: Command<'_>) -> Result<(), Error> {
        let session = &*self.session;
        if !session.is_authenticated && !spec.has(Flags::NO_AUTH) {
            return Err(Error::text("NOAUTH Authentication required."));
        }
        // Who has not said who it is may say it.
        if !session.user.may_do_all() && !spec.has(Flags::NO_AUTH) {
            self.check_permissions(spec, command)?;
        }
        if self.session.is_only_listening() && !spec.has(Flags::LISTENING) {
            return Err(Error::Text(
                format!(
                    "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT \
                     / RESET are allowed in this context",
                    spec.name
                )
                .into(),
            ));
        }
        // In Redis's words, to which a monitor is a kind of replica.
        let on_data = Flags::READONLY.and(Flags::WRITE);
        if self.session.client.has(flag::MONITOR) && spec.flags.intersects(on_data) {
            return Err(Error::text("ERR Replica can't interact with the keyspace"));
        }
        if self.session.transaction.is_open() && spec.has(Flags::NO_MULTI) {
            return Err(Error::text("ERR Command not allowed inside a transaction"));
        }
        Ok(())
    }

    fn check_permissions(&self, spec: &'static Spec, command: Command<'_>) -> Result<(), Error> {
        let user = &self.session.user;
        let parent =
            spec.name.split_once('|').and_then(|(name, _)| commands::find(name.as_bytes()));
        let context =
            if self.session.transaction.is_open() { Context::Multi } else { Context::TopLevel };
        let refuse = |reason, object: &[u8]| {
            denial::record(self.node, self.session, reason, context, object, self.batch.now);
        };
        if !user.may_run(spec, parent) {
            refuse(Reason::Command, spec.name.as_bytes());
            return Err(Error::Text(
                format!(
                    "NOPERM User {} has no permissions to run the '{}' command",
                    user.name, spec.name
                )
                .into(),
            ));
        }
        let access = Access::of(spec);
        for place in spec.keys.places(command) {
            let key = command.get(place).unwrap_or_default();
            if !user.may_use_key(key, access) {
                refuse(Reason::Key, key);
                return Err(Error::text("NOPERM No permissions to access a key"));
            }
        }
        for (channel, is_pattern) in server::channels_of(spec, command) {
            if !user.may_use_channel(channel, is_pattern) {
                refuse(Reason::Channel, channel);
                return Err(Error::text("NOPERM No permissions to access a channel"));
            }
        }
        Ok(())
    }

    fn tell_monitors(&self, spec: &Spec, command: Command<'_>) {
        let (node, now) = (self.node, self.batch.now);
        let limits = node.parameters.limits();
        let closed = node.monitors.tell(spec, command, &self.session.client, &limits, now);
        node.events.messages_undelivered.fetch_add(closed, Ordering::Relaxed);
    }

    fn run_allowed(&mut self, spec: &'static Spec, command: Command<'_>) -> Ran {
        let runs_again = self.session.errand.is_some() || self.batch.walk.is_some();
        if self.is_monitored && !runs_again {
            self.tell_monitors(spec, command);
        }
        if self.session.transaction.is_open() && !is_immediate(spec) {
            let queued = self.session.transaction.queue(spec, command, self.out);
            return self.finish(queued);
        }
        self.remember(spec, command);
        match spec.run {
            // PING, the only one of these that is allowed then: who listens expects all answers in the form
            // of messages.
            Run::Keyspace(_) if self.session.is_only_listening() => {
                self.out.array(2);
                self.out.bulk(b"pong");
                self.out.bulk(command.get(1).unwrap_or_default());
                Ran::Replied
            }
            Run::Keyspace(_) => {
                // Whoever wants no reply has nothing to wait for.
                let is_answered = self.session.replies == Replies::On;
                let may_block = is_answered || !spec.has(Flags::READ_THROUGH);
                self.batch.is_patient &= is_answered;
                self.batch.run(spec, command, may_block, self.out)
            }
            Run::Server | Run::Transaction(_) => {
                let mark = self.out.mark();
                let outcome = self.run_server(spec, command);
                if outcome.is_err() {
                    self.out.rollback(mark);
                }
                self.finish(outcome)
            }
        }
    }

    fn finish(&mut self, outcome: commands::Outcome) -> Ran {
        match outcome {
            Ok(()) => Ran::Replied,
            Err(error) => {
                self.out.error(&error);
                Ran::Failed
            }
        }
    }

    fn run_server(&mut self, spec: &'static Spec, command: Command<'_>) -> commands::Outcome {
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
                })
            }
        }
    }

    fn exec(&mut self) -> commands::Outcome {
        let Dispatch { node, session, batch, out, .. } = self;
        // Commands within may look at the session, but for its transaction.
        let mut transaction = std::mem::take(&mut session.transaction);
        let now = batch.now;
        let mut run = |held: &mut commands::Held<'_>,
                       spec: &'static Spec,
                       arguments: Command<'_>,
                       out: &mut Reply| {
            server::run(ServerCall { node, session, spec, arguments, held, out, now })
        };
        let outcome = transaction.exec(batch, &mut run, out);
        session.transaction = transaction;
        outcome
    }

    /// Before a read, so that no change after it goes untold.
    fn remember(&mut self, spec: &Spec, command: Command<'_>) {
        let Some(mode) = &self.session.tracking else { return };
        if !spec.has(Flags::READONLY) || !mode.remembers() {
            return;
        }
        track(self.node, &self.session.client, spec, command, self.batch.now);
    }

    fn counters_of(&self, index: u32) -> Option<&super::telemetry::statistics::CommandCounters> {
        self.counters?.by_command.get(usize::try_from(index).ok()?)
    }

    fn record(
        &self,
        spec: &'static Spec,
        command: Command<'_>,
        ran: Ran,
        started: Option<Instant>,
    ) {
        let Some(counters) = self.counters_of(self.last) else { return };
        counters.calls.add(1);
        if ran == Ran::Failed {
            counters.failed.add(1);
        }
        let Some(started) = started else { return };
        let nanos = Instant::now().nanos().saturating_sub(started.nanos());
        counters.timed.add(1);
        counters.nanos.add(nanos);
        let micros = nanos / 1_000;
        let hot = &self.node.parameters.hot;
        if micros >= hot.slowlog_threshold.load(Ordering::Relaxed) && !spec.has(Flags::SKIP_SLOWLOG)
        {
            self.record_slow(command, micros);
        }
        let threshold = hot.latency_threshold.load(Ordering::Relaxed);
        if threshold > 0 && micros / 1_000 >= threshold {
            let event = if spec.has(Flags::FAST) { Event::FastCommand } else { Event::Command };
            let second = self.batch.now.0 / 1_000;
            locked(&self.node.latencies).add(event, second, micros / 1_000);
        }
    }

    fn record_slow(&self, command: Command<'_>, micros: u64) {
        let client = &self.session.client;
        let who = (client.peer.to_string(), client.labels().name.into());
        let length = self.node.parameters.number("slowlog-max-len");
        let length = usize::try_from(length).unwrap_or(0);
        locked(&self.node.slowlog).add(command, micros, self.batch.now, who, length);
    }

    /// The error is what was written last.
    fn count_error(&self, before: usize) {
        if let Some(counters) = self.counters {
            counters.errors.add(1);
        }
        let text = self.out.buffer().get(before..).unwrap_or_default();
        let Some(rest) = text.strip_prefix(b"-") else { return };
        let code = rest.split(|byte| matches!(byte, b' ' | b'\r')).next().unwrap_or_default();
        let code = String::from_utf8_lossy(code).into_owned();
        let mut errors = locked(&self.node.errors);
        if errors.len() < ERROR_KINDS_MAX || errors.contains_key(&code) {
            *errors.entry(code).or_default() += 1;
        }
    }
}

/// `client` is about to read the command's keys.
fn track(node: &Node, client: &Arc<Client>, spec: &Spec, command: Command<'_>, now: Millis) {
    let keys_max = node.parameters.hot.tracking_keys_max.load(Ordering::Relaxed);
    let keys_max = usize::try_from(keys_max).unwrap_or(usize::MAX);
    let limits = node.parameters.limits();
    let post = Post { clients: &node.clients, limits: &limits, now };
    for place in spec.keys.places(command) {
        let key = command.get(place).unwrap_or_default();
        node.tracking.remember(key, client, keys_max, post);
    }
}

/// A read that had to wait is about to run again. What it waited for was told as a change, by which its keys
/// were forgotten. They are remembered once more, even where the client had opted out: better one
/// message too many.
pub(super) fn track_again(
    node: &Node,
    session: &Session,
    spec: &Spec,
    command: Command<'_>,
    now: Millis,
) {
    let is_told = session.tracking.as_ref().is_some_and(|mode| !mode.is_broadcast);
    if is_told && spec.has(Flags::READONLY) {
        track(node, &session.client, spec, command, now);
    }
}

/// Registers a command that has to wait. It is to be tried once more after that.
pub(super) fn block(node: &Node, session: &mut Session, last: u32, command: Command<'_>) {
    let Some(spec) = node.index.spec(last) else { return };
    let mut encoded = Vec::new();
    plimsoll_wire::resp::write_command(&mut encoded, command.iter());
    let keys: Vec<Bytes> = spec
        .keys
        .places(command)
        .filter_map(|place| command.get(place).map(Bytes::copy_from_slice))
        .collect();
    // Before the keys are looked at once more.
    node.wanted.listen();
    let ticket = node.waiting.enter(&keys, &session.client);
    session.client.set(flag::BLOCKED, true);
    Events::count(&node.events.blocked_clients);
    if spec.has(Flags::READ_THROUGH) {
        Events::count(&node.origin.counts.waited);
    }
    session.blocked = Some(Box::new(Blocked { spec, command: encoded, keys, ticket }));
}
