//! Our own commands, on a store of a few shards.

use plimsoll_cache_server::{
    commands::{
        Batch, Changes, Error, Execution, Held, Keyspace, Outcome, Ran, Reply, Spec, Transaction,
        is_immediate, resolve,
    },
    store::{Config, Millis, Policy, Store},
};
use plimsoll_runtime::{clock::Instant, random::Random};
use plimsoll_wire::resp::{Command, CommandDecoder, Protocol, Value, ValueDecoder, write_command};

pub(super) struct Ours {
    keyspace: Keyspace,
    transaction: Transaction,
    random: Random,
    changes: Changes,
    reply: Reply,
}

/// None of the server's commands is queued here but UNWATCH, which EXEC has done.
struct NoServer;

impl Execution for NoServer {
    fn serve(
        &mut self,
        spec: &'static Spec,
        _: Command<'_>,
        _: &mut Held<'_>,
        out: &mut Reply,
    ) -> Outcome {
        if spec.name != "unwatch" {
            return Err(Error::text("ERR not a command of the keyspace"));
        }
        out.ok();
        Ok(())
    }
}

impl Ours {
    pub(super) fn new(protocol: Protocol) -> Ours {
        let policy = Policy::NO_EVICTION;
        let store = Store::new(&Config { shards: 4, max_bytes: 0, policy, seed: 1 });
        let keyspace = Keyspace::new(store);
        Ours {
            transaction: Transaction::default(),
            keyspace,
            random: Random::seeded(1),
            changes: Changes::default(),
            reply: Reply::new(protocol),
        }
    }

    pub(super) fn ask(&mut self, command: &[Vec<u8>]) -> Value {
        let mut input = Vec::new();
        write_command(&mut input, command);
        let mut decoder = CommandDecoder::default();
        let (_, command) = decoder.decode(&input).expect("it was encoded here");
        let command = command.expect("it is whole");
        self.reply.clear();
        let outcome = match resolve(command) {
            Ok(spec) => self.run(spec, command),
            Err(error) => {
                self.transaction.fail();
                Err(error)
            }
        };
        if let Err(error) = outcome {
            self.reply.error(&error);
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

    /// As a connection does it.
    fn run(&mut self, spec: &'static Spec, command: Command<'_>) -> Outcome {
        let Ours { keyspace, transaction, random, changes, reply } = self;
        if transaction.is_open() && !is_immediate(spec) {
            return transaction.queue(spec, command, reply);
        }
        // The same clock as the other server's.
        let now = Millis(Instant::now().unix_nanos() / 1_000_000);
        let mut batch = Batch::new(keyspace, now, random, changes);
        match spec.name {
            "multi" => transaction.begin(reply),
            "discard" => transaction.discard(reply),
            "watch" => transaction.watch(&mut batch, spec, command, reply),
            "unwatch" => {
                transaction.unwatch(reply);
                Ok(())
            }
            "exec" => transaction.exec(&mut batch, &mut NoServer, reply),
            _ => {
                let ran = batch.run(spec, command, false, reply);
                assert!(!matches!(ran, Ran::Blocked(_)), "nothing may wait here");
                Ok(())
            }
        }
    }
}
