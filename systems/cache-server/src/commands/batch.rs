//! Running the commands that came in one read.

use bytes::Bytes;
use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::Command;

use super::{
    call::{Block, Call},
    changes::Changes,
    error::Error,
    fills::{self, Urgency},
    held::{Held, Keyspace},
    key_rule::{KeyList, Places},
    parted,
    reply::Reply,
    spec::{Flags, Handler, Run, Spec},
    steps::Walk,
    table,
};
use crate::store::{Key, Millis, Shard};

/// Commands in a row that may keep a shard locked before others get their chance.
const RUN_LIMIT: u32 = 128;

/// Room for commands of up to so many bytes is made when they run.
const AT_ONCE_BYTES: usize = 256 << 10;
/// Commands of so many bytes and more are asked for in a buffer that can be kept.
pub(crate) const KEPT_BYTES: usize = 1 << 20;
/// What an argument may take beside its bytes.
const ARGUMENT_BYTES: usize = 64;
/// Records that one step of making room walks: some tenths of a millisecond.
const RECORDS_PER_STEP: usize = 1024;

/// What has become of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It has a reply that is no error.
    Replied,
    /// The reply is an error.
    Failed,
    /// No reply yet.
    Blocked(Block),
    /// No reply yet: it is to run again, after others, with the same [`Batch::walk`].
    Later,
}

/// The command's spec, by its name and subcommand.
///
/// # Errors
/// When there is none, or the number of arguments is not one that it takes.
pub fn resolve(command: Command<'_>) -> Result<&'static Spec, Error> {
    resolve_numbered(command).map(|(_, spec)| spec)
}

/// As [`resolve`], with the command's place among [`super::numbered`].
///
/// # Errors
/// As [`resolve`].
#[inline]
pub fn resolve_numbered(command: Command<'_>) -> Result<(u32, &'static Spec), Error> {
    let name = command.get(0).unwrap_or_default();
    let (mut number, mut spec) =
        table::find_numbered(name).ok_or_else(|| Error::unknown_command(command))?;
    if !spec.subcommands.is_empty()
        && let Some(name) = command.get(1)
    {
        let (place, found) = table::place_of_subcommand(spec, name)
            .ok_or_else(|| Error::unknown_subcommand(spec.name, name))?;
        (number, spec) = (number + 1 + place, found);
    }
    spec.check_arity(command)?;
    Ok((number, spec))
}

/// Runs commands one after the other and keeps shards locked between them; see [`Held`].
pub struct Batch<'s> {
    /// The shards that are locked.
    pub held: Held<'s>,
    /// The time of all of its commands.
    pub now: Millis,
    /// For what is drawn: members, keys, keys to look at.
    pub random: &'s mut Random,
    /// What the commands changed, for those who want to know.
    pub changes: &'s mut Changes,
    /// The command has run before and waits: see [`Call::is_retry`].
    pub is_retry: bool,
    /// See [`Call::source`].
    pub source: Option<&'s Bytes>,
    /// Whether commands that take long may come back: see [`Batch::make_way`] and [`Ran::Later`].
    pub is_patient: bool,
    /// How far the next command is, if it came back.
    pub(crate) walk: Option<Box<Walk>>,
    /// What the next command is to store is not there: no memory could hold it.
    pub(crate) has_no_room: bool,
    run: u32,
}

