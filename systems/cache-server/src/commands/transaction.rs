//! MULTI, EXEC, DISCARD, WATCH and UNWATCH of one connection.

use std::ops::Range;

use plimsoll_wire::resp::Command;

use super::{
    batch::{Batch, Ran},
    error::{Error, Outcome},
    held::Held,
    reply::Reply,
    spec::{Flags, Run, Spec},
    watch::Watching,
};

/// Most commands that one transaction may queue.
pub const QUEUED_LIMIT: usize = 1 << 20;
/// Most bytes of memory that what one transaction has queued may take.
pub const QUEUED_BYTES_LIMIT: usize = 256 << 20;

/// What a server does at each command of a transaction, while EXEC runs them. The shards that they need are
/// locked all the while.
pub trait Execution {
    /// A command is about to run.
    ///
    /// # Errors
    /// When it must not: this is its reply then.
    fn begin(&mut self, _spec: &'static Spec, _command: Command<'_>) -> Outcome {
        Ok(())
    }

    /// Runs a command that is the server's. It must take no shard's lock but through `held`.
    ///
    /// # Errors
    /// What the command replies then.
    fn serve(
        &mut self,
        spec: &'static Spec,
        command: Command<'_>,
        held: &mut Held<'_>,
        out: &mut Reply,
    ) -> Outcome;

    /// A command has run, or was not allowed to. `reply` is what it replied, but for large values.
    fn end(&mut self, _spec: &'static Spec, _command: Command<'_>, _ran: Ran, _reply: &[u8]) {}
}

/// What one connection watches and has queued. Boxed: most have neither, and there may be many.
#[derive(Debug, Default)]
pub struct Transaction(Option<Box<Begun>>);

/// By WATCH, MULTI or both.
#[derive(Debug, Default)]
struct Begun {
    watching: Option<Watching>,
    queue: Option<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    /// Places in `bytes`, those of all commands in a row.
    arguments: Vec<Range<usize>>,
    /// Each with the end of its arguments in `arguments`.
    commands: Vec<(&'static Spec, usize)>,
    /// A command was refused: EXEC will be.
    has_failed: bool,
}

impl Queue {
    fn iter(&self) -> impl Iterator<Item = (&'static Spec, Command<'_>)> {
        let mut start = 0;
        self.commands.iter().filter_map(move |(spec, end)| {
            let arguments = self.arguments.get(start..*end)?;
            start = *end;
            Some((*spec, Command::kept(&self.bytes, arguments)))
        })
    }

    /// Bytes of memory: the arguments, and where they are.
    fn memory(&self) -> usize {
        self.bytes.len()
            + self.arguments.len() * size_of::<Range<usize>>()
            + self.commands.len() * size_of::<(&'static Spec, usize)>()
    }

    /// Whether there is room for a command of so many bytes behind those that are there.
    fn has_room(&self, bytes: usize) -> bool {
        self.commands.len() < QUEUED_LIMIT
            && self.memory().saturating_add(bytes) <= QUEUED_BYTES_LIMIT
    }

    /// All shards of its keys and of those that are watched, until the end.
    fn lock(&self, watching: Option<&Watching>, batch: &mut Batch<'_>) {
        self.lock_shards(watching, batch);
        batch.held.pin();
    }

    fn lock_shards(&self, watching: Option<&Watching>, batch: &mut Batch<'_>) {
        if self.iter().any(|(spec, command)| spec.needs_whole(command)) {
            return batch.held.lock_whole();
        }
        let mut shards: Vec<usize> =
            watching.into_iter().flat_map(|watching| watching.shards()).collect();
        let store = batch.held.store();
        for (spec, command) in self.iter() {
            let keys = spec.keys.keys(command, store);
            shards.extend(keys.as_slice().iter().map(|key| batch.held.index(key)));
        }
        batch.held.lock_wanted(&mut shards);
    }
}

impl Transaction {
    /// Between MULTI and EXEC: commands are queued, but for those of [`is_immediate`].
    pub fn is_open(&self) -> bool {
        self.queued_commands().is_some()
    }

    /// Whether there are keys whose change breaks it.
    pub fn is_watching(&self) -> bool {
        self.0.as_ref().is_some_and(|begun| begun.watching.is_some())
    }

    /// Commands queued; -1 outside of a transaction, as `CLIENT LIST` has it.
    pub fn queued(&self) -> i64 {
        let Some(queue) = self.queued_commands() else { return -1 };
        i64::try_from(queue.commands.len()).unwrap_or(i64::MAX)
    }

    /// Bytes of memory that the commands queued take.
    pub fn bytes(&self) -> usize {
        self.queued_commands().map_or(0, Queue::memory)
    }

    fn queued_commands(&self) -> Option<&Queue> {
        self.0.as_ref()?.queue.as_ref()
    }

    fn queue_mut(&mut self) -> Option<&mut Queue> {
        self.0.as_mut()?.queue.as_mut()
    }

    /// A command was refused before it could be queued.
    pub fn fail(&mut self) {
        if let Some(queue) = self.queue_mut() {
            queue.has_failed = true;
        }
    }

