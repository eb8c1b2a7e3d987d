//! What is no command, counts that nobody can mean, and commands for values of another type.

use super::{
    Hostile,
    peer::{Peer, command},
};
use crate::cache::Cache;

/// On loopback whatever is sent before a refusal is read arrives.
#[test]
fn huge_lengths() {
    let digits = "9".repeat(70_000);
    let cases: [(Vec<u8>, &str); 9] = [
        (b"*2147483648\r\n".into(), "-ERR Protocol error: invalid multibulk length\r\n"),
        (b"*99999999999999999999\r\n".into(), "-ERR Protocol error: invalid multibulk length\r\n"),
        (format!("*{digits}").into(), "-ERR Protocol error: too big mbulk count string\r\n"),
        (b"*1\r\n$536870913\r\n".into(), "-ERR Protocol error: invalid bulk length\r\n"),
        (b"*1\r\n$-1\r\n".into(), "-ERR Protocol error: invalid bulk length\r\n"),
        (b"*1\r\n$99999999999999999999\r\n".into(), "-ERR Protocol error: invalid bulk length\r\n"),
        (format!("*1\r\n${digits}").into(), "-ERR Protocol error: too big bulk count string\r\n"),
        (b"*1\r\n:1\r\n".into(), "-ERR Protocol error: expected '$', got ':'\r\n"),
        (digits.clone().into(), "-ERR Protocol error: too big inline request\r\n"),
    ];
    let hostile = Hostile { name: "lengths that nobody can mean", flags: &[], memory_mb: 32 };
    hostile.check(
        |_| {},
        |cache| {
            for _ in 0..50 {
                for (sent, expected) in &cases {
                    let mut peer = Peer::connect(cache);
                    peer.send(sent);
                    let said = peer.rest();
                    // What was not read when the connection was closed resets it, with what was said.
                    let shown = String::from_utf8_lossy(&sent[..sent.len().min(30)]).into_owned();
                    assert!(
                        said == *expected || said.is_empty() && sent.len() > 64 << 10,
                        "{shown}: {said}"
                    );
                }
            }
        },
    );
}

/// As many arguments as a command may have, of which few come.
#[test]
fn huge_counts_of_arguments() {
    let hostile =
        Hostile { name: "commands with millions of arguments", flags: &[], memory_mb: 256 };
    hostile.check(
        |_| {},
        |cache| {
            let arguments = "$1\r\na\r\n".repeat(100_000);
            let mut peers: Vec<Peer> = (0..20).map(|_| Peer::connect(cache)).collect();
            for peer in &mut peers {
                peer.send(b"*16000000\r\n");
                peer.send(arguments.as_bytes());
            }
            // A whole one of a million.
            let mut whole = Peer::connect(cache);
            whole.send(format!("*1000001\r\n$3\r\nDEL\r\n{}", arguments.repeat(10)).as_bytes());
            assert_eq!(whole.reply(), ":0");
        },
    );
}

/// They come in steps, and keep nobody waiting.
#[test]
fn very_many_arguments() {
    const MANY: usize = 300_000;
    let hostile =
        Hostile { name: "commands of 300,000 members or keys", flags: &[], memory_mb: 256 };
    hostile.check(
        |_| {},
        |cache| {
            let mut peer = Peer::connect(cache);
            let mut ask = |name: &str, key: Option<&str>, is_paired: bool, expected: String| {
                let members: Vec<String> = (0..MANY).map(|number| number.to_string()).collect();
                let mut arguments: Vec<&[u8]> = vec![name.as_bytes()];
                arguments.extend(key.map(str::as_bytes));
                for member in &members {
                    arguments.extend(is_paired.then_some(b"1".as_slice()));
                    arguments.push(member.as_bytes());
                }
                let mut sent = Vec::new();
                command(&mut sent, &arguments);
                peer.send(&sent);
                assert_eq!(peer.reply(), expected, "{name}");
            };
            let many = format!(":{MANY}");
            ask("SADD", Some("set"), false, many.clone());
            ask("RPUSH", Some("list"), false, many.clone());
            ask("ZADD", Some("zset"), true, many.clone());
            ask("HSET", Some("hash"), false, format!(":{}", MANY / 2));
            ask("SMISMEMBER", Some("set"), false, format!("*{MANY}"));
            ask("MGET", None, false, format!("*{MANY}"));
            ask("EXISTS", None, false, ":0".to_owned());
            ask("UNLINK", None, false, ":0".to_owned());
        },
    );
}

