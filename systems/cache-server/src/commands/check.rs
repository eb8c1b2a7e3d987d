//! For tests: commands on a small store, and replies as text.

use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::{CommandDecoder, Protocol, write_command};

use super::{Batch, Changes, EventClass, Keyspace, Ran, Reply, resolve};
use crate::store::{Config, Millis, Policy, Store};

/// A store, and a client of it that may wait.
pub(super) struct Rig {
    keyspace: Keyspace,
    random: Random,
    changes: Changes,
    reply: Reply,
    pub(super) now: Millis,
}

impl Rig {
    pub(super) fn new(protocol: Protocol) -> Rig {
        let policy = Policy::NO_EVICTION;
        let config = Config { shards: 4, max_bytes: 0, policy, seed: 1 };
        let mut changes = Changes::default();
        changes.want(EventClass::ALL);
        Rig {
            keyspace: Keyspace::new(Store::new(&config)),
            random: Random::seeded(1),
            changes,
            reply: Reply::new(protocol),
            now: Millis(1_000_000),
        }
    }

    /// The reply of a command of words, its lines with blanks between them; or until when it waits.
    pub(super) fn ask(&mut self, command: &str) -> String {
        let words: Vec<&str> = command.split_whitespace().collect();
        self.ask_words(&words)
    }

    pub(super) fn ask_words(&mut self, words: &[&str]) -> String {
        let mut input = Vec::new();
        write_command(&mut input, words);
        let mut decoder = CommandDecoder::default();
        let (_, command) = decoder.decode(&input).unwrap();
        let command = command.unwrap();
        self.reply.clear();
        self.changes.clear();
        let random = &mut self.random;
        let mut batch = Batch::new(&self.keyspace, self.now, random, &mut self.changes);
        match resolve(command) {
            Err(error) => self.reply.error(&error),
            Ok(spec) => match batch.run(spec, command, true, &mut self.reply) {
                Ran::Blocked(block) => {
                    return format!("waits until {:?}", block.until.map(|until| until.0));
                }
                Ran::Replied | Ran::Failed | Ran::Later => {}
            },
        }
        String::from_utf8_lossy(self.reply.buffer()).replace("\r\n", " ").trim_end().to_owned()
    }

    /// What the last command changed, as `event key`.
    pub(super) fn changes(&self) -> Vec<String> {
        let text = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
        self.changes.iter().map(|change| format!("{} {}", change.event, text(change.key))).collect()
    }
}

/// Asks each command in turn and compares its reply.
pub(super) fn check(protocol: Protocol, exchanges: &[(&str, &str)]) {
    let mut rig = Rig::new(protocol);
    for (command, reply) in exchanges {
        assert_eq!(rig.ask(command), *reply, "{command}");
    }
}
