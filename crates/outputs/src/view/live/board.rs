//! What is shown as it is, and the pages that follow it. Each change is encoded once for all pages.

use std::sync::{Arc, mpsc::SyncSender};

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::inbox::{Inbox, Message};

/// Pages that may follow at once.
pub(super) const CLIENTS_LIMIT: usize = 32;

/// Changes that may wait for a slow page, one a second. Then it is cut off; browsers come again by
/// themselves and start with the whole.
const PENDING_LIMIT: usize = 16;

/// Milliseconds after which browsers come again, and a comment that keeps a silent connection open.
const RETRY: &str = "retry: 1000\n\n";
const HEARTBEAT: &[u8] = b": still here\n\n";

/// What a page shows, and what it is told of changes.
pub(crate) trait Content: Send + 'static {
    type News: Send;

    /// Where the page asks for [`Content::json`].
    const DATA: &'static str;

    fn page(&self) -> Vec<u8>;

    /// All of it.
    fn json(&self) -> Vec<u8>;

    fn absorb(&mut self, news: Self::News);

    /// The events that tell a new page everything.
    fn write_whole(&self, text: &mut Vec<u8>);

    /// The events since the last call, if somebody reads them.
    fn write_news(&mut self, is_read: bool, text: &mut Vec<u8>);
}

pub(super) struct Board<C: Content> {
    content: C,
    clients: Vec<Sender<Bytes>>,
    inbox: Arc<Inbox<C::News>>,
}

impl<C: Content> Board<C> {
    pub(super) fn new(content: C, inbox: Arc<Inbox<C::News>>) -> Board<C> {
        Board { content, clients: Vec::new(), inbox }
    }

    pub(super) fn content(&self) -> &C {
        &self.content
    }

    /// Takes in what came and tells all pages. Returns those that wait for this to be done.
    pub(super) fn take(&mut self, messages: Vec<Message<C::News>>) -> Vec<SyncSender<()>> {
        let mut waiting = Vec::new();
        for message in messages {
            match message {
                Message::News(news) => self.content.absorb(news),
                Message::Flush(done) => waiting.push(done),
            }
        }
        self.tell();
        waiting
    }

    fn tell(&mut self) {
        self.forget_gone();
        let mut text = Vec::new();
        self.content.write_news(!self.clients.is_empty(), &mut text);
        if !text.is_empty() {
            self.send(Bytes::from(text));
        }
    }

    /// Keeps connections open that proxies and browsers would take for dead, and finds those that are.
    pub(super) fn heartbeat(&mut self) {
        self.send(Bytes::from_static(HEARTBEAT));
        self.forget_gone();
    }

    fn send(&mut self, bytes: Bytes) {
        self.clients.retain(|client| client.try_send(bytes.clone()).is_ok());
    }

    fn forget_gone(&mut self) {
        self.clients.retain(|client| !client.is_closed());
        self.inbox.set_viewers(self.clients.len());
    }

    /// A page that follows from now on; none when there are too many.
    pub(super) fn follow(&mut self) -> Option<Receiver<Bytes>> {
        self.forget_gone();
        if self.clients.len() >= CLIENTS_LIMIT {
            return None;
        }
        let mut text = RETRY.as_bytes().to_vec();
        self.content.write_whole(&mut text);
        let (sender, receiver) = channel(PENDING_LIMIT);
        // It has just been made, so there is room.
        sender.try_send(Bytes::from(text)).ok()?;
        self.clients.push(sender);
        self.inbox.set_viewers(self.clients.len());
        Some(receiver)
    }

    /// Whether every page took what it was sent.
    pub(super) fn is_flushed(&self) -> bool {
        let is_empty = |client: &Sender<Bytes>| client.capacity() == client.max_capacity();
        self.clients.iter().all(|client| client.is_closed() || is_empty(client))
    }
}

/// JSON without indentation has no line breaks, so it is one line of data.
pub(crate) fn write_event(text: &mut Vec<u8>, name: &str, json: &[u8]) {
    text.extend_from_slice(format!("event: {name}\ndata: ").as_bytes());
    text.extend_from_slice(json);
    text.extend_from_slice(b"\n\n");
}
