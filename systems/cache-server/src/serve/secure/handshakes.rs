//! Handshakes on a thread of their own.
//!
//! A handshake costs as much as hundreds of small commands. So they are made away from the threads that
//! run commands, a bounded number at a time, and a session is handed over when it is made. More
//! connections than that wait in the kernel's queue.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use plimsoll_runtime::{clock::Instant, listen::Bound, timer, tls::ParkedStream};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    task::{AbortHandle, spawn_local, yield_now},
};

use crate::serve::{clients::arrivals, node::Node, telemetry::statistics::Events};

/// Connections in the middle of their handshake, or handed over and not taken yet.
pub(in crate::serve) const HANDSHAKES_MAX: usize = 1_024;
/// A handshake that takes longer is given up.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// The same while there are as many as may be and more wait.
const CROWDED_TIME: Duration = Duration::from_secs(1);

/// A session on its way to the thread that serves it.
pub(in crate::serve) struct Arrival {
    pub(in crate::serve) stream: ParkedStream,
    pub(in crate::serve) peer: SocketAddr,
    pub(in crate::serve) local: SocketAddr,
    /// Given back when the session is taken.
    _place: OwnedSemaphorePermit,
}

/// Takes connections and makes their sessions until the server stops; each goes to the next of
/// `workers`.
///
/// # Errors
/// When the socket cannot be listened to.
pub(in crate::serve) async fn run(
    socket: Bound,
    node: Arc<Node>,
    workers: Vec<mpsc::Sender<Arrival>>,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = socket.listen()?;
    let mut handshakes = Handshakes::default();
    let take_all = async {
        for worker in workers.iter().cycle() {
            let Some(place) = handshakes.place().await else { return };
            let (tcp, peer) = loop {
                match listener.accept().await {
                    Ok(taken) => break taken,
                    Err(_) => timer::sleep(arrivals::ACCEPT_RETRY).await,
                }
            };
            if let Some(task) = begin(tcp, peer, place, &node, worker) {
                handshakes.under_way.push_back((Instant::now() + CROWDED_TIME, task));
            }
        }
    };
    tokio::select! {
        () = take_all => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    Ok(())
}

/// Those that are being made, bounded by their places.
struct Handshakes {
    places: Arc<Semaphore>,
    /// In the order of their beginning, each with when it may be given up for another one. Some may have ended.
    under_way: VecDeque<(Instant, AbortHandle)>,
}

impl Default for Handshakes {
    fn default() -> Handshakes {
        let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
        Handshakes { places, under_way: VecDeque::new() }
    }
}

impl Handshakes {
    /// Room for one more. When all is taken, it is that of the oldest one, if that has had its chance: clients
    /// that say nothing must not keep the others out. `None` only if the places were closed, which they never are.
    async fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        self.under_way.retain(|(_, task)| !task.is_finished());
        loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return Some(place);
            }
            let oldest = self.under_way.front().map(|(until, _)| *until);
            let freed = Arc::clone(&self.places).acquire_owned();
            // Without any, those that are handed over have all places.
            match timer::timeout_at(oldest.unwrap_or(Instant::FAR_FUTURE), freed).await {
                Some(place) => return place.ok(),
                None => {
                    if let Some((_, task)) = self.under_way.pop_front() {
                        task.abort();
                        // It gives its place back when it is dropped.
                        yield_now().await;
                    }
                }
            }
        }
    }
}

/// Makes a connection's session in a task of its own.
fn begin(
    tcp: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
    node: &Arc<Node>,
    worker: &mpsc::Sender<Arrival>,
) -> Option<AbortHandle> {
    let max = node.parameters.hot.max_clients.load(Ordering::Relaxed);
    if node.clients.count() as u64 >= max {
        // No word of it: the client waits for a handshake, and does not read anything else.
        Events::count(&node.events.accepted);
        Events::count(&node.events.rejected);
        return None;
    }
    let Some(acceptor) = node.secure.acceptor() else {
        Events::count(&node.events.handshakes_failed);
        return None;
    };
    let (node, worker) = (Arc::clone(node), worker.clone());
    let task = spawn_local(async move {
        arrivals::prepare(&tcp, &node);
        let local = tcp.local_addr().unwrap_or(node.addr);
        let mut unmade = Unmade { node: &node, counts: true };
        let deadline = Instant::now() + HANDSHAKE_TIME;
        let session = timer::timeout_at(deadline, acceptor.accept_movable(tcp)).await;
        let Some(Ok(stream)) = session.map(|session| session.and_then(|session| session.park()))
        else {
            return;
        };
        unmade.counts = false;
        // There are as many places in the queue as permits; it is closed when the server stops.
        drop(worker.try_send(Arrival { stream, peer, local, _place: place }));
    });
    Some(task.abort_handle())
}

/// Counts a handshake that ends without a session, however that comes.
struct Unmade<'n> {
    node: &'n Node,
    /// Cleared when the session is made.
    counts: bool,
}

impl Drop for Unmade<'_> {
    fn drop(&mut self) {
        if self.counts {
            Events::count(&self.node.events.handshakes_failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        future::{pending, ready},
        rc::Rc,
    };

    use plimsoll_runtime::workers;

    use super::*;
    use crate::serve::testing::serve;

    /// Room for two, and two that have it and end as told: whether another one gets room, and how many of
    /// them are given up for it.
    async fn check(may_end: bool, until: Instant) -> (bool, usize) {
        let mut handshakes =
            Handshakes { places: Arc::new(Semaphore::new(2)), ..Handshakes::default() };
        let given_up = Rc::new(Cell::new(0));
        for _ in 0..2 {
            let place = handshakes.place().await;
            let counted = Counted(Rc::clone(&given_up));
            let task = spawn_local(async move {
                let _place = place;
                match may_end {
                    true => ready(()).await,
                    false => pending().await,
                }
                std::mem::forget(counted);
            });
            handshakes.under_way.push_back((until, task.abort_handle()));
        }
        let deadline = Instant::now() + Duration::from_millis(50);
        let place = timer::timeout_at(deadline, handshakes.place()).await;
        (place.is_some(), given_up.get())
    }

    struct Counted(Rc<Cell<usize>>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn who_had_a_chance_gives_way_to_who_waits() {
        let found = workers::block_on(async {
            let (now, later) = (Instant::now(), Instant::FAR_FUTURE);
            [check(true, later).await, check(false, now).await, check(false, later).await]
        });
        assert_eq!(found.unwrap(), [(true, 0), (true, 1), (false, 0)]);
    }

    /// Not so while TLS is on, but nothing is dropped without a word.
    #[test]
    fn who_finds_no_certificate_is_counted() {
        let server = serve(&[]);
        let begun = workers::block_on(async {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (tcp, peer) = listener.accept().await.unwrap();
            let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
            let (worker, _sessions) = mpsc::channel(1);
            begin(tcp, peer, place, server.node(), &worker).is_some()
        });
        assert!(!begun.unwrap());
        assert_eq!(server.node().events.handshakes_failed.load(Ordering::Relaxed), 1);
    }
}
