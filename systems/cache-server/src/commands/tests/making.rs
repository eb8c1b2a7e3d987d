//! Commands that make something in steps: what it is, and of which moment.

use plimsoll_wire::resp::write_command;

use super::*;
use crate::commands::steps::UNDER_WAY_MAX;

const MEMBERS: usize = 10_000;

/// Collections of many members, and what commands look up for these.
fn fill(batch: &mut Batch<'_>) {
    for number in 0..MEMBERS {
        run(batch, &format!("SADD set m:{number}"));
        run(batch, &format!("SADD even m:{}", 2 * number));
        run(batch, &format!("RPUSH list m:{number}"));
        run(batch, &format!("RPUSH numbers {}", number * 7919 % 10_007));
        run(batch, &format!("HSET hash m:{number} v"));
        run(batch, &format!("ZADD zset {number} m:{number}"));
        run(batch, &format!("ZADD other {number} m:{}", 3 * number));
    }
    for number in 0..100 {
        run(batch, &format!("SET weight:m:{number} {}", 1000 - number));
        run(batch, &format!("HSET row:m:{number} name row{number}"));
        run(batch, &format!("PFADD count:{number} a{number} b{number}"));
    }
}

/// Runs a command to its end, with `between` after each of its steps: how many these were, and how it ended.
fn in_steps(
    batch: &mut Batch<'_>,
    line: &str,
    between: &mut dyn FnMut(&mut Batch<'_>),
) -> (usize, Ran, String) {
    for steps in 0..1_000 {
        batch.is_patient = true;
        let (ran, text) = run(batch, line);
        batch.is_patient = false;
        if ran != Ran::Later {
            assert!(batch.walk.is_none(), "{line} leaves something to the next command");
            return (steps, ran, text);
        }
        assert_eq!(text, "", "{line}");
        let walk = batch.walk.take();
        between(batch);
        batch.walk = walk;
    }
    panic!("{line} does not end");
}

/// A command gives, and leaves behind what `look` shows, the same in steps as in one go; and what it would
/// give after `change` when that comes in between.
fn check(batch: &mut Batch<'_>, line: &str, look: &str, change: &str) {
    let here = |batch: &mut Batch<'_>, between: &mut dyn FnMut(&mut Batch<'_>)| {
        let (steps, ran, reply) = in_steps(batch, line, between);
        assert_eq!(ran, Ran::Replied, "{line} after {steps}: {reply}");
        (steps, (reply, run(batch, look).1))
    };
    let expected = (run(batch, line).1, run(batch, look).1);
    assert!(!expected.0.starts_with('-'), "{line}: {}", expected.0);
    let (steps, found) = here(batch, &mut |_| {});
    assert!(steps > 2 && found == expected, "{line} in {steps} steps");
    let mut is_changed = false;
    let (_, found) = here(batch, &mut |batch| {
        if !std::mem::replace(&mut is_changed, true) {
            run(batch, change);
        }
    });
    let expected = (run(batch, line).1, run(batch, look).1);
    assert!(found == expected, "{line} with {change}");
}

#[test]
fn what_is_made_in_steps_is_of_one_moment() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    fill(&mut batch);
    let (members, elements, ranked) = ("SMEMBERS d", "LRANGE d 0 -1", "ZRANGE d 0 -1 WITHSCORES");
    for (line, look, change) in [
        ("SUNIONSTORE d set even none", members, "SADD even m:1"),
        ("SUNIONSTORE set set even", "SMEMBERS set", "SADD even m:20001"),
        ("SINTERSTORE d set even", members, "SREM even m:0"),
        ("SDIFFSTORE d set even", members, "SADD set m:x"),
        ("SUNION set even a b c d e f g h i j k", "PING", "SADD k l"),
        ("ZUNIONSTORE d 3 zset other set WEIGHTS 1 2 3", ranked, "ZADD zset 0.5 m:9"),
        ("ZUNIONSTORE d 2 zset other AGGREGATE MAX", ranked, "ZADD zset 0.25 m:9"),
        ("ZINTERSTORE d 2 zset other", ranked, "ZREM zset m:9"),
        ("ZDIFFSTORE d 2 zset other", ranked, "ZADD zset 4.5 new"),
        ("ZUNION 2 zset other WITHSCORES", "PING", "ZADD zset 5.5 newer"),
        ("ZINTER 2 zset set", "PING", "SREM set m:12"),
        ("ZDIFF 2 zset other", "PING", "ZREM zset m:10"),
        ("ZINTERCARD 2 zset set", "PING", "SREM set m:16"),
        ("ZINTERCARD 2 zset set LIMIT 5000", "PING", "SREM set m:17"),
        ("ZRANGESTORE d zset 5 9000", ranked, "ZADD zset 0.125 m:77"),
        ("COPY zset d REPLACE", ranked, "ZADD zset 0.5 m:78"),
        ("COPY set d REPLACE", members, "SADD set m:y"),
        ("COPY hash d REPLACE", "HGETALL d", "HSET hash m:9 w"),
        ("LPOS list none", "PING", "LPUSH list none"),
        ("LPOS list m:9999", "PING", "LPUSH list m:9999"),
        ("LPOS numbers 7 RANK -1 COUNT 0", "PING", "RPUSH numbers 7"),
        ("LPOS numbers 7 RANK -2 COUNT 3 MAXLEN 10002", "PING", "LSET numbers 30 7"),
        ("SORT list ALPHA", "PING", "RPUSH list m"),
        ("SORT list ALPHA DESC LIMIT 5 100 STORE d", elements, "RPUSH list n"),
        ("SORT numbers", "PING", "RPUSH numbers 1.5"),
        ("SORT numbers DESC STORE d", elements, "RPUSH numbers 2.5"),
        ("SORT set BY weight:* GET # GET row:*->name", "PING", "SADD set m:z"),
        ("SORT zset BY nosort DESC", "PING", "ZADD zset 1 m:z"),
        ("SORT set BY nosort STORE d", elements, "SADD set a"),
        ("SORT even BY row:*->name ALPHA DESC", "PING", "SADD even m:3"),
    ] {
        check(&mut batch, line, look, change);
    }
    let counts: String = (0..100).map(|number| format!(" count:{number}")).collect();
    check(&mut batch, &format!("PFCOUNT{counts}"), "PING", "PFADD count:3 x y z");
    check(&mut batch, &format!("PFMERGE union{counts}"), "PFCOUNT union", "PFADD count:99 u v w");
}

