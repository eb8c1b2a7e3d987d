//! Connections that come: a few are taken in one turn, so that a storm of them does not starve those that are
//! there already.

use std::{
    future::pending,
    net::SocketAddr,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use plimsoll_runtime::{listen, timer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::{spawn_local, yield_now},
};

use super::Client;
use crate::serve::{
    connection::Connection, node::Node, secure::Arrival, telemetry::statistics::Events,
    worker::Worker,
};

/// Connections that are taken before others of the thread get their turn. Each costs some ten
/// microseconds.
const TAKEN_PER_TURN: u32 = 16;
/// Wait after an `accept` that failed for want of descriptors or memory.
pub(in crate::serve) const ACCEPT_RETRY: Duration = Duration::from_millis(10);

/// Serves what comes on either way, as long as it is polled.
pub(in crate::serve) async fn take(
    listener: Option<&TcpListener>,
    sessions: Option<mpsc::Receiver<Arrival>>,
    node: &Arc<Node>,
    worker: &Rc<Worker>,
) {
    let plain = async {
        match listener {
            Some(listener) => accept(listener, node, worker).await,
            None => pending().await,
        }
    };
    let secure = async {
        match sessions {
            Some(sessions) => take_over(sessions, node, worker).await,
            None => pending().await,
        }
    };
    tokio::join!(plain, secure);
}

async fn accept(listener: &TcpListener, node: &Arc<Node>, worker: &Rc<Worker>) {
    let mut turn = Turn::default();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                serve_plain(stream, peer, node, worker);
                turn.end_if_long().await;
            }
            // The connection is gone before it was taken, or nothing can be taken now.
            Err(_) => timer::sleep(ACCEPT_RETRY).await,
        }
    }
}

fn serve_plain(stream: TcpStream, peer: SocketAddr, node: &Arc<Node>, worker: &Rc<Worker>) {
    prepare(&stream, node);
    let local = stream.local_addr().unwrap_or(node.addr);
    match admit(peer, local, node) {
        Some(client) => {
            let (node, worker) = (Arc::clone(node), Rc::clone(worker));
            drop(spawn_local(Connection::new(stream, node, worker, client)));
        }
        None => {
            // Whether it still reads does not matter; the socket's buffer is empty, so it fits.
            stream.try_write(b"-ERR max number of clients reached\r\n").ok();
        }
    }
}

/// Sets a new connection's options. Where the kernel refuses, it is slower, or outlives its peer.
pub(in crate::serve) fn prepare(stream: &TcpStream, node: &Node) {
    // Replies are written whole, so waiting for more gains nothing.
    stream.set_nodelay(true).ok();
    let silence = node.parameters.hot.keep_alive.load(Ordering::Relaxed);
    listen::keep_alive(stream, Duration::from_secs(silence)).ok();
}

/// Sessions whose handshake was made elsewhere.
async fn take_over(mut sessions: mpsc::Receiver<Arrival>, node: &Arc<Node>, worker: &Rc<Worker>) {
    let mut turn = Turn::default();
    while let Some(Arrival { stream, peer, local, .. }) = sessions.recv().await {
        // It is gone, or nothing more can be watched.
        let Ok(stream) = stream.resume() else { continue };
        if let Some(client) = admit(peer, local, node) {
            let (node, worker) = (Arc::clone(node), Rc::clone(worker));
            drop(spawn_local(Connection::new(stream, node, worker, client)));
        }
        turn.end_if_long().await;
    }
}

/// Registers a connection that may stay.
fn admit(peer: SocketAddr, local: SocketAddr, node: &Arc<Node>) -> Option<Arc<Client>> {
    Events::count(&node.events.accepted);
    let max = node.parameters.hot.max_clients.load(Ordering::Relaxed);
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let Ok(client) = node.clients.enter(peer, local, max, Node::now()) else {
        Events::count(&node.events.rejected);
        return None;
    };
    let count = node.clients.count() as u64;
    node.events.peak_clients.fetch_max(count, Ordering::Relaxed);
    Some(client)
}

/// How many were taken since others had theirs.
#[derive(Default)]
struct Turn(u32);

impl Turn {
    async fn end_if_long(&mut self) {
        self.0 += 1;
        if self.0 >= TAKEN_PER_TURN {
            self.0 = 0;
            yield_now().await;
        }
    }
}
