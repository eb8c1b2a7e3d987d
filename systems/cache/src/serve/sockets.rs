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

use plimsoll_runtime::{
    clock::Instant,
    listen::{self, Bound, ListenOptions},
    random::Random,
    timer, workers,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::spawn_local,
};

use super::{
    Config, StartError,
    acl::Users,
    clients::Clients,
    connection::Connection,
    housekeeping, locked,
    node::{CommandIndex, Node},
    notify,
    parameters::Parameters,
    pubsub::Channels,
    server::config::apply,
    statistics::{Events, WorkerCounters},
    tracking::Tracking,
    waiting::Waiting,
    worker::Worker,
};
use crate::{
    commands::{Keyspace, Wanted},
    store::{self, Policy, Store},
};

/// Wait after an `accept` that failed for want of descriptors or memory.
const ACCEPT_RETRY: Duration = Duration::from_millis(10);
/// Shards per thread: few enough to be in the cache, enough for threads not to meet.
const SHARDS_PER_THREAD: usize = 4;
/// How long connections have to take their last replies when the server stops.
const STOP_TIME: Duration = Duration::from_secs(1);
/// How often it is looked whether they have.
const STOP_LOOK: Duration = Duration::from_millis(5);

/// A server at work. Dropping it ends it: no new connections, the others get the replies to what they have
/// sent, and are closed.
pub struct Running {
    node: Arc<Node>,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// The address with its real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.node.addr
    }

    /// Bytes that connections keep now: commands that are not whole, and replies that were not taken.
    pub fn buffered_bytes(&self) -> usize {
        self.node.client_bytes.load(Ordering::Relaxed)
    }

    /// Connections now.
    pub fn connections(&self) -> usize {
        self.node.clients.count()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.node.clients.close_all();
        for thread in self.threads.drain(..) {
            // A worker's failure has shown as refused connections.
            drop(thread.join());
        }
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Running").field("addr", &self.node.addr).finish_non_exhaustive()
    }
}

pub(super) fn start(config: &Config) -> Result<Running, StartError> {
    let parameters = Parameters::new();
    for (name, value) in &config.parameters {
        let set = parameters.configure(name, value);
        set.map_err(|error| {
            StartError::Parameter(error.to_string().trim_start_matches("ERR ").to_owned())
        })?;
    }
    let has_password = !parameters.text("requirepass").is_empty();
    if !config.addr.ip().is_loopback() && !has_password && !config.is_open_to_all {
        return Err(StartError::Unprotected(config.addr));
    }
    let threads = config.threads.max(1);
    let sockets = bind(config.addr, threads)?;
    let addr = match sockets.first() {
        Some(socket) => socket.local_addr()?,
        None => config.addr,
    };
    for (name, value) in [
        ("port", addr.port().to_string()),
        ("bind", addr.ip().to_string()),
        ("io-threads", threads.to_string()),
    ] {
        parameters
            .decide(name, &value)
            .map_err(|error| StartError::Parameter(error.to_string()))?;
    }
    let mut random = Random::from_entropy();
    let node = Arc::new(node(parameters, threads, addr, &mut random));
    for (name, _) in &config.parameters {
        apply(&node, &name.to_ascii_lowercase());
    }
    listen_to_store(&node);
    let (stop, stopped) = watch::channel(false);
    let sockets = Mutex::new(sockets);
    let seed = random.next_u64();
    let shared = Arc::clone(&node);
    let threads = workers::spawn(threads, "cache", move |index| {
        let socket = locked(&sockets).pop();
        let (node, stopped) = (Arc::clone(&shared), stopped.clone());
        let random = Random::seeded(seed.wrapping_add(index as u64));
        async move {
            match socket {
                Some(socket) => work(socket, node, index, random, stopped).await,
                None => Ok(()),
            }
        }
    })?;
    Ok(Running { node, stop, threads })
}