/// Beginnings of the replies to commands with counts that would fill any memory.
const COUNTS: &[(&str, &[&str])] = &[
    ("SETRANGE new 536870911 x", &["-OOM", "-ERR"]),
    ("SETRANGE new 9223372036854775807 x", &["-ERR"]),
    ("SETBIT new 4294967295 1", &["-OOM", "-ERR"]),
    ("BITFIELD new SET u8 4294967200 1", &["-OOM", "-ERR"]),
    ("SRANDMEMBER set -9223372036854775808", &["-ERR"]),
    ("SRANDMEMBER set -1000000000", &["-ERR"]),
    ("SRANDMEMBER set 9223372036854775807", &["*"]),
    ("HRANDFIELD hash -1000000000", &["-ERR"]),
    ("HRANDFIELD hash -1000000000 WITHVALUES", &["-ERR"]),
    ("ZRANDMEMBER zset -1000000000", &["-ERR"]),
    ("LPOS list a COUNT 9223372036854775807", &["*"]),
    ("LPOS list a RANK 9223372036854775807", &["$-1", "*"]),
    ("LRANGE list -9223372036854775808 9223372036854775807", &["*"]),
    ("LPOP none 9223372036854775807", &["*-1", "$-1"]),
    ("LMPOP 9223372036854775807 list LEFT", &["-ERR"]),
    ("LMPOP 1 none LEFT COUNT 9223372036854775807", &["*-1", "$-1"]),
    ("ZUNION 9223372036854775807 zset", &["-ERR"]),
    ("ZRANGE zset 0 9223372036854775807", &["*"]),
    ("ZRANGEBYSCORE zset -inf +inf LIMIT 0 9223372036854775807", &["*"]),
    ("SINTERCARD 9223372036854775807 set", &["-ERR"]),
    ("SCAN 0 COUNT 9223372036854775807", &["*2"]),
    ("SSCAN set 0 COUNT 9223372036854775807", &["*2"]),
    ("SCAN 18446744073709551615", &["*2"]),
    ("SORT list LIMIT 0 9223372036854775807 ALPHA", &["*"]),
    ("EXPIRE set 9223372036854775807", &["-ERR"]),
    ("PEXPIREAT set 9223372036854775807", &["-ERR", ":1"]),
    ("GETRANGE text -9223372036854775808 9223372036854775807", &["$"]),
    ("INCRBY number 9223372036854775807", &["-ERR"]),
    ("BLPOP list 1e300", &["-ERR", "*2"]),
    ("SLOWLOG GET 9223372036854775807", &["*"]),
    ("ACL GENPASS 9223372036854775807", &["-ERR"]),
    ("ACL LOG 9223372036854775807", &["*"]),
    ("CLIENT PAUSE 9223372036854775808", &["-ERR"]),
    ("DUMP set", &["$"]),
];

#[test]
fn huge_counts() {
    let hostile = Hostile {
        name: "counts that nobody can mean",
        flags: &["--maxmemory", "64mb"],
        memory_mb: 64,
    };
    let fill = |cache: &Cache| {
        let mut peer = Peer::connect(cache);
        for command in [
            "SADD set a b c",
            "RPUSH list a b c",
            "HSET hash a b",
            "ZADD zset 1 a",
            "SET text t",
            "SET number 1",
        ] {
            let said = peer.ask(command);
            assert!(!said.starts_with('-'), "{command}: {said}");
        }
    };
    hostile.check(fill, |cache| {
        let mut peer = Peer::connect(cache);
        for (command, expected) in COUNTS {
            let said = peer.ask(command);
            let is_expected = expected.iter().any(|beginning| said.starts_with(beginning));
            assert!(is_expected, "{command}: {said}, not {expected:?}");
        }
    });
}

/// Commands by the type that they are for.
const BY_TYPE: [(&str, &[&str]); 5] = [
    (
        "string",
        &[
            "GET {}",
            "APPEND {} x",
            "INCR {}",
            "STRLEN {}",
            "SETRANGE {} 0 x",
            "GETBIT {} 1",
            "BITCOUNT {}",
        ],
    ),
    (
        "list",
        &[
            "LPUSH {} x",
            "RPOP {}",
            "LRANGE {} 0 -1",
            "LLEN {}",
            "LINSERT {} BEFORE a b",
            "LREM {} 0 x",
        ],
    ),
    ("hash", &["HSET {} f v", "HGET {} f", "HGETALL {}", "HINCRBY {} f 1", "HSCAN {} 0"]),
    ("set", &["SADD {} x", "SMEMBERS {}", "SPOP {}", "SUNION {} other", "SMOVE {} other x"]),
    (
        "zset",
        &[
            "ZADD {} 1 x",
            "ZRANGE {} 0 -1",
            "ZPOPMIN {}",
            "ZINCRBY {} 1 x",
            "ZRANK {} x",
            "ZUNION 1 {}",
        ],
    ),
];

#[test]
fn wrong_types() {
    const ROUNDS: usize = 200;
    let hostile = Hostile { name: "commands for another type", flags: &[], memory_mb: 32 };
    let fill = |cache: &Cache| {
        let mut peer = Peer::connect(cache);
        for command in [
            "SET string 1",
            "RPUSH list a",
            "HSET hash f v",
            "SADD set a",
            "SADD other b",
            "ZADD zset 1 a",
        ] {
            assert!(!peer.ask(command).starts_with('-'), "{command}");
        }
    };
    hostile.check(fill, |cache| {
        let mut peer = Peer::connect(cache);
        for (kind, commands) in BY_TYPE {
            let others = BY_TYPE.iter().map(|(other, _)| *other).filter(|other| *other != kind);
            for key in others {
                let wrong: String =
                    commands.iter().map(|command| command.replace("{}", key) + "\r\n").collect();
                peer.send(wrong.repeat(ROUNDS).as_bytes());
                for command in commands.iter().cycle().take(commands.len() * ROUNDS) {
                    // ZUNION and its like take sets as well.
                    let said = peer.reply();
                    let is_set = *command == "ZUNION 1 {}" && key == "set";
                    assert!(said.starts_with("-WRONGTYPE") || is_set, "{command} {key}: {said}");
                }
            }
        }
        // One of them is the bystander's.
        assert_eq!(peer.ask("DBSIZE"), ":7", "nothing was made, and nothing has gone");
    });
}
