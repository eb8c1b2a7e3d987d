//! What is known about names, and who waits for an answer.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use tokio::sync::oneshot;

use super::{Answer, Ttl};
use crate::clock::Instant;

/// Names kept; past it the cache is emptied. Far above the hosts of any script, so it only guards
/// against one that makes names up.
const NAMES_MAX: usize = 10_000;

pub(super) struct Cache {
    ttl: Ttl,
    names: HashMap<Box<str>, Entry>,
    tokens: u64,
}

enum Entry {
    Known {
        addresses: Arc<[IpAddr]>,
        asked: Instant,
        uses: usize,
    },
    /// Being looked up under this token.
    Asked {
        token: u64,
        waiting: Vec<oneshot::Sender<Answer>>,
    },
}

pub(super) enum Found {
    /// `turn` counts the uses of this answer, from 1.
    Known { addresses: Arc<[IpAddr]>, turn: usize },
    /// Somebody asked already.
    Waiting(oneshot::Receiver<Answer>),
    /// The caller is to ask, and to [`Cache::store`] or [`Cache::forget`] under this token.
    Unknown(u64),
}

impl Cache {
    pub(super) fn new(ttl: Ttl) -> Cache {
        Cache { ttl, names: HashMap::new(), tokens: 0 }
    }

    pub(super) fn find(&mut self, host: &str, now: Instant) -> Found {
        let ttl = self.ttl;
        let fresh = |asked| match ttl {
            Ttl::Forever => true,
            Ttl::For(ttl) => now.since(asked) < ttl,
        };
        match self.names.get_mut(host) {
            Some(Entry::Known { addresses, asked, uses }) if fresh(*asked) => {
                *uses += 1;
                return Found::Known { addresses: Arc::clone(addresses), turn: *uses };
            }
            Some(Entry::Asked { waiting, .. }) => {
                let (sender, receiver) = oneshot::channel();
                waiting.push(sender);
                return Found::Waiting(receiver);
            }
            _ => {}
        }
        self.tokens += 1;
        if !self.is_off() {
            if self.names.len() >= NAMES_MAX {
                self.names.clear();
            }
            let entry = Entry::Asked { token: self.tokens, waiting: Vec::new() };
            self.names.insert(host.into(), entry);
        }
        Found::Unknown(self.tokens)
    }

    /// Keeps a good answer and returns those who wait for it.
    pub(super) fn store(
        &mut self,
        host: &str,
        token: u64,
        answer: &Answer,
        now: Instant,
    ) -> Vec<oneshot::Sender<Answer>> {
        let waiting = self.forget(host, token);
        if let (Ok(addresses), false) = (answer, self.is_off()) {
            let addresses = Arc::clone(addresses);
            self.names.insert(host.into(), Entry::Known { addresses, asked: now, uses: 0 });
        }
        waiting
    }

    /// The question under `token` gets no answer. Dropping the senders tells those who wait.
    pub(super) fn forget(&mut self, host: &str, token: u64) -> Vec<oneshot::Sender<Answer>> {
        match self.names.get_mut(host) {
            Some(Entry::Asked { token: current, waiting }) if *current == token => {
                let waiting = std::mem::take(waiting);
                self.names.remove(host);
                waiting
            }
            _ => Vec::new(),
        }
    }

    /// A time to live of zero: every question is its own.
    fn is_off(&self) -> bool {
        matches!(self.ttl, Ttl::For(ttl) if ttl.is_zero())
    }
}
