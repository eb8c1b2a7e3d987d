//! How commands run: locks, errors, transactions between two clients, what is told of changes.

use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::{Aggregate, CommandDecoder, Protocol, write_command};

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

/// All bytes of a reply, a blank in place of each line's end.
fn text(reply: &Reply) -> String {
    let mut bytes = Vec::new();
    let mut at = 0;
    for (place, value) in reply.large() {
        bytes.extend_from_slice(&reply.buffer()[at..*place]);
        bytes.extend_from_slice(value);
        at = *place;
    }
    bytes.extend_from_slice(&reply.buffer()[at..]);
    assert_eq!(bytes.len(), reply.len());
    String::from_utf8(bytes).unwrap().replace("\r\n", " ").trim_end().to_owned()
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
fn another_client_breaks_a_transaction() {
    for (change, is_broken) in [("SET a 2", true), ("SET b 2", false), ("GET a", false)] {
        let mut node = Node::new(0);
        let mut transaction = Transaction::default();
        node.check("SET a 1", "+OK");
        let mut reply = Reply::default();
        for_each("WATCH a", |command| {
            let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
            let spec = resolve(command).unwrap();
            transaction.watch(&mut batch, spec, command, &mut reply).unwrap();
        });
        transaction.begin(&mut reply).unwrap();
        for_each("INCR a\nSET c 1", |command| {
            transaction.queue(resolve(command).unwrap(), command, &mut reply).unwrap();
        });
        let mut other = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
        for_each(change, |command| {
            other.run(resolve(command).unwrap(), command, true, &mut Reply::default());
        });
        drop(other);
        let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
        reply.clear();
        transaction.exec(&mut batch, &mut |_, _, _, _| Ok(()), &mut reply).unwrap();
        assert_eq!(text(&reply), if is_broken { "*-1" } else { "*2 :2 +OK" }, "{change}");
        assert!(!transaction.is_open() && !transaction.is_watching());
    }
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
fn a_command_waits_only_when_it_may() {
    let mut node = Node::new(0);
    let mut reply = Reply::default();
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    for_each("BLPOP l 5", |command| {
        let spec = resolve(command).unwrap();
        let until = Some(Millis(NOW.0 + 5000));
        assert_eq!(batch.run(spec, command, true, &mut reply), Ran::Blocked(Block { until }));
        assert!(reply.is_empty());
        assert_eq!(batch.run(spec, command, false, &mut reply), Ran::Replied);
    });
    assert_eq!(text(&reply), "*-1");
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
fn large_values_keep_their_places() {
    let mut reply = Reply::new(Protocol::Resp3);
    let large = bytes::Bytes::from(vec![b'x'; 5]);
    reply.ok();
    let open = reply.open(Aggregate::Array);
    reply.large_bulk(&large);
    reply.bulk(b"y");
    reply.close(open, 2);
    let mark = reply.mark();
    reply.large_bulk(&large);
    reply.rollback(mark);
    reply.double(0.5);
    reply.verbatim(*b"txt", b"hi");
    assert_eq!(text(&reply), "+OK *2 $5 xxxxx $1 y ,0.5 =6 txt:hi");
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

#[test]
fn who_waits_goes_on_waiting_when_a_key_comes_to_hold_something_else() {
    for (line, done) in [
        ("BLPOP k 5", "*-1"),
        ("BLMPOP 5 1 k LEFT", "*-1"),
        ("BLMOVE k other LEFT LEFT 5", "*-1"),
        ("BZPOPMIN k 5", "*-1"),
        ("BZMPOP 5 1 k MIN", "*-1"),
    ] {
        let mut node = Node::new(0);
        node.check("SET k string", "+OK");
        let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
        let mut reply = Reply::default();
        for_each(line, |command| {
            let spec = resolve(command).unwrap();
            let mut ask = |batch: &mut Batch<'_>, may_block| {
                reply.clear();
                let ran = batch.run(spec, command, may_block, &mut reply);
                (ran, text(&reply))
            };
            let (ran, refusal) = ask(&mut batch, true);
            assert!(ran == Ran::Failed && refusal.starts_with("-WRONGTYPE"), "{line}");
            batch.is_retry = true;
            assert!(matches!(ask(&mut batch, true).0, Ran::Blocked(_)), "{line}");
            assert_eq!(ask(&mut batch, false), (Ran::Replied, done.to_owned()), "{line}");
        });
    }
}

#[test]
fn a_large_value_is_kept_in_the_buffer_that_it_came_in() {
    let mut node = Node::new(0);
    let value = "v".repeat(2 << 20);
    let mut input = Vec::new();
    write_command(&mut input, ["SET", "k", &value]);
    let input = bytes::Bytes::from(input);
    let mut decoder = CommandDecoder::default();
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    (batch.is_patient, batch.source) = (true, None);
    let mut reply = Reply::default();
    let (taken, command) = decoder.decode(&input).unwrap();
    let command = command.unwrap();
    let spec = resolve(command).unwrap();
    assert!(!batch.make_way(spec, command, taken), "it comes back with its buffer");
    batch.source = Some(&input);
    assert!(batch.make_way(spec, command, taken));
    assert_eq!(batch.run(spec, command, true, &mut reply), Ran::Replied);
    for_each("GET k", |command| {
        batch.run(resolve(command).unwrap(), command, true, &mut reply);
    });
    let (_, kept) = reply.large().first().unwrap();
    assert!(input.as_ptr_range().contains(&kept.as_ptr()), "not copied");
    assert_eq!(kept.len(), value.len());
}

#[test]
fn room_for_a_long_command_is_made_before_it_runs() {
    let store =
        Store::new(&Config { shards: 1, max_bytes: 2 << 20, policy: Policy::S3_FIFO, seed: 7 });
    let mut node = Node { keyspace: Keyspace::new(store), ..Node::new(0) };
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    let mut reply = Reply::default();
    for number in 0..80_000 {
        for_each(&format!("SET key:{number} {number}"), |command| {
            batch.run(resolve(command).unwrap(), command, true, &mut reply);
        });
    }
    let mut input = Vec::new();
    write_command(&mut input, ["RPUSH", "list", &"x".repeat(700_000)]);
    let mut decoder = CommandDecoder::default();
    let (taken, command) = decoder.decode(&input).unwrap();
    let command = command.unwrap();
    let spec = resolve(command).unwrap();
    assert!(batch.make_way(spec, command, taken), "who is not patient does not wait");
    batch.is_patient = true;
    let mut steps = 0;
    while !batch.make_way(spec, command, taken) {
        steps += 1;
        assert!(steps < 1000);
    }
    assert!(steps > 0);
    reply.clear();
    batch.run(spec, command, true, &mut reply);
    assert_eq!(text(&reply), ":1");
}

#[test]
fn keys_come_in_steps_and_each_once_while_others_remove_some() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    for number in 0..60_000 {
        run(&mut batch, &format!("SET key:{number} v"));
    }
    batch.is_patient = true;
    let (mut steps, mut gone) = (0, 50_000);
    let found = loop {
        match run(&mut batch, "KEYS key:*") {
            (Ran::Later, nothing) => assert_eq!(nothing, ""),
            (ran, text) => break (ran, text),
        }
        steps += 1;
        assert!(steps < 1_000);
        // Another client's command in between.
        let walk = batch.walk.take();
        for number in gone..(gone + 2_000).min(60_000) {
            run(&mut batch, &format!("DEL key:{number}"));
        }
        (gone, batch.walk) = (gone + 2_000, walk);
    };
    assert!(steps > 20, "{steps}");
    assert_eq!(found.0, Ran::Replied);
    let mut keys: Vec<&str> = found.1.split(' ').filter(|word| word.starts_with('k')).collect();
    assert!(found.1.starts_with(&format!("*{} ", keys.len())));
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count, "a key came twice");
    let stayed = |key: &&&str| key[4..].parse::<usize>().unwrap() < 50_000;
    assert_eq!(keys.iter().filter(stayed).count(), 50_000);
}

/// Reads that come in steps reply what they would in one go, to the same moment: what is changed meanwhile
/// is in the reply whole or not at all.
#[test]
fn large_collections_are_read_in_steps_and_of_one_moment() {
    const MEMBERS: usize = 10_000;
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    for number in 0..MEMBERS {
        run(&mut batch, &format!("SADD set m:{number}"));
        run(&mut batch, &format!("SADD even m:{}", 2 * number));
        run(&mut batch, &format!("RPUSH list m:{number}"));
        run(&mut batch, &format!("HSET hash m:{number} v"));
        run(&mut batch, &format!("ZADD zset {number} m:{number}"));
    }
    for (command, change) in [
        ("SMEMBERS set", "SADD set m:9"),
        ("LRANGE list 0 -1", "LPUSH list m:9"),
        ("LRANGE list 10 -10", "LSET list 5000 m:9"),
        ("HGETALL hash", "HSET hash m:9 w"),
        ("HKEYS hash", "HDEL hash m:0"),
        ("HVALS hash", "HSET hash m:4 w"),
        ("ZRANGE zset 0 -1", "ZADD zset 0.5 m:9"),
        ("ZRANGE zset (9 +inf BYSCORE LIMIT 3 7000 WITHSCORES", "ZREM zset m:11"),
        ("ZREVRANGE zset 5 -1 WITHSCORES", "ZINCRBY zset 0.25 m:4000"),
        ("SINTER set even", "SREM even m:0"),
        ("SUNION set even", "SADD even m:1"),
        ("SDIFF set even", "SADD set m:x"),
        ("SINTERCARD 2 set even", "SREM set m:2"),
        ("SINTERCARD 2 set even LIMIT 3000", "SREM set m:4"),
        ("SMEMBERS set", "DEL set"),
        ("LRANGE list 0 -1", "DEL list"),
    ] {
        batch.is_patient = false;
        let (ran, before) = run(&mut batch, command);
        assert_eq!(ran, Ran::Replied, "{command}");
        batch.is_patient = true;
        let mut steps = 0;
        let mut read = |batch: &mut Batch<'_>, changes: &mut dyn FnMut(&mut Batch<'_>)| loop {
            match run(batch, command) {
                (Ran::Later, nothing) => assert_eq!(nothing, "", "{command}"),
                (ran, found) => break (ran, found),
            }
            steps += 1;
            assert!(steps < 100, "{command}");
            let walk = batch.walk.take();
            changes(batch);
            batch.walk = walk;
        };
        let (ran, found) = read(&mut batch, &mut |_| {});
        assert_eq!((ran, found), (Ran::Replied, before), "{command}");
        let mut is_changed = false;
        let (ran, found) = read(&mut batch, &mut |batch| {
            if !std::mem::replace(&mut is_changed, true) {
                run(batch, change);
            }
        });
        assert!(steps > 2, "{command}: {steps}");
        batch.is_patient = false;
        let after = run(&mut batch, command).1;
        assert_eq!((ran, found), (Ran::Replied, after), "{command}");
    }
}
