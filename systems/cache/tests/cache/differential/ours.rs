//! Our own commands, on a store of a few shards.

use plimsoll_cache::{
    commands::{Batch, Changes, Keyspace, Ran, Reply, resolve},
    store::{Config, Millis, Policy, Store},
};
use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::{CommandDecoder, Protocol, Value, ValueDecoder, write_command};

pub(super) struct Ours {
    keyspace: Keyspace,
    random: Random,
    changes: Changes,
    reply: Reply,
}

impl Ours {
    pub(super) fn new(protocol: Protocol) -> Ours {
        let policy = Policy::NO_EVICTION;
        let store = Store::new(&Config { shards: 4, max_bytes: 0, policy, seed: 1 });
        Ours {
            keyspace: Keyspace::new(store),
            random: Random::seeded(1),
            changes: Changes::default(),
            reply: Reply::new(protocol),
        }
    }

    pub(super) fn ask(&mut self, command: &[Vec<u8>], now: u64) -> Value {
        let mut input = Vec::new();
        write_command(&mut input, command);
        let mut decoder = CommandDecoder::default();
        let (_, command) = decoder.decode(&input).expect("it was encoded here");
        let command = command.expect("it is whole");
        self.reply.clear();
        match resolve(command) {
            Err(error) => self.reply.error(&error),
            Ok(spec) => {
                let mut batch =
                    Batch::new(&self.keyspace, Millis(now), &mut self.random, &mut self.changes);
                let ran = batch.run(spec, command, false, &mut self.reply);
                assert!(!matches!(ran, Ran::Blocked(_)), "nothing may wait here");
            }
        }
        self.changes.clear();
        let mut bytes = Vec::new();
        let mut at = 0;
        for (place, value) in self.reply.large() {
            bytes.extend_from_slice(&self.reply.buffer()[at..*place]);
            bytes.extend_from_slice(value);
            at = *place;
        }
        bytes.extend_from_slice(&self.reply.buffer()[at..]);
        let (taken, value) = ValueDecoder::default().decode(&bytes).expect("a reply is RESP");
        assert_eq!(taken, bytes.len(), "a command has one reply");
        value.expect("a reply is whole")
    }
}
