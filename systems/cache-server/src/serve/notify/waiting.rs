//! Who waits for which key, in BLPOP and the like.
//!
//! A change of a key, or the end of its fill, makes all who wait for it try again, in the order in which
//! they came; those on one thread keep that order.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use plimsoll_wire::resp;

use crate::serve::{clients::Client, locked};

/// Parts that are locked apart. A power of two.
const PARTS: usize = 16;

/// Those who wait for one key, by their tickets: many may, and leave in any order.
type Queue = BTreeMap<u64, Arc<Client>>;

/// Keys that are waited for.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    parts: [Mutex<HashMap<Bytes, Queue>>; PARTS],
    last_ticket: AtomicU64,
    /// Pairs of key and client; while 0, nothing here takes a lock.
    count: AtomicUsize,
}

impl Waiting {
    fn part(&self, key: &[u8]) -> &Mutex<HashMap<Bytes, Queue>> {
        #[expect(clippy::indexing_slicing, reason = "a remainder of the array's length")]
        &self.parts[usize::from(resp::slot(key)) % PARTS]
    }

    /// `client` is about to look at the keys a last time before it waits. Gives its ticket, by which it leaves.
    pub(crate) fn enter(&self, keys: &[Bytes], client: &Arc<Client>) -> u64 {
        let ticket = self.last_ticket.fetch_add(1, Ordering::Relaxed) + 1;
        self.count.fetch_add(keys.len(), Ordering::SeqCst);
        for key in keys {
            let mut part = locked(self.part(key));
            part.entry(key.clone()).or_default().insert(ticket, Arc::clone(client));
        }
        ticket
    }

    pub(crate) fn leave(&self, keys: &[Bytes], ticket: u64) {
        for key in keys {
            let mut part = locked(self.part(key));
            let Some(clients) = part.get_mut(key) else { continue };
            clients.remove(&ticket);
            if clients.is_empty() {
                part.remove(key);
            }
        }
        self.count.fetch_sub(keys.len(), Ordering::SeqCst);
    }

    pub(crate) fn is_any(&self) -> bool {
        self.count.load(Ordering::SeqCst) > 0
    }

    /// A key has changed.
    pub(crate) fn touched(&self, key: &[u8]) {
        if let Some(clients) = locked(self.part(key)).get(key) {
            clients.values().for_each(|client| client.mailbox.nudge());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::{serve::clients::Clients, store::Millis};

    #[test]
    fn a_change_wakes_those_who_wait() {
        let (clients, waiting) = (Clients::default(), Waiting::default());
        let addr = SocketAddr::from(([127, 0, 0, 1], 1));
        let client = clients.enter(addr, addr, 1, Millis(0)).unwrap();
        // A key may be named twice.
        let keys = [b"a", b"b", b"a"].map(|key| Bytes::from_static(key));
        let ticket = waiting.enter(&keys, &client);
        waiting.touched(b"c");
        assert!(!client.mailbox.has_mail());
        waiting.touched(b"b");
        assert!(client.mailbox.has_mail());
        client.mailbox.take();
        waiting.leave(&keys, ticket);
        waiting.touched(b"a");
        assert!(!client.mailbox.has_mail());
        assert!(!waiting.is_any());
    }
}
