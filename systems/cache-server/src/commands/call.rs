//! One run of one command: what its handler reads, and where it writes.

use bytes::Bytes;
use plimsoll_runtime::random::Random;
use plimsoll_wire::resp::Command;

use super::{
    changes::{Changes, EventClass},
    error::Error,
    held::Held,
    number,
    reply::Reply,
    spec::Spec,
    steps::Walk,
};
use crate::store::{Key, Millis, NewValue};

/// A value may waste one part in so many of the buffer that it is kept in.
const KEPT_PARTS: usize = 64;

/// One run of one command. The fields are open so that a handler can write to `out` while it
/// looks at a value in `shards`.
pub struct Call<'c, 's> {
    /// The command.
    pub spec: &'static Spec,
    /// Its name (index 0) and arguments.
    pub arguments: Command<'c>,
    /// Its keys as [`Spec::keys`] says, in the order of the arguments. Their shards are locked.
    pub keys: &'c [Key<'c>],
    /// The shards that are locked.
    pub shards: &'c mut Held<'s>,
    /// Where the reply is written.
    pub out: &'c mut Reply,
    /// See [`Call::changed`].
    pub changes: &'c mut Changes,
    /// When it runs.
    pub now: Millis,
    /// For what is drawn.
    pub random: &'c mut Random,
    /// Whether a command may wait. Not within a transaction, and not when its time is over: it then
    /// replies what it replies to a wait in vain.
    pub may_block: bool,
    /// Whether it has waited before. What does not fit it is then no error, but as if it were not there.
    pub is_retry: bool,
    /// What the command was read from, if that is a buffer that can be kept.
    pub source: Option<&'c Bytes>,
    /// Whether a command that takes long may stop and come back, with [`Call::walk`].
    pub is_patient: bool,
    /// How far the command is, if it has stopped.
    pub(crate) walk: &'c mut Option<Box<Walk>>,
    /// Set by a command that has to wait, instead of a reply.
    pub block: Option<Block>,
}

/// A command that waits: the server runs it again when one of its keys changes, and one last time
/// without [`Call::may_block`] when the time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// `None` waits for ever.
    pub until: Option<Millis>,
}

impl<'c> Call<'c, '_> {
    /// The first key.
    ///
    /// # Panics
    /// When the command has none: only for commands whose arity and rule say that there is one.
    #[inline]
    pub fn key(&self) -> Key<'c> {
        *self.keys.first().expect("the command's arity demands a key")
    }

    /// The argument of that index, the name being 0.
    ///
    /// # Errors
    /// [`Error::Syntax`] when there is none.
    #[inline]
    pub fn argument(&self, index: usize) -> Result<&'c [u8], Error> {
        self.arguments.get(index).ok_or(Error::Syntax)
    }

    /// The argument of that index as an integer.
    ///
    /// # Errors
    /// When there is no such argument or it is no integer.
    pub fn integer(&self, index: usize) -> Result<i64, Error> {
        number::integer(self.argument(index)?).ok_or(Error::NotInteger)
    }

    /// The argument of that index as a number.
    ///
    /// # Errors
    /// When there is no such argument or it is no number; NaN is none.
    pub fn float(&self, index: usize) -> Result<f64, Error> {
        number::float(self.argument(index)?).ok_or(Error::NotFloat)
    }

    /// An argument as a value to store. One that takes up almost all of the buffer that it was read
    /// from is not copied, but kept with that.
    #[inline]
    pub fn value(&self, argument: &'c [u8]) -> NewValue<'c> {
        match self.source {
            None => NewValue::Bytes(argument),
            Some(source) if argument.len() < source.len() - source.len() / KEPT_PARTS => {
                NewValue::Bytes(argument)
            }
            Some(source) => NewValue::Large(source.slice_ref(argument)),
        }
    }

    /// The arguments from `index` on, to be read as options.
    pub fn words(&self, index: usize) -> Words<'c> {
        Words { arguments: self.arguments, at: index }
    }

    /// Tells that a key has been changed: to those who watch it, and to whoever wants that event.
    #[inline]
    pub fn changed(&mut self, key: &Key<'_>, class: EventClass, event: &'static str) {
        self.shards.changed(key);
        self.changes.record(key.bytes(), class, event);
    }

    /// Tells of something that changes nothing, such as a miss.
    #[inline]
    pub fn noticed(&mut self, key: &Key<'_>, class: EventClass, event: &'static str) {
        self.changes.record(key.bytes(), class, event);
    }
}

/// Option words, read one after the other.
#[derive(Clone, Debug)]
pub struct Words<'c> {
    arguments: Command<'c>,
    at: usize,
}

impl<'c> Words<'c> {
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator's own `take` would be in the way of `take`"
    )]
    /// The next word, which is taken.
    pub fn next(&mut self) -> Option<&'c [u8]> {
        let word = self.arguments.get(self.at)?;
        self.at += 1;
        Some(word)
    }

    /// All that are left.
    pub fn rest(mut self) -> impl Iterator<Item = &'c [u8]> {
        std::iter::from_fn(move || self.next())
    }

    /// The word that an option demands.
    ///
    /// # Errors
    /// [`Error::Syntax`] at the end.
    pub fn demand(&mut self) -> Result<&'c [u8], Error> {
        self.next().ok_or(Error::Syntax)
    }

    /// The next word as an integer.
    ///
    /// # Errors
    /// At the end, or when it is no integer.
    pub fn integer(&mut self) -> Result<i64, Error> {
        number::integer(self.demand()?).ok_or(Error::NotInteger)
    }

    /// The next word as a number.
    ///
    /// # Errors
    /// At the end, or when it is no number.
    pub fn float(&mut self) -> Result<f64, Error> {
        number::float(self.demand()?).ok_or(Error::NotFloat)
    }

    /// Takes the next word if it is this one, in any case.
    pub fn take(&mut self, word: &str) -> bool {
        let is_it = self.peek().is_some_and(|next| is(next, word));
        self.at += usize::from(is_it);
        is_it
    }

    /// The next word, which stays.
    pub fn peek(&self) -> Option<&'c [u8]> {
        self.arguments.get(self.at)
    }

    /// The index of the next word among the arguments.
    pub fn place(&self) -> usize {
        self.at
    }

    /// How many are left.
    pub fn left(&self) -> usize {
        self.arguments.len().saturating_sub(self.at)
    }
}

/// Whether an argument is that word, in any case.
#[inline]
pub fn is(argument: &[u8], word: &str) -> bool {
    argument.eq_ignore_ascii_case(word.as_bytes())
}
