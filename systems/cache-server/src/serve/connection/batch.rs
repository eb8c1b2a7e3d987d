//! Running what one read brought, and a blocking command again.

use std::{io, sync::atomic::Ordering, task::Context, time::Duration};

use plimsoll_runtime::timer;
use plimsoll_wire::resp::{CommandDecoder, CommandError, Limits};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{BATCH_REPLY_MAX, Connection, Partial, Turn, ahead::Ahead, orders, output};
use crate::{
    commands::{self, Batch, Block, Error, Flags},
    serve::{
        clients::Client,
        dispatch::{self, Dispatch, Flow},
        node::Node,
        notify,
        telemetry::statistics::{Events, WorkerCounters},
        worker::Scratch,
    },
};

/// What those may send who have not said who they are: Redis's own limits.
const STRANGER: Limits = Limits { bulk: 16 << 10, elements: 10, depth: 1 };
/// How often a command is put off: more often than it takes to empty a shard of any size in use.
const DELAYS_MAX: u32 = 1 << 14;
/// Of a command that is not whole, or of those of a transaction, what a connection may keep even while all are
/// over their budget, in bytes.
const INPUT_SMALL: usize = 64 << 10;
/// Behind a longer command the decoder looks for the next one even where nothing is left: with that it gives
/// back the memory of this one.
const FORGOTTEN_BYTES: usize = 16 << 10;
/// Commands of one batch behind which others have their turn.
const TURN_COMMANDS: u64 = 1024;

/// Why a batch ended before its input did.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    /// All whole commands have run.
    Input,
    /// There are many replies: they are sent first.
    Reply,
    Closing,
    Paused,
    /// Room for the next command is being made.
    Later,
    /// There were many commands.
    Turn,
    Blocked(Block),
}

/// What a batch came to.
struct Ran {
    /// Bytes of the input.
    done: usize,
    stop: Stop,
    /// The number of the last command; `u32::MAX` for none.
    last: u32,
    commands: u64,
}

