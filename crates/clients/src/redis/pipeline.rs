//! Commands that are sent together, and what came of each.

use std::rc::Rc;

use plimsoll_wire::resp::{Value, first_key, slot, write_bulk, write_command_header};

use super::error::RedisError;

/// Past it the memory of a pipeline is not kept from one use to the next, unless it is made use of.
const KEPT_BYTES: usize = 128 << 10;
const KEPT_COMMANDS: usize = 4096;

/// What came of one command.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Answer {
    /// Not run yet.
    #[default]
    None,
    /// A reply that is neither null nor an error, and whose value was not asked for.
    Ok,
    /// The same, where nobody asked for values.
    Null,
    /// The reply's value, null included.
    Value(Value),
    /// The server's message, such as `WRONGTYPE Operation against ..`.
    Error(Rc<str>),
    /// No reply.
    Lost(Rc<RedisError>),
}

impl Answer {
    /// Neither an error nor lost.
    pub fn is_success(&self) -> bool {
        matches!(self, Answer::Ok | Answer::Null | Answer::Value(_))
    }

    /// Why it failed; `None` when it did not.
    pub fn error(&self) -> Option<&str> {
        match self {
            Answer::Error(message) => Some(message),
            Answer::Lost(error) => Some(&error.detail),
            _ => None,
        }
    }
}

/// One command of a [`Pipeline`].
#[derive(Clone, Debug)]
pub struct Command {
    /// What its samples call it: the command's name, as a rule.
    pub name: Rc<str>,
    /// Its place among the pipeline's bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Of its key; `None` when any node will do.
    pub(super) slot: Option<u16>,
    pub answer: Answer,
    /// Bytes of its reply, as far as counted: only where values are not asked for.
    pub reply_bytes: u64,
}

impl Command {
    /// Bytes on the wire.
    pub fn length(&self) -> usize {
        self.end - self.start
    }
}

/// Commands in the order in which they are sent. Filled anew for each use; keeps its memory.
#[derive(Debug, Default)]
pub struct Pipeline {
    pub(super) bytes: Vec<u8>,
    pub(super) commands: Vec<Command>,
    pub(super) wants_values: bool,
}

impl Pipeline {
    /// Without commands, for values to be told as well.
    pub fn with_values() -> Pipeline {
        Pipeline { wants_values: true, ..Pipeline::default() }
    }

    /// Forgets all commands.
    pub fn clear(&mut self) {
        forget(&mut self.bytes, KEPT_BYTES);
        forget(&mut self.commands, KEPT_COMMANDS);
    }

    /// Adds a command; where its key is, is known by its name.
    pub fn push<A: AsRef<[u8]>>(&mut self, name: Rc<str>, arguments: &[A]) {
        let key = first_key(arguments).and_then(|at| arguments.get(at));
        let slot = key.map(|key| slot(key.as_ref()));
        self.push_with(name, |out| {
            write_command_header(out, arguments.len());
            for argument in arguments {
                write_bulk(out, argument.as_ref());
            }
            slot
        });
    }

    /// Adds a command that `write` appends in its wire form; it tells the key's slot, `None` when
    /// there is none or nobody needs it.
    pub fn push_with(&mut self, name: Rc<str>, write: impl FnOnce(&mut Vec<u8>) -> Option<u16>) {
        let start = self.bytes.len();
        let slot = write(&mut self.bytes);
        let end = self.bytes.len();
        let answer = Answer::None;
        self.commands.push(Command { name, start, end, slot, answer, reply_bytes: 0 });
    }

    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// All commands in their wire form.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The only command's answer, taken out.
    pub fn take_answer(&mut self) -> Answer {
        self.commands
            .first_mut()
            .map(|command| std::mem::take(&mut command.answer))
            .unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        self.commands.len()
    }

    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Whatever has no answer yet is lost.
    pub(super) fn lose(&mut self, error: &Rc<RedisError>) {
        for command in &mut self.commands {
            if command.answer == Answer::None {
                command.answer = Answer::Lost(error.clone());
            }
        }
    }
}

/// Empties it. Gives memory back when there is much of it and the last use needed little: large
/// pipelines that follow each other do not make it anew each time.
fn forget<T>(values: &mut Vec<T>, kept: usize) {
    if values.capacity() > kept && values.len() < values.capacity() / 4 {
        values.clear();
        values.shrink_to(kept);
    }
    values.clear();
}
