//! Connections that move as much as they can, and what others have between their turns.

use std::{
    cell::RefCell,
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use plimsoll_runtime::{random::Random, workers};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::{JoinHandle, spawn_local, yield_now},
};

use crate::serve::{
    connection::{Connection, lane::Lane},
    node::Node,
    testing::serve,
    worker::Worker,
};

const HEAVY: usize = 100;
/// Commands that each of them sends: several reads full.
const COMMANDS: usize = 32;
const VALUE_BYTES: usize = 8_000;
const REPLY: &[u8] = b"+OK\r\n";

/// What was read from whom, in order; `None` where somebody else had a turn.
type Turns = Rc<RefCell<Vec<Option<usize>>>>;

/// A peer that has sent much, and takes every reply.
struct Flood {
    number: usize,
    data: Rc<[u8]>,
    /// How much of it has been read.
    at: usize,
    turns: Turns,
    /// Bytes of replies.
    taken: Rc<RefCell<Vec<usize>>>,
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.turns.borrow_mut().push(Some(self.number));
        let end = self.data.len().min(self.at + buffer.remaining());
        buffer.put_slice(&self.data[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.taken.borrow_mut()[self.number] += bytes.len();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A thread with floods to serve, each turn of which ends with a look at the sockets.
struct Floods {
    worker: Rc<Worker>,
    connections: Vec<JoinHandle<()>>,
    taken: Rc<RefCell<Vec<usize>>>,
}

impl Floods {
    fn begin(node: &Arc<Node>, turns: &Turns) -> Floods {
        let mut worker = Worker::new(0, Random::seeded(1), node);
        worker.lane = Lane::of_rounds(Duration::ZERO);
        let worker = Rc::new(worker);
        let clerk = Rc::clone(&worker);
        drop(spawn_local(async move { clerk.departures.run().await }));
        let mut data = Vec::new();
        for _ in 0..COMMANDS {
            let value = [b'v'; VALUE_BYTES];
            plimsoll_wire::resp::write_command(&mut data, [b"SET".as_slice(), b"k", &value]);
        }
        let data: Rc<[u8]> = data.into();
        let taken = Rc::new(RefCell::new(vec![0; HEAVY]));
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let begin = |number| {
            let client = node.clients.enter(addr, addr, 2 * HEAVY, Node::now()).unwrap();
            let (data, turns, taken) = (Rc::clone(&data), Rc::clone(turns), Rc::clone(&taken));
            let flood = Flood { number, data, at: 0, turns, taken };
            spawn_local(Connection::new(flood, Arc::clone(node), Rc::clone(&worker), client))
        };
        let connections = (0..HEAVY).map(begin).collect();
        Floods { worker, connections, taken }
    }

    /// Until all have ended; bytes of replies that each was sent. Each time that something else has a turn,
    /// `turn` is told.
    async fn end(self, mut turn: impl FnMut()) -> Vec<usize> {
        while self.worker.open.get() > 0 {
            turn();
            yield_now().await;
        }
        self.taken.take()
    }
}

/// A hundred that never stop sending have a turn each, in order; whoever is ready behind a look at the sockets
/// waits for one of them, not for all.
#[test]
fn others_are_served_between_two_floods() {
    let server = serve(&[]);
    let turns = Turns::default();
    let floods = async {
        let floods = Floods::begin(server.node(), &turns);
        floods.end(|| turns.borrow_mut().push(None)).await
    };
    let taken = workers::block_on(floods).unwrap();
    assert_eq!(taken, [COMMANDS * REPLY.len(); HEAVY], "each has every reply");
    let turns = turns.take();
    // It is not known of any that it sends much before it has sent something.
    let mut floods = turns.iter().enumerate().filter_map(|(at, turn)| Some((at, (*turn)?)));
    assert!(floods.by_ref().take(HEAVY).map(|(_, number)| number).eq(0..HEAVY));
    let known: Vec<(usize, usize)> = floods.collect();
    assert!(known.len() > 2 * HEAVY, "{known:?}");
    assert!(known.iter().map(|(_, number)| *number).take(HEAVY).eq(0..HEAVY), "{known:?}");
    let in_lane = &turns[known[0].0..];
    assert!(in_lane.windows(3).all(|turns| turns.contains(&None)), "{in_lane:?}");
}

/// Whoever ends in the midst of it keeps no turn.
#[test]
fn the_lane_goes_on_when_some_end() {
    let server = serve(&[]);
    let turns = Turns::default();
    let floods = async {
        let floods = Floods::begin(server.node(), &turns);
        while turns.borrow().len() < HEAVY + HEAVY / 2 {
            yield_now().await;
        }
        // Those that wait, those that have just had a turn, and the one that is called.
        floods.connections.iter().step_by(2).for_each(JoinHandle::abort);
        floods.end(|| {}).await
    };
    let taken = workers::block_on(floods).unwrap();
    let whole = COMMANDS * REPLY.len();
    for (number, taken) in taken.into_iter().enumerate() {
        assert_eq!(taken < whole, number % 2 == 0, "{number} was sent {taken} bytes");
    }
}
