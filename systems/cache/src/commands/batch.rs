//! Running the commands that came in one read.

use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::Command;

use super::{
    call::{Block, Call},
    changes::Changes,
    error::Error,
    held::{Held, Keyspace},
    key_rule::KeyList,
    reply::Reply,
    spec::{Flags, Handler, Run, Spec},
    table,
};
use crate::store::{Key, Millis};

/// Commands in a row that may keep a shard locked before others get their chance.
const RUN_LIMIT: u32 = 128;

/// What has become of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    Replied,
    /// The reply is an error.
    Failed,
    /// No reply yet.
    Blocked(Block),
}

/// The command's spec, by its name and subcommand.
///
/// # Errors
/// When there is none, or the number of arguments is not one that it takes.
pub fn resolve(command: Command<'_>) -> Result<&'static Spec, Error> {
    let name = command.get(0).unwrap_or_default();
    let spec = table::find(name).ok_or_else(|| Error::unknown_command(command))?;
    let spec = match command.get(1) {
        Some(name) if !spec.subcommands.is_empty() => table::find_subcommand(spec, name)
            .ok_or_else(|| Error::unknown_subcommand(spec.name, name))?,
        _ => spec,
    };
    spec.check_arity(command)?;
    Ok(spec)
}

/// Runs commands one after the other and keeps shards locked between them; see [`Held`].
pub struct Batch<'s> {
    pub held: Held<'s>,
    pub now: Millis,
    pub random: &'s mut Random,
    pub changes: &'s mut Changes,
    run: u32,
}

impl<'s> Batch<'s> {
    pub fn new(
        keyspace: &'s Keyspace,
        now: Millis,
        random: &'s mut Random,
        changes: &'s mut Changes,
    ) -> Batch<'s> {
        Batch { held: Held::new(keyspace), now, random, changes, run: 0 }
    }

    /// Runs a command that [`resolve`] has found, and that is not the server's to run.
    pub fn run(
        &mut self,
        spec: &'static Spec,
        command: Command<'_>,
        may_block: bool,
        out: &mut Reply,
    ) -> Ran {
        let Run::Keyspace(handler) = spec.run else {
            out.error(&Error::unknown_command(command));
            return Ran::Failed;
        };
        self.run += 1;
        if self.run > RUN_LIMIT {
            self.release();
        }
        let keys = self.lock(spec, command);
        let ran = self.call(spec, handler, command, &keys, may_block, out);
        if spec.needs_whole(command) {
            self.release();
        }
        ran
    }

    /// Locks what the command needs and gives its keys.
    pub(super) fn lock<'c>(&mut self, spec: &Spec, command: Command<'c>) -> KeyList<'c> {
        let keys = spec.keys.keys(command, self.held.store());
        if spec.needs_whole(command) {
            self.held.lock_whole();
        } else {
            self.held.lock_keys(keys.as_slice());
        }
        keys
    }

    /// Runs a command whose shards are locked.
    pub(super) fn call(
        &mut self,
        spec: &'static Spec,
        handler: Handler,
        command: Command<'_>,
        keys: &KeyList<'_>,
        may_block: bool,
        out: &mut Reply,
    ) -> Ran {
        let mark = out.mark();
        let keys = keys.as_slice();
        let outcome = match self.check_memory(spec, keys) {
            Err(error) => Err(error),
            Ok(()) => {
                let mut call = Call {
                    spec,
                    arguments: command,
                    keys,
                    shards: &mut self.held,
                    out,
                    changes: self.changes,
                    now: self.now,
                    random: self.random,
                    may_block,
                    block: None,
                };
                let outcome = handler(&mut call);
                if let (Ok(()), Some(block)) = (&outcome, call.block) {
                    return Ran::Blocked(block);
                }
                outcome
            }
        };
        match outcome {
            Ok(()) => Ran::Replied,
            Err(error) => {
                out.rollback(mark);
                out.error(&error);
                Ran::Failed
            }
        }
    }

    /// Refuses what needs memory where there is none.
    fn check_memory(&mut self, spec: &Spec, keys: &[Key<'_>]) -> Result<(), Error> {
        if spec.has(Flags::DENYOOM) {
            for key in keys {
                self.held.of(key).make_room(0, self.now)?;
            }
        }
        Ok(())
    }

    /// Unlocks all shards: at the end of a batch, and before anything lengthy.
    pub fn release(&mut self) {
        self.held.release();
        self.run = 0;
    }
}
