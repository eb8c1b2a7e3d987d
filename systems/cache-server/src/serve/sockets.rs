//! Starting and stopping: one listening socket and one thread per core.

use std::{
    io,
    net::SocketAddr,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use plimsoll_runtime::{clock::Instant, listen::Bound, random::Random, timer, workers};
use tokio::{
    sync::{mpsc, watch},
    task::spawn_local,
};

use super::{
    Config, StartError,
    acl::{DEFAULT, Users},
    admin::Admin,
    clients::{Clients, arrivals},
    hot::Reports,
    housekeeping,
    lifecycle::{Lifecycle, Phase},
    locked,
    node::{CommandIndex, Node},
    notify,
    notify::{pubsub::Channels, tracking::Tracking, waiting::Waiting},
    origin::Origin,
    ports::Ports,
    saving::{self, Saving},
    secure::{self, Arrival, HANDSHAKES_MAX, Secure},
    server::config::apply,
    settings::{FileWriter, Settings},
    telemetry::{
        journal::Journal,
        monitor::Monitors,
        rates::Rates,
        statistics::{Events, WorkerCounters},
    },
    worker::Worker,
};
use crate::{
    commands::{Keyspace, Wanted},
    persist::SaveError,
    store::{self, Policy, Store},
};

/// Shards per thread: few enough to be in the cache, enough for threads not to meet.
const SHARDS_PER_THREAD: usize = 4;
/// How often it is looked whether they have.
const STOP_LOOK: Duration = Duration::from_millis(5);

/// A server at work. Dropping it ends it: no new connections, the others get the replies to what they have
/// sent, and are closed; then its items are saved, if they are to be.
pub struct Running {
    node: Arc<Node>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    /// Answers until the end.
    admin: Option<Admin>,
}

impl Running {
    /// The address with its real port; that of TLS when there is no other.
    pub fn local_addr(&self) -> SocketAddr {
        self.node.addr
    }

    /// Where it listens, as clients are told: `redis://ADDRESS`, and `rediss://ADDRESS` with TLS.
    pub fn urls(&self) -> Vec<String> {
        let number = self.node.parameters.number("tls-port");
        let secure = u16::try_from(number).ok().filter(|port| *port != 0);
        let secure = secure.map(|port| SocketAddr::new(self.node.addr.ip(), port));
        let plain = (secure != Some(self.node.addr)).then(|| format!("redis://{}", self.node.addr));
        plain.into_iter().chain(secure.map(|addr| format!("rediss://{addr}"))).collect()
    }

    /// The address of `admin-port`, when there is one.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Admin::local_addr)
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Bytes that connections keep now: commands that are not whole, and replies that were not taken.
    pub fn buffered_bytes(&self) -> usize {
        self.node.client_bytes.load(Ordering::Relaxed)
    }

    /// Connections now.
    pub fn connections(&self) -> usize {
        self.node.clients.count()
    }

    /// Ends it, as dropping it does.
    ///
    /// # Errors
    /// When its items were to be saved (parameter `save`) and could not be.
    pub fn stop(mut self) -> Result<(), SaveError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), SaveError> {
        self.node.lifecycle.enter(Phase::Stopping);
        self.stop.send_replace(true);
        self.node.clients.close_all();
        for thread in self.threads.drain(..) {
            // A worker's failure has shown as refused connections.
            drop(thread.join());
        }
        // No fill writes to what is saved.
        self.node.origin.stop();
        self.node.files.finish();
        let saved = saving::finish(&self.node);
        self.node.journal.finish();
        saved
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It is in the log.
        self.end().ok();
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Running").field("addr", &self.node.addr).finish_non_exhaustive()
    }
}

