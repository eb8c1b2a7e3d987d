//! An exchange over HTTP/1.1.
//!
//! Written as one poll function rather than as a chain of awaits: while nothing is ready it holds
//! no buffer (reads go through the worker's), and it watches for an answer while it still writes.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use plimsoll_runtime::clock::Instant;
use plimsoll_wire::http1::{
    Framing, Head, RequestHead, ResponseReader, Step, Version, write_chunk, write_last_chunk,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Incoming, Outgoing, phases::Phases, pool::Connection};
use crate::http::{
    config::BODY_LIMIT,
    error::{ErrorCode, Failure},
    headers::Headers,
    response::Proto,
    worker::Buffers,
};

/// Bodies up to this length are written with the head in one piece.
const JOINED_BODY_LIMIT: usize = 32 << 10;
/// What the chunked coding adds to one chunk: its size, line ends, and the last chunk.
const CHUNK_FRAME: usize = 16 + 4 + 5;
/// Reserved for a response's body at once, whatever its length claims.
const RESERVE_LIMIT: usize = 4 << 20;

/// Runs one exchange; `true` when the connection may serve another.
pub(super) async fn exchange(
    connection: &mut Connection,
    buffers: &Buffers,
    outgoing: &Outgoing<'_>,
    phases: &mut Phases,
) -> Result<(Incoming, bool), Failure> {
    let body = if outgoing.chunked { chunked(outgoing.body) } else { outgoing.body.clone() };
    let mut exchange = Exchange {
        connection,
        buffers,
        outgoing,
        body,
        phases,
        sending: Sending::Start,
        write_error: None,
        reader: ResponseReader::new(outgoing.method == "HEAD"),
        rest: Vec::new(),
        head: None,
        excess: false,
    };
    poll_fn(|context| exchange.poll(context)).await?;
    exchange.finish()
}

struct Exchange<'a, 'o> {
    connection: &'a mut Connection,
    buffers: &'a Buffers,
    outgoing: &'a Outgoing<'o>,
    /// As it is on the wire.
    body: Bytes,
    phases: &'a mut Phases,
    sending: Sending,
    /// Why writing ended early. The server may have answered nevertheless.
    write_error: Option<io::Error>,
    reader: ResponseReader,
    /// Received, not yet understood.
    rest: Vec<u8>,
    head: Option<Received>,
    /// More came than the response.
    excess: bool,
}

enum Sending {
    Start,
    /// What the first write left of the head and a joined body, and how much of the body is out.
    Rest {
        head: Vec<u8>,
        head_at: usize,
        body_at: usize,
    },
    Flush,
    Done,
}

struct Received {
    proto: Proto,
    status: u16,
    status_text: Rc<str>,
    headers: Headers,
    framing: Framing,
}

