//! The runs as they are, and the pages that follow them. Each change is encoded once for all pages.

use std::sync::{Arc, mpsc::SyncSender};

use bytes::Bytes;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::inbox::{Inbox, Message};
use crate::view::{
    model::{Model, Part},
    run::join,
};

/// Pages that may follow at once.
pub(super) const CLIENTS_LIMIT: usize = 32;

/// Changes that may wait for a slow page, one a second. Then it is cut off; browsers come again by
/// themselves and start with the whole run.
const PENDING_LIMIT: usize = 16;

/// Milliseconds after which browsers come again, and a comment that keeps a silent connection open.
const RETRY: &str = "retry: 1000\n\n";
const HEARTBEAT: &[u8] = b": still here\n\n";

pub(super) struct Board {
    runs: Vec<Shown>,
    clients: Vec<Sender<Bytes>>,
    inbox: Arc<Inbox>,
}

struct Shown {
    model: Model,
    /// What pages have: points, and of which epoch.
    points: usize,
    epoch: u64,
    has_news: bool,
    /// Whether pages were told of its end.
    is_over: bool,
}

impl Board {
    pub(super) fn new(models: Vec<Model>, inbox: Arc<Inbox>) -> Board {
        let shown = |model: Model| Shown {
            points: model.points(),
            epoch: model.epoch(),
            has_news: false,
            is_over: !model.is_live(),
            model,
        };
        Board { runs: models.into_iter().map(shown).collect(), clients: Vec::new(), inbox }
    }

    /// Takes in what came and tells all pages. Returns those that wait for this to be done.
    pub(super) fn take(&mut self, messages: Vec<Message>) -> Vec<SyncSender<()>> {
        let mut waiting = Vec::new();
        for message in messages {
            match message {
                Message::News(run, news) => {
                    if let Some(shown) = self.runs.get_mut(run) {
                        shown.model.absorb(news);
                        shown.has_news = true;
                    }
                }
                Message::Flush(done) => waiting.push(done),
            }
        }
        self.tell();
        waiting
    }

    fn tell(&mut self) {
        self.forget_gone();
        let has_clients = !self.clients.is_empty();
        let mut text = Vec::new();
        for shown in self.runs.iter_mut().filter(|shown| shown.has_news) {
            if has_clients {
                shown.write_news(&mut text);
            }
            shown.has_news = false;
            shown.points = shown.model.points();
            shown.epoch = shown.model.epoch();
            shown.is_over = !shown.model.is_live();
        }
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
        for shown in &self.runs {
            write_event(&mut text, "run", &shown.model.whole());
            if shown.is_over {
                shown.write_end(&mut text);
            }
        }
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

    /// Of the page before its script knows better.
    pub(super) fn title(&self) -> String {
        match &self.runs[..] {
            [alone] => alone.model.meta().name.clone(),
            runs => format!("{} runs", runs.len()),
        }
    }

    /// All runs, whole.
    pub(super) fn json(&self) -> Vec<u8> {
        join(self.runs.iter().map(|shown| shown.model.whole().to_json()))
    }
}

impl Shown {
    fn write_news(&self, text: &mut Vec<u8>) {
        if self.model.epoch() == self.epoch {
            write_event(text, "append", &self.model.since(self.points));
        } else {
            write_event(text, "run", &self.model.whole());
        }
        if !self.is_over && !self.model.is_live() {
            self.write_end(text);
        }
    }

    fn write_end(&self, text: &mut Vec<u8>) {
        let id = serde_json::Value::from(self.model.meta().id.as_str());
        text.extend_from_slice(format!("event: end\ndata: {{\"id\":{id}}}\n\n").as_bytes());
    }
}

/// JSON without indentation has no line breaks, so it is one line of data.
fn write_event(text: &mut Vec<u8>, name: &str, part: &Part<'_>) {
    text.extend_from_slice(format!("event: {name}\ndata: ").as_bytes());
    text.extend(part.to_json());
    text.extend_from_slice(b"\n\n");
}