impl<'s> Batch<'s> {
    /// With nothing locked, of a client that does not wait.
    pub fn new(
        keyspace: &'s Keyspace,
        now: Millis,
        random: &'s mut Random,
        changes: &'s mut Changes,
    ) -> Batch<'s> {
        Batch {
            held: Held::new(keyspace),
            now,
            random,
            changes,
            is_retry: false,
            source: None,
            is_patient: false,
            walk: None,
            has_no_room: false,
            run: 0,
        }
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
        let keys = self.keys(spec, command);
        self.run_on(spec, handler, command, &keys, may_block, out)
    }

    /// The command's keys, hashed; those of the part that is next when it comes in parts.
    #[inline]
    pub(crate) fn keys<'c>(&self, spec: &Spec, command: Command<'c>) -> KeyList<'c> {
        if parted::is_long(spec, command) && self.may_be_parted() {
            return KeyList::at(self.places(spec, command), command, self.held.store());
        }
        spec.keys.keys(command, self.held.store())
    }

    /// Where the keys of [`Batch::keys`] are among the arguments.
    pub(crate) fn places(&self, spec: &Spec, command: Command<'_>) -> Places {
        let places = spec.keys.places(command);
        if parted::is_long(spec, command) && self.may_be_parted() {
            return parted::part(places, self.walk.as_deref());
        }
        places
    }

    fn may_be_parted(&self) -> bool {
        self.is_patient || matches!(self.walk.as_deref(), Some(Walk::Parted(_)))
    }

    /// As [`Batch::run`], with what [`Batch::keys`] gave.
    #[inline]
    pub(crate) fn run_on(
        &mut self,
        spec: &'static Spec,
        handler: Handler,
        command: Command<'_>,
        keys: &KeyList<'_>,
        may_block: bool,
        out: &mut Reply,
    ) -> Ran {
        self.run += 1;
        if self.run > RUN_LIMIT {
            self.release();
        }
        self.lock(keys);
        self.call(spec, handler, command, keys, may_block, out)
    }

    /// Locks what a command with these keys needs.
    #[inline]
    pub(super) fn lock(&mut self, keys: &KeyList<'_>) {
        self.held.lock_keys(keys.as_slice());
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
        let outcome = match self.prepare(spec, command, keys, may_block) {
            Err(error) => Err(error),
            Ok(Some(block)) => {
                Walk::discard(&mut self.walk, &mut self.held);
                return Ran::Blocked(block);
            }
            Ok(None) => {
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
                    is_retry: self.is_retry,
                    source: self.source,
                    is_patient: self.is_patient && may_block,
                    walk: &mut self.walk,
                    block: None,
                };
                let outcome = handler(&mut call);
                if let (Ok(()), Some(block)) = (&outcome, call.block) {
                    return Ran::Blocked(block);
                }
                if outcome.is_ok() && self.walk.is_some() {
                    return Ran::Later;
                }
                outcome
            }
        };
        match outcome {
            Ok(()) => Ran::Replied,
            Err(error) => {
                // The next command must not go on with what this one has begun.
                Walk::discard(&mut self.walk, &mut self.held);
                out.rollback(mark);
                out.error(&error);
                Ran::Failed
            }
        }
    }

    /// Makes room for a command of so many bytes, which may cost many items their place, in steps: does
    /// one, and says whether the command can run now. With nothing locked after that when it cannot.
    ///
    /// A command so long that its value is better kept than copied comes back in any case, with
    /// [`Batch::source`].
    #[inline]
    pub(crate) fn make_way(&mut self, spec: &Spec, command: Command<'_>, bytes: usize) -> bool {
        let is_concerned = bytes > AT_ONCE_BYTES && self.is_patient && spec.has(Flags::DENYOOM);
        !is_concerned || self.make_way_for_much(spec, command, bytes)
    }

    #[cold]
    fn make_way_for_much(&mut self, spec: &Spec, command: Command<'_>, bytes: usize) -> bool {
        if bytes >= KEPT_BYTES && self.source.is_none() {
            return false;
        }
        if self.walk.is_some() {
            return true;
        }
        // Where there are many keys, each brings little; and what is stored is no longer than what came.
        if spec.keys.places(command).size_hint().0 > 1 {
            return true;
        }
        let keys = self.keys(spec, command);
        let [key] = keys.as_slice() else { return true };
        self.lock(&keys);
        let needed = bytes + command.len() * ARGUMENT_BYTES;
        let is_ready = self.held.of(key).prepare(needed, RECORDS_PER_STEP, self.now);
        if !is_ready {
            self.release();
        }
        is_ready
    }

    /// Refuses what needs memory where there is none, and has fetched what is not there but at an origin.
    #[inline]
    fn prepare(
        &mut self,
        spec: &Spec,
        command: Command<'_>,
        keys: &[Key<'_>],
        may_block: bool,
    ) -> Result<Option<Block>, Error> {
        if spec.has(Flags::DENYOOM) {
            if self.has_no_room {
                return Err(Error::OutOfMemory);
            }
            for key in self.held.one_per_shard(keys) {
                self.held.of(key).make_room(0, self.now)?;
            }
        }
        if spec.has(Flags::READ_THROUGH) && self.held.fills().is_on() && may_block {
            return self.fetch(spec, command, keys, Urgency::Now);
        }
        Ok(None)
    }

    /// Has fetched what is not there of a command's keys, or of a part of them.
    fn fetch(
        &mut self,
        spec: &Spec,
        command: Command<'_>,
        keys: &[Key<'_>],
        urgency: Urgency,
    ) -> Result<Option<Block>, Error> {
        let total = spec.keys.places(command).size_hint().0;
        fills::prepare(&mut self.held, keys, total, urgency, self.now, self.random)
    }

    /// Begins to load what commands with these keys will read, so that they wait for memory together and
    /// not one after the other. Gives up all locks.
    /// Passes over a shard that somebody else has locked: this is not worth waiting for.
    ///
    /// `keys` are the shards and hashes of keys, in any order.
    pub(crate) fn prefetch(&mut self, keys: &mut [(usize, u64)]) {
        self.release();
        let store = self.held.store();
        keys.sort_unstable_by_key(|(shard, _)| *shard);
        for load in [Shard::prefetch_entry, Shard::prefetch_record] {
            for keys in keys.chunk_by(|(a, _), (b, _)| a == b) {
                let shard = keys.first().and_then(|(shard, _)| store.try_lock(*shard));
                let Some(shard) = shard else { continue };
                keys.iter().for_each(|(_, hash)| load(&shard, *hash));
            }
        }
    }

    /// Has fetched what a command will read that is not there.
    pub(crate) fn order(&mut self, spec: &'static Spec, command: Command<'_>) {
        let keys = self.keys(spec, command);
        self.lock(&keys);
        // Whether it can be is told to the command itself.
        self.fetch(spec, command, keys.as_slice(), Urgency::Later).ok();
    }

    /// Unlocks all shards: at the end of a batch, and before anything lengthy.
    pub fn release(&mut self) {
        self.held.release();
        self.run = 0;
    }
}
