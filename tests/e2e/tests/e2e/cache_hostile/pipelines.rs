//! Pipelines of any depth, and clients that do not read.

use std::{io::Write, thread, time::Duration};

use super::{
    Hostile,
    peer::{Peer, command},
};
use crate::cache::Cache;

const MILLION: usize = 1_000_000;

/// All of it is sent before one reply is read: as some clients do it.
#[test]
fn a_pipeline_of_a_million_commands() {
    let hostile = Hostile {
        name: "a million commands are sent before a reply is read",
        flags: &[],
        memory_mb: 64,
    };
    hostile.check(
        |_| {},
        |cache| {
            let mut peer = Peer::connect(cache);
            peer.send("INCR n\r\n".repeat(MILLION).as_bytes());
            for number in 1..MILLION {
                assert_eq!(peer.reply(), format!(":{number}"));
            }
            assert_eq!(peer.reply(), format!(":{MILLION}"));
        },
    );
}

#[test]
fn a_pipeline_of_a_million_long_replies() {
    let hostile =
        Hostile { name: "a million commands with replies of 1 KB", flags: &[], memory_mb: 64 };
    hostile.check(
        |cache| {
            let mut peer = Peer::connect(cache);
            peer.push(&[b"SET", b"k", &[b'v'; 1_000]]);
            peer.finish();
        },
        |cache| {
            let mut peer = Peer::connect(cache);
            let mut writer = peer.stream.try_clone().unwrap();
            let sender = thread::spawn(move || {
                let many = "GET k\r\n".repeat(MILLION / 100);
                (0..100).for_each(|_| writer.write_all(many.as_bytes()).unwrap());
            });
            (0..MILLION).for_each(|_| assert_eq!(peer.reply(), "$1000"));
            sender.join().unwrap();
        },
    );
}

/// Replies that nobody takes stop the commands behind them, and all of them together have a budget.
#[test]
fn readers_that_never_read() {
    const READERS: usize = 100;
    let hostile = Hostile {
        name: "100 clients ask for 16 MB each and read nothing",
        flags: &["--set", "maxmemory-clients=32mb"],
        memory_mb: 32 + 64,
    };
    let fill = |cache: &Cache| {
        let mut peer = Peer::connect(cache);
        // Short enough to be copied into the reply.
        peer.push(&[b"SET", b"k", &[b'v'; 8_000]]);
        peer.finish();
    };
    hostile.check(fill, |cache| {
        let mut readers: Vec<Peer> = (0..READERS).map(|_| Peer::connect(cache)).collect();
        for reader in &mut readers {
            reader.send("GET k\r\n".repeat(2_000).as_bytes());
        }
        thread::sleep(Duration::from_secs(1));
        // They are not forgotten.
        let last = readers.last_mut().unwrap();
        (0..2_000).for_each(|_| assert_eq!(last.reply(), "$8000"));
    });
}

#[test]
fn readers_that_never_read_are_dropped_by_the_limit_of_their_class() {
    let limit = "client-output-buffer-limit=normal 1mb 0 0 pubsub 1mb 0 0";
    let hostile = Hostile {
        name: "readers and subscribers are over their limits",
        flags: &["--set", limit],
        memory_mb: 64,
    };
    let fill = |cache: &Cache| {
        let mut peer = Peer::connect(cache);
        peer.push(&[b"SET", b"k", &[b'v'; 8_000]]);
        peer.finish();
    };
    hostile.check(fill, |cache| {
        let mut readers: Vec<Peer> = (0..20).map(|_| Peer::connect(cache)).collect();
        for reader in &mut readers {
            reader.send("GET k\r\n".repeat(5_000).as_bytes());
        }
        let mut subscribers: Vec<Peer> = (0..20).map(|_| Peer::connect(cache)).collect();
        for subscriber in &mut subscribers {
            assert_eq!(subscriber.ask("SUBSCRIBE news"), "*3");
        }
        let mut publisher = Peer::connect(cache);
        let message = vec![b'm'; 32 << 10];
        // More than sockets and limits hold.
        for _ in 0..500 {
            publisher.push(&[b"PUBLISH", b"news", &message]);
        }
        publisher.finish();
        for mut dropped in readers.into_iter().chain(subscribers) {
            let taken = dropped.rest().len();
            assert!(taken < 500 * message.len(), "{taken} bytes came all the same");
        }
        assert_eq!(publisher.ask("PUBLISH news gone"), ":0");
    });
}

/// Queued commands are memory as well.
#[test]
fn transactions_that_never_end() {
    let hostile = Hostile { name: "transactions queue without an end", flags: &[], memory_mb: 256 };
    hostile.check(
        |_| {},
        |cache| {
            let mut peers: Vec<Peer> = (0..20).map(|_| Peer::connect(cache)).collect();
            let mut queued = Vec::new();
            command(&mut queued, &[b"SET", b"k", &[b'v'; 1_000]]);
            for peer in &mut peers {
                assert_eq!(peer.ask("MULTI"), "+OK");
                for _ in 0..50 {
                    peer.send(&queued.repeat(100));
                    (0..100).for_each(|_| assert_eq!(peer.reply(), "+QUEUED"));
                }
            }
            for peer in &mut peers {
                assert_eq!(peer.ask("DISCARD"), "+OK");
            }
        },
    );
}
