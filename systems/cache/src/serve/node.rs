//! What all threads of a server share.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, AtomicUsize},
    },
};

use plimsoll_runtime::clock::Instant;

use super::{
    acl::Users,
    clients::Clients,
    latency::Latencies,
    parameters::Parameters,
    pause::Pause,
    pubsub::Channels,
    slowlog::SlowLog,
    statistics::{Events, WorkerCounters},
    tracking::Tracking,
    waiting::Waiting,
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
    pub(crate) users: Users,
    pub(crate) parameters: Parameters,
    pub(crate) slowlog: Mutex<SlowLog>,
    pub(crate) latencies: Mutex<Latencies>,
    pub(crate) pause: Pause,
    pub(crate) events: Events,
    pub(crate) workers: Box<[WorkerCounters]>,
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

/// Numbers all commands and subcommands, for counters.
#[derive(Debug)]
pub(crate) struct CommandIndex {
    specs: Vec<&'static Spec>,
    by_address: HashMap<usize, u32, foldhash::fast::FixedState>,
}

impl CommandIndex {
    pub(crate) fn new() -> CommandIndex {
        // Those that commands are found as: an address tells them apart.
        let found = commands::all().filter_map(|spec| commands::find(spec.name.as_bytes()));
        let specs: Vec<&'static Spec> =
            found.flat_map(|spec| std::iter::once(spec).chain(spec.subcommands)).collect();
        let by_address =
            specs.iter().zip(0..).map(|(spec, index)| (address(spec), index)).collect();
        CommandIndex { specs, by_address }
    }

    pub(crate) fn len(&self) -> usize {
        self.specs.len()
    }

    #[inline]
    pub(crate) fn of(&self, spec: &'static Spec) -> u32 {
        self.by_address.get(&address(spec)).copied().unwrap_or(u32::MAX)
    }

    pub(crate) fn spec(&self, index: u32) -> Option<&'static Spec> {
        self.specs.get(usize::try_from(index).ok()?).copied()
    }

    pub(crate) fn specs(&self) -> impl Iterator<Item = (usize, &'static Spec)> {
        self.specs.iter().copied().enumerate()
    }
}

/// Specs are statics: their address tells them apart, and costs less than their name.
fn address(spec: &'static Spec) -> usize {
    std::ptr::from_ref(spec).addr()
}
