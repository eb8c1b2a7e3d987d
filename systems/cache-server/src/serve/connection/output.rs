//! What goes out: a batch's replies in one write, and what the peer did not take at once.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;

use crate::{commands::Reply, serve::clients::limits::ClassLimit, store::Millis};

/// Pieces of one write; more follow with the next one. The kernel takes up to 1,024.
const SLICES_MAX: usize = 64;
/// Pieces up to this length are put together with what waits before them.
const JOINED_MAX: usize = 64 << 10;

/// Bytes that wait for the peer. Costs next to no memory while it is empty.
#[derive(Debug, Default)]
pub(super) struct Pending {
    bytes: usize,
    /// The stream has taken bytes that its own peer has not: a TLS session keeps a few of them.
    is_held: bool,
    /// The last flush stopped for the sake of others: nobody wakes the task for the next one.
    is_put_off: bool,
    queue: Option<Box<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    pieces: VecDeque<Piece>,
    /// Of the first piece.
    sent: usize,
    /// Since when it is over its class's soft limit.
    over_soft_since: Option<Millis>,
}

#[derive(Debug)]
enum Piece {
    Own(Vec<u8>),
    Shared(Bytes),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Piece::Own(bytes) => bytes,
            Piece::Shared(bytes) => bytes,
        }
    }
}

impl Pending {
    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// Whether there is nothing to do for [`Pending::flush`].
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0 && !self.is_held
    }

    /// Whether the rest is to be flushed after others had their turn, whatever the peer does.
    pub(super) fn is_put_off(&self) -> bool {
        self.is_put_off
    }

    /// Whether it may not wait any longer.
    pub(super) fn is_over(&mut self, limit: &ClassLimit, now: Millis) -> bool {
        let Some(queue) = &mut self.queue else { return false };
        limit.is_over(self.bytes, &mut queue.over_soft_since, now)
    }

    pub(super) fn clear(&mut self) {
        *self = Pending::default();
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.bytes += bytes.len();
        let pieces = &mut self.queue.get_or_insert_default().pieces;
        match pieces.back_mut() {
            Some(Piece::Own(last)) if last.len() + bytes.len() <= JOINED_MAX => {
                last.extend_from_slice(bytes);
            }
            _ => pieces.push_back(Piece::Own(bytes.to_vec())),
        }
    }

    /// A large value stays where it is.
    pub(super) fn push_shared(&mut self, bytes: &Bytes) {
        self.bytes += bytes.len();
        let pieces = &mut self.queue.get_or_insert_default().pieces;
        pieces.push_back(Piece::Shared(bytes.clone()));
    }

    /// All of a reply but its first `skipped` bytes.
    fn push_reply(&mut self, reply: &Reply, mut skipped: usize) {
        let mut keep = |length: usize| {
            let from = skipped.min(length);
            skipped -= from;
            from
        };
        let mut at = 0;
        for (place, value) in reply.large() {
            let part = reply.buffer().get(at..*place).unwrap_or_default();
            let from = keep(part.len());
            self.push(part.get(from..).unwrap_or_default());
            let from = keep(value.len());
            if from < value.len() {
                self.push_shared(&value.slice(from..));
            }
            at = *place;
        }
        let part = reply.buffer().get(at..).unwrap_or_default();
        let from = keep(part.len());
        self.push(part.get(from..).unwrap_or_default());
    }

    /// Writes as much as the peer takes, up to `most` bytes; how many that were. What is left waits, and the
    /// task is woken when there is room again, unless [`Pending::is_put_off`].
    ///
    /// # Errors
    /// The connection's.
    pub(super) fn flush<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
        most: usize,
    ) -> io::Result<usize> {
        let mut total = 0;
        self.is_put_off = false;
        while let Some(queue) = &self.queue {
            let mut room = most.saturating_sub(total);
            if room == 0 {
                self.is_put_off = true;
                break;
            }
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let mut count = 0;
            for (slot, (index, piece)) in slices.iter_mut().zip(queue.pieces.iter().enumerate()) {
                let from = if index == 0 { queue.sent } else { 0 };
                let rest = piece.bytes().get(from..).unwrap_or_default();
                *slot = IoSlice::new(cut(rest, &mut room));
                count += 1;
                if room == 0 {
                    break;
                }
            }
            let slices = slices.get(..count).unwrap_or_default();
            match Pin::new(&mut *stream).poll_write_vectored(context, slices) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(sent)) => {
                    self.forget(sent);
                    total += sent;
                }
                Poll::Ready(Err(error)) => return Err(error),
            }
        }
        self.push_on(stream, context)?;
        Ok(total)
    }

    /// What the stream keeps goes out as well. Nothing to do for a plain socket.
    fn push_on<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> io::Result<()> {
        self.is_held = match Pin::new(stream).poll_flush(context) {
            Poll::Pending => true,
            Poll::Ready(flushed) => {
                flushed?;
                false
            }
        };
        Ok(())
    }

    fn forget(&mut self, sent: usize) {
        self.bytes -= sent.min(self.bytes);
        let Some(queue) = &mut self.queue else { return };
        queue.sent += sent;
        while let Some(first) = queue.pieces.front() {
            let length = first.bytes().len();
            if queue.sent < length {
                return;
            }
            queue.sent -= length;
            queue.pieces.pop_front();
        }
        // Nothing waits: its memory is given back.
        self.queue = None;
    }
}