#[test]
fn what_is_drawn_in_steps_is_there() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    fill(&mut batch);
    for (line, count) in [
        ("SRANDMEMBER set 9000", 9_000),
        ("SRANDMEMBER set 20000", MEMBERS),
        ("HRANDFIELD hash 5000", 5_000),
        ("ZRANDMEMBER zset 2500", 2_500),
    ] {
        let (steps, _, reply) = in_steps(&mut batch, line, &mut |_| {});
        let mut members: Vec<&str> =
            reply.split(' ').filter(|word| word.starts_with('m')).collect();
        assert!(steps > 2 && reply.starts_with(&format!("*{count} ")), "{line} in {steps}");
        members.sort_unstable();
        members.dedup();
        assert_eq!(members.len(), count, "{line}");
    }
    let mut is_changed = false;
    let (_, _, reply) = in_steps(&mut batch, "SRANDMEMBER set -5000", &mut |batch| {
        if !std::mem::replace(&mut is_changed, true) {
            run(batch, "DEL set");
            run(batch, "SADD set alone");
        }
    });
    assert_eq!(reply.matches(" alone").count(), 5_000);
}

#[test]
fn a_command_that_is_disturbed_again_and_again_ends() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    fill(&mut batch);
    for line in ["SUNIONSTORE d set even", "SORT set ALPHA STORE d", "COPY set d REPLACE"] {
        let mut number = 0;
        let mut disturb = |batch: &mut Batch<'_>| {
            number += 1;
            run(batch, &format!("SADD set new:{number}"));
        };
        let (steps, ran, _) = in_steps(&mut batch, line, &mut disturb);
        assert!((3..50).contains(&steps) && ran == Ran::Replied, "{line}: {steps}");
    }
}

#[test]
fn what_keys_have_become_is_told() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    fill(&mut batch);
    for (line, undo) in [
        ("SUNIONSTORE d set even", "COPY even2 even REPLACE"),
        ("ZUNION 2 zset even", "COPY even2 even REPLACE"),
        ("SORT even ALPHA", "COPY even2 even REPLACE"),
    ] {
        run(&mut batch, "COPY even even2 REPLACE");
        let (_, ran, reply) = in_steps(&mut batch, line, &mut |batch| {
            run(batch, "SET even string");
        });
        assert!(ran == Ran::Failed && reply.starts_with("-WRONGTYPE"), "{line}: {reply}");
        assert_eq!(run(&mut batch, undo).1, ":1");
    }
    let (_, _, reply) = in_steps(&mut batch, "COPY even d", &mut |batch| {
        run(batch, "SET d string");
    });
    assert_eq!(reply, ":0", "the name has been taken meanwhile");
    let (_, _, reply) = in_steps(&mut batch, "COPY zset d REPLACE", &mut |batch| {
        run(batch, "SET zset string");
    });
    let copied = run(&mut batch, "GET d").1;
    assert_eq!((reply.as_str(), copied.as_str()), (":1", "$6 string"));
    let (_, _, reply) = in_steps(&mut batch, "SUNIONSTORE d set even", &mut |batch| {
        run(batch, "DEL set even");
    });
    assert_eq!((reply.as_str(), run(&mut batch, "EXISTS d").1.as_str()), (":0", ":0"));
    let (_, ran, reply) = in_steps(&mut batch, "SORT list", &mut |_| {});
    assert!(ran == Ran::Failed && reply.contains("can't be converted into double"), "{reply}");
}

