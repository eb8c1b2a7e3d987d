//! Commands of very many arguments, with others between their steps.

use plimsoll_wire::resp::{CommandDecoder, write_command};

use super::{NOW, Node, run, text};
use crate::{
    commands::{Batch, Keyspace, Ran, Reply, resolve},
    store::{Config, Policy, Store},
};

const MANY: usize = 10_000;

/// Runs a command to its end, and `meanwhile` between its steps: how many there were before the last one, and
/// the reply.
fn drive(
    batch: &mut Batch<'_>,
    words: &[String],
    meanwhile: &mut dyn FnMut(&mut Batch<'_>),
) -> (usize, String) {
    let mut encoded = Vec::new();
    write_command(&mut encoded, words);
    let mut decoder = CommandDecoder::default();
    let (_, command) = decoder.decode(&encoded).unwrap();
    let command = command.unwrap();
    let (mut steps, mut reply) = (0, Reply::default());
    while batch.run(resolve(command).unwrap(), command, true, &mut reply) == Ran::Later {
        assert!(reply.is_empty(), "no part of the reply before the last step");
        steps += 1;
        assert!(steps < 1_000, "{}", words[0]);
        let walk = batch.walk.take();
        meanwhile(batch);
        batch.walk = walk;
    }
    assert!(batch.walk.is_none());
    (steps, text(&reply))
}

/// A name, a key if one is given, and very many arguments.
fn command(head: &str, arguments: impl Iterator<Item = String>) -> Vec<String> {
    head.split(' ').map(str::to_owned).chain(arguments).collect()
}

fn keys() -> impl Iterator<Item = String> {
    (0..MANY).map(|number| format!("key:{number}"))
}

/// Each third key is not there, one holds a large string and one a set.
fn fill(batch: &mut Batch<'_>) {
    for number in (0..MANY).filter(|number| number % 3 > 0) {
        run(batch, &format!("SET key:{number} value:{number}"));
    }
    run(batch, &format!("SET key:5000 {}", "v".repeat(20_000)));
    run(batch, "DEL key:5001");
    run(batch, "SADD key:5001 member");
}

#[test]
fn very_many_keys_come_in_parts() {
    for name in ["MGET", "EXISTS", "TOUCH", "DEL", "UNLINK"] {
        let command = command(name, keys());
        let mut expected = String::new();
        for is_patient in [false, true] {
            let mut node = Node::new(0);
            let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
            fill(&mut batch);
            batch.is_patient = is_patient;
            let mut others = 0;
            let (steps, reply) = drive(&mut batch, &command, &mut |batch| {
                run(batch, "INCR other");
                others += 1;
            });
            if is_patient {
                assert!(steps >= 4 && others == steps, "{name}: {steps}");
                assert_eq!(reply, expected, "{name}");
            } else {
                assert_eq!(steps, 0);
                expected = reply;
            }
            let left = if name == "DEL" || name == "UNLINK" { 0 } else { 6_667 };
            let others = usize::from(others > 0);
            assert_eq!(run(&mut batch, "DBSIZE").1, format!(":{}", left + others), "{name}");
        }
    }
}

/// What is documented: each part is of a moment of its own.
#[test]
fn others_change_keys_whose_part_is_still_to_come() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    fill(&mut batch);
    batch.is_patient = true;
    let (_, reply) = drive(&mut batch, &command("EXISTS", keys()), &mut |batch| {
        run(batch, "DEL key:1 key:9998");
    });
    assert_eq!(reply, ":6666");
    let (_, reply) = drive(&mut batch, &command("DEL", keys()), &mut |batch| {
        run(batch, "SET key:1 anew");
    });
    assert_eq!((reply.as_str(), run(&mut batch, "GET key:1").1.as_str()), (":6665", "$4 anew"));
}

/// Entries that are added, some of them twice.
fn entries(name: &str) -> Vec<String> {
    entries_of(name, (0..MANY).map(|number| format!("entry:{}", number * 7 % (MANY - 100))))
}

fn entries_of(name: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    match name {
        "HSET" | "HMSET" => names.flat_map(|name| [name.clone(), format!("of:{name}")]).collect(),
        "ZADD" => names.enumerate().flat_map(|(at, name)| [(at % 100).to_string(), name]).collect(),
        _ => names.collect(),
    }
}

