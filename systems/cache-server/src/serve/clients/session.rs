//! What one connection is in the middle of. Small while it is idle.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;
use plimsoll_wire::resp::Protocol;

use super::{Client, flag};
use crate::{
    commands::{Spec, Transaction},
    serve::{
        acl::{DEFAULT, User},
        node::Node,
        notify::pubsub::Kind,
        server::Errand,
    },
};

/// Which replies the client wants (CLIENT REPLY).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Replies {
    #[default]
    On,
    Off,
    /// Not that of the next command.
    SkipNext,
    /// Not that of this command.
    Skip,
}

/// What it listens to.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    pub(crate) channels: BTreeSet<Bytes>,
    pub(crate) patterns: BTreeSet<Bytes>,
    pub(crate) shard_channels: BTreeSet<Bytes>,
}

impl Subscriptions {
    /// As RESP2's replies count them: without those of shards.
    pub(crate) fn count(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count() == 0 && self.shard_channels.is_empty()
    }
}

/// How its reads are tracked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrackingMode {
    /// Empty unless it is told of all keys with these beginnings.
    pub(crate) prefixes: Vec<Bytes>,
    pub(crate) is_broadcast: bool,
    pub(crate) is_opt_in: bool,
    pub(crate) is_opt_out: bool,
    /// What CLIENT CACHING said for the next command.
    pub(crate) caching: Option<bool>,
}

impl TrackingMode {
    /// Whether the keys of the command that runs now are remembered.
    pub(crate) fn remembers(&self) -> bool {
        !self.is_broadcast
            && if self.is_opt_in { self.caching == Some(true) } else { self.caching != Some(false) }
    }
}

/// A command that waits for a key.
#[derive(Debug)]
pub(crate) struct Blocked {
    pub(crate) spec: &'static Spec,
    /// Its name and arguments, encoded as they came.
    pub(crate) command: Vec<u8>,
    pub(crate) keys: Vec<Bytes>,
    /// Of those who wait for them.
    pub(crate) ticket: u64,
}

/// One connection's state.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Arc<Client>,
    pub(crate) user: Arc<User>,
    /// Of the users when `user` was taken.
    pub(crate) user_epoch: u64,
    pub(crate) is_authenticated: bool,
    pub(crate) protocol: Protocol,
    pub(crate) replies: Replies,
    pub(crate) is_closing: bool,
    /// Commands can run without a look at anything else here.
    pub(crate) is_plain: bool,
    pub(crate) transaction: Transaction,
    pub(crate) subscriptions: Option<Box<Subscriptions>>,
    pub(crate) tracking: Option<Box<TrackingMode>>,
    pub(crate) blocked: Option<Box<Blocked>>,
    /// What its last command waits for, which runs again until it is done.
    pub(crate) errand: Option<Box<Errand>>,
}

impl Session {
    pub(crate) fn new(node: &Node, client: Arc<Client>) -> Session {
        let user_epoch = node.users.epoch();
        // The default user cannot be removed.
        let user = node.users.find(DEFAULT).unwrap_or_default();
        let is_authenticated = user.is_open();
        let mut session = Session {
            client,
            user,
            user_epoch,
            is_authenticated,
            protocol: Protocol::Resp2,
            replies: Replies::On,
            is_closing: false,
            is_plain: false,
            transaction: Transaction::default(),
            subscriptions: None,
            tracking: None,
            blocked: None,
            errand: None,
        };
        session.show_user();
        session.settle();
        session
    }

    /// After anything that [`Session::is_plain`] depends on.
    pub(crate) fn settle(&mut self) {
        self.is_plain = self.is_authenticated
            && self.user.may_do_all()
            && !self.transaction.is_open()
            && self.subscriptions.is_none()
            && self.tracking.is_none()
            && !self.client.has(flag::MONITOR)
            && self.replies == Replies::On;
    }

    /// Whether the reply of the command that ends now goes out. The one to be skipped is, by that.
    pub(crate) fn takes_reply(&mut self) -> bool {
        let is_wanted = self.replies == Replies::On;
        if matches!(self.replies, Replies::SkipNext | Replies::Skip) {
            self.replies = Replies::On;
            self.settle();
        }
        is_wanted
    }

