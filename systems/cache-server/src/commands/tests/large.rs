//! Large values: where they stand in a reply, what they are kept in, how they find room.

use plimsoll_wire::resp::{Aggregate, Protocol, write_command};

use super::*;

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
fn a_value_is_not_lost_on_its_way_to_another_key() {
    let mut node = Node::new(4 << 20);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    let (mut keys, mut refused) = (0, 0);
    while refused < 100 {
        let value = "v".repeat(1 + keys % 700);
        match run(&mut batch, &format!("SET key:{keys} {value}")).0 {
            Ran::Replied => keys += 1,
            _ => {
                refused += 1;
                run(&mut batch, &format!("SET other:{refused} short"));
            }
        }
    }
    let mut renamed = 0;
    for number in 0..keys {
        let (ran, reply) = run(&mut batch, &format!("RENAME key:{number} new:{number}"));
        assert!(ran == Ran::Replied || reply.starts_with("-OOM"), "{reply}");
        let found = run(&mut batch, &format!("EXISTS key:{number} new:{number}")).1;
        assert_eq!(found, ":1", "{number} of {keys}: {reply}");
        renamed += usize::from(ran == Ran::Replied);
    }
    batch.release();
    assert!(renamed > 0 && node.keyspace.store().stats().used_bytes < 5 << 20, "{renamed}");
}

#[test]
fn many_strings_are_stored_together_or_not_at_all() {
    let mut node = Node::new(4 << 20);
    let mut batch = Batch::new(&node.keyspace, NOW, &mut node.random, &mut node.changes);
    let (mut stored, mut refused) = (0, 0);
    for number in 0..1_000 {
        let name = if number % 2 == 0 { "MSET" } else { "MSETNX" };
        let keys: Vec<String> = (0..20).map(|key| format!("{number}:{key}")).collect();
        let value = "v".repeat(1 + number % 700);
        let pairs: Vec<String> = keys.iter().map(|key| format!("{key} {value}")).collect();
        let (ran, reply) = run(&mut batch, &format!("{name} {}", pairs.join(" ")));
        let found = run(&mut batch, &format!("EXISTS {}", keys.join(" "))).1;
        if ran == Ran::Replied {
            stored += 1;
            assert_eq!(found, ":20", "{number}");
        } else {
            refused += 1;
            assert!(reply.starts_with("-OOM") && found == ":0", "{number}: {reply} {found}");
        }
    }
    // In place of what is there, as long, they need no room.
    let pairs: Vec<String> = (0..20).map(|key| format!("0:{key} w")).collect();
    assert_eq!(run(&mut batch, &format!("MSET {}", pairs.join(" "))).1, "+OK");
    batch.release();
    assert!(stored > 0 && refused > 100, "{stored} {refused}");
    assert!(node.keyspace.store().stats().used_bytes < 5 << 20);
}