/// All that a key holds, in an order of its own.
fn content(batch: &mut Batch<'_>, key: &str) -> Vec<String> {
    batch.is_patient = false;
    let (_, kind) = run(batch, &format!("TYPE {key}"));
    let ask = match kind.as_str() {
        "+hash" => "HGETALL {}",
        "+list" => "LRANGE {} 0 -1",
        "+set" => "SMEMBERS {}",
        "+zset" => "ZRANGE {} 0 -1 WITHSCORES",
        _ => return vec![kind],
    };
    let found = run(batch, &ask.replace("{}", key)).1;
    let mut words: Vec<String> = found.split(' ').map(str::to_owned).collect();
    let head = words.remove(0);
    // Each with its length before it; values of hashes stand behind their fields.
    let width = if kind == "+hash" { 4 } else { 2 };
    let mut all: Vec<String> = words.chunks(width).map(|words| words.join(" ")).collect();
    if kind == "+set" || kind == "+hash" {
        all.sort_unstable();
    }
    all.push(head);
    all
}

const WRITES: [(&str, &str); 7] = [
    ("SADD", "SADD {} entry:1 other"),
    ("HSET", "HSET {} entry:1 old other value"),
    ("HMSET", "HSET {} entry:1 old other value"),
    ("RPUSH", "RPUSH {} first second"),
    ("LPUSH", "RPUSH {} first second"),
    ("RPUSHX", "RPUSH {} first second"),
    ("ZADD", "ZADD {} 55 entry:1 1 other"),
];

/// Whatever is there before: the same comes of it as in one go, deadlines stay, and nobody sees a part.
#[test]
fn very_many_entries_are_added_at_once() {
    for (name, before) in WRITES {
        for first in ["", before] {
            let mut expected = (String::new(), Vec::new(), String::new());
            for is_patient in [false, true] {
                let mut node = Node::new(0);
                let mut batch =
                    Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
                if !first.is_empty() {
                    run(&mut batch, &first.replace("{}", "k"));
                    run(&mut batch, "EXPIRE k 100");
                }
                let there = content(&mut batch, "k");
                batch.is_patient = is_patient;
                let words = command(&format!("{name} k"), entries(name).into_iter());
                let (steps, reply) = drive(&mut batch, &words, &mut |batch| {
                    assert_eq!(content(batch, "k"), there, "{name}");
                    batch.is_patient = true;
                });
                let is_refused = name == "RPUSHX" && first.is_empty();
                assert_eq!(steps >= 4, is_patient && !is_refused, "{name}: {steps}");
                let found = content(&mut batch, "k");
                let found = (reply, found, run(&mut batch, "TTL k").1);
                if is_patient {
                    assert!(found == expected, "{name} {first}: {} {}", found.0, expected.0);
                } else {
                    expected = found;
                }
            }
        }
    }
}

/// Also when they change meanwhile: then all of them are asked for anew.
#[test]
fn very_many_entries_are_asked_for_at_one_moment() {
    for (name, fill, change) in [
        ("SMISMEMBER", "SADD", "SREM k entry:7"),
        ("HMGET", "HSET", "HSET k entry:7 new"),
        ("ZMSCORE", "ZADD", "ZADD k 7.5 entry:7"),
    ] {
        let mut node = Node::new(0);
        let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
        let filled = command(&format!("{fill} k"), entries(fill).into_iter());
        drive(&mut batch, &filled, &mut |_| {});
        let names = (0..MANY).map(|number| format!("entry:{}", number * 3));
        let asked = command(&format!("{name} k"), names.chain(["entry:7".to_owned()]));
        let (steps, before) = drive(&mut batch, &asked, &mut |_| {});
        assert_eq!(steps, 0);
        batch.is_patient = true;
        let (steps, same) = drive(&mut batch, &asked, &mut |_| {});
        assert!(steps >= 4 && same == before, "{name}: {steps}");
        let mut is_changed = false;
        let (more, after) = drive(&mut batch, &asked, &mut |batch| {
            if !std::mem::replace(&mut is_changed, true) {
                run(batch, change);
            }
        });
        batch.is_patient = false;
        assert!(more > steps && after != before, "{name}");
        assert_eq!(after, drive(&mut batch, &asked, &mut |_| {}).1, "{name}");
    }
}

/// Others' entries are kept; a key that has become something else is left alone.
#[test]
fn the_key_may_change_while_entries_are_collected() {
    for (name, before) in WRITES {
        let mut node = Node::new(0);
        let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
        batch.is_patient = true;
        let words = command(&format!("{name} k"), entries(name).into_iter());
        run(&mut batch, &before.replace("{}", "k"));
        drive(&mut batch, &words, &mut |batch| {
            run(batch, "DEL k");
            run(batch, &before.replace("{}", "k"));
        });
        let found = content(&mut batch, "k");
        let is_list = name.contains("PUSH");
        let other = if is_list { "$5 first" } else { "$5 other" };
        assert!(found.iter().any(|entry| entry.starts_with(other)), "{name}");
        assert!(found.len() > MANY - 100, "{name}: {}", found.len());
        batch.is_patient = true;
        let (_, reply) = drive(&mut batch, &words, &mut |batch| {
            run(batch, "SET k string");
        });
        // Of names that are many already, all come at once.
        let expected = if is_list {
            "-WRONGTYPE"
        } else if name == "HMSET" {
            "+OK"
        } else {
            ":0"
        };
        assert!(reply.starts_with(expected), "{name}: {reply}");
        run(&mut batch, "SET k string");
        let (steps, reply) = drive(&mut batch, &words, &mut |_| {});
        assert_eq!((steps, &reply[..10]), (0, "-WRONGTYPE"), "{name}");
    }
}

