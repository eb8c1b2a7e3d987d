//! CLIENT TRACKING: who has to hear of which key's change.
//!
//! A read is remembered before the store is asked, and a write is told after it, so no client keeps a
//! value without the news of its end. The table is bounded: a key that has to leave it is told as changed.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use plimsoll_wire::resp;

use crate::{
    serve::{
        clients::{
            Client, Clients, flag,
            limits::{Class, ClassLimits},
        },
        exclusive, locked, shared,
    },
    store::Millis,
};

/// Parts that are locked apart. A power of two.
const PARTS: usize = 16;
/// Places in the queue of keys that may be stale before it is cleaned.
const STALE_MAX: usize = 1_024;
/// Where clients of RESP2 hear of invalidations.
pub(crate) const CHANNEL: &[u8] = b"__redis__:invalidate";

/// What a change has to know of the server to be told.
#[derive(Clone, Copy)]
pub(crate) struct Post<'a> {
    pub(crate) clients: &'a Clients,
    pub(crate) limits: &'a ClassLimits,
    pub(crate) now: Millis,
}

/// Readers by key, and listeners by prefix.
#[derive(Debug, Default)]
pub(crate) struct Tracking {
    /// Clients that track; while 0, nothing here takes a lock.
    clients: AtomicUsize,
    parts: [Mutex<Part>; PARTS],
    prefixes: RwLock<BTreeMap<Bytes, BTreeMap<u64, Arc<Client>>>>,
    prefix_count: AtomicUsize,
    keys: AtomicUsize,
    items: AtomicUsize,
}

#[derive(Debug, Default)]
struct Part {
    /// Those of each key, in the order of their ids.
    readers: HashMap<Bytes, Vec<Arc<Client>>>,
    /// Keys in the order in which they came; some are no longer in `readers`.
    order: VecDeque<Bytes>,
}

/// For INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrackingCounts {
    pub(crate) clients: usize,
    pub(crate) keys: usize,
    pub(crate) items: usize,
    pub(crate) prefixes: usize,
}

impl Tracking {
    fn part(&self, key: &[u8]) -> &Mutex<Part> {
        #[expect(clippy::indexing_slicing, reason = "a remainder of the array's length")]
        &self.parts[usize::from(resp::slot(key)) % PARTS]
    }

    /// A client begins; with `prefixes` it hears of all keys that begin with one of them, whoever read them.
    pub(crate) fn start(&self, client: &Arc<Client>, prefixes: &[Bytes]) {
        self.clients.fetch_add(1, Ordering::SeqCst);
        if prefixes.is_empty() {
            return;
        }
        let mut table = exclusive(&self.prefixes);
        for prefix in prefixes {
            table.entry(prefix.clone()).or_default().insert(client.id, Arc::clone(client));
        }
        self.prefix_count.store(table.len(), Ordering::SeqCst);
    }

    /// A client that had begun ends. What was remembered for it goes with the next change of each key.
    pub(crate) fn stop(&self, id: u64, prefixes: &[Bytes]) {
        self.clients.fetch_sub(1, Ordering::SeqCst);
        if prefixes.is_empty() {
            return;
        }
        let mut table = exclusive(&self.prefixes);
        for prefix in prefixes {
            let Some(listeners) = table.get_mut(prefix) else { continue };
            listeners.remove(&id);
            if listeners.is_empty() {
                table.remove(prefix);
            }
        }
        self.prefix_count.store(table.len(), Ordering::SeqCst);
    }

