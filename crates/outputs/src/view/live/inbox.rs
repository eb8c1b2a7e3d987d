//! What goes to the server's thread. The lock is held for one push or one take.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    mpsc::SyncSender,
};

use tokio::sync::Notify;

/// Messages that wait for the server. It takes all of them at once, so there is one a second and run.
const MESSAGES_LIMIT: usize = 4096;

pub(crate) enum Message<N> {
    /// For what the page shows.
    News(N),
    /// To be answered when all pages got what came before.
    Flush(SyncSender<()>),
}

pub(crate) struct Inbox<N> {
    messages: Mutex<Vec<Message<N>>>,
    arrived: Notify,
    has_lost: AtomicBool,
    viewers: AtomicUsize,
}

impl<N> Default for Inbox<N> {
    fn default() -> Inbox<N> {
        Inbox {
            messages: Mutex::default(),
            arrived: Notify::new(),
            has_lost: AtomicBool::new(false),
            viewers: AtomicUsize::new(0),
        }
    }
}

/// What a server asks of an inbox, whatever news it takes.
pub(super) trait Inlet: Send + Sync {
    /// See [`Message::Flush`]; false when there was no room.
    fn flush(&self, done: SyncSender<()>) -> bool;

    fn viewers(&self) -> usize;
}

impl<N: Send> Inlet for Inbox<N> {
    fn flush(&self, done: SyncSender<()>) -> bool {
        self.push(Message::Flush(done))
    }

    fn viewers(&self) -> usize {
        self.viewers.load(Relaxed)
    }
}

impl<N> Inbox<N> {
    /// False when there was no room.
    pub(crate) fn push(&self, message: Message<N>) -> bool {
        let mut messages = self.lock();
        if messages.len() >= MESSAGES_LIMIT {
            return false;
        }
        messages.push(message);
        drop(messages);
        self.arrived.notify_one();
        true
    }

    /// Whether nothing was lost before.
    pub(crate) fn is_first_loss(&self) -> bool {
        !self.has_lost.swap(true, Relaxed)
    }

    /// Takes everything, waiting while there is nothing.
    pub(super) async fn take(&self) -> Vec<Message<N>> {
        loop {
            let messages = std::mem::take(&mut *self.lock());
            if !messages.is_empty() {
                return messages;
            }
            self.arrived.notified().await;
        }
    }

    pub(super) fn set_viewers(&self, viewers: usize) {
        self.viewers.store(viewers, Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message<N>>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