#[test]
fn the_key_may_come_to_have_more_than_is_added() {
    for (name, count, look, value) in [
        ("SADD", "SCARD", "SISMEMBER k entry:7", ":1"),
        ("HSET", "HLEN", "HGET k entry:7", "$10 of:entry:7"),
        ("ZADD", "ZCARD", "ZSCORE k entry:7", "$1 1"),
    ] {
        let mut node = Node::new(0);
        let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
        let others = (0..2 * MANY).map(|number| format!("other:{number}"));
        let others = others.chain(["entry:7".to_owned()]);
        let words = command(&format!("{name} large"), entries_of(name, others).into_iter());
        drive(&mut batch, &words, &mut |_| {});
        batch.is_patient = true;
        let words = command(&format!("{name} k"), entries(name).into_iter());
        let (steps, reply) = drive(&mut batch, &words, &mut |batch| {
            batch.is_patient = false;
            assert_eq!(run(batch, "COPY large k REPLACE").1, ":1");
            batch.is_patient = true;
        });
        // All but the one that is there.
        assert!(steps >= 4 && reply == format!(":{}", MANY - 101), "{name}: {reply}");
        let total = 2 * MANY + MANY - 100;
        assert_eq!(run(&mut batch, &format!("{count} k")).1, format!(":{total}"));
        assert_eq!(run(&mut batch, look).1, value, "{name}");
    }
}

#[test]
fn nothing_is_added_of_what_is_refused() {
    let mut node = Node::new(8 << 20);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    batch.is_patient = true;
    let mut words = command("ZADD k", entries("ZADD").into_iter());
    *words.iter_mut().nth_back(1).unwrap() = "no number".to_owned();
    let (steps, reply) = drive(&mut batch, &words, &mut |_| {});
    assert!(steps > 4 && reply == "-ERR value is not a valid float", "{steps} {reply}");
    let long = (0..MANY).map(|number| format!("{number}:{}", "m".repeat(200)));
    let (steps, reply) = drive(&mut batch, &command("SADD k", long), &mut |_| {});
    // Before all of them are collected.
    assert!((1..5).contains(&steps) && reply.starts_with("-OOM"), "{steps} {reply}");
    assert_eq!(run(&mut batch, "EXISTS k").1, ":0");
}

#[test]
fn who_does_not_wait_any_more_gets_room_at_once() {
    let policy = Policy::S3_FIFO;
    let store = Store::new(&Config { shards: 1, max_bytes: 4 << 20, policy, seed: 7 });
    let mut node = Node { keyspace: Keyspace::new(store), ..Node::new(0) };
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    for number in 0..80_000 {
        run(&mut batch, &format!("SET key:{number} {number}"));
    }
    let members = (0..MANY).map(|number| format!("{number}:{}", "m".repeat(100)));
    batch.is_patient = true;
    let (steps, reply) = drive(&mut batch, &command("SADD k", members), &mut |batch| {
        batch.is_patient = false;
    });
    assert_eq!((steps, reply.as_str()), (1, ":10000"));
}

#[test]
fn what_is_refused_on_its_way_leaves_nothing_to_the_next_command() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    batch.is_patient = true;
    let words = command("SADD k", entries("SADD").into_iter());
    let (steps, reply) = drive(&mut batch, &words, &mut |batch| batch.has_no_room = true);
    assert!(steps == 1 && reply.starts_with("-OOM"), "{steps} {reply}");
    batch.has_no_room = false;
    run(&mut batch, "SADD other a");
    assert_eq!(run(&mut batch, "SMEMBERS other").1, "*1 $1 a");
}

#[test]
fn what_was_passed_over_is_refused() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    batch.has_no_room = true;
    assert_eq!(run(&mut batch, "GET k"), (Ran::Replied, "$-1".to_owned()));
    let (ran, reply) = run(&mut batch, "SET k v");
    assert_eq!((ran, &reply[..4]), (Ran::Failed, "-OOM"));
    batch.has_no_room = false;
    assert_eq!(run(&mut batch, "SET k v").1, "+OK");
}