pub(super) fn start(config: &Config) -> Result<Running, StartError> {
    let settings = Settings::gather(config)?;
    let users = Users::configured(&settings)?;
    let parameters = &settings.parameters;
    let threads = usize::try_from(parameters.number("io-threads")).unwrap_or(1);
    let wanted = settings.addr("bind", "port")?;
    let is_open = users.find(DEFAULT).is_some_and(|user| user.is_open());
    if !wanted.ip().is_loopback() && is_open && parameters.text("protected-mode") == "yes" {
        return Err(StartError::Unprotected(wanted));
    }
    if parameters.text("disable-thp") == "yes" {
        // If it cannot be, new memory is slower to come.
        workers::disable_huge_pages().ok();
    }
    let ports = Ports::take(&settings, threads)?;
    let mut random = Random::from_entropy();
    let given = settings.given.clone();
    let node = Arc::new(node(config, settings, users, ports.addr, &mut random)?);
    // Users have their passwords already.
    given.iter().filter(|name| **name != "requirepass").for_each(|name| apply(&node, name));
    let running = run(&node, ports, threads, &given, &mut random);
    if running.is_err() {
        // Otherwise its thread would keep the node, and the node the thread.
        node.origin.stop();
    }
    running
}

/// Starts the threads of a node that is whole but for what it was to load.
fn run(
    node: &Arc<Node>,
    ports: Ports,
    threads: usize,
    given: &[&str],
    random: &mut Random,
) -> Result<Running, StartError> {
    let Ports { plain, secure: secure_socket, admin, .. } = ports;
    let admin = admin.map(|bound| Admin::start(bound, node)).transpose()?;
    if secure_socket.is_some() {
        node.secure.load(&node.parameters).map_err(StartError::Tls)?;
    }
    saving::load(node)?;
    listen_to_store(node);
    let (stop, stopped) = watch::channel(false);
    let (senders, sessions) = hand_over(secure_socket.is_some(), threads);
    let sockets = Mutex::new((plain, sessions));
    let seed = random.next_u64();
    let shared = Arc::clone(node);
    let stops = stopped.clone();
    let mut threads = workers::spawn(threads, "cache", move |index| {
        let (sockets, sessions) = &mut *locked(&sockets);
        let sources = Sources { socket: sockets.pop(), sessions: sessions.pop() };
        let (node, stopped) = (Arc::clone(&shared), stopped.clone());
        let random = Random::seeded(seed.wrapping_add(index as u64));
        work(sources, node, index, random, stopped)
    })?;
    if let Some(socket) = secure_socket {
        let (node, place) = (Arc::clone(node), Mutex::new(Some((socket, senders, stops))));
        threads.extend(workers::spawn(1, "cache-tls", move |_| {
            let (node, taken) = (Arc::clone(&node), locked(&place).take());
            async move {
                match taken {
                    Some((socket, senders, stopped)) => {
                        secure::run(socket, node, senders, stopped).await
                    }
                    None => Ok(()),
                }
            }
        })?);
    }
    node.lifecycle.enter(Phase::Serving);
    tell_start(node, admin.as_ref(), given);
    Ok(Running { node: Arc::clone(node), stop, threads, admin })
}

/// Where a thread's connections come from.
struct Sources {
    socket: Option<Bound>,
    sessions: Option<mpsc::Receiver<Arrival>>,
}

/// A queue to each thread for sessions whose handshake was made, when there will be any.
fn hand_over(
    is_secure: bool,
    threads: usize,
) -> (Vec<mpsc::Sender<Arrival>>, Vec<mpsc::Receiver<Arrival>>) {
    let threads = if is_secure { threads } else { 0 };
    (0..threads).map(|_| mpsc::channel(HANDSHAKES_MAX)).unzip()
}

