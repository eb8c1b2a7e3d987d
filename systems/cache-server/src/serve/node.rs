//! What all threads of a server share.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, AtomicUsize},
    },
};

use plimsoll_runtime::clock::Instant;

use super::{
    acl::Users,
    clients::{Clients, pause::Pause},
    hot::Reports,
    lifecycle::Lifecycle,
    notify::{pubsub::Channels, tracking::Tracking, waiting::Waiting},
    origin::Origin,
    parameters::Parameters,
    saving::Saving,
    secure::Secure,
    settings::FileWriter,
    telemetry::{
        journal::Journal,
        latency::Latencies,
        monitor::Monitors,
        rates::Rates,
        slowlog::SlowLog,
        statistics::{Events, WorkerCounters},
    },
};
use crate::{
    commands::{self, Keyspace, Spec, Wanted},
    store::Millis,
};

/// A server's state.
pub(crate) struct Node {
    pub(crate) keyspace: Keyspace,
    pub(crate) clients: Clients,
    pub(crate) channels: Channels,
    pub(crate) tracking: Tracking,
    pub(crate) waiting: Waiting,
    pub(crate) monitors: Monitors,
    pub(crate) origin: Arc<Origin>,
    pub(crate) secure: Secure,
    pub(crate) users: Users,
    pub(crate) parameters: Parameters,
    /// Where CONFIG REWRITE writes.
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) journal: Journal,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) slowlog: Mutex<SlowLog>,
    pub(crate) latencies: Mutex<Latencies>,
    pub(crate) pause: Pause,
    pub(crate) saving: Saving,
    pub(crate) files: FileWriter,
    pub(crate) events: Events,
    pub(crate) rates: Rates,
    pub(crate) workers: Box<[WorkerCounters]>,
    pub(crate) hot_keys: Reports,
    pub(crate) index: CommandIndex,
    /// Bytes that all connections keep: commands that are not whole, replies not taken.
    pub(crate) client_bytes: AtomicUsize,
    /// What commands have to tell of.
    pub(crate) wanted: Arc<Wanted>,
    /// Channels of `notify-keyspace-events`: see [`super::notify`].
    pub(crate) notified_channels: AtomicU32,
    /// Modifications since the start.
    pub(crate) dirty: AtomicU64,
    /// Errors by their code word.
    pub(crate) errors: Mutex<BTreeMap<String, u64>>,
    pub(crate) addr: SocketAddr,
    pub(crate) started: Instant,
    pub(crate) run_id: String,
}

impl Node {
    /// The wall clock as all of the server sees it.
    pub(crate) fn now() -> Millis {
        Millis(Instant::now().unix_nanos() / 1_000_000)
    }
}

/// All commands and subcommands by their number, for counters.
#[derive(Debug)]
pub(crate) struct CommandIndex {
    specs: Vec<&'static Spec>,
}

impl CommandIndex {
    pub(crate) fn new() -> CommandIndex {
        CommandIndex { specs: commands::numbered().collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.specs.len()
    }

    pub(crate) fn spec(&self, index: u32) -> Option<&'static Spec> {
        self.specs.get(usize::try_from(index).ok()?).copied()
    }

    pub(crate) fn specs(&self) -> impl Iterator<Item = (usize, &'static Spec)> {
        self.specs.iter().copied().enumerate()
    }
}