#[test]
fn what_is_added_to_a_merged_key_meanwhile_is_not_lost() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    run(&mut batch, "PFADD c:7 a b");
    // More than are of one moment, and in not many more steps.
    let counts: String = (0..5_000).map(|number| format!(" c:{number}")).collect();
    let (steps, ran, _) = in_steps(&mut batch, &format!("PFMERGE union{counts}"), &mut |batch| {
        run(batch, "PFADD union x y z");
    });
    assert!(ran == Ran::Replied && (100..140).contains(&steps), "{steps}");
    assert_eq!(run(&mut batch, "PFCOUNT union").1, ":5");
}

#[test]
fn few_long_entries_are_many_as_well() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    let value = "v".repeat(8 << 10);
    for number in 0..1_000 {
        run(&mut batch, &format!("HSET hash {number} {value}"));
    }
    check(&mut batch, "COPY hash d REPLACE", "HLEN d", "HSET hash new v");
}

#[test]
fn what_could_never_be_stored_is_not_made() {
    let mut node = Node::new(4 << 20);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    for number in 0..2_800 {
        for key in ["a", "b", "c", "d"] {
            run(&mut batch, &format!("SADD {key} {key}:{number}:{}", "m".repeat(32)));
        }
    }
    let (steps, ran, reply) = in_steps(&mut batch, "SUNIONSTORE all a b c d", &mut |_| {});
    assert!(ran == Ran::Failed && reply.starts_with("-OOM") && steps < 5, "{steps} {reply}");
    assert_eq!(run(&mut batch, "EXISTS all").1, ":0");
}

#[test]
fn no_more_commands_are_under_way_than_may_be() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    fill(&mut batch);
    batch.is_patient = true;
    let mut under_way = Vec::new();
    for _ in 0..UNDER_WAY_MAX {
        assert_eq!(run(&mut batch, "SUNIONSTORE d set even").0, Ran::Later);
        under_way.push(batch.walk.take());
    }
    for _ in 0..3 {
        assert_eq!(run(&mut batch, "SMEMBERS set").0, Ran::Later);
        assert!(matches!(batch.walk.as_deref(), Some(Walk::Waiting)));
    }
    let waiting = batch.walk.take();
    batch.release();
    if let Some(Some(walk)) = under_way.pop() {
        walk.abandon(&node.keyspace);
    }
    batch.walk = waiting;
    assert_eq!(in_steps(&mut batch, "SMEMBERS set", &mut |_| {}).1, Ran::Replied);
}

/// Runs a command of any bytes to its end: how many steps, and its reply.
fn ask(batch: &mut Batch<'_>, words: &[&[u8]]) -> (usize, Vec<u8>) {
    let mut input = Vec::new();
    write_command(&mut input, words);
    let mut decoder = CommandDecoder::default();
    let (_, command) = decoder.decode(&input).unwrap();
    let command = command.unwrap();
    let (spec, mut reply) = (resolve(command).unwrap(), Reply::default());
    let mut steps = 0;
    while batch.run(spec, command, true, &mut reply) == Ran::Later {
        steps += 1;
        assert!(steps < 1_000);
    }
    (steps, whole(&reply))
}

#[test]
fn large_values_are_dumped_and_restored_in_steps() {
    let mut node = Node::new(0);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    fill(&mut batch);
    ask(&mut batch, &[b"SET", b"string", &b"text-".repeat(200_000)]);
    for key in ["set", "list", "hash", "zset", "string"] {
        batch.is_patient = false;
        let (_, at_once) = ask(&mut batch, &[b"DUMP", key.as_bytes()]);
        batch.is_patient = true;
        let (steps, dumped) = ask(&mut batch, &[b"DUMP", key.as_bytes()]);
        assert!(steps > 2 && dumped == at_once, "{key} in {steps}");
        let start = memchr::memchr(b'\n', &dumped).unwrap() + 1;
        let payload = &dumped[start..dumped.len() - 2];
        let (steps, reply) = ask(&mut batch, &[b"RESTORE", b"again", b"0", payload, b"REPLACE"]);
        assert!(steps > 2 && reply == b"+OK\r\n", "{key} in {steps}");
        assert!(ask(&mut batch, &[b"DUMP", b"again"]).1 == dumped, "{key}");
        for broken in [0, payload.len() / 2] {
            let mut payload = payload.to_vec();
            payload[broken] ^= 1;
            let (_, reply) = ask(&mut batch, &[b"RESTORE", b"again", b"0", &payload, b"REPLACE"]);
            assert_eq!(reply, b"-ERR DUMP payload version or checksum are wrong\r\n");
        }
        let (_, reply) = ask(&mut batch, &[b"RESTORE", b"again", b"0", payload]);
        assert_eq!(reply, b"-BUSYKEY Target key name already exists.\r\n");
        // Redis writes no checksum when it is told so; the value is looked at all the same.
        let mut cut = payload[..payload.len() / 2].to_vec();
        cut.extend([9, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let (_, reply) = ask(&mut batch, &[b"RESTORE", b"new", b"0", &cut]);
        assert_eq!(reply, b"-ERR Bad data format\r\n", "{key}");
    }
}
