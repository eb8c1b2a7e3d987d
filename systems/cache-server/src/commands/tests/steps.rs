//! Commands that come in steps, while others change what they read.

use super::{NOW, Node, run};
use crate::commands::{Batch, Ran};

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
