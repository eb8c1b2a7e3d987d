//! Very many connections: idle ones, storms of them, and such that send half of something.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use nix::sys::resource::{Resource, getrlimit};
use plimsoll_e2e::untested::not_tested;

use super::{Hostile, peer::Peer};
use crate::cache::Cache;

const MANY: usize = 10_000;
/// Clients at work at a time.
const THREADS: usize = 4;
/// What comes to pass in the server when connections end, comes to pass by then.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn ten_thousand_idle_and_ten_thousand_storming() {
    // For both ends: the server has the same limit.
    let files = getrlimit(Resource::RLIMIT_NOFILE).unwrap().0;
    if files < MANY as u64 + 1_000 {
        not_tested(&format!("10,000 connections need more than {files} open files"));
        return;
    }
    let hostile = Hostile {
        name: "10,000 idle connections, and 10,000 that come and go",
        flags: &["--maxclients", "11000"],
        // 4 KB each, in debug builds.
        memory_mb: 40,
    };
    hostile.check(
        |_| {},
        |cache| {
            let come = || (0..MANY / THREADS).map(|_| greeted(cache)).collect();
            let idle: Vec<TcpStream> = on_threads(come);
            let mut peer = Peer::connect(cache);
            let count = peer.info("clients", "connected_clients");
            assert!(count > MANY as u64, "{count} clients");
            on_threads(|| {
                (0..MANY / THREADS).for_each(|_| drop(greeted(cache)));
                Vec::<()>::new()
            });
            drop(idle);
            comes_down(&mut peer);
        },
    );
}

/// A connection that has asked for something and got it.
fn greeted(cache: &Cache) -> TcpStream {
    let mut stream = cache.connect();
    stream.write_all(b"PING\r\n").unwrap();
    let mut said = [0; 7];
    stream.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"+PONG\r\n");
    stream
}

/// What each of several threads makes.
fn on_threads<T: Send>(make: impl Fn() -> Vec<T> + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(&make)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// Waits until the server knows of two connections, and of no bytes that they keep.
fn comes_down(peer: &mut Peer) {
    let began = Instant::now();
    loop {
        let count = peer.info("clients", "connected_clients");
        let kept = peer.info("memory", "mem_clients_normal");
        // This one, and the bystander.
        if count <= 2 && kept == 0 {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{count} connections keep {kept} bytes");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn more_than_may_come() {
    let hostile = Hostile {
        name: "connections beyond the limit",
        flags: &["--maxclients", "50"],
        memory_mb: 32,
    };
    hostile.check(
        |_| {},
        |cache| {
            let mut peer = Peer::connect(cache);
            assert_eq!(peer.ask("PING"), "+PONG");
            // With the bystander as many as the limit.
            let most: Vec<TcpStream> = (0..48).map(|_| greeted(cache)).collect();
            let refused: Vec<bool> =
                on_threads(|| (0..500).map(|_| is_refused(Peer::connect(cache))).collect());
            assert!(refused.iter().all(|refused| *refused), "there was room for more");
            drop(most);
            comes_down(&mut peer);
        },
    );
}

/// Whether the server says that it has too many clients; the client asks for something, so that it says
/// something.
fn is_refused(mut peer: Peer) -> bool {
    // It may have closed the connection already.
    peer.stream.write_all(b"QUIT\r\n").ok();
    let said = peer.rest();
    let expected = ["", "+OK\r\n", "-ERR max number of clients reached\r\n"];
    assert!(expected.contains(&said.as_str()), "{said:?}");
    said != "+OK\r\n"
}

/// Who claims to send much is given no more room than as much again as came.
#[test]
fn half_frames() {
    const EACH: usize = 500;
    let hostile =
        Hostile { name: "1,000 connections with half a command each", flags: &[], memory_mb: 100 };
    hostile.check(
        |_| {},
        |cache| {
            let large =
                [b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000000\r\n", vec![b'x'; 32 << 10].as_slice()]
                    .concat();
            let mut peers: Vec<Peer> = (0..EACH).map(|_| Peer::connect(cache)).collect();
            peers.iter_mut().for_each(|peer| peer.send(&large));
            let whole = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n";
            let inline = [b"GET ".as_slice(), &[b'k'; 40_000]].concat();
            for number in 0..EACH {
                let mut peer = Peer::connect(cache);
                match number % 10 {
                    0 => peer.send(&inline),
                    _ => peer.send(&whole[..1 + number % (whole.len() - 1)]),
                }
                peers.push(peer);
            }
            // Byte by byte, and a whole one in the end.
            let mut slow = Peer::connect(cache);
            whole.iter().for_each(|byte| slow.send(&[*byte]));
            assert_eq!(slow.reply(), "+OK");
            assert!(slow.info("memory", "mem_clients_normal") > 0);
            // Those that were cut in the middle of a small command may go on.
            let cut = &mut peers[EACH + 1];
            cut.send(&whole[1 + 1..]);
            assert_eq!(cut.reply(), "+OK");
            drop((peers, slow));
            comes_down(&mut Peer::connect(cache));
        },
    );
}

/// What came of large commands counts as memory of clients; the room for it doubles, and what was copied goes later.
#[test]
fn half_values_of_many_megabytes() {
    const SENT: usize = 1 << 20;
    let hostile = Hostile {
        name: "100 connections with 1 MB of 500 MB each",
        flags: &[],
        memory_mb: 3 * 100,
    };
    hostile.check(
        |_| {},
        |cache| {
            let part = vec![b'x'; SENT];
            let mut peers: Vec<Peer> = (0..100).map(|_| Peer::connect(cache)).collect();
            for peer in &mut peers {
                peer.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n");
                peer.send(&part);
            }
            drop(peers);
            comes_down(&mut Peer::connect(cache));
        },
    );
}

/// While all connections together are over their budget, those go that want more of it.
#[test]
fn half_values_beyond_the_budget_of_clients() {
    const SENT: usize = 1 << 20;
    let hostile = Hostile {
        name: "200 connections with 1 MB each, and 32 MB for all",
        flags: &["--set", "maxmemory-clients=32mb"],
        // Twice while a buffer grows, and what the allocator has not given back yet.
        memory_mb: 3 * 32 + 32,
    };
    hostile.check(
        |_| {},
        |cache| {
            let part = vec![b'x'; SENT];
            let peers: Vec<Peer> = (0..200)
                .map(|_| {
                    let mut peer = Peer::connect(cache);
                    peer.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\n");
                    // It may have been closed in the midst of it.
                    peer.stream.write_all(&part).ok();
                    peer
                })
                .collect();
            let mut peer = Peer::connect(cache);
            // Who asks for little is answered before all that they sent is taken in.
            let began = Instant::now();
            while peer.info("clients", "connected_clients") >= 150 {
                assert!(began.elapsed() < PATIENCE, "all connections stay");
                thread::sleep(Duration::from_millis(20));
            }
            drop(peers);
            comes_down(&mut peer);
        },
    );
}
