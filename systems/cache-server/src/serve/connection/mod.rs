//! One connection: read what is there, run every whole command of it, answer with one write.
//!
//! Everything between a read and its write happens in one go, in buffers of the thread, so a connection
//! that waits keeps none. What it does keep is a command of which a part came, and replies that its
//! peer did not take. While those are more than [`OUTPUT_WINDOW`], nothing more is read: the peer
//! feels it. So a pipeline may be of any depth.
//!
//! A poll moves little: whoever has more to move comes into the thread's [`lane`].

pub(super) mod ahead;
mod batch;
pub(super) mod lane;
mod orders;
mod output;
mod partial;
#[cfg(test)]
mod tests;

use std::{
    io,
    pin::Pin,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use plimsoll_runtime::timer::{self, Sleep};
use plimsoll_wire::resp::Protocol;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::{lane::Standing, output::Pending, partial::Partial};
use super::{
    clients::{Client, mailbox::Order, session::Session},
    node::Node,
    telemetry::statistics::Events,
    worker::{READ_BYTES, Worker},
};

/// Replies that may wait for a peer before its commands do, in bytes. Large, because some clients send a
/// whole pipeline before they read.
const OUTPUT_WINDOW: usize = 16 << 20;
/// The same while all connections together are over their budget.
const OUTPUT_WINDOW_SHORT: usize = 64 << 10;
/// Replies of one batch, in bytes: behind that the next write comes first, and then the other connections.
const BATCH_REPLY_MAX: usize = 64 << 10;
/// Turns of one poll, each with little to do.
const TURNS_MAX: u32 = 8;
/// Bytes that a connection may send at a time without being one of those that move much: what it sends is read
/// in parts of that.
const LIGHT_READ: usize = 32 << 10;
/// Bytes of replies that it may be written at a time: a batch of them and the value that was too much.
const LIGHT_WRITE: usize = 128 << 10;
/// Bytes of one write to those that do. The kernel would take megabytes, and as many again while the peer
/// reads them.
const BULK_WRITE: usize = 512 << 10;
/// Bytes of a command that is not whole, of a transaction, or of replies that the peer has not taken, with which
/// a connection is one that moves much, whatever it has moved of late.
const BULK_KEPT: usize = 64 << 10;
/// What a client that waits in a blocking command may send ahead, in bytes.
const AHEAD_MAX: usize = 1 << 20;
/// Pieces of messages longer than that are not copied.
const SHARED_MIN: usize = 16 << 10;
/// How often a paused connection looks whether the pause is over.
const PAUSE_LOOK: Duration = Duration::from_millis(20);

/// One connection over any stream.
pub(super) struct Connection<S> {
    stream: S,
    node: Arc<Node>,
    worker: Rc<Worker>,
    /// Boxed: with it the task would be so large that the allocator rounds it up to twice as much.
    session: Box<Session>,
    partial: Option<Box<Partial>>,
    pending: Pending,
    /// Of the memory above, what the node knows of.
    accounted: usize,
    waker: Option<Waker>,
    standing: Standing,
    /// While a command waits, or everybody does.
    alarm: Option<Pin<Box<Sleep>>>,
}

/// What to do after a step.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Again,
    /// After others.
    Later,
    /// Until the socket, the mailbox or the alarm wakes the task.
    Wait,
    End,
}

