//! Writing some commands and reading as many replies, over one connection.
//!
//! One poll function, as for HTTP: while nothing is ready it holds no buffer, and it reads replies
//! while it still writes, so that a long pipeline cannot block both ends.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use plimsoll_runtime::clock::Instant;
use plimsoll_wire::resp::{Outcome, ReplyError, ReplySkipper, Skip, Value, ValueDecoder};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    connection::Connection,
    error::{RedisError, RedisErrorKind},
    worker::Worker,
};
use crate::http::error::Failure;

/// What is told of one reply.
pub(super) enum Reply<'a> {
    /// Borrows from the read buffer.
    Skipped(Outcome<'a>),
    Decoded(Value),
}

/// Understands replies, to the depth that is wanted.
pub(super) enum Reader {
    Skip(ReplySkipper),
    Decode(ValueDecoder),
}

impl Reader {
    pub(super) fn new(wants_values: bool) -> Reader {
        if wants_values {
            Reader::Decode(ValueDecoder::default())
        } else {
            Reader::Skip(ReplySkipper::default())
        }
    }

    /// Takes bytes from the front and finds at most one reply.
    fn read<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Option<Reply<'a>>), ReplyError> {
        match self {
            Reader::Skip(skipper) => Ok(match skipper.skip(input)? {
                (taken, Skip::NeedMore) => (taken, None),
                (taken, Skip::Done(outcome)) => (taken, Some(Reply::Skipped(outcome))),
            }),
            Reader::Decode(decoder) => {
                let (taken, value) = decoder.decode(input)?;
                Ok((taken, value.map(Reply::Decoded)))
            }
        }
    }
}

/// When what happened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stamps {
    /// The last byte was written.
    pub(super) sent: Option<Instant>,
    pub(super) first_byte: Option<Instant>,
    /// The last reply was complete.
    pub(super) finished: Option<Instant>,
}

/// Sends `bytes`, which hold `count` commands; `sink` gets each reply with its number and the bytes
/// it took. The connection is of no more use after an error.
pub(super) async fn exchange(
    connection: &mut Connection,
    worker: &Worker,
    (bytes, count): (&[u8], usize),
    wants_values: bool,
    stamps: &mut Stamps,
    sink: &mut dyn FnMut(usize, u64, Reply<'_>),
) -> Result<(), RedisError> {
    let reader = Reader::new(wants_values);
    let mut exchange = Exchange {
        connection,
        worker,
        bytes,
        written: 0,
        count,
        answered: 0,
        size: 0,
        reads: 0,
        reader,
        stamps,
    };
    poll_fn(|context| exchange.poll(context, sink)).await
}

struct Exchange<'a> {
    connection: &'a mut Connection,
    worker: &'a Worker,
    bytes: &'a [u8],
    written: usize,
    /// Replies to wait for, and those that have come.
    count: usize,
    answered: usize,
    /// Bytes of the current reply that have been taken.
    size: u64,
    reads: u32,
    reader: Reader,
    stamps: &'a mut Stamps,
}

impl Exchange<'_> {
    fn poll(
        &mut self,
        context: &mut Context<'_>,
        sink: &mut dyn FnMut(usize, u64, Reply<'_>),
    ) -> Poll<Result<(), RedisError>> {
        if self.stamps.sent.is_none() {
            match self.poll_send(context) {
                Poll::Ready(Ok(())) => self.stamps.sent = Some(Instant::now()),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.broken(&error, "write"))),
                // The server may answer, and has to, before it has read everything.
                Poll::Pending => {}
            }
        }
        ready!(self.poll_receive(context, sink))?;
        Poll::Ready(match self.stamps.sent {
            Some(_) => Ok(()),
            // All is answered, but the connection is out of step.
            None => Err(RedisError::new(RedisErrorKind::Protocol, "a reply before its command")),
        })
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.bytes.get(self.written..).filter(|rest| !rest.is_empty()) {
            let stream = Pin::new(&mut self.connection.stream);
            let written = ready!(stream.poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        Pin::new(&mut self.connection.stream).poll_flush(context)
    }

    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        sink: &mut dyn FnMut(usize, u64, Reply<'_>),
    ) -> Poll<Result<(), RedisError>> {
        let mut buffer = self.worker.read_buffer.borrow_mut();
        while self.answered < self.count {
            let mut target = ReadBuf::new(&mut buffer);
            let stream = Pin::new(&mut self.connection.stream);
            if let Err(error) = ready!(stream.poll_read(context, &mut target)) {
                return Poll::Ready(Err(self.broken(&error, "read")));
            }
            let received = target.filled();
            if received.is_empty() {
                return Poll::Ready(Err(RedisError::closed()));
            }
            self.reads = self.reads.saturating_add(1);
            if self.stamps.first_byte.is_none() {
                self.stamps.first_byte = Some(Instant::now());
            }
            self.take_in(received, sink)?;
        }
        // Nearly always one read brings all: its stamp serves both ends.
        let only_read = self.stamps.first_byte.filter(|_| self.reads == 1);
        self.stamps.finished = Some(only_read.unwrap_or_else(Instant::now));
        Poll::Ready(Ok(()))
    }

    fn take_in(
        &mut self,
        received: &[u8],
        sink: &mut dyn FnMut(usize, u64, Reply<'_>),
    ) -> Result<(), RedisError> {
        if self.connection.rest.is_empty() {
            let taken = self.read(received, sink)?;
            let rest = received.get(taken..).unwrap_or_default();
            self.connection.rest.extend_from_slice(rest);
            return Ok(());
        }
        let mut all = std::mem::take(&mut self.connection.rest);
        all.extend_from_slice(received);
        let taken = self.read(&all, sink)?;
        all.drain(..taken);
        // A large reply's memory is not for the connection to keep.
        if !all.is_empty() {
            self.connection.rest = all;
        }
        Ok(())
    }

    fn read(
        &mut self,
        input: &[u8],
        sink: &mut dyn FnMut(usize, u64, Reply<'_>),
    ) -> Result<usize, RedisError> {
        let mut at = 0;
        while self.answered < self.count {
            let rest = input.get(at..).unwrap_or_default();
            let (taken, reply) = self.reader.read(rest)?;
            at += taken;
            self.size += taken as u64;
            match reply {
                None => return Ok(at),
                Some(Reply::Skipped(Outcome::Push) | Reply::Decoded(Value::Push(_))) => {}
                Some(reply) => {
                    sink(self.answered, self.size, reply);
                    self.answered += 1;
                }
            }
            self.size = 0;
        }
        Ok(at)
    }

    fn broken(&self, error: &io::Error, verb: &str) -> RedisError {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return RedisError::closed();
        }
        let failure = Failure::of_connection(error, verb, &self.connection.ends());
        RedisError::of_failure(failure, RedisErrorKind::Connection)
    }
}
