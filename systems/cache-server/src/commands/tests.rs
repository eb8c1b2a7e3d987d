//! How commands run: locks, errors, what is told of changes.

mod large;
mod making;
mod many;
mod steps;
mod transactions;
mod waiting;

use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::CommandDecoder;

use super::*;
use crate::store::{Config, Millis, Policy, Store};

/// A store of several shards and what a thread of a server has for it.
struct Node {
    keyspace: Keyspace,
    random: Random,
    changes: Changes,
}

const NOW: Millis = Millis(1_000_000);

impl Node {
    fn new(max_bytes: usize) -> Node {
        let policy = Policy::NO_EVICTION;
        let store = Store::new(&Config { shards: 8, max_bytes, policy, seed: 7 });
        Node {
            keyspace: Keyspace::new(store),
            random: Random::seeded(7),
            changes: Changes::default(),
        }
    }

    /// The replies to lines of commands, all in one batch.
    fn check(&mut self, lines: &str, expected: &str) {
        let mut reply = Reply::default();
        let mut batch = Batch::new(&self.keyspace, NOW, &mut self.random, &mut self.changes);
        for_each(lines, |command| {
            let spec = resolve(command).unwrap();
            batch.run(spec, command, true, &mut reply);
        });
        assert_eq!(text(&reply), expected, "{lines}");
    }
}

fn for_each(lines: &str, mut run: impl FnMut(plimsoll_wire::resp::Command<'_>)) {
    let mut decoder = CommandDecoder::default();
    let lines = format!("{lines}\n");
    let mut rest = lines.as_bytes();
    while let (taken, Some(command)) = decoder.decode(rest).unwrap() {
        run(command);
        rest = &rest[taken..];
    }
}

/// Runs one command in a batch: how that ended, and its reply.
fn run(batch: &mut Batch<'_>, line: &str) -> (Ran, String) {
    let mut reply = Reply::default();
    let mut ran = Ran::Failed;
    for_each(line, |command| {
        ran = batch.run(resolve(command).unwrap(), command, true, &mut reply);
    });
    (ran, text(&reply))
}

/// All bytes of a reply.
fn whole(reply: &Reply) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut at = 0;
    for (place, value) in reply.large() {
        bytes.extend_from_slice(&reply.buffer()[at..*place]);
        bytes.extend_from_slice(value);
        at = *place;
    }
    bytes.extend_from_slice(&reply.buffer()[at..]);
    assert_eq!(bytes.len(), reply.len());
    bytes
}

/// All bytes of a reply, a blank in place of each line's end.
fn text(reply: &Reply) -> String {
    String::from_utf8(whole(reply)).unwrap().replace("\r\n", " ").trim_end().to_owned()
}

#[test]
fn a_batch_goes_from_shard_to_shard() {
    let mut node = Node::new(0);
    node.check(
        "SET a 1\nINCR a\nMSET b 2 c 3 d 4\nMGET a b c d e\nDEL a b\nDBSIZE\nGET c",
        "+OK :2 +OK *5 $1 2 $1 2 $1 3 $1 4 $-1 :2 :2 $1 3",
    );
}

#[test]
fn an_error_takes_back_what_was_written_before_it() {
    let mut node = Node::new(0);
    node.check(
        "RPUSH l x\nSET l v GET\nBITFIELD k SET u8 0 300\nINCR l",
        ":1 -WRONGTYPE Operation against a key holding the wrong kind of value *1 :0 \
         -WRONGTYPE Operation against a key holding the wrong kind of value",
    );
}

#[test]
fn what_is_no_command_is_refused_by_name() {
    for (line, expected) in [
        ("GET", "ERR wrong number of arguments for 'get' command"),
        ("nope a b", "ERR unknown command 'nope', with args beginning with: 'a' 'b' "),
        ("OBJECT nope", "ERR unknown subcommand 'nope'. Try OBJECT HELP."),
        ("COMMAND GETKEYS", "ERR wrong number of arguments for 'command|getkeys' command"),
    ] {
        for_each(line, |command| {
            assert_eq!(resolve(command).unwrap_err().to_string(), expected);
        });
    }
}

#[test]
fn full_memory_refuses_what_needs_it() {
    let mut node = Node::new(8 << 20);
    let mut reply = Reply::default();
    let value = "v".repeat(50_000);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    for number in 0..400 {
        for_each(&format!("SET k{number} {value}"), |command| {
            batch.run(resolve(command).unwrap(), command, true, &mut reply);
        });
    }
    let replies = text(&reply);
    drop(batch);
    assert!(replies.contains("-OOM command not allowed when used memory > 'maxmemory'."));
    node.check("STRLEN k0\nDEL k0", ":50000 :1");
}

#[test]
fn changes_are_told_in_order_and_only_when_wanted() {
    let mut node = Node::new(0);
    node.check("SET a 1", "+OK");
    assert!(node.changes.is_empty());
    node.changes.want(EventClass::STRING.and(EventClass::GENERIC));
    node.check("SET a 1 EX 9\nRPUSH l x\nDEL a l", "+OK :1 :2");
    let told: Vec<_> = node.changes.iter().map(|change| (change.key, change.event)).collect();
    let expected: [(&[u8], _); 4] = [(b"a", "set"), (b"a", "expire"), (b"a", "del"), (b"l", "del")];
    assert_eq!(told, expected);
}

#[test]
fn keys_of_commands() {
    for (line, expected) in [
        ("SET a 1", &["a"][..]),
        ("MSET a 1 b 2", &["a", "b"]),
        ("BITOP AND d a b", &["d", "a", "b"]),
        ("ZUNIONSTORE d 2 a b WEIGHTS 1 2", &["d", "a", "b"]),
        ("ZUNIONSTORE d 9 a b", &[]),
        ("SORT l STORE x STORE d", &["l", "d"]),
        ("SORT l", &["l"]),
        ("OBJECT ENCODING k", &["k"]),
        ("BLPOP a b 0", &["a", "b"]),
        ("DBSIZE", &[]),
    ] {
        for_each(line, |command| {
            let places = resolve(command).unwrap().keys.places(command);
            let keys: Vec<&[u8]> = places.filter_map(|at| command.get(at)).collect();
            let expected: Vec<&[u8]> = expected.iter().map(|key| key.as_bytes()).collect();
            assert_eq!(keys, expected, "{line}");
        });
    }
}

#[test]
fn scan_gives_every_key_once() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    let mut reply = Reply::default();
    for number in 0..500 {
        for_each(&format!("SET key:{number} v"), |command| {
            batch.run(resolve(command).unwrap(), command, true, &mut reply);
        });
    }
    let (mut cursor, mut found) = ("0".to_owned(), Vec::new());
    loop {
        reply.clear();
        for_each(&format!("SCAN {cursor} COUNT 7"), |command| {
            batch.run(resolve(command).unwrap(), command, true, &mut reply);
        });
        let text = text(&reply);
        let mut words = text.split(' ');
        cursor = words.nth(2).unwrap().to_owned();
        found.extend(words.filter(|word| word.starts_with("key:")).map(str::to_owned));
        if cursor == "0" {
            break;
        }
    }
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 500);
}