/// Takes an address for all threads; the kernel spreads the connections.
fn bind(addr: SocketAddr, count: usize) -> io::Result<Vec<Bound>> {
    let options = ListenOptions { reuse_port: count > 1, ..ListenOptions::default() };
    if options.reuse_port && addr.port() != 0 {
        // Sockets that share a port would share it with another server's too. This one does not
        // share, so it finds out; it is closed again at once.
        drop(listen::bind(addr, ListenOptions::default())?);
    }
    let first = listen::bind(addr, options)?;
    let addr = first.local_addr()?;
    let mut sockets = vec![first];
    for _ in 1..count {
        sockets.push(listen::bind(addr, options)?);
    }
    Ok(sockets)
}

fn node(parameters: Parameters, threads: usize, addr: SocketAddr, random: &mut Random) -> Node {
    let max_bytes = usize::try_from(parameters.number("maxmemory")).unwrap_or(usize::MAX);
    let policy = parameters.text("maxmemory-policy");
    let policy = Policy::by_name(&policy).unwrap_or(Policy::NO_EVICTION);
    let shards = threads * SHARDS_PER_THREAD;
    let seed = random.next_u64();
    let store = Store::new(&store::Config { shards, max_bytes, policy, seed });
    let index = CommandIndex::new();
    let mut id = [0; 20];
    random.fill(&mut id);
    Node {
        keyspace: Keyspace::new(store),
        clients: Clients::default(),
        channels: Channels::default(),
        tracking: Tracking::default(),
        waiting: Waiting::default(),
        users: Users::new(),
        parameters,
        slowlog: Mutex::default(),
        latencies: Mutex::default(),
        pause: super::pause::Pause::default(),
        events: Events::default(),
        workers: (0..threads).map(|_| WorkerCounters::new(index.len())).collect(),
        index,
        client_bytes: AtomicUsize::new(0),
        wanted: Arc::new(Wanted::default()),
        notified_channels: AtomicU32::new(0),
        dirty: AtomicU64::new(0),
        errors: Mutex::default(),
        addr,
        started: Instant::now(),
        run_id: id.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
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

/// One thread: accepts until it is told to stop, then lets its connections end.
async fn work(
    socket: Bound,
    node: Arc<Node>,
    index: usize,
    random: Random,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = socket.listen()?;
    let worker = Rc::new(Worker::new(index, random, &node));
    let open = Rc::new(std::cell::Cell::new(0_usize));
    let chores = spawn_local(housekeeping::run(Arc::clone(&node), index));
    tokio::select! {
        () = accept(&listener, &node, &worker, &open) => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    drop(listener);
    chores.abort();
    let deadline = Instant::now() + STOP_TIME;
    while open.get() > 0 && Instant::now() < deadline {
        // Also those that were accepted while the others were told.
        node.clients.close_all();
        timer::sleep(STOP_LOOK).await;
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    node: &Arc<Node>,
    worker: &Rc<Worker>,
    open: &Rc<std::cell::Cell<usize>>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Some(mut connection) = admit(stream, peer, node, worker) else { continue };
                let open = Rc::clone(open);
                open.set(open.get() + 1);
                drop(spawn_local(async move {
                    connection.run().await;
                    open.set(open.get() - 1);
                }));
            }
            // The connection is gone before it was taken, or nothing can be taken now.
            Err(_) => timer::sleep(ACCEPT_RETRY).await,
        }
    }
}

/// A connection that may stay.
fn admit(
    stream: TcpStream,
    peer: SocketAddr,
    node: &Arc<Node>,
    worker: &Rc<Worker>,
) -> Option<Connection<TcpStream>> {
    // Replies are written whole, so waiting for more gains nothing. Where the kernel refuses, it is slower.
    stream.set_nodelay(true).ok();
    let local = stream.local_addr().unwrap_or(node.addr);
    Events::count(&node.events.accepted);
    let max = node.parameters.hot.max_clients.load(Ordering::Relaxed);
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let Ok(client) = node.clients.enter(peer, local, max, Node::now()) else {
        Events::count(&node.events.rejected);
        // Whether it still reads does not matter; the socket's buffer is empty, so it fits.
        stream.try_write(b"-ERR max number of clients reached\r\n").ok();
        return None;
    };
    let count = node.clients.count() as u64;
    node.events.peak_clients.fetch_max(count, Ordering::Relaxed);
    Some(Connection::new(stream, Arc::clone(node), Rc::clone(worker), client))
}