/// One line that says what is served, and how.
fn tell_start(node: &Node, admin: Option<&Admin>, given: &[&str]) {
    let text = |name| node.parameters.text(name);
    let (addr, threads) = (node.addr.to_string(), node.workers.len().to_string());
    let (cap, policy) = (text("maxmemory"), text("maxmemory-policy"));
    let mut fields = vec![
        ("address", &*addr),
        ("threads", &threads),
        ("maxmemory", &cap),
        ("policy", &policy),
        ("version", env!("CARGO_PKG_VERSION")),
    ];
    let admin = admin.map(|admin| admin.local_addr().to_string());
    fields.extend(admin.as_deref().map(|admin| ("admin", admin)));
    let file = node.config_file.as_ref().map(|file| file.display().to_string());
    fields.extend(file.as_deref().map(|file| ("config", file)));
    node.journal.info("serving", &fields);
    node.journal.debug("parameters were given", &[("names", &given.join(" "))]);
}

fn node(
    config: &Config,
    settings: Settings,
    users: Users,
    addr: SocketAddr,
    random: &mut Random,
) -> io::Result<Node> {
    let parameters = settings.parameters;
    let threads = usize::try_from(parameters.number("io-threads")).unwrap_or(1);
    let max_bytes = usize::try_from(parameters.number("maxmemory")).unwrap_or(usize::MAX);
    let policy = parameters.text("maxmemory-policy");
    let policy = Policy::by_name(&policy).unwrap_or(Policy::NO_EVICTION);
    let shards = threads * SHARDS_PER_THREAD;
    let seed = random.next_u64();
    let store = Store::new(&store::Config { shards, max_bytes, policy, seed });
    let index = CommandIndex::new();
    let mut id = [0; 20];
    random.fill(&mut id);
    Ok(Node {
        keyspace: Keyspace::new(store),
        clients: Clients::default(),
        channels: Channels::default(),
        tracking: Tracking::default(),
        waiting: Waiting::default(),
        monitors: Monitors::default(),
        origin: Arc::new(Origin::new(&parameters)),
        secure: Secure::default(),
        users,
        parameters,
        config_file: config.file.clone(),
        journal: Journal::new(config.log.clone())?,
        lifecycle: Lifecycle::default(),
        slowlog: Mutex::default(),
        latencies: Mutex::default(),
        pause: super::clients::pause::Pause::default(),
        saving: Saving::default(),
        files: FileWriter::default(),
        events: Events::default(),
        rates: Rates::default(),
        workers: (0..threads).map(|_| WorkerCounters::new(index.len())).collect(),
        hot_keys: Reports::new(threads),
        index,
        client_bytes: AtomicUsize::new(0),
        wanted: Arc::new(Wanted::default()),
        notified_channels: AtomicU32::new(0),
        dirty: AtomicU64::new(0),
        errors: Mutex::default(),
        addr,
        started: Instant::now(),
        run_id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

/// What leaves the store by itself is told to those who track or are notified.
fn listen_to_store(node: &Arc<Node>) {
    let store = node.keyspace.store();
    for shard in 0..store.shards() {
        let node = Arc::downgrade(node);
        store.lock(shard).set_listener(Some(Box::new(move |key, why| {
            if let Some(node) = node.upgrade() {
                notify::gone(&node, key, why);
            }
        })));
    }
}

/// One thread: takes connections until it is told to stop, then lets those that it has end.
async fn work(
    sources: Sources,
    node: Arc<Node>,
    index: usize,
    random: Random,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = sources.socket.map(Bound::listen).transpose()?;
    let worker = Rc::new(Worker::new(index, random, &node));
    let clerk = Rc::clone(&worker);
    drop(spawn_local(async move { clerk.departures.run().await }));
    let chores = spawn_local(housekeeping::run(Arc::clone(&node), Rc::clone(&worker), index));
    tokio::select! {
        () = arrivals::take(listener.as_ref(), sources.sessions, &node, &worker) => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    drop(listener);
    chores.abort();
    let seconds = node.parameters.number("shutdown-timeout").cast_unsigned();
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while worker.open.get() > 0 && Instant::now() < deadline {
        // Also those that were accepted while the others were told.
        node.clients.close_all();
        timer::sleep(STOP_LOOK).await;
    }
    Ok(())
}
