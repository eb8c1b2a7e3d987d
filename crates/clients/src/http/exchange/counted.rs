//! Bytes on the wire, counted per client.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use plimsoll_runtime::dial::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a client's connections carried since it was last asked.
#[derive(Debug, Default)]
pub(in crate::http) struct Traffic {
    sent: Cell<u64>,
    received: Cell<u64>,
}

impl Traffic {
    /// Sent and received; both start anew.
    pub(in crate::http) fn take(&self) -> (u64, u64) {
        (self.sent.take(), self.received.take())
    }
}

/// A stream whose bytes are counted as they pass the kernel: with TLS, more than passes here.
#[derive(Debug)]
pub(super) struct Counted {
    stream: Stream,
    traffic: Rc<Traffic>,
    /// What was counted of a TLS session so far.
    settled: (u64, u64),
}

impl Counted {
    pub(super) fn new(stream: Stream, traffic: Rc<Traffic>) -> Counted {
        let mut counted = Counted { stream, traffic, settled: (0, 0) };
        counted.settle(0, 0);
        counted
    }

    pub(super) fn get_ref(&self) -> &Stream {
        &self.stream
    }

    pub(super) fn get_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Takes note of what passed here, or of what TLS made of it.
    fn settle(&mut self, sent: usize, received: usize) {
        let (sent, received) = match self.stream.tls() {
            None => (sent as u64, received as u64),
            Some(tls) => {
                let (sent, received) = tls.wire_bytes();
                let before = std::mem::replace(&mut self.settled, (sent, received));
                (sent - before.0, received - before.1)
            }
        };
        self.traffic.sent.set(self.traffic.sent.get() + sent);
        self.traffic.received.set(self.traffic.received.get() + received);
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.settle(0, buffer.filled().len() - before);
        result
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.settle(written(&result), 0);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.settle(written(&result), 0);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.settle(0, 0);
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(context);
        self.settle(0, 0);
        result
    }
}

fn written(result: &Poll<io::Result<usize>>) -> usize {
    match result {
        Poll::Ready(Ok(written)) => *written,
        _ => 0,
    }
}