/// Sends a batch's replies behind what waits already: in one write as far as the peer takes them, up to
/// `most` bytes; how many went out. See [`Pending::is_put_off`] for the rest.
///
/// # Errors
/// The connection's.
pub(super) fn send<S: AsyncWrite + Unpin>(
    stream: &mut S,
    context: &mut Context<'_>,
    pending: &mut Pending,
    reply: &Reply,
    most: usize,
) -> io::Result<usize> {
    if !pending.is_empty() {
        pending.push_reply(reply, 0);
        return pending.flush(stream, context, most);
    }
    let total = reply.len();
    let mut sent = 0;
    while sent < total {
        let mut room = most.saturating_sub(sent);
        if room == 0 {
            // The next turn goes on with it.
            pending.push_reply(reply, sent);
            pending.is_put_off = true;
            break;
        }
        let written = if reply.large().is_empty() {
            let rest = reply.buffer().get(sent..).unwrap_or_default();
            Pin::new(&mut *stream).poll_write(context, cut(rest, &mut room))
        } else {
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let count = slices_of(reply, sent, room, &mut slices);
            let slices = slices.get(..count).unwrap_or_default();
            Pin::new(&mut *stream).poll_write_vectored(context, slices)
        };
        match written {
            Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(Ok(count)) => sent += count,
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Pending => {
                pending.push_reply(reply, sent);
                break;
            }
        }
    }
    if sent > 0 {
        pending.push_on(stream, context)?;
    }
    Ok(sent)
}

/// As many of the bytes as there is room for, which they take.
fn cut<'a>(bytes: &'a [u8], room: &mut usize) -> &'a [u8] {
    let bytes = bytes.get(..*room).unwrap_or(bytes);
    *room -= bytes.len();
    bytes
}

/// The parts of a reply behind its first `skipped` bytes, up to `room` bytes; how many of `slices` they fill.
fn slices_of<'a>(
    reply: &'a Reply,
    mut skipped: usize,
    mut room: usize,
    slices: &mut [IoSlice<'a>],
) -> usize {
    let mut count = 0;
    let mut add = |part: &'a [u8]| {
        let from = skipped.min(part.len());
        skipped -= from;
        let rest = part.get(from..).unwrap_or_default();
        if rest.is_empty() {
            return true;
        }
        let Some(slot) = slices.get_mut(count).filter(|_| room > 0) else { return false };
        *slot = IoSlice::new(cut(rest, &mut room));
        count += 1;
        true
    };
    let mut at = 0;
    for (place, value) in reply.large() {
        let part = reply.buffer().get(at..*place).unwrap_or_default();
        if !add(part) || !add(value) {
            return count;
        }
        at = *place;
    }
    add(reply.buffer().get(at..).unwrap_or_default());
    count
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use plimsoll_wire::resp::Protocol;

    use super::*;

    const MOST: usize = 512 << 10;

    /// Takes so many bytes per call, then no more until told.
    struct Peer {
        taken: Vec<u8>,
        step: usize,
        room: usize,
    }

    impl AsyncWrite for Peer {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let count = bytes.len().min(self.step).min(self.room);
            if count == 0 {
                return Poll::Pending;
            }
            self.room -= count;
            self.taken.extend_from_slice(&bytes[..count]);
            Poll::Ready(Ok(count))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn reply() -> (Reply, Vec<u8>) {
        let mut reply = Reply::new(Protocol::Resp2);
        let mut expected = Vec::new();
        for index in 0..40_usize {
            let value = vec![b'a' + (index % 26) as u8; index];
            expected.extend_from_slice(format!("${index}\r\n").as_bytes());
            expected.extend_from_slice(&value);
            expected.extend_from_slice(b"\r\n");
            if index % 2 == 0 {
                reply.large_bulk(&Bytes::from(value));
            } else {
                reply.bulk(&value);
            }
        }
        (reply, expected)
    }

    /// A peer that takes everything at once gets a fair part of it in a turn.
    #[test]
    fn much_goes_out_in_several_turns() {
        let large = Bytes::from(vec![b'l'; 3 * MOST / 2]);
        for is_large in [false, true] {
            let mut reply = Reply::new(Protocol::Resp2);
            for _ in 0..2 {
                if is_large { reply.large_bulk(&large) } else { reply.bulk(&large) }
            }
            let mut context = Context::from_waker(Waker::noop());
            let room = usize::MAX;
            let mut peer = Peer { taken: Vec::new(), step: usize::MAX, room };
            let mut pending = Pending::default();
            let sent = send(&mut peer, &mut context, &mut pending, &reply, MOST).unwrap();
            assert_eq!((sent, pending.len()), (MOST, reply.len() - MOST));
            assert!(pending.is_put_off());
            while !pending.is_empty() {
                let before = peer.taken.len();
                pending.flush(&mut peer, &mut context, MOST).unwrap();
                let sent = peer.taken.len() - before;
                assert!(sent == MOST || pending.is_empty());
                assert_eq!(pending.is_put_off(), !pending.is_empty());
            }
            let mut one = Reply::new(Protocol::Resp2);
            one.bulk(&large);
            assert!(peer.taken == [one.buffer(), one.buffer()].concat());
        }
    }

    /// However the peer takes it, every byte comes once and in order.
    #[test]
    fn every_byte_comes_once() {
        let (reply, expected) = reply();
        for step in [1, 7, 100, usize::MAX] {
            for room in [0, 1, 50, 333, expected.len() + 10] {
                let mut context = Context::from_waker(Waker::noop());
                let mut peer = Peer { taken: Vec::new(), step, room };
                let mut pending = Pending::default();
                for _ in 0..2 {
                    send(&mut peer, &mut context, &mut pending, &reply, MOST).unwrap();
                }
                assert_eq!(peer.taken.len() + pending.len(), expected.len() * 2);
                while !pending.is_empty() {
                    peer.room += 100;
                    pending.flush(&mut peer, &mut context, MOST).unwrap();
                }
                assert_eq!(peer.taken, [expected.as_slice(), &expected].concat(), "{step} {room}");
            }
        }
    }
}
