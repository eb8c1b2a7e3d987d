//! Who is connected: a bounded registry, and what others may know and ask of a connection.

mod address;
pub(crate) mod arrivals;
pub(crate) mod departures;
pub(crate) mod describe;
pub(crate) mod limits;
pub(crate) mod mailbox;
pub(crate) mod pause;
mod roll;
pub(crate) mod session;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};

use self::{
    address::Address,
    limits::Class,
    mailbox::{Mailbox, Order},
    roll::Roll,
};
use super::{acl::DEFAULT, locked};
use crate::store::Millis;

/// One bit each of [`Client::flags`].
pub(crate) mod flag {
    pub(crate) const MULTI: u32 = 1;
    pub(crate) const BLOCKED: u32 = 1 << 1;
    pub(crate) const PUBSUB: u32 = 1 << 2;
    pub(crate) const TRACKING: u32 = 1 << 3;
    pub(crate) const TRACKING_BROADCAST: u32 = 1 << 4;
    pub(crate) const TRACKING_BROKEN: u32 = 1 << 5;
    pub(crate) const CLOSING: u32 = 1 << 6;
    pub(crate) const NO_EVICT: u32 = 1 << 7;
    pub(crate) const NO_TOUCH: u32 = 1 << 8;
    pub(crate) const RESP3: u32 = 1 << 9;
    pub(crate) const TRACKING_NOLOOP: u32 = 1 << 10;
    pub(crate) const MONITOR: u32 = 1 << 11;
}

/// What the client says of itself, and whose permissions it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Labels {
    pub(crate) name: Box<str>,
    pub(crate) lib_name: Box<str>,
    pub(crate) lib_version: Box<str>,
    pub(crate) user: Box<str>,
}

impl Default for Labels {
    /// Of a client that has said nothing.
    fn default() -> Labels {
        let none: Box<str> = "".into();
        let (name, lib_name, lib_version) = (none.clone(), none.clone(), none);
        Labels { name, lib_name, lib_version, user: DEFAULT.into() }
    }
}

/// A connection as seen from outside. Its own thread writes the numbers once per batch. With the two counts
/// of its [`Arc`] it goes into one of the allocator's places of 192 bytes.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: u64,
    pub(crate) peer: Address,
    pub(crate) local: Address,
    /// In seconds since the epoch.
    connected: u32,
    /// None as long as they are the default ones: most clients say nothing, and there may be many.
    labels: Mutex<Option<Box<Labels>>>,
    pub(crate) mailbox: Mailbox,
    /// See [`flag`].
    pub(crate) flags: AtomicU32,
    /// When its last batch came, in milliseconds since the epoch.
    pub(crate) last_active: AtomicU64,
    /// The place of its last command in the table of commands; `u32::MAX` before the first.
    pub(crate) last_command: AtomicU32,
    /// Bytes of commands that are not whole yet.
    pub(crate) input_bytes: AtomicUsize,
    /// Bytes of replies that the peer has not taken.
    pub(crate) output_bytes: AtomicUsize,
    /// Commands queued by MULTI; -1 outside of it, as a bit pattern.
    pub(crate) queued: AtomicU32,
    /// Channels, patterns and shard channels it listens to.
    pub(crate) channels: AtomicU32,
    pub(crate) patterns: AtomicU32,
    pub(crate) shard_channels: AtomicU32,
    /// Who gets its invalidations; 0 is itself.
    pub(crate) redirect: AtomicU64,
}

impl Client {
    /// One that has done nothing yet.
    fn new(id: u64, peer: SocketAddr, local: SocketAddr, now: Millis) -> Client {
        Client {
            id,
            peer: peer.into(),
            local: local.into(),
            connected: u32::try_from(now.0 / 1_000).unwrap_or(u32::MAX),
            labels: Mutex::default(),
            mailbox: Mailbox::default(),
            flags: AtomicU32::new(0),
            last_active: AtomicU64::new(now.0),
            last_command: AtomicU32::new(u32::MAX),
            input_bytes: AtomicUsize::new(0),
            output_bytes: AtomicUsize::new(0),
            queued: AtomicU32::new(u32::MAX),
            channels: AtomicU32::new(0),
            patterns: AtomicU32::new(0),
            shard_channels: AtomicU32::new(0),
            redirect: AtomicU64::new(0),
        }
    }

    /// How long it has been there, in seconds.
    pub(crate) fn age(&self, now: Millis) -> u64 {
        (now.0 / 1_000).saturating_sub(u64::from(self.connected))
    }

