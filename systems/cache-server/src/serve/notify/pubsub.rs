//! Channels and patterns, across threads. A message is encoded once, whoever gets it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use plimsoll_wire::resp;

use crate::{
    glob,
    serve::{
        clients::{Client, limits::ClassLimits},
        exclusive, locked, shared,
    },
    store::Millis,
};

/// Parts that are locked apart, so that channels do not wait for each other. A power of two.
const PARTS: usize = 16;

/// Who listens to a channel, by client id.
type Listeners = BTreeMap<u64, Arc<Client>>;

/// The two kinds of channels do not know each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Global,
    Sharded,
}

/// Who listens to what.
#[derive(Debug, Default)]
pub(crate) struct Channels {
    global: Space,
    sharded: Space,
    patterns: RwLock<BTreeMap<Bytes, Listeners>>,
    /// Of `patterns`, so that a message in a server without any takes no lock for them.
    pattern_count: AtomicUsize,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// Clients that get it, counted once per subscription that matches.
    pub(crate) receivers: usize,
    /// Clients that were closed because they did not read.
    pub(crate) closed: usize,
}

#[derive(Debug, Default)]
struct Space {
    parts: [Mutex<HashMap<Bytes, Listeners>>; PARTS],
}

impl Space {
    fn part(&self, channel: &[u8]) -> &Mutex<HashMap<Bytes, Listeners>> {
        let index = usize::from(resp::slot(channel)) % PARTS;
        // The remainder is below the array's length.
        #[expect(clippy::indexing_slicing, reason = "a remainder of the array's length")]
        &self.parts[index]
    }
}

impl Channels {
    fn space(&self, kind: Kind) -> &Space {
        match kind {
            Kind::Global => &self.global,
            Kind::Sharded => &self.sharded,
        }
    }

    pub(crate) fn subscribe(&self, kind: Kind, channel: &Bytes, client: &Arc<Client>) {
        let mut part = locked(self.space(kind).part(channel));
        part.entry(channel.clone()).or_default().insert(client.id, Arc::clone(client));
    }

    pub(crate) fn unsubscribe(&self, kind: Kind, channel: &[u8], id: u64) {
        let mut part = locked(self.space(kind).part(channel));
        let Some(listeners) = part.get_mut(channel) else { return };
        listeners.remove(&id);
        if listeners.is_empty() {
            part.remove(channel);
        }
    }

    pub(crate) fn subscribe_pattern(&self, pattern: &Bytes, client: &Arc<Client>) {
        let mut patterns = exclusive(&self.patterns);
        patterns.entry(pattern.clone()).or_default().insert(client.id, Arc::clone(client));
        self.pattern_count.store(patterns.len(), Ordering::Release);
    }

    pub(crate) fn unsubscribe_pattern(&self, pattern: &[u8], id: u64) {
        let mut patterns = exclusive(&self.patterns);
        let Some(listeners) = patterns.get_mut(pattern) else { return };
        listeners.remove(&id);
        if listeners.is_empty() {
            patterns.remove(pattern);
        }
        self.pattern_count.store(patterns.len(), Ordering::Release);
    }

    /// Hands `message` to everybody who listens.
    pub(crate) fn publish(
        &self,
        kind: Kind,
        channel: &[u8],
        message: &[u8],
        limits: &ClassLimits,
        now: Millis,
    ) -> Delivered {
        let mut delivered = Delivered::default();
        let word: &[u8] = if kind == Kind::Sharded { b"smessage" } else { b"message" };
        if let Some(listeners) = locked(self.space(kind).part(channel)).get(channel) {
            let encoded = encode(&[word, channel, message]);
            deliver(listeners, &encoded, limits, now, &mut delivered);
        }
        if kind == Kind::Global && self.pattern_count.load(Ordering::Acquire) > 0 {
            let patterns = shared(&self.patterns);
            for (pattern, listeners) in &*patterns {
                if glob::matches(pattern, channel) {
                    let encoded = encode(&[b"pmessage", pattern, channel, message]);
                    deliver(listeners, &encoded, limits, now, &mut delivered);
                }
            }
        }
        delivered
    }

