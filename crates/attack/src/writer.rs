//! The thread that writes the results, so that a slow disk or reader holds up no worker.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use crate::results::binary::{End, Start};

/// Blocks on their way to the writer, of 64 KiB each; more are counted as lost.
pub const QUEUE_LIMIT: usize = 1024;

/// Written blocks whose memory is kept for new ones.
const SPARES_LIMIT: usize = 16;

/// A finished block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) bytes: Vec<u8>,
    /// How many hits it holds.
    pub(crate) hits: u64,
    /// Nothing is written after it.
    pub(crate) is_last: bool,
}

/// The workers' end of the queue; a clone is another handle.
#[derive(Clone, Debug)]
pub struct Queue {
    sender: SyncSender<Block>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    lost: AtomicU64,
    spares: Mutex<Vec<Vec<u8>>>,
}

impl Queue {
    /// Never waits: what finds the queue full is lost, and counted.
    pub(crate) fn send(&self, block: Block) {
        let hits = block.hits;
        if self.sender.try_send(block).is_err() {
            self.shared.lost.fetch_add(hits, Relaxed);
        }
    }

    /// The memory of a block that was written, or none.
    pub(crate) fn spare(&self) -> Vec<u8> {
        self.shared.spares().pop().unwrap_or_default()
    }
}

impl Shared {
    fn spares(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A results stream in the making.
#[derive(Debug)]
pub struct Writer {
    queue: Queue,
    thread: JoinHandle<Written>,
}

/// How writing ended.
#[derive(Debug, Default)]
struct Written {
    error: Option<io::Error>,
    /// Hits of blocks that came after the error.
    lost: u64,
}

impl Writer {
    /// Writes `start` and then what comes through the queue. `on_error` is called at the first
    /// error, after which nothing more is written.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        mut out: Box<dyn Write + Send>,
        start: &Start,
        on_error: impl FnOnce(&io::Error) + Send + 'static,
    ) -> io::Result<Writer> {
        let (sender, receiver) = sync_channel(QUEUE_LIMIT);
        let queue = Queue { sender, shared: Arc::default() };
        let shared = Arc::clone(&queue.shared);
        let start = start.to_block();
        let write = move || write_all(&mut *out, &start, &receiver, &shared, on_error);
        let thread = std::thread::Builder::new().name("results".into()).spawn(write)?;
        Ok(Writer { queue, thread })
    }

    pub fn queue(&self) -> Queue {
        self.queue.clone()
    }

    /// Writes what is left and `end`, whose [`End::lost`] is filled in here and returned with the
    /// error that ended the writing early. What workers still send then is not written.
    pub fn finish(self, mut end: End) -> (u64, Option<io::Error>) {
        let Writer { queue, thread } = self;
        end.lost = queue.shared.lost.load(Relaxed);
        // Waits for room: the last block must not be the one that finds the queue full.
        let sent = queue.sender.send(Block { bytes: end.to_block(), hits: 0, is_last: true });
        debug_assert!(sent.is_ok(), "the thread reads up to the last block");
        // It does not panic; if it did, there is nothing more to say of its hits.
        let written = thread.join().unwrap_or_default();
        (end.lost.saturating_add(written.lost), written.error)
    }
}

fn write_all(
    out: &mut dyn Write,
    start: &[u8],
    blocks: &Receiver<Block>,
    shared: &Shared,
    on_error: impl FnOnce(&io::Error),
) -> Written {
    let mut written = Written { error: out.write_all(start).err(), lost: 0 };
    let mut on_error = Some(on_error);
    let mut tell = |written: &Written| {
        if let Some(error) = &written.error
            && let Some(tell) = on_error.take()
        {
            tell(error);
        }
    };
    tell(&written);
    while let Ok(block) = blocks.recv() {
        if written.error.is_none() {
            written.error = out.write_all(&block.bytes).err();
            tell(&written);
        }
        if block.is_last {
            break;
        }
        if written.error.is_some() {
            written.lost += block.hits;
            continue;
        }
        let mut spares = shared.spares();
        if spares.len() < SPARES_LIMIT {
            spares.push(block.bytes);
        }
    }
    if written.error.is_none() {
        written.error = out.flush().err();
    }
    written
}
