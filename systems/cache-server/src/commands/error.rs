//! Why a command is refused: the texts are Redis's, since clients match on them.

use std::borrow::Cow;

use plimsoll_wire::resp::Command;

use crate::store::Full;

/// Longest part of a client's own words that an error gives back, in bytes: Redis's own.
const QUOTED_LIMIT: usize = 128;

/// What a handler returns: its reply is written, or is to be this error alone.
pub type Outcome = Result<(), Error>;

/// An error reply, its code word included. Nothing that a handler wrote before it is sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
    WrongType,
    #[error("ERR syntax error")]
    Syntax,
    #[error("ERR value is not an integer or out of range")]
    NotInteger,
    #[error("ERR value is not a valid float")]
    NotFloat,
    #[error("ERR value is out of range")]
    OutOfRange,
    #[error("ERR value is out of range, must be positive")]
    NotPositive,
    #[error("ERR no such key")]
    NoSuchKey,
    #[error("ERR index out of range")]
    IndexOutOfRange,
    #[error("ERR offset is out of range")]
    OffsetOutOfRange,
    #[error("ERR min or max is not a float")]
    BoundNotFloat,
    #[error("ERR min or max not valid string range item")]
    BoundNotString,
    #[error("ERR increment or decrement would overflow")]
    CounterOverflow,
    #[error("ERR increment would produce NaN or Infinity")]
    CounterNotFinite,
    #[error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")]
    StringTooLong,
    #[error("ERR timeout is not a float or out of range")]
    TimeoutNotFloat,
    #[error("ERR timeout is negative")]
    TimeoutNegative,
    #[error("ERR timeout is out of range")]
    TimeoutOutOfRange,
    #[error("ERR invalid expire time in '{0}' command")]
    ExpireTime(&'static str),
    #[error("ERR wrong number of arguments for '{0}' command")]
    Arity(&'static str),
    #[error("ERR unknown command '{name}', with args beginning with: {arguments}")]
    UnknownCommand { name: String, arguments: String },
    #[error("ERR unknown subcommand '{name}'. Try {command} HELP.")]
    UnknownSubcommand { command: String, name: String },
    #[error("OOM command not allowed when used memory > 'maxmemory'.")]
    OutOfMemory,
    #[error("EXECABORT Transaction discarded because of previous errors.")]
    TransactionAborted,
    #[error("BUSYKEY Target key name already exists.")]
    KeyExists,
    /// One that only a single command has.
    #[error("{0}")]
    Text(Cow<'static, str>),
}

impl Error {
    /// For a text that only a single command has; its code word is part of it.
    pub const fn text(text: &'static str) -> Error {
        Error::Text(Cow::Borrowed(text))
    }

    pub(super) fn unknown_command(command: Command<'_>) -> Error {
        let mut arguments = String::new();
        for argument in command.iter().skip(1) {
            let Some(room) = QUOTED_LIMIT.checked_sub(arguments.len()).filter(|room| *room > 0)
            else {
                break;
            };
            arguments.push_str(&format!("'{}' ", quoted(argument, room)));
        }
        let name = quoted(command.get(0).unwrap_or_default(), QUOTED_LIMIT);
        Error::UnknownCommand { name, arguments }
    }

    pub(super) fn unknown_subcommand(command: &'static str, name: &[u8]) -> Error {
        Error::UnknownSubcommand {
            command: command.to_ascii_uppercase(),
            name: quoted(name, QUOTED_LIMIT),
        }
    }
}

impl From<Full> for Error {
    fn from(_: Full) -> Error {
        Error::OutOfMemory
    }
}

fn quoted(bytes: &[u8], limit: usize) -> String {
    String::from_utf8_lossy(bytes.get(..limit).unwrap_or(bytes)).into_owned()
}