    /// Queues a command and says so.
    ///
    /// # Errors
    /// When the transaction is too large; EXEC is then refused as well.
    pub fn queue(&mut self, spec: &'static Spec, command: Command<'_>, out: &mut Reply) -> Outcome {
        let Some(queue) = self.queue_mut() else { return Ok(()) };
        let bytes: usize =
            command.iter().map(|argument| argument.len() + size_of::<Range<usize>>()).sum();
        if !queue.has_room(bytes) {
            queue.has_failed = true;
            return Err(Error::text("ERR transaction is too large"));
        }
        // After a refusal nothing will run.
        if !queue.has_failed {
            for argument in command.iter() {
                let start = queue.bytes.len();
                queue.bytes.extend_from_slice(argument);
                queue.arguments.push(start..queue.bytes.len());
            }
            queue.commands.push((spec, queue.arguments.len()));
        }
        out.simple("QUEUED");
        Ok(())
    }

    /// MULTI.
    pub fn begin(&mut self, out: &mut Reply) -> Outcome {
        if self.is_open() {
            return Err(Error::text("ERR MULTI calls can not be nested"));
        }
        self.0.get_or_insert_default().queue = Some(Queue::default());
        out.ok();
        Ok(())
    }

    /// DISCARD.
    pub fn discard(&mut self, out: &mut Reply) -> Outcome {
        if !self.is_open() {
            return Err(Error::text("ERR DISCARD without MULTI"));
        }
        self.reset();
        out.ok();
        Ok(())
    }

    /// Ends the transaction and all watching, as RESET and a closed connection do.
    pub fn reset(&mut self) {
        *self = Transaction::default();
    }

    /// WATCH.
    pub fn watch(
        &mut self,
        batch: &mut Batch<'_>,
        spec: &'static Spec,
        command: Command<'_>,
        out: &mut Reply,
    ) -> Outcome {
        if self.is_open() {
            return Err(Error::text("ERR WATCH inside MULTI is not allowed"));
        }
        let keys = batch.keys(spec, command);
        batch.lock(&keys);
        let watching = &mut self.0.get_or_insert_default().watching;
        let watching = watching.get_or_insert_with(|| batch.held.watching());
        watching.watch(command, &mut batch.held, batch.now)?;
        out.ok();
        Ok(())
    }

    /// UNWATCH.
    pub fn unwatch(&mut self, out: &mut Reply) {
        if let Some(begun) = &mut self.0 {
            begun.watching = None;
        }
        out.ok();
    }

    /// EXEC: runs what was queued, with all shards that it needs locked from the first command to
    /// the last.
    ///
    /// # Errors
    /// When there is no transaction, or one of its commands was refused.
    pub fn exec(
        &mut self,
        batch: &mut Batch<'_>,
        execution: &mut dyn Execution,
        out: &mut Reply,
    ) -> Outcome {
        let begun = self.0.take_if(|begun| begun.queue.is_some()).map(|begun| *begun);
        let Some(Begun { watching, queue: Some(queue) }) = begun else {
            return Err(Error::text("ERR EXEC without MULTI"));
        };
        if queue.has_failed {
            return Err(Error::TransactionAborted);
        }
        queue.lock(watching.as_ref(), batch);
        let is_broken =
            watching.is_some_and(|watching| watching.is_broken(&mut batch.held, batch.now));
        if is_broken {
            out.null_array();
        } else {
            out.array(queue.commands.len());
            for (spec, command) in queue.iter() {
                run(batch, spec, command, execution, out);
            }
        }
        batch.release();
        Ok(())
    }
}

fn run(
    batch: &mut Batch<'_>,
    spec: &'static Spec,
    command: Command<'_>,
    execution: &mut dyn Execution,
    out: &mut Reply,
) {
    let (mark, start) = (out.mark(), out.buffer().len());
    let outcome = match (execution.begin(spec, command), spec.run) {
        (Err(error), _) => Err(error),
        (Ok(()), Run::Keyspace(handler)) => {
            let keys = spec.keys.keys(command, batch.held.store());
            Ok(batch.call(spec, handler, command, &keys, false, out))
        }
        // Steps are immediate, so they are never queued.
        (Ok(()), Run::Server | Run::Transaction(_)) => {
            execution.serve(spec, command, &mut batch.held, out).map(|()| Ran::Replied)
        }
    };
    let ran = outcome.unwrap_or_else(|error| {
        out.rollback(mark);
        out.error(&error);
        Ran::Failed
    });
    execution.end(spec, command, ran, out.buffer().get(start..).unwrap_or_default());
}

/// Whether a command runs at once within a transaction.
pub fn is_immediate(spec: &Spec) -> bool {
    spec.has(Flags::IMMEDIATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands;

    #[test]
    fn arguments_without_bytes_take_room() {
        const COUNT: usize = 1_000;
        let mut transaction = Transaction::default();
        let mut out = Reply::default();
        transaction.begin(&mut out).unwrap();
        assert_eq!(transaction.bytes(), 0);
        let spec = commands::find(b"del").unwrap();
        let arguments = vec![0..0; COUNT];
        transaction.queue(spec, Command::kept(&[], &arguments), &mut out).unwrap();
        let taken = transaction.bytes();
        assert!(taken >= COUNT * size_of::<Range<usize>>(), "{taken}");
        let queue = transaction.queue_mut().unwrap();
        assert!(queue.has_room(QUEUED_BYTES_LIMIT - taken));
        assert!(!queue.has_room(QUEUED_BYTES_LIMIT - taken + 1));
        transaction.discard(&mut out).unwrap();
        assert_eq!(transaction.bytes(), 0);
    }
}
