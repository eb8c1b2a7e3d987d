//! Values of all sizes: full memory, and strings of 100 MB.

use super::{Hostile, peer::Peer};
use crate::cache::Cache;

const MB: usize = 1 << 20;

#[test]
fn full_memory_with_mixed_values() {
    const WRITES: usize = 60_000;
    let hostile = Hostile {
        name: "memory is full, values of all sizes",
        flags: &["--maxmemory", "64mb", "--policy", "allkeys-lru"],
        // What the allocator keeps for values of many sizes that come and go is in it.
        memory_mb: 64 + 64,
    };
    hostile.check(
        |_| {},
        |cache| {
            let payload = vec![b'v'; MB];
            let mut peer = Peer::connect(cache);
            for number in 0..WRITES {
                let length = match number {
                    number if number % 1_000 == 0 => MB,
                    number if number % 50 == 0 => 64 << 10,
                    number if number % 7 == 0 => 4 << 10,
                    number => number % 200,
                };
                let key = format!("key:{}", number * 7_919 % (WRITES / 2));
                match number % 20 {
                    0..17 => peer.push(&[b"SET", key.as_bytes(), &payload[..length]]),
                    17 => peer.push(&[b"RPUSH", b"list", &payload[..length % 1_000]]),
                    18 => peer.push(&[
                        b"HSET",
                        format!("hash:{}", number % 500).as_bytes(),
                        key.as_bytes(),
                        b"v",
                    ]),
                    _ => peer.push(&[
                        b"ZADD",
                        format!("zset:{}", number % 500).as_bytes(),
                        b"1",
                        key.as_bytes(),
                    ]),
                }
            }
            peer.finish();
            assert_eq!(peer.errors, Vec::<String>::new(), "there is always something to evict");
            let used = peer.info("memory", "used_memory");
            assert!(used <= 64 << 20, "{used} bytes are used of 64 MB");
            // Not all left for the sake of a few large ones.
            let items: u64 = peer.ask("DBSIZE").trim_start_matches(':').parse().unwrap();
            assert!(items > 1_000, "{items} items are left");
        },
    );
}

#[test]
fn values_of_100_mb() {
    const LARGE: usize = 100 * MB;
    let hostile = Hostile {
        name: "values of 100 MB come, go, and push small ones out",
        // Four shards; one has room for one of these.
        flags: &["--threads", "1", "--maxmemory", "512mb", "--policy", "allkeys-lru"],
        // What is stored, what comes in, and what a change of it copies.
        memory_mb: 512 + 400,
    };
    let fill = |cache: &Cache| {
        let mut peer = Peer::connect(cache);
        for number in 0..270_000 {
            peer.push(&[b"SET", format!("small:{number}").as_bytes(), &[b's'; 2_000]]);
        }
        peer.finish();
        assert_eq!(peer.errors, Vec::<String>::new());
    };
    hostile.check(fill, |cache| {
        let value = vec![b'L'; LARGE];
        let mut peer = Peer::connect(cache);
        for name in ["large:0", "large:1", "large:2", "large:3"] {
            let head = format!("*3\r\n$3\r\nSET\r\n$7\r\n{name}\r\n${LARGE}\r\n");
            peer.send(head.as_bytes());
            peer.send(&value);
            peer.send(b"\r\n");
            assert_eq!(peer.reply(), "+OK");
            assert_eq!(peer.ask(&format!("GET {name}")), format!("${LARGE}"));
            let appended = peer.ask(&format!("APPEND {name} x"));
            // There may be no room for both the old and the new one.
            let is_refused = appended.starts_with("-OOM");
            assert!(is_refused || appended == format!(":{}", LARGE + 1), "{appended}");
            assert_eq!(peer.ask(&format!("GETRANGE {name} 0 9")), "$10");
        }
        for name in ["large:0", "large:1", "large:2", "large:3"] {
            let said = peer.ask(&format!("DEL {name}"));
            assert!([":1", ":0"].contains(&said.as_str()), "{said}");
        }
        let items: u64 = peer.ask("DBSIZE").trim_start_matches(':').parse().unwrap();
        assert!(items > 1_000, "{items} of the small ones are left");
    });
}

#[test]
fn values_that_have_no_room() {
    let hostile = Hostile {
        name: "values are larger than all memory",
        flags: &["--maxmemory", "64mb", "--policy", "allkeys-lru"],
        // What can never be stored is not kept while it comes.
        memory_mb: 64,
    };
    let fill = |cache: &Cache| {
        let mut peer = Peer::connect(cache);
        for number in 0..10_000 {
            peer.push(&[b"SET", format!("small:{number}").as_bytes(), b"value"]);
        }
        peer.finish();
    };
    hostile.check(fill, |cache| {
        let value = vec![b'L'; 100 * MB];
        let mut peer = Peer::connect(cache);
        for _ in 0..3 {
            peer.send(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n", value.len()).as_bytes());
            peer.send(&value);
            peer.send(b"\r\n");
            let said = peer.reply();
            assert!(said.starts_with("-OOM"), "{said}");
        }
        assert_eq!(peer.ask("EXISTS small:1 small:5000 small:9999"), ":3", "nobody left for it");
    });
}