    /// Channels with listeners that match `pattern`, each with how many listen.
    pub(crate) fn active(&self, kind: Kind, pattern: Option<&[u8]>) -> Vec<Bytes> {
        let parts = self.space(kind).parts.iter();
        let names = parts.flat_map(|part| {
            let part = locked(part);
            let wanted = |name: &&Bytes| pattern.is_none_or(|pattern| glob::matches(pattern, name));
            part.keys().filter(wanted).cloned().collect::<Vec<_>>()
        });
        names.collect()
    }

    pub(crate) fn listeners(&self, kind: Kind, channel: &[u8]) -> usize {
        locked(self.space(kind).part(channel)).get(channel).map_or(0, BTreeMap::len)
    }

    /// Patterns that anybody listens to.
    pub(crate) fn pattern_count(&self) -> usize {
        self.pattern_count.load(Ordering::Acquire)
    }
}

fn deliver(
    listeners: &Listeners,
    encoded: &Bytes,
    limits: &ClassLimits,
    now: Millis,
    delivered: &mut Delivered,
) {
    for client in listeners.values() {
        if client.mailbox.post(encoded, limits.of(client.class()), now) {
            delivered.receivers += 1;
        } else {
            delivered.closed += 1;
        }
    }
}

/// An aggregate of bulk strings without its first byte: `*` for RESP2, `>` for RESP3.
pub(crate) fn encode(parts: &[&[u8]]) -> Bytes {
    let bytes: usize = parts.iter().map(|part| part.len() + 32).sum();
    let mut out = Vec::with_capacity(bytes + 16);
    resp::write_command(&mut out, parts);
    Bytes::from(out).slice(1..)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::serve::clients::Clients;

    fn client(clients: &Clients) -> Arc<Client> {
        let addr = SocketAddr::from(([127, 0, 0, 1], 1));
        clients.enter(addr, addr, 10, Millis(0)).unwrap()
    }

    fn publish(channels: &Channels, kind: Kind, channel: &str) -> usize {
        let limits = ClassLimits::DEFAULT;
        channels.publish(kind, channel.as_bytes(), b"hi", &limits, Millis(0)).receivers
    }

    fn mail(client: &Client) -> Vec<String> {
        let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        client.mailbox.take().messages.into_iter().map(text).collect()
    }

    #[test]
    fn who_listens_gets_it() {
        let (clients, channels) = (Clients::default(), Channels::default());
        let (first, second) = (client(&clients), client(&clients));
        channels.subscribe(Kind::Global, &Bytes::from_static(b"news"), &first);
        channels.subscribe_pattern(&Bytes::from_static(b"n*"), &second);
        channels.subscribe(Kind::Sharded, &Bytes::from_static(b"news"), &second);
        assert_eq!(publish(&channels, Kind::Global, "news"), 2);
        assert_eq!(publish(&channels, Kind::Global, "other"), 0);
        assert_eq!(mail(&first), ["3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n"]);
        assert_eq!(
            mail(&second),
            ["4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n"]
        );
        assert_eq!(publish(&channels, Kind::Sharded, "news"), 1);
        assert_eq!(mail(&second), ["3\r\n$8\r\nsmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n"]);
    }

    #[test]
    fn nothing_stays_of_those_who_left() {
        let (clients, channels) = (Clients::default(), Channels::default());
        let first = client(&clients);
        let name = Bytes::from_static(b"news");
        channels.subscribe(Kind::Global, &name, &first);
        channels.subscribe_pattern(&name, &first);
        assert_eq!(channels.active(Kind::Global, Some(b"n?ws")), std::slice::from_ref(&name));
        assert_eq!(channels.active(Kind::Global, Some(b"x*")), Vec::<Bytes>::new());
        assert_eq!((channels.listeners(Kind::Global, b"news"), channels.pattern_count()), (1, 1));
        channels.unsubscribe(Kind::Global, &name, first.id);
        channels.unsubscribe_pattern(&name, first.id);
        assert_eq!(channels.active(Kind::Global, None), Vec::<Bytes>::new());
        assert_eq!((channels.listeners(Kind::Global, b"news"), channels.pattern_count()), (0, 0));
    }
}