impl Ran {
    /// To those who look at the client or at the thread's work, which began with a read of so many bytes.
    fn show(&self, client: &Client, counters: Option<&WorkerCounters>, bytes: usize) {
        if self.last != u32::MAX {
            client.last_command.store(self.last, Ordering::Relaxed);
        }
        if let Some(counters) = counters {
            counters.reads.add(u64::from(bytes > 0));
            counters.bytes_in.add(bytes as u64);
            counters.commands.add(self.commands);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Runs all whole commands of what is kept and of the `count` bytes that the thread's buffer has,
    /// and sends the replies.
    pub(super) fn run_batch(&mut self, context: &mut Context<'_>, count: usize) -> Turn {
        let worker = std::rc::Rc::clone(&self.worker);
        let mut scratch = worker.scratch.borrow_mut();
        self.session.refresh_user(&self.node);
        let ran = self.run_commands(&mut scratch, count);
        // A transaction tells at its end.
        if let Some(partial) = self.partial.as_deref_mut()
            && !self.session.transaction.is_open()
        {
            partial.pass_over_what_has_no_room(self.node.keyspace.store());
        }
        // There is more to read than fits: who sends much waits as well.
        let is_flood = count >= self.read_max();
        let most = self.write_max();
        let sent = output::send(&mut self.stream, context, &mut self.pending, &scratch.reply, most);
        scratch.clear();
        drop(scratch);
        let Ok(sent) = sent else { return Turn::End };
        self.count_sent(sent);
        if self.check_output().is_err() || self.is_query_too_long() {
            return Turn::End;
        }
        match ran.stop {
            Stop::Paused => self.pause(),
            Stop::Blocked(block) => self.wait_until(block),
            // Who asks for much waits between its parts for those who ask for little.
            Stop::Later | Stop::Reply | Stop::Turn => return Turn::Later,
            Stop::Input if is_flood || self.pending.is_put_off() => return Turn::Later,
            Stop::Input | Stop::Closing => {}
        }
        Turn::Again
    }

    /// Runs commands into the thread's reply buffer, and keeps what is left of the input.
    fn run_commands(&mut self, scratch: &mut Scratch, count: usize) -> Ran {
        let Connection { node, worker, session, partial, .. } = self;
        let Scratch { input, reply, decoder: shared, random, changes, tick, hot, ahead } = scratch;
        let input = input.get(..count).unwrap_or_default();
        reply.set_protocol(session.protocol);
        let now = Node::now();
        let counters = worker.counters(node);
        let (mut whole, mut walk, mut spent, mut is_patient) = (None, None, 0, true);
        let has_no_room = partial.as_ref().is_some_and(|partial| partial.has_no_room);
        let ran = {
            let (data, decoder): (&[u8], &mut CommandDecoder) = match partial.as_deref_mut() {
                Some(partial) => {
                    partial.take_in(input);
                    is_patient = partial.delays < DELAYS_MAX;
                    (whole, walk) = (partial.whole.take(), partial.walk.take());
                    spent = partial.spent;
                    (whole.as_deref().unwrap_or(&partial.input), &mut partial.decoder)
                }
                None => (input, &mut *shared),
            };
            let mut batch = Batch::new(&node.keyspace, now, random, changes);
            batch.source = whole.as_ref();
            batch.is_patient = is_patient;
            batch.walk = walk.take();
            batch.has_no_room = has_no_room;
            let mut dispatch = Dispatch {
                node,
                session,
                batch,
                out: reply,
                counters,
                hot,
                tick,
                is_paused: node.pause.is_on(now),
                is_monitored: node.monitors.are_there(),
                spent,
                last: u32::MAX,
                count: 0,
            };
            let (done, stop) = run_all(&mut dispatch, data, decoder, ahead);
            (walk, spent) = (dispatch.batch.walk.take(), dispatch.spent);
            Ran { done, stop, last: dispatch.last, commands: dispatch.count }
        };
        notify::tell(node, session.client.id, changes, now);
        session.client.last_active.store(now.0, Ordering::Relaxed);
        session.show();
        ran.show(&session.client, counters, count);
        let is_ready = ran.stop != Stop::Input;
        match partial {
            Some(kept) => {
                kept.pass(whole, ran.done, ran.stop == Stop::Later);
                kept.is_ready = is_ready;
                (kept.walk, kept.spent) = (walk, spent);
                if kept.len() == 0 {
                    *partial = None;
                }
            }
            None => {
                let rest = input.get(ran.done..).unwrap_or_default();
                if !rest.is_empty() {
                    // It knows how far it has read.
                    let decoder = std::mem::take(shared);
                    let input = rest.to_vec();
                    let kept =
                        Partial { input, decoder, is_ready, walk, spent, ..Partial::default() };
                    *partial = Some(Box::new(kept));
                }
            }
        }
        ran
    }

    /// Also when it is not that long, but all connections together keep more than they may: then who wants more
    /// than a little goes.
    fn is_query_too_long(&self) -> bool {
        let kept = self.partial.as_ref().map_or(0, |partial| partial.len());
        let most = kept.max(self.session.transaction.bytes());
        let limit = self.node.parameters.hot.query_bytes_max.load(Ordering::Relaxed);
        let is_too_long = kept as u64 > limit || (most > INPUT_SMALL && self.is_over_budget());
        if is_too_long {
            Events::count(&self.node.events.query_limit);
        }
        is_too_long
    }

    /// A blocking command begins to wait. It is tried once more at once: between its first try and now
    /// somebody may have changed a key without knowing of it.
    fn wait_until(&mut self, block: Block) {
        self.session.client.mailbox.nudge();
        self.alarm = block.until.map(|until| {
            let wait = until.0.saturating_sub(Node::now().0);
            Box::pin(timer::sleep(Duration::from_millis(wait)))
        });
    }

    /// Whether the blocking command has its reply, which is sent then.
    pub(super) fn retry_blocked(
        &mut self,
        context: &mut Context<'_>,
        may_block: bool,
    ) -> io::Result<bool> {
        let Some(blocked) = self.session.blocked.take() else { return Ok(true) };
        let worker = std::rc::Rc::clone(&self.worker);
        let mut scratch = worker.scratch.borrow_mut();
        let Scratch { reply, random, changes, .. } = &mut *scratch;
        reply.set_protocol(self.session.protocol);
        let now = Node::now();
        let mut decoder = CommandDecoder::default();
        let ran = match decoder.decode(&blocked.command) {
            // A fill ends long before the time of those who wait for it is over.
            Ok((_, Some(_))) if !may_block && blocked.spec.has(Flags::READ_THROUGH) => {
                reply.error(&Error::text("ORIGIN took too long, or the wait was ended"));
                commands::Ran::Failed
            }
            Ok((_, Some(command))) => {
                dispatch::track_again(&self.node, &self.session, blocked.spec, command, now);
                let mut batch = Batch::new(&self.node.keyspace, now, random, changes);
                batch.is_retry = true;
                batch.run(blocked.spec, command, may_block, reply)
            }
            // It was encoded by us.
            _ => commands::Ran::Failed,
        };
        let is_done = !matches!(ran, commands::Ran::Blocked(_));
        self.session.blocked = Some(blocked);
        if is_done {
            self.session.unblock(&self.node);
            self.alarm = None;
            if !self.session.takes_reply() {
                reply.clear();
            }
            notify::tell(&self.node, self.session.client.id, changes, now);
            let most = self.write_max();
            let sent = output::send(&mut self.stream, context, &mut self.pending, reply, most);
            scratch.clear();
            drop(scratch);
            let sent = sent?;
            self.count_sent(sent);
        } else {
            changes.clear();
        }
        Ok(is_done)
    }

    /// CLIENT UNBLOCK.
    pub(super) fn unblock(&mut self, with_error: bool) {
        if self.session.blocked.is_none() {
            return;
        }
        if with_error {
            self.session.unblock(&self.node);
            self.alarm = None;
            if self.session.takes_reply() {
                self.pending.push(b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
            }
        } else {
            // As if its time were over.
            self.alarm = Some(Box::pin(timer::sleep(Duration::ZERO)));
        }
    }
}

/// Runs commands until one has to wait or none is whole; how many bytes are done with.
fn run_all(
    dispatch: &mut Dispatch<'_, '_>,
    data: &[u8],
    decoder: &mut CommandDecoder,
    ahead: &mut Ahead,
) -> (usize, Stop) {
    let mut done = 0;
    if dispatch.session.is_closing {
        // Its user is gone, and nothing runs in that name any more.
        return (done, Stop::Closing);
    }
    ahead.clear();
    let looks_ahead = dispatch.node.keyspace.store().is_large();
    loop {
        let last;
        if !dispatch.session.is_plain {
            // Other limits may apply.
            ahead.clear();
        } else if looks_ahead && done > 0 && done < data.len() && ahead.is_empty() {
            ahead.look(data, done, decoder, &mut dispatch.batch);
        }
        decoder.set_limits(limits(dispatch));
        let next = match ahead.take(data) {
            Some((taken, command)) => Ok((taken, Some(command))),
            None => decoder.decode(data.get(done..).unwrap_or_default()),
        };
        match next {
            Ok((taken, None)) => return (done + taken, Stop::Input),
            Ok((taken, Some(command))) => match dispatch.run(command, taken) {
                Flow::Paused => return (done + decoder.put_back(), Stop::Paused),
                Flow::Later => return (done + decoder.put_back(), Stop::Later),
                Flow::Blocked(block) => {
                    dispatch.batch.release();
                    dispatch::block(dispatch.node, dispatch.session, dispatch.last, command);
                    done += taken;
                    let limits = limits(dispatch);
                    orders::place(dispatch, data.get(done..).unwrap_or_default(), limits);
                    return (done, Stop::Blocked(block));
                }
                Flow::Next => {
                    dispatch.batch.has_no_room = false;
                    done += taken;
                    last = taken;
                }
            },
            Err(error) => {
                Events::count(&dispatch.node.events.protocol_errors);
                dispatch.out.error(&Error::Text(protocol_error(dispatch, &error).into()));
                dispatch.session.is_closing = true;
                // It stopped within a command, and may be the one that others use next.
                *decoder = CommandDecoder::default();
                return (data.len(), Stop::Closing);
            }
        }
        if dispatch.session.is_closing {
            return (data.len(), Stop::Closing);
        }
        if dispatch.out.len() > BATCH_REPLY_MAX {
            return (done, Stop::Reply);
        }
        if dispatch.count >= TURN_COMMANDS {
            return (done, Stop::Turn);
        }
        // As nearly all reads end.
        if done == data.len() && last <= FORGOTTEN_BYTES {
            return (done, Stop::Input);
        }
    }
}

fn limits(dispatch: &Dispatch<'_, '_>) -> Limits {
    if !dispatch.session.is_authenticated {
        return STRANGER;
    }
    let bulk = dispatch.node.parameters.hot.bulk_bytes_max.load(Ordering::Relaxed);
    Limits { bulk: usize::try_from(bulk).unwrap_or(usize::MAX), ..Limits::DEFAULT }
}

fn protocol_error(dispatch: &Dispatch<'_, '_>, error: &CommandError) -> String {
    let text = match error {
        CommandError::Count if !dispatch.session.is_authenticated => {
            "Protocol error: unauthenticated multibulk length".to_owned()
        }
        CommandError::Length if !dispatch.session.is_authenticated => {
            "Protocol error: unauthenticated bulk length".to_owned()
        }
        error => error.to_string(),
    };
    format!("ERR {text}")
}
