//! Saving while others write.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::{CommandDecoder, Protocol, write_command};

use super::{NOW, load, put, sample, saved, shown, store};
use crate::{
    commands::{Batch, Changes, Keyspace, Ran, Reply, resolve},
    store::{Deadline, NewValue},
};

/// While others write, every item that stays is in the file, and each value is one that its key had.
#[test]
fn items_that_stay_are_saved_while_others_come_and_go() {
    let keyspace = sample(1 << 20);
    let (is_over, rounds) = (AtomicBool::new(false), AtomicU32::new(0));
    let files = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let store = keyspace.store();
            let mut number = 0_u32;
            while !is_over.load(Ordering::Relaxed) {
                number += 1;
                let key = format!("passing {}", number % 5_000);
                put(store, key.as_bytes(), NewValue::Bytes(b"value"), Deadline::None);
                let gone = format!("passing {}", (number + 2_500) % 5_000);
                let gone = store.key(gone.as_bytes());
                store.lock_for(&gone).remove(&gone, NOW);
                rounds.store(number, Ordering::Relaxed);
            }
        });
        while rounds.load(Ordering::Relaxed) < 1_000 {
            std::thread::yield_now();
        }
        let files: Vec<Vec<u8>> = (0..3).map(|_| saved(&keyspace)).collect();
        is_over.store(true, Ordering::Relaxed);
        writer.join().unwrap();
        files
    });
    let mut expected = shown(keyspace.store(), NOW);
    expected.retain(|key, _| !key.starts_with(b"passing"));
    for file in files {
        let (store, _) = load(&file, NOW).unwrap();
        let found = shown(&store, NOW);
        for (key, value) in &expected {
            assert!(found.get(key) == Some(value), "{}", key.escape_ascii());
        }
        assert!(found.values().filter(|(value, ..)| value == "value").count() <= 5_000);
    }
}

/// A list from which elements are taken at one end while they are added at the other: whatever moment the
/// file has of it, its numbers go up one by one.
#[test]
fn a_collection_that_changes_all_the_while_is_saved_as_it_was_at_one_moment() {
    const LENGTH: u64 = 12_000;
    let keyspace = Keyspace::new(store(2, 1));
    let mut client = Client::new(&keyspace);
    for number in 0..LENGTH {
        client.run(&["RPUSH", "queue", &number.to_string()]);
        client.run(&["HSET", "hash", &number.to_string(), "stays"]);
    }
    let (is_over, rounds) = (AtomicBool::new(false), AtomicU32::new(0));
    let (files, last) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut client = Client::new(&keyspace);
            let mut number = LENGTH;
            while !is_over.load(Ordering::Relaxed) {
                client.run(&["RPUSH", "queue", &number.to_string()]);
                client.run(&["LPOP", "queue"]);
                client.run(&["HSET", "hash", &format!("passing {}", number % 1_000), "x"]);
                client.run(&["HDEL", "hash", &format!("passing {}", (number + 500) % 1_000)]);
                number += 1;
                rounds.fetch_add(1, Ordering::Relaxed);
            }
            number
        });
        while rounds.load(Ordering::Relaxed) < 10 {
            std::thread::yield_now();
        }
        let files: Vec<Vec<u8>> = (0..3).map(|_| saved(&keyspace)).collect();
        is_over.store(true, Ordering::Relaxed);
        (files, writer.join().unwrap())
    });
    for file in files {
        let (store, loaded) = load(&file, NOW).unwrap();
        assert_eq!(loaded.items, 2);
        let shown = shown(&store, NOW);
        let list = shown[&b"queue"[..]].0.strip_prefix("list ").unwrap();
        let numbers: Vec<u64> = list.split(',').map(|number| number.parse().unwrap()).collect();
        assert!((LENGTH..=LENGTH + 1).contains(&(numbers.len() as u64)), "{}", numbers.len());
        assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        assert!(numbers.iter().all(|number| *number < last));
        let fields = shown[&b"hash"[..]].0.matches("=stays").count();
        assert_eq!(fields as u64, LENGTH);
    }
}

/// Runs commands, as those of a client.
struct Client<'k> {
    keyspace: &'k Keyspace,
    random: Random,
    changes: Changes,
    reply: Reply,
}

impl Client<'_> {
    fn new(keyspace: &Keyspace) -> Client<'_> {
        let reply = Reply::new(Protocol::Resp2);
        Client { keyspace, random: Random::seeded(1), changes: Changes::default(), reply }
    }

    fn run(&mut self, words: &[&str]) {
        let mut input = Vec::new();
        write_command(&mut input, words.iter().map(|word| word.as_bytes()));
        let mut decoder = CommandDecoder::default();
        let (_, command) = decoder.decode(&input).unwrap();
        let command = command.unwrap();
        let spec = resolve(command).unwrap();
        let mut batch = Batch::new(self.keyspace, NOW, &mut self.random, &mut self.changes);
        assert_eq!(batch.run(spec, command, true, &mut self.reply), Ran::Replied);
        drop(batch);
        self.reply.clear();
        self.changes.clear();
    }
}
