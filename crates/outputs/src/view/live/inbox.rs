//! What goes to the server's thread. The lock is held for one push or one take.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    mpsc::SyncSender,
};

use tokio::sync::Notify;

use crate::view::digest::News;

/// Messages that wait for the server. It takes all of them at once, so there is one a second and run.
const MESSAGES_LIMIT: usize = 4096;

pub(crate) enum Message {
    /// Of a run, by number.
    News(usize, News),
    /// To be answered when all pages got what came before.
    Flush(SyncSender<()>),
}

#[derive(Default)]
pub(crate) struct Inbox {
    messages: Mutex<Vec<Message>>,
    arrived: Notify,
    has_lost: AtomicBool,
    viewers: AtomicUsize,
}

impl Inbox {
    /// False when there was no room.
    pub(super) fn push(&self, message: Message) -> bool {
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
    pub(super) fn is_first_loss(&self) -> bool {
        !self.has_lost.swap(true, Relaxed)
    }

    /// Takes everything, waiting while there is nothing.
    pub(super) async fn take(&self) -> Vec<Message> {
        loop {
            let messages = std::mem::take(&mut *self.lock());
            if !messages.is_empty() {
                return messages;
            }
            self.arrived.notified().await;
        }
    }

    pub(super) fn viewers(&self) -> usize {
        self.viewers.load(Relaxed)
    }

    pub(super) fn set_viewers(&self, viewers: usize) {
        self.viewers.store(viewers, Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
