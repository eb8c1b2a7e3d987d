//! Large collections: built, read whole, combined, and dropped.

use super::{Hostile, peer::Peer};
use crate::cache::Cache;

const MEMBERS: usize = 300_000;
/// Members that one command adds.
const TOGETHER: usize = 100;

fn build(cache: &Cache) {
    let mut peer = Peer::connect(cache);
    for first in (0..MEMBERS).step_by(TOGETHER) {
        let members: Vec<String> =
            (first..first + TOGETHER).map(|number| format!("member:{number}")).collect();
        for (name, key) in [("SADD", "set"), ("RPUSH", "list")] {
            let head = [name.as_bytes(), key.as_bytes()];
            let arguments: Vec<&[u8]> =
                head.into_iter().chain(members.iter().map(String::as_bytes)).collect();
            peer.push(&arguments);
        }
        for (name, key) in [("HSET", "hash"), ("ZADD", "zset")] {
            let mut arguments = vec![name.as_bytes(), key.as_bytes()];
            members
                .iter()
                .for_each(|member| arguments.extend([b"1".as_slice(), member.as_bytes()]));
            if name == "HSET" {
                // The other way round: fields come first.
                arguments[2..].chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
            }
            peer.push(&arguments);
        }
    }
    peer.finish();
    assert_eq!(peer.errors, Vec::<String>::new());
}

#[test]
fn large_collections_are_built() {
    let hostile =
        Hostile { name: "collections of 300,000 members are built", flags: &[], memory_mb: 200 };
    hostile.check(|_| {}, build);
}

#[test]
fn large_collections_are_read_and_combined() {
    let hostile = Hostile {
        name: "collections of 300,000 members are read whole",
        flags: &[],
        memory_mb: 400,
    };
    hostile.check(build, |cache| {
        let mut peer = Peer::connect(cache);
        for (command, expected) in [
            ("SMEMBERS set", format!("*{MEMBERS}")),
            ("LRANGE list 0 -1", format!("*{MEMBERS}")),
            ("HGETALL hash", format!("*{}", 2 * MEMBERS)),
            ("ZRANGE zset 0 -1", format!("*{MEMBERS}")),
            ("SUNIONSTORE union set other", format!(":{MEMBERS}")),
            ("ZUNIONSTORE zunion 1 zset", format!(":{MEMBERS}")),
            ("SORT list ALPHA LIMIT 0 10", "*10".to_owned()),
            ("SINTERCARD 2 set union", format!(":{MEMBERS}")),
        ] {
            assert_eq!(peer.ask(command), expected, "{command}");
        }
    });
}

#[test]
fn large_collections_are_dropped() {
    let hostile =
        Hostile { name: "collections of 300,000 members are dropped", flags: &[], memory_mb: 200 };
    hostile.check(build, |cache| {
        let mut peer = Peer::connect(cache);
        assert_eq!(peer.ask("UNLINK set"), ":1");
        assert_eq!(peer.ask("DEL zset"), ":1");
        assert_eq!(peer.ask("PEXPIRE list 1"), ":1");
        assert_eq!(peer.ask("FLUSHALL"), "+OK");
        assert_eq!(peer.ask("DBSIZE"), ":0");
    });
}

#[test]
fn all_keys_are_asked_for() {
    const KEYS: usize = 300_000;
    let hostile = Hostile { name: "KEYS over 300,000 keys", flags: &[], memory_mb: 200 };
    let fill = |cache: &Cache| {
        let mut peer = Peer::connect(cache);
        for number in 0..KEYS {
            peer.push(&[b"SET", format!("key:{number}").as_bytes(), b"v"]);
        }
        peer.finish();
    };
    hostile.check(fill, |cache| {
        let mut peer = Peer::connect(cache);
        assert_eq!(peer.ask("KEYS *7777*"), peer.ask("KEYS *7777*"));
        assert_eq!(peer.ask("KEYS key:*"), format!("*{KEYS}"));
        assert_eq!(peer.ask("LCS key:1 key:2"), "$1");
    });
}