    /// Any of the flags.
    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags.load(Ordering::Relaxed) & flag != 0
    }

    pub(crate) fn set(&self, flag: u32, on: bool) {
        if on {
            self.flags.fetch_or(flag, Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!flag, Ordering::Relaxed);
        }
    }

    /// A monitor is sent things unasked, as a listener is.
    pub(crate) fn class(&self) -> Class {
        if self.has(flag::PUBSUB | flag::MONITOR) { Class::Pubsub } else { Class::Normal }
    }

    pub(crate) fn labels(&self) -> Labels {
        locked(&self.labels).as_deref().cloned().unwrap_or_default()
    }

    pub(crate) fn set_labels(&self, change: impl FnOnce(&mut Labels)) {
        let mut place = locked(&self.labels);
        let mut labels = place.take().map_or_else(Labels::default, |labels| *labels);
        change(&mut labels);
        *place = (labels != Labels::default()).then(|| Box::new(labels));
    }

    /// Subscriptions of all kinds.
    pub(crate) fn subscriptions(&self) -> u32 {
        let counts = [&self.channels, &self.patterns, &self.shard_channels];
        counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// All connections. The lock is taken when one comes or goes and by commands about clients.
#[derive(Debug, Default)]
pub(crate) struct Clients {
    last_id: AtomicU64,
    all: Mutex<Roll>,
    count: AtomicUsize,
}

/// There are as many connections as may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Clients {
    /// Registers a connection, which has to be taken out by [`Clients::leave`].
    ///
    /// # Errors
    /// When there are `max` already.
    pub(crate) fn enter(
        &self,
        peer: SocketAddr,
        local: SocketAddr,
        max: usize,
        now: Millis,
    ) -> Result<Arc<Client>, TooMany> {
        let mut all = locked(&self.all);
        if all.count() >= max {
            return Err(TooMany);
        }
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let client = Arc::new(Client::new(id, peer, local, now));
        all.enter(Arc::clone(&client));
        self.count.store(all.count(), Ordering::Relaxed);
        Ok(client)
    }

    pub(crate) fn leave(&self, id: u64) {
        let mut all = locked(&self.all);
        all.leave(id);
        self.count.store(all.count(), Ordering::Relaxed);
    }

    pub(crate) fn find(&self, id: u64) -> Option<Arc<Client>> {
        locked(&self.all).find(id).cloned()
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Everybody, in the order of their ids. They may go while they are looked at.
    pub(crate) fn list(&self) -> Vec<Arc<Client>> {
        locked(&self.all).iter().cloned().collect()
    }

    /// Tells everybody to close after what is in their output.
    pub(crate) fn close_all(&self) {
        for client in self.list() {
            client.mailbox.order(Order::Close);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(clients: &Clients, max: usize) -> Result<Arc<Client>, TooMany> {
        let addr = SocketAddr::from(([127, 0, 0, 1], 1));
        clients.enter(addr, addr, max, Millis(5))
    }

    #[test]
    fn no_more_than_the_limit() {
        let clients = Clients::default();
        let first = enter(&clients, 2).unwrap();
        let second = enter(&clients, 2).unwrap();
        assert_eq!((first.id, second.id), (1, 2));
        assert_eq!(enter(&clients, 2).unwrap_err(), TooMany);
        clients.leave(first.id);
        // Ids are not given twice.
        assert_eq!(enter(&clients, 2).unwrap().id, 3);
        assert_eq!(clients.count(), 2);
        assert!(clients.find(1).is_none());
        clients.close_all();
        assert_eq!(second.mailbox.take().order, Some(Order::Close));
    }

    #[test]
    fn flags() {
        let client = enter(&Clients::default(), 1).unwrap();
        assert_eq!(client.class(), Class::Normal);
        client.set(flag::PUBSUB, true);
        client.set(flag::MULTI, true);
        client.set(flag::MULTI, false);
        assert!(client.has(flag::PUBSUB) && !client.has(flag::MULTI));
        assert_eq!(client.class(), Class::Pubsub);
    }

    #[test]
    fn labels_take_memory_only_when_there_are_any() {
        let client = enter(&Clients::default(), 1).unwrap();
        assert_eq!(&*client.labels().user, DEFAULT);
        client.set_labels(|labels| labels.name = "me".into());
        assert_eq!(&*client.labels().name, "me");
        assert!(locked(&client.labels).is_some());
        client.set_labels(|labels| labels.name = "".into());
        assert!(locked(&client.labels).is_none());
    }
}
