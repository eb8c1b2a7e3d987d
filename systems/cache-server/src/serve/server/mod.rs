//! The commands that need more than the keyspace: connections, users, configuration, channels. Their specs
//! stand in the table of all commands; their handlers are found here by name.

pub(crate) mod access;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod debug;
mod files;
pub(crate) mod hotkeys;
pub(crate) mod info;
pub(crate) mod latency;
pub(crate) mod memory;
pub(crate) mod monitor;
pub(crate) mod pubsub;
pub(crate) mod saving;
pub(crate) mod scripting;
pub(crate) mod slowlog;
pub(crate) mod transactions;
mod users_file;

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use plimsoll_wire::resp::Command;

pub(super) use pubsub::channels_of;
pub(super) use saving::Errand;

use super::{clients::session::Session, node::Node};
use crate::{
    commands::{Error, Held, Outcome, Reply, Spec},
    store::Millis,
};

/// One run of one of these commands.
pub(super) struct ServerCall<'c, 'h, 's> {
    pub(super) node: &'c Arc<Node>,
    pub(super) session: &'c mut Session,
    pub(super) spec: &'static Spec,
    pub(super) arguments: Command<'c>,
    /// Within EXEC, shards are locked.
    pub(super) held: &'h mut Held<'s>,
    pub(super) out: &'c mut Reply,
    pub(super) now: Millis,
    /// It was queued, and runs once, within EXEC: nothing may come between it and the next.
    pub(super) is_queued: bool,
}

impl<'c> ServerCall<'c, '_, '_> {
    /// # Errors
    /// [`Error::Syntax`] when there is no such argument.
    fn argument(&self, index: usize) -> Result<&'c [u8], Error> {
        self.arguments.get(index).ok_or(Error::Syntax)
    }

    /// An argument as text, what is no UTF-8 replaced.
    ///
    /// # Errors
    /// As for [`ServerCall::argument`].
    fn text(&self, index: usize) -> Result<String, Error> {
        self.argument(index).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// # Errors
    /// When there is no such argument or it is no integer.
    fn integer(&self, index: usize) -> Result<i64, Error> {
        crate::commands::number::integer(self.argument(index)?).ok_or(Error::NotInteger)
    }

    /// Who asks, for the log: `default@127.0.0.1:40000`.
    fn who(&self) -> String {
        format!("{}@{}", self.session.user.name, self.session.client.peer)
    }

    /// The lines of a container's HELP: each subcommand with what it does.
    fn help(&mut self) -> Outcome {
        let name = self.spec.name.split('|').next().unwrap_or_default();
        let container = crate::commands::find(name.as_bytes());
        let subcommands = container.map_or(&[][..], |spec| spec.subcommands);
        let title = format!(
            "{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
            name.to_ascii_uppercase()
        );
        self.out.array(1 + subcommands.len() * 2);
        self.out.simple(&title);
        for spec in subcommands {
            let own = spec.name.split_once('|').map_or(spec.name, |(_, own)| own);
            self.out.simple(&own.to_ascii_uppercase());
            self.out.simple(&format!("    {}", spec.summary));
        }
        Ok(())
    }
}

/// Runs such a command.
pub(super) type ServerHandler = fn(&mut ServerCall<'_, '_, '_>) -> Outcome;
/// Handlers with the names of their commands.
type Handlers = &'static [(&'static str, ServerHandler)];

const FAMILIES: &[Handlers] = &[
    access::HANDLERS,
    client::HANDLERS,
    config::HANDLERS,
    connection::HANDLERS,
    debug::HANDLERS,
    hotkeys::HANDLERS,
    info::HANDLERS,
    latency::HANDLERS,
    memory::HANDLERS,
    monitor::HANDLERS,
    pubsub::HANDLERS,
    saving::HANDLERS,
    scripting::HANDLERS,
    slowlog::HANDLERS,
    transactions::HANDLERS,
];

static INDEX: LazyLock<HashMap<&'static str, ServerHandler, foldhash::fast::FixedState>> =
    LazyLock::new(|| FAMILIES.iter().copied().flatten().copied().collect());

pub(super) fn run(mut call: ServerCall<'_, '_, '_>) -> Outcome {
    match INDEX.get(call.spec.name) {
        Some(handler) => handler(&mut call),
        None if call.spec.name.ends_with("|help") => call.help(),
        None => Err(Error::Text(
            format!("ERR wrong number of arguments for '{}' command", call.spec.name).into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::{self, Run};

    /// Each command of the server has a handler, and each handler a command.
    #[test]
    fn the_tables_agree() {
        let mut handled = 0;
        for spec in commands::all().flat_map(|spec| std::iter::once(spec).chain(spec.subcommands)) {
            let is_elsewhere = spec.name.ends_with("|help") || !spec.subcommands.is_empty();
            if matches!(spec.run, Run::Server) && !is_elsewhere {
                assert!(INDEX.contains_key(spec.name), "no handler for {}", spec.name);
                handled += 1;
            }
        }
        assert_eq!(handled, INDEX.len(), "a handler has no command");
    }
}