/// To the connection's end, however it comes. By hand, so that the task is nothing but the connection: what
/// it weighs is what an idle client costs.
impl<S: AsyncRead + AsyncWrite + Unpin> Future for Connection<S> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.standing == Standing::Leaving {
            return Poll::Ready(());
        }
        self.keep_waker(context.waker());
        let Connection { standing, worker, .. } = &mut *self;
        if *standing != Standing::Light && !worker.lane.enter(standing, context.waker()) {
            return Poll::Pending;
        }
        let has_more = match self.turns(context) {
            Turn::End => return self.depart(context.waker()),
            turn => turn != Turn::Wait,
        };
        let keeps_much = self.accounted >= BULK_KEPT;
        if self.standing != Standing::Light || has_more || keeps_much {
            let Connection { standing, worker, .. } = &mut *self;
            worker.lane.leave(standing, keeps_much, has_more, context.waker());
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(
        stream: S,
        node: Arc<Node>,
        worker: Rc<Worker>,
        client: Arc<Client>,
    ) -> Connection<S> {
        let session = Box::new(Session::new(&node, client));
        worker.open.set(worker.open.get() + 1);
        Connection {
            stream,
            node,
            worker,
            session,
            partial: None,
            pending: Pending::default(),
            accounted: 0,
            waker: None,
            standing: Standing::Light,
            alarm: None,
        }
    }

    /// The mailbox's lock is taken only when the task's waker is another one than before.
    fn keep_waker(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|known| known.will_wake(waker)) {
            self.session.client.mailbox.set_waker(waker);
            self.waker = Some(waker.clone());
        }
    }

    /// Until one of them has much to do, or there is nothing to do.
    fn turns(&mut self, context: &mut Context<'_>) -> Turn {
        for _ in 0..TURNS_MAX {
            match self.turn(context) {
                Turn::Again => {}
                turn => return turn,
            }
        }
        Turn::Later
    }

    /// Ends at once, or when it is polled again.
    fn depart(&mut self, waker: &Waker) -> Poll<()> {
        self.worker.lane.forget(&mut self.standing);
        if self.worker.departures.may_close(waker) {
            return Poll::Ready(());
        }
        // What it waited for is for others.
        self.session.unblock(&self.node);
        Poll::Pending
    }

    /// Whether it has its turn among those that move much.
    fn is_bulk(&self) -> bool {
        matches!(self.standing, Standing::Going { .. })
    }

    /// Bytes that may be read in one go.
    fn read_max(&self) -> usize {
        if self.is_bulk() { READ_BYTES } else { LIGHT_READ }
    }

    /// Bytes that may be written in one go.
    fn write_max(&self) -> usize {
        if self.is_bulk() { BULK_WRITE } else { LIGHT_WRITE }
    }

    fn turn(&mut self, context: &mut Context<'_>) -> Turn {
        let has_mail = self.session.client.mailbox.has_mail();
        if has_mail && self.take_mail() == Turn::End {
            return Turn::End;
        }
        if !self.pending.is_empty() && self.flush(context).is_err() {
            return Turn::End;
        }
        if self.pending.is_put_off() {
            return Turn::Later;
        }
        if self.session.is_closing {
            return self.close(context);
        }
        let is_due = self.is_alarm_due(context);
        if self.session.blocked.is_some() {
            return self.wait_for_keys(context, has_mail, is_due);
        }
        if self.alarm.is_some() || self.pending.len() > self.window() {
            return Turn::Wait;
        }
        if self.partial.as_ref().is_some_and(|partial| partial.is_ready) {
            return self.run_batch(context, 0);
        }
        match self.read(context) {
            Ok(None) => Turn::Wait,
            Ok(Some(0)) | Err(_) => Turn::End,
            Ok(Some(count)) => self.run_batch(context, count),
        }
    }

    /// When all is sent. The peer is told, where the stream has a way to.
    fn close(&mut self, context: &mut Context<'_>) -> Turn {
        if !self.pending.is_empty() {
            return Turn::Wait;
        }
        // Whether it goes out does not matter: the connection ends in any case.
        drop(Pin::new(&mut self.stream).poll_shutdown(context));
        Turn::End
    }

    /// Whether an alarm has gone off; it is gone then.
    fn is_alarm_due(&mut self, context: &mut Context<'_>) -> bool {
        let is_due =
            self.alarm.as_mut().is_some_and(|alarm| alarm.as_mut().poll(context).is_ready());
        if is_due {
            self.alarm = None;
        }
        is_due
    }

    /// Fills the thread's buffer as far as is fair; `None` when nothing is there.
    fn read(&mut self, context: &mut Context<'_>) -> io::Result<Option<usize>> {
        let mut scratch = self.worker.scratch.borrow_mut();
        let most = self.read_max();
        let mut buffer = ReadBuf::new(scratch.input.get_mut(..most).unwrap_or_default());
        match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
            Poll::Pending => Ok(None),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) => {
                let count = buffer.filled().len();
                self.worker.gather.note(self.session.client.id);
                if count >= LIGHT_READ {
                    self.standing.moves_much();
                }
                Ok(Some(count))
            }
        }
    }

    /// A blocking command has no reply yet: it is tried again when something woke it. Until then no other
    /// command runs, but the peer's leaving is noticed.
    fn wait_for_keys(&mut self, context: &mut Context<'_>, is_woken: bool, is_due: bool) -> Turn {
        if is_woken || is_due {
            return match self.retry_blocked(context, !is_due) {
                Ok(true) => Turn::Again,
                Ok(false) => Turn::Wait,
                Err(_) => Turn::End,
            };
        }
        let waiting = self.partial.as_ref().map_or(0, |partial| partial.input.len());
        if waiting > AHEAD_MAX {
            return Turn::Wait;
        }
        match self.read(context) {
            Ok(None) => Turn::Wait,
            Ok(Some(0)) | Err(_) => Turn::End,
            Ok(Some(count)) => {
                let scratch = self.worker.scratch.borrow();
                let partial = self.partial.get_or_insert_default();
                partial.input.extend_from_slice(scratch.input.get(..count).unwrap_or_default());
                partial.is_ready = true;
                drop(scratch);
                self.account();
                Turn::Again
            }
        }
    }

    fn take_mail(&mut self) -> Turn {
        let taken = self.session.client.mailbox.take();
        match taken.order {
            None => {}
            Some(Order::Close) => self.session.is_closing = true,
            Some(Order::CloseUnsent) => {
                Events::count(&self.node.events.output_limit);
                return Turn::End;
            }
            Some(Order::Unblock { with_error }) => self.unblock(with_error),
        }
        let kind: &[u8] = match self.session.protocol {
            Protocol::Resp2 => b"*",
            Protocol::Resp3 => b">",
        };
        for message in &taken.messages {
            // What monitors are told is whole, and the same in both protocols.
            if !message.starts_with(b"+") {
                self.pending.push(kind);
            }
            if message.len() > SHARED_MIN {
                self.pending.push_shared(message);
            } else {
                self.pending.push(message);
            }
        }
        Turn::Again
    }

    fn flush(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let most = self.write_max();
        let sent = self.pending.flush(&mut self.stream, context, most);
        let sent = sent.inspect_err(|_| self.pending.clear())?;
        self.count_sent(sent);
        self.check_output()
    }

    fn count_sent(&mut self, sent: usize) {
        if sent >= LIGHT_WRITE {
            self.standing.moves_much();
        }
        if let Some(counters) = self.worker.counters(&self.node) {
            counters.bytes_out.add(sent as u64);
            counters.writes.add(u64::from(sent > 0));
        }
        self.account();
    }

    /// # Errors
    /// When the peer leaves too much unread.
    fn check_output(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let limits = self.node.parameters.limits();
        let limit = limits.of(self.session.client.class());
        if self.pending.is_over(limit, Node::now()) {
            Events::count(&self.node.events.output_limit);
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    fn window(&self) -> usize {
        if self.is_over_budget() { OUTPUT_WINDOW_SHORT } else { OUTPUT_WINDOW }
    }

    /// Whether all connections together keep more than they may.
    fn is_over_budget(&self) -> bool {
        let budget = self.node.parameters.hot.clients_bytes_max.load(Ordering::Relaxed);
        let used = self.node.client_bytes.load(Ordering::Relaxed);
        budget > 0 && used as u64 > budget
    }

    /// Tells the node and others how much memory the connection keeps. Costs nothing while it keeps none.
    fn account(&mut self) {
        let input = self.partial.as_ref().map_or(0, |partial| partial.bytes());
        let keeps = input + self.session.transaction.bytes() + self.pending.len();
        if keeps == self.accounted && keeps == 0 {
            return;
        }
        let client = &self.session.client;
        client.input_bytes.store(input, Ordering::Relaxed);
        client.output_bytes.store(self.pending.len(), Ordering::Relaxed);
        self.node.client_bytes.fetch_add(keeps, Ordering::Relaxed);
        self.node.client_bytes.fetch_sub(self.accounted, Ordering::Relaxed);
        self.accounted = keeps;
    }

    /// From now on nothing is read until the alarm.
    fn pause(&mut self) {
        self.alarm = Some(Box::pin(timer::sleep(PAUSE_LOOK)));
    }
}

impl<S> Drop for Connection<S> {
    fn drop(&mut self) {
        self.worker.lane.forget(&mut self.standing);
        if let Some(walk) = self.partial.as_mut().and_then(|partial| partial.walk.take()) {
            walk.abandon(&self.node.keyspace);
        }
        self.node.client_bytes.fetch_sub(self.accounted, Ordering::Relaxed);
        self.session.end(&self.node);
        self.worker.open.set(self.worker.open.get().saturating_sub(1));
    }
}
