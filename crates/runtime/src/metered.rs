//! Bytes on the wire, counted where they pass the kernel: what a TLS session or a proxy costs is more
//! than what passes through it.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the connections of one owner carried since it was last asked. They may move between threads;
/// normally all stay on one, where the counters are nobody else's.
#[derive(Debug, Default)]
pub struct Traffic {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Traffic {
    /// Bytes sent and received; both start anew.
    pub fn take(&self) -> (u64, u64) {
        (self.sent.swap(0, Relaxed), self.received.swap(0, Relaxed))
    }

    fn add_sent(&self, result: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(written)) = result {
            self.sent.fetch_add(*written as u64, Relaxed);
        }
    }
}

/// A connection whose bytes go to the account of its owner.
#[derive(Debug)]
pub struct Metered<S> {
    stream: S,
    traffic: Arc<Traffic>,
}

impl<S> Metered<S> {
    pub fn new(stream: S, traffic: Arc<Traffic>) -> Metered<S> {
        Metered { stream, traffic }
    }

    /// The connection itself.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }
}

/// One that nobody asks for its bytes.
impl<S> From<S> for Metered<S> {
    fn from(stream: S) -> Metered<S> {
        Metered::new(stream, Arc::default())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        self.traffic.received.fetch_add(read as u64, Relaxed);
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.traffic.add_sent(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.traffic.add_sent(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn connections_of_one_owner_add_up() {
        let traffic = Arc::new(Traffic::default());
        for _ in 0..2 {
            let (mut server, client) = tokio::io::duplex(64);
            let mut client = Metered::new(client, Arc::clone(&traffic));
            client.write_all(b"abc").await.unwrap();
            assert_eq!(client.write_vectored(&[io::IoSlice::new(b"de")]).await.unwrap(), 2);
            server.write_all(b"wxyz").await.unwrap();
            drop(server);
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, b"wxyz");
        }
        assert_eq!(traffic.take(), (10, 8));
        assert_eq!(traffic.take(), (0, 0));
    }
}