    /// Who it is from now on.
    pub(crate) fn become_user(&mut self, node: &Node, user: Arc<User>) {
        self.user_epoch = node.users.epoch();
        self.user = user;
        self.is_authenticated = true;
        self.show_user();
        self.settle();
    }

    /// Users may have been changed since: the same one as it is now. A user that was removed
    /// ends its connections.
    pub(crate) fn refresh_user(&mut self, node: &Node) {
        let epoch = node.users.epoch();
        if epoch == self.user_epoch {
            return;
        }
        self.user_epoch = epoch;
        match node.users.find(&self.user.name) {
            Some(user) => self.user = user,
            None => self.is_closing = true,
        }
        self.settle();
    }

    /// Shows others how far its transaction is.
    #[inline]
    pub(crate) fn show(&self) {
        let queued = u32::try_from(self.transaction.queued()).unwrap_or(u32::MAX);
        if self.client.queued.load(Ordering::Relaxed) != queued {
            self.client.queued.store(queued, Ordering::Relaxed);
            self.client.set(flag::MULTI, self.transaction.is_open());
        }
    }

    fn show_user(&self) {
        self.client.set_labels(|labels| labels.user = self.user.name.as_str().into());
    }

    pub(crate) fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
        self.client.set(flag::RESP3, protocol == Protocol::Resp3);
    }

    /// Only some commands are allowed to who listens and speaks RESP2.
    pub(crate) fn is_only_listening(&self) -> bool {
        self.protocol == Protocol::Resp2 && self.subscriptions.is_some()
    }

    /// Shows others what it listens to.
    pub(crate) fn show_subscriptions(&mut self) {
        if self.subscriptions.as_ref().is_some_and(|subscriptions| subscriptions.is_empty()) {
            self.subscriptions = None;
        }
        let counts = self.subscriptions.as_ref().map_or((0, 0, 0), |subscriptions| {
            let Subscriptions { channels, patterns, shard_channels } = &**subscriptions;
            (channels.len(), patterns.len(), shard_channels.len())
        });
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.client.channels.store(number(counts.0), Ordering::Relaxed);
        self.client.patterns.store(number(counts.1), Ordering::Relaxed);
        self.client.shard_channels.store(number(counts.2), Ordering::Relaxed);
        self.client.set(flag::PUBSUB, self.subscriptions.is_some());
        self.settle();
    }

    pub(crate) fn unsubscribe_all(&mut self, node: &Node) {
        let Some(subscriptions) = self.subscriptions.take() else { return };
        let id = self.client.id;
        for channel in &subscriptions.channels {
            node.channels.unsubscribe(Kind::Global, channel, id);
        }
        for channel in &subscriptions.shard_channels {
            node.channels.unsubscribe(Kind::Sharded, channel, id);
        }
        for pattern in &subscriptions.patterns {
            node.channels.unsubscribe_pattern(pattern, id);
        }
        self.show_subscriptions();
    }

    pub(crate) fn stop_tracking(&mut self, node: &Node) {
        if let Some(mode) = self.tracking.take() {
            node.tracking.stop(self.client.id, &mode.prefixes);
            node.wanted.unlisten();
        }
        self.client.redirect.store(0, Ordering::Relaxed);
        for flag in
            [flag::TRACKING, flag::TRACKING_BROADCAST, flag::TRACKING_BROKEN, flag::TRACKING_NOLOOP]
        {
            self.client.set(flag, false);
        }
        self.settle();
    }

    pub(crate) fn stop_monitoring(&self, node: &Node) {
        if self.client.has(flag::MONITOR) {
            node.monitors.leave(self.client.id);
            self.client.set(flag::MONITOR, false);
        }
    }

    /// No longer waits.
    pub(crate) fn unblock(&mut self, node: &Node) {
        if let Some(blocked) = self.blocked.take() {
            node.waiting.leave(&blocked.keys, blocked.ticket);
            node.wanted.unlisten();
            node.events.blocked_clients.fetch_sub(1, Ordering::Relaxed);
            self.client.set(flag::BLOCKED, false);
        }
    }

    /// Takes it out of everything that others know.
    pub(crate) fn end(&mut self, node: &Node) {
        self.unblock(node);
        if let Some(errand) = self.errand.take() {
            errand.abandon(node);
        }
        self.transaction.reset();
        self.unsubscribe_all(node);
        self.stop_tracking(node);
        self.stop_monitoring(node);
        node.clients.leave(self.client.id);
    }
}