    pub(crate) fn is_any(&self) -> bool {
        self.clients.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn counts(&self) -> TrackingCounts {
        TrackingCounts {
            clients: self.clients.load(Ordering::Relaxed),
            keys: self.keys.load(Ordering::Relaxed),
            items: self.items.load(Ordering::Relaxed),
            prefixes: self.prefix_count.load(Ordering::Relaxed),
        }
    }

    /// `client` is about to read `key`. `keys_max` of 0 is no limit.
    pub(crate) fn remember(
        &self,
        key: &[u8],
        client: &Arc<Client>,
        keys_max: usize,
        post: Post<'_>,
    ) {
        let mut part = locked(self.part(key));
        if let Some(readers) = part.readers.get_mut(key) {
            if let Err(place) = readers.binary_search_by_key(&client.id, |reader| reader.id) {
                readers.insert(place, Arc::clone(client));
                self.items.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        let share = if keys_max == 0 { usize::MAX } else { (keys_max / PARTS).max(1) };
        let mut evicted = Vec::new();
        while part.readers.len() >= share {
            let Some(oldest) = part.order.pop_front() else { break };
            if let Some(readers) = part.readers.remove(&oldest) {
                evicted.push((oldest, readers));
            }
        }
        let key = Bytes::copy_from_slice(key);
        part.readers.insert(key.clone(), vec![Arc::clone(client)]);
        part.order.push_back(key);
        if part.order.len() > part.readers.len() * 2 + STALE_MAX {
            let Part { readers, order } = &mut *part;
            order.retain(|key| readers.contains_key(key));
        }
        drop(part);
        self.keys.fetch_add(1, Ordering::Relaxed);
        self.items.fetch_add(1, Ordering::Relaxed);
        for (key, readers) in evicted {
            self.forgotten(&readers);
            readers.iter().for_each(|reader| tell(reader, Some(&key), post));
        }
    }

    fn forgotten(&self, readers: &[Arc<Client>]) {
        self.keys.fetch_sub(1, Ordering::Relaxed);
        self.items.fetch_sub(readers.len(), Ordering::Relaxed);
    }

    /// `key` has changed; `by` is the client that did it, 0 for none.
    pub(crate) fn touched(&self, key: &[u8], by: u64, post: Post<'_>) {
        let is_own = |client: &Client| client.id == by && client.has(flag::TRACKING_NOLOOP);
        let readers = locked(self.part(key)).readers.remove(key);
        if let Some(readers) = readers {
            self.forgotten(&readers);
            // Those who broadcast are told below.
            let told = readers.iter().filter(|reader| {
                reader.has(flag::TRACKING) && !reader.has(flag::TRACKING_BROADCAST)
            });
            told.filter(|reader| !is_own(reader)).for_each(|reader| tell(reader, Some(key), post));
        }
        if self.prefix_count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let table = shared(&self.prefixes);
        for (prefix, listeners) in &*table {
            if key.starts_with(prefix) {
                let told = listeners.values().filter(|listener| !is_own(listener));
                told.for_each(|listener| tell(listener, Some(key), post));
            }
        }
    }

    /// All keys are gone.
    pub(crate) fn flushed(&self, post: Post<'_>) {
        for part in &self.parts {
            let readers = std::mem::take(&mut *locked(part)).readers;
            readers.values().for_each(|readers| self.forgotten(readers));
        }
        let trackers = post.clients.list().into_iter().filter(|client| client.has(flag::TRACKING));
        trackers.for_each(|client| tell(&client, None, post));
    }
}

/// `None`: all keys.
fn tell(client: &Client, key: Option<&[u8]>, post: Post<'_>) {
    let redirect = client.redirect.load(Ordering::Relaxed);
    if redirect == 0 {
        if client.has(flag::RESP3) {
            send(client, &invalidation(key, true), post);
        }
        return;
    }
    let Some(target) = post.clients.find(redirect) else {
        // Once: whoever reads without being told of changes must know.
        if !client.has(flag::TRACKING_BROKEN) {
            client.set(flag::TRACKING_BROKEN, true);
            if client.has(flag::RESP3) {
                let mut out = b"2\r\n".to_vec();
                resp::write_bulk(&mut out, b"tracking-redir-broken");
                resp::write_integer(&mut out, redirect.cast_signed());
                send(client, &Bytes::from(out), post);
            }
        }
        return;
    };
    let is_resp3 = target.has(flag::RESP3);
    if is_resp3 || target.has(flag::PUBSUB) {
        send(&target, &invalidation(key, is_resp3), post);
    }
}

fn send(client: &Client, message: &Bytes, post: Post<'_>) {
    // One that does not read is closed, whichever class it is in.
    client.mailbox.post(message, post.limits.of(Class::Pubsub), post.now);
}

/// Without the first byte, as all mail.
fn invalidation(key: Option<&[u8]>, is_resp3: bool) -> Bytes {
    let mut out = Vec::with_capacity(key.map_or(0, <[u8]>::len) + 64);
    if is_resp3 {
        out.extend_from_slice(b"2\r\n");
        resp::write_bulk(&mut out, b"invalidate");
    } else {
        out.extend_from_slice(b"3\r\n");
        resp::write_bulk(&mut out, b"message");
        resp::write_bulk(&mut out, CHANNEL);
    }
    match key {
        Some(key) => resp::write_command(&mut out, [key]),
        None if is_resp3 => out.extend_from_slice(b"_\r\n"),
        None => out.extend_from_slice(b"$-1\r\n"),
    }
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    struct World {
        clients: Clients,
        tracking: Tracking,
        limits: ClassLimits,
    }

    impl World {
        fn new() -> World {
            let limits = ClassLimits::DEFAULT;
            World { clients: Clients::default(), tracking: Tracking::default(), limits }
        }

        fn tracker(&self, prefixes: &[Bytes]) -> Arc<Client> {
            let addr = SocketAddr::from(([127, 0, 0, 1], 1));
            let client = self.clients.enter(addr, addr, 10, Millis(0)).unwrap();
            client.set(flag::TRACKING | flag::RESP3, true);
            client.set(flag::TRACKING_BROADCAST, !prefixes.is_empty());
            self.tracking.start(&client, prefixes);
            client
        }

        fn post(&self) -> Post<'_> {
            Post { clients: &self.clients, limits: &self.limits, now: Millis(0) }
        }

        fn remember(&self, key: &str, client: &Arc<Client>, keys_max: usize) {
            self.tracking.remember(key.as_bytes(), client, keys_max, self.post());
        }

        fn touched(&self, key: &str, by: u64) {
            self.tracking.touched(key.as_bytes(), by, self.post());
        }
    }

    /// How many messages a client has got.
    fn mail(client: &Client) -> usize {
        client.mailbox.take().messages.len()
    }

    #[test]
    fn a_reader_is_told_once() {
        let world = World::new();
        let reader = world.tracker(&[]);
        world.remember("a", &reader, 0);
        world.remember("a", &reader, 0);
        world.touched("b", 0);
        assert_eq!(mail(&reader), 0);
        world.touched("a", reader.id);
        world.touched("a", 0);
        assert_eq!(mail(&reader), 1);
        assert_eq!(world.tracking.counts().items, 0);
        reader.set(flag::TRACKING_NOLOOP, true);
        world.remember("a", &reader, 0);
        world.touched("a", reader.id);
        assert_eq!(mail(&reader), 0);
    }

    #[test]
    fn all_readers_of_a_key_are_told_in_any_order_of_coming() {
        let world = World::new();
        let mut readers: Vec<Arc<Client>> = (0..10).map(|_| world.tracker(&[])).collect();
        readers.swap(2, 9);
        readers.swap(0, 5);
        for reader in readers.iter().chain(&readers) {
            world.remember("a", reader, 0);
        }
        assert_eq!(world.tracking.counts().items, 10);
        world.touched("a", 0);
        assert!(readers.iter().all(|reader| mail(reader) == 1));
    }

    #[test]
    fn prefixes_hear_of_all_their_keys() {
        let world = World::new();
        let prefix = [Bytes::from_static(b"user:")];
        let listener = world.tracker(&prefix);
        world.touched("user:1", 0);
        world.touched("user:1", 0);
        world.touched("other", 0);
        assert_eq!(mail(&listener), 2);
        world.tracking.stop(listener.id, &prefix);
        world.touched("user:1", 0);
        assert_eq!(mail(&listener), 0);
        assert!(!world.tracking.is_any());
    }

    #[test]
    fn the_table_is_bounded_and_says_what_it_forgets() {
        let world = World::new();
        let reader = world.tracker(&[]);
        let keys = 200;
        for index in 0..keys {
            world.remember(&format!("key{index}"), &reader, 32);
        }
        let kept = world.tracking.counts().keys;
        assert!(kept <= 32, "{kept}");
        assert_eq!(mail(&reader), keys - kept);
        world.tracking.flushed(world.post());
        assert_eq!(mail(&reader), 1);
        assert_eq!(world.tracking.counts().keys, 0);
    }

    #[test]
    fn redirection_and_its_loss() {
        let world = World::new();
        let (reader, target) = (world.tracker(&[]), world.tracker(&[]));
        reader.redirect.store(target.id, Ordering::Relaxed);
        world.remember("a", &reader, 0);
        world.touched("a", 0);
        assert_eq!((mail(&reader), mail(&target)), (0, 1));
        world.clients.leave(target.id);
        for _ in 0..2 {
            world.remember("a", &reader, 0);
            world.touched("a", 0);
        }
        // Said once.
        assert_eq!(mail(&reader), 1);
    }
}