impl Exchange<'_, '_> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        if !matches!(self.sending, Sending::Done) {
            match self.poll_send(context) {
                Poll::Ready(Ok(())) => self.end_sending(),
                Poll::Ready(Err(error)) => {
                    self.write_error = Some(error);
                    self.end_sending();
                }
                // The server may answer before it has read everything.
                Poll::Pending => {}
            }
        }
        self.poll_receive(context)
    }

    fn end_sending(&mut self) {
        self.phases.sent = Some(Instant::now());
        self.sending = Sending::Done;
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Sending::Start = self.sending {
            ready!(self.poll_first_write(context))?;
        }
        while let Sending::Rest { head, head_at, body_at } = &mut self.sending {
            let slices = [
                io::IoSlice::new(head.get(*head_at..).unwrap_or_default()),
                io::IoSlice::new(self.body.get(*body_at..).unwrap_or_default()),
            ];
            let left = slices[0].len() + slices[1].len();
            if left == 0 {
                self.sending = Sending::Flush;
                break;
            }
            let stream = Pin::new(&mut self.connection.stream);
            let written = ready!(stream.poll_write_vectored(context, &slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_head = written.min(slices[0].len());
            *head_at += of_head;
            *body_at += written - of_head;
        }
        Pin::new(&mut self.connection.stream).poll_flush(context)
    }

    /// The usual case: all of the request in one write, from the worker's buffer.
    fn poll_first_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = self.buffers.write.borrow_mut();
        buffer.clear();
        let outgoing = self.outgoing;
        let head = RequestHead {
            method: outgoing.method,
            target: outgoing.target,
            host: outgoing.host,
            user_agent: outgoing.user_agent,
            content_length: outgoing.content_length,
            close: outgoing.say_close,
        };
        head.write(&mut buffer, outgoing.fields.iter().copied());
        let mut body_at = 0;
        if self.body.len() <= JOINED_BODY_LIMIT {
            buffer.extend_from_slice(&self.body);
            body_at = self.body.len();
        }
        let mut head_at = 0;
        if body_at == self.body.len() {
            let stream = Pin::new(&mut self.connection.stream);
            match stream.poll_write(context, &buffer) {
                Poll::Ready(Ok(written)) => head_at = written,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
        }
        self.sending = if head_at == buffer.len() && body_at == self.body.len() {
            Sending::Flush
        } else {
            Sending::Rest { head: buffer.clone(), head_at, body_at }
        };
        Poll::Ready(Ok(()))
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let mut buffer = self.buffers.read.borrow_mut();
        loop {
            let mut target = ReadBuf::new(&mut buffer);
            let stream = Pin::new(&mut self.connection.stream);
            match ready!(stream.poll_read(context, &mut target)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    // A TLS session that ended without saying so: an end all the same.
                    return Poll::Ready(self.end());
                }
                Err(error) => return Poll::Ready(Err(self.broken(&error, "read"))),
            }
            let received = target.filled();
            if received.is_empty() {
                return Poll::Ready(self.end());
            }
            if self.phases.first_byte.is_none() {
                self.phases.first_byte = Some(Instant::now());
            }
            if self.take_in(received)? {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// `true` when the response is complete.
    fn take_in(&mut self, received: &[u8]) -> Result<bool, Failure> {
        if self.rest.is_empty() {
            let (taken, done) = self.read(received)?;
            self.rest.extend_from_slice(received.get(taken..).unwrap_or_default());
            return Ok(done);
        }
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(received);
        let (taken, done) = self.read(&all)?;
        all.drain(..taken);
        self.rest = all;
        Ok(done)
    }

    fn read(&mut self, input: &[u8]) -> Result<(usize, bool), Failure> {
        let mut at = 0;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            let (body, keep) = (&mut self.phases.body, self.outgoing.keep_body);
            let received = &mut self.phases.body_bytes;
            let mut size = body.len();
            let step = self.reader.read(rest, |data| {
                size = size.saturating_add(data.len());
                *received += data.len() as u64;
                if keep && size <= BODY_LIMIT {
                    body.extend_from_slice(data);
                }
            });
            let (taken, step) = step.map_err(|error| self.malformed(&error))?;
            at += taken;
            match step {
                _ if keep && size > BODY_LIMIT => {
                    let message = format!("response body is larger than {BODY_LIMIT} bytes");
                    return Err(Failure::new(ErrorCode::BODY_LIMIT, message).of_body());
                }
                Step::NeedMore => return Ok((at, false)),
                Step::Interim(_) => {}
                Step::Head(head) => {
                    self.take_head(head, rest);
                }
                Step::Done => {
                    self.excess = at < input.len();
                    return Ok((at, true));
                }
            }
        }
    }

    fn take_head(&mut self, head: Head, input: &[u8]) {
        let framing = Framing::of(&head, self.outgoing.method == "HEAD");
        if let (Framing::Length(length), true) = (framing, self.outgoing.keep_body) {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            self.phases.body.reserve_exact(length.min(RESERVE_LIMIT));
        }
        let text = input.get(..head.length).unwrap_or_default();
        let (start, length) = (head.reason.0 as usize, head.reason.1 as usize);
        let reason = text.get(start..start.saturating_add(length)).unwrap_or_default();
        self.phases.has_head = true;
        self.head = Some(Received {
            proto: match head.version {
                Version::Http10 => Proto::Http10,
                Version::Http11 => Proto::Http11,
            },
            status: head.status,
            // A reason that is empty, and not absent, has a place.
            status_text: self.buffers.status_text(head.status, reason, start > 0),
            headers: Headers::from_head(text, head.fields),
            framing,
        });
    }

    /// The server closed the connection.
    fn end(&mut self) -> Result<(), Failure> {
        if let Some(error) = self.write_error.take() {
            return Err(self.broken(&error, "write"));
        }
        if self.phases.first_byte.is_none() {
            let mut failure = Failure::new(ErrorCode::GENERIC, "EOF");
            failure.stale = self.connection.reused;
            return Err(failure);
        }
        self.reader.end(&self.rest).map_err(|error| self.malformed(&error))
    }

    fn malformed(&self, error: &plimsoll_wire::http1::Error) -> Failure {
        let failure = Failure::of_wire(error);
        if self.head.is_some() { failure.of_body() } else { failure }
    }

    fn broken(&mut self, error: &io::Error, verb: &str) -> Failure {
        let (error, verb) = match &self.write_error {
            Some(error) => (error, "write"),
            None => (error, verb),
        };
        let mut failure = Failure::of_connection(error, verb, &ends(self.connection));
        failure.stale = self.connection.reused && self.phases.first_byte.is_none();
        if self.head.is_some() { failure.of_body() } else { failure }
    }

    fn finish(self) -> Result<(Incoming, bool), Failure> {
        let all_sent = matches!(self.sending, Sending::Done) && self.write_error.is_none();
        let reusable = all_sent && self.reader.keep_alive() && !self.excess && !self.outgoing.close;
        let Some(head) = self.head else {
            return Err(Failure::new(ErrorCode::GENERIC, "unexpected EOF"));
        };
        // k6 has no body at all, rather than an empty one, where the status rules one out.
        let ruled_out = head.framing == Framing::None && self.outgoing.method != "HEAD";
        let keep = self.outgoing.keep_body && !ruled_out;
        let incoming = Incoming {
            proto: head.proto,
            status: head.status,
            status_text: head.status_text,
            headers: head.headers,
            body: keep.then(|| Bytes::from(std::mem::take(&mut self.phases.body))),
        };
        Ok((incoming, reusable))
    }
}

/// A body in the chunked coding: one chunk, since all of it is there.
fn chunked(body: &Bytes) -> Bytes {
    let mut coded = Vec::with_capacity(body.len() + CHUNK_FRAME);
    write_chunk(&mut coded, body);
    write_last_chunk(&mut coded);
    Bytes::from(coded)
}

/// `local->remote`, as Go names a connection.
pub(super) fn ends(connection: &Connection) -> String {
    let name = |address: Option<std::net::SocketAddr>| {
        address.map_or_else(String::new, |address| address.to_string())
    };
    format!("{}->{}", name(connection.stream.local_addr()), name(connection.remote))
}
