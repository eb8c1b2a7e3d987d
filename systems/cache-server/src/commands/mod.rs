//! What clients ask for: one [`Spec`] per command, and how a command runs.
//!
//! A connection decodes a [`Command`](plimsoll_wire::resp::Command), finds its spec by [`resolve`],
//! and hands both to a [`Batch`], which locks the shards of the command's keys ([`Held`]), calls the
//! handler with a [`Call`], and turns an [`Error`] into a reply. Shards stay locked for the
//! next command of the batch when that one needs no other. [`Transaction`] queues instead, and runs
//! the queue with all its shards locked.
//!
//! A handler parses all its arguments before it changes anything, writes its reply into
//! [`Call::out`], and tells of each key it changed by [`Call::changed`]: that breaks transactions that
//! watch the key and feeds [`Changes`], from which the server makes notifications, invalidations of
//! clients' caches, and wakes those who wait for a key. Keys that leave by themselves are told
//! by the store's listener.
//!
//! Handlers know no connection, no configuration and no clock. Those that need one are the server's:
//! their specs say [`Run::Server`].

mod asked;
mod batch;
mod bits;
mod built;
mod call;
mod changes;
#[cfg(test)]
mod check;
mod collections;
mod draw;
mod dump;
mod error;
mod expiry;
mod fills;
mod hashes;
mod held;
mod hyperloglog;
mod introspect;
mod key_rule;
mod keys;
mod lists;
mod node;
pub mod number;
mod parted;
mod reply;
mod scan;
mod sets;
mod sort;
mod sorted_sets;
mod spec;
mod steps;
mod strings;
mod table;
mod transaction;
mod waiting;
mod watch;

pub(crate) use batch::KEPT_BYTES;
pub use batch::{Batch, Ran, resolve, resolve_numbered};
pub use call::{Block, Call, Words, is};
pub use changes::{Change, Changes, EventClass, Wanted};
pub use error::{Error, Outcome};
pub use fills::{
    Begun, Failure, Fetched, FillRequest, Fills, Fresh, Source, Terms, Urgency, Validator,
};
pub use held::{Held, Keyspace};
pub(crate) use key_rule::KeyList;
pub use key_rule::{KeyRule, Places};
pub use reply::{Mark, OpenAggregate, Reply};
pub use spec::{Categories, Flags, Group, Handler, IsSecret, Run, Spec, Step};
pub(crate) use steps::Walk;
pub use table::{all, find, find_subcommand, number_of, numbered};
pub use transaction::{Execution, QUEUED_BYTES_LIMIT, QUEUED_LIMIT, Transaction, is_immediate};
pub use watch::{WATCHED_LIMIT, Watching};

#[cfg(test)]
mod tests;
