//! RESP, the protocol of Redis, versions 2 and 3: replies, commands and hash slots.
//!
//! Four ways to read, from cheap to convenient, all of which take bytes cut in any way:
//! - [`ReplySkipper`] finds the end of a reply and whether it is an error: what a load generator needs.
//! - [`token()`] gives one element as a borrowed slice.
//! - [`ValueDecoder`] builds an owned [`Value`].
//! - [`CommandDecoder`] is the server's side: a command's arguments as slices, inline commands too.
//!
//! The streamed strings and aggregates of RESP3 (`$?`, `*?`), which no known server sends, are
//! refused by name.

mod command;
mod encode;
mod inline;
mod keys;
mod line;
mod redirect;
mod skip;
mod slot;
mod token;
mod value;

pub use command::{Command, CommandDecoder, CommandError};
pub use encode::{
    Protocol, write_aggregate, write_bulk, write_command, write_command_header, write_error,
    write_integer, write_null, write_simple,
};
pub use inline::{INLINE_LIMIT, UnbalancedQuotes, split_words};
pub use keys::first_key;
pub use redirect::{Redirect, RedirectKind};
pub use skip::{Outcome, ReplySkipper, Skip};
pub use slot::{SLOTS, hash_tag, slot};
pub use token::{Aggregate, Token, token};
pub use value::{Value, ValueDecoder};

/// Longest line (a simple string, an error, a number or a length), in bytes.
pub const LINE_LIMIT: usize = 64 << 10;
/// Longest bulk string by default, in bytes: Redis's own.
pub const BULK_LIMIT: usize = 512 << 20;
/// Most elements of one reply or arguments of one command by default, those of nested aggregates
/// included.
pub const ELEMENTS_LIMIT: usize = 1 << 24;
/// How deeply aggregates may be nested by default.
pub const DEPTH_LIMIT: usize = 32;

/// What one message may demand. A server gives little to those who have not said who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// In bytes.
    pub bulk: usize,
    /// All levels together.
    pub elements: usize,
    /// Levels of aggregates in one another, where values are built.
    pub depth: usize,
}

impl Limits {
    /// [`BULK_LIMIT`], [`ELEMENTS_LIMIT`] and [`DEPTH_LIMIT`].
    pub const DEFAULT: Limits =
        Limits { bulk: BULK_LIMIT, elements: ELEMENTS_LIMIT, depth: DEPTH_LIMIT };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}

/// Why bytes are not a reply. The connection is of no more use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    #[error("unknown RESP type {:?}", char::from(*.0))]
    UnknownType(u8),
    #[error("RESP line does not end in CRLF")]
    LineEnd,
    #[error("RESP line longer than {LINE_LIMIT} bytes")]
    LineTooLong,
    #[error("invalid RESP length")]
    Length,
    #[error("invalid RESP {0}")]
    Scalar(&'static str),
    #[error("RESP bulk string does not end in CRLF")]
    BulkEnd,
    #[error("RESP bulk string of {0} bytes is over the limit")]
    BulkTooLong(u64),
    #[error("RESP reply has too many elements")]
    TooManyElements,
    #[error("RESP reply is nested too deeply")]
    TooDeep,
    #[error("streamed RESP values are not supported")]
    Streamed,
}

#[cfg(test)]
mod tests;
