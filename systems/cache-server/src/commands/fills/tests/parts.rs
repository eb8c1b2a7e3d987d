//! Commands of very many keys: others have their turn in between.

use plimsoll_wire::resp::write_command;

use super::*;

/// More than three parts; the last one is small.
const MANY: usize = 3 * 2_048 + 8;

/// The reply to a command of so many keys, of which the last is another one.
fn run(node: &Node, name: &str, keys: &str, last: &str) -> Reply {
    let keys = (1..MANY).map(|number| format!("{keys}{number}"));
    let words = std::iter::once(name.to_owned()).chain(keys).chain([last.to_owned()]);
    let (mut bytes, mut decoder) = (Vec::new(), CommandDecoder::default());
    write_command(&mut bytes, words.collect::<Vec<String>>());
    let command = decoder.decode(&bytes).unwrap().1.unwrap();
    let (mut random, mut changes) = (Random::seeded(7), Changes::default());
    let mut batch = Batch::new(&node.keyspace, Millis(node.now), &mut random, &mut changes);
    batch.is_patient = true;
    let (mut steps, mut reply) = (0, Reply::default());
    while batch.run(resolve(command).unwrap(), command, true, &mut reply) == Ran::Later {
        steps += 1;
        assert!(reply.is_empty() && steps < MANY);
    }
    assert!(steps >= 3, "{steps}");
    reply
}

#[test]
fn very_many_keys_are_read_in_parts() {
    let node = Node::new();
    let reply = run(&node, "MGET", "own", "own");
    assert_eq!(reply.len(), format!("*{MANY}\r\n").len() + "$-1\r\n".len() * MANY);
    assert_eq!(node.begun(), []);
    // However few keys there are in the last part.
    let reply = run(&node, "MGET", "own", "k");
    assert!(reply.buffer().starts_with(b"-ORIGIN is asked for 1024 keys of one command at most"));
    node.only("k");
}

#[test]
fn very_many_keys_are_fetched_in_parts() {
    let node = Node::new();
    assert_eq!(run(&node, "FETCH", "k", "own").buffer(), format!(":{}\r\n", MANY - 1).as_bytes());
    assert_eq!(node.begun().len(), MANY - 1);
}
