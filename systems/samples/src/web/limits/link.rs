//! A link of given bandwidth that all connections of a service send through.
//!
//! What is written is cut into pieces that take their turn, so that a long response does not keep short
//! ones waiting. Written bytes are counted as they leave the service: heads of responses are in them,
//! what TLS, TCP and IP add is not.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use plimsoll_runtime::{clock::Instant, timer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Semaphore,
};

use super::{Bandwidth, bucket::Bucket, waits::Waits};

/// Bytes that were not sent for so long may be sent at once: what a thread that comes late to its turn
/// would lose otherwise.
const BURST: Duration = Duration::from_millis(20);
/// The burst of slow links: the head of a response and a little.
const BURST_BYTES_MIN: u64 = 1 << 10;
/// Longest piece.
const PIECE_BYTES_MAX: u64 = 16 << 10;

pub(in crate::web) struct Link {
    rate: Bandwidth,
    piece: usize,
    /// Held for a few instructions.
    bucket: Mutex<Bucket>,
    /// Whoever has it waits for bytes; the others wait for it, in order.
    turn: Semaphore,
    pub(super) waits: Waits,
    sent: AtomicU64,
}

impl Link {
    pub(super) fn new(rate: Bandwidth, now: Instant) -> Link {
        let bytes = u128::from(rate.bytes_per_second()) * BURST.as_millis() / 1_000;
        let burst = u64::try_from(bytes).unwrap_or(u64::MAX).max(BURST_BYTES_MIN);
        Link {
            rate,
            piece: burst.min(PIECE_BYTES_MAX) as usize,
            bucket: Mutex::new(Bucket::new(rate.bytes_per_second(), burst, now)),
            turn: Semaphore::new(1),
            waits: Waits::default(),
            sent: AtomicU64::new(0),
        }
    }

    pub(super) fn rate(&self) -> Bandwidth {
        self.rate
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    fn take(&self, bytes: usize) -> Result<(), Instant> {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.take(Instant::now(), bytes as u64)
    }

    /// Whether it may be sent at once: nobody waits, and the bytes are there.
    fn try_pass(&self, bytes: usize) -> bool {
        let Ok(turn) = self.turn.try_acquire() else { return false };
        let passed = self.take(bytes).is_ok();
        drop(turn);
        if passed {
            self.waits.add(Duration::ZERO);
        }
        passed
    }

    /// Waits until that many bytes may be sent. Dropping the future leaves the queue.
    async fn pass(self: Arc<Self>, bytes: usize) {
        let came = Instant::now();
        // One per connection at most, whose number the limit of open files bounds.
        let waiting = self.waits.begin(usize::MAX);
        // It is never closed.
        let turn = self.turn.acquire().await;
        while let Err(at) = self.take(bytes) {
            timer::sleep_until(at).await;
        }
        drop((turn, waiting));
        self.waits.add(came.elapsed());
    }
}

type Wait = Pin<Box<dyn Future<Output = ()>>>;

/// A connection whose writes go through a link.
pub(in crate::web) struct Paced<S> {
    stream: S,
    link: Arc<Link>,
    /// While true, what is written passes uncounted.
    exempt: Rc<Cell<bool>>,
    /// Bytes that may be written.
    granted: usize,
    /// The wait for the next piece, and its length.
    waiting: Option<(Wait, usize)>,
}

impl<S> Paced<S> {
    pub(in crate::web) fn new(stream: S, link: Arc<Link>, exempt: Rc<Cell<bool>>) -> Paced<S> {
        Paced { stream, link, exempt, granted: 0, waiting: None }
    }

    /// Ready when `granted` is not 0.
    fn poll_grant(&mut self, context: &mut Context<'_>, wanted: usize) -> Poll<()> {
        if self.granted > 0 {
            return Poll::Ready(());
        }
        if self.waiting.is_none() {
            let bytes = wanted.min(self.link.piece);
            if self.link.try_pass(bytes) {
                self.granted = bytes;
                return Poll::Ready(());
            }
            self.waiting = Some((Box::pin(Arc::clone(&self.link).pass(bytes)), bytes));
        }
        if let Some((wait, bytes)) = &mut self.waiting {
            ready!(wait.as_mut().poll(context));
            self.granted = *bytes;
            self.waiting = None;
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if bytes.is_empty() || this.exempt.get() {
            return Pin::new(&mut this.stream).poll_write(context, bytes);
        }
        ready!(this.poll_grant(context, bytes.len()));
        let piece = &bytes[..bytes.len().min(this.granted)];
        let written = ready!(Pin::new(&mut this.stream).poll_write(context, piece))?;
        this.granted = this.granted.saturating_sub(written);
        this.link.sent.fetch_add(written as u64, Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
