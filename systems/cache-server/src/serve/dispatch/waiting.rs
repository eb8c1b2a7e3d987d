//! Commands that have to wait for a key.

use bytes::Bytes;
use plimsoll_wire::resp::{Command, write_command};

use crate::{
    commands::Flags,
    serve::{
        clients::{
            flag,
            session::{Blocked, Session},
        },
        node::Node,
        telemetry::statistics::Events,
    },
};

/// Registers a command that has to wait. It is to be tried once more after that.
pub(in crate::serve) fn block(node: &Node, session: &mut Session, last: u32, command: Command<'_>) {
    let Some(spec) = node.index.spec(last) else { return };
    let mut encoded = Vec::new();
    write_command(&mut encoded, command.iter());
    let keys: Vec<Bytes> = spec
        .keys
        .places(command)
        .filter_map(|place| command.get(place).map(Bytes::copy_from_slice))
        .collect();
    // Before the keys are looked at once more.
    node.wanted.listen();
    let ticket = node.waiting.enter(&keys, &session.client);
    session.client.set(flag::BLOCKED, true);
    Events::count(&node.events.blocked_clients);
    if spec.has(Flags::READ_THROUGH) {
        Events::count(&node.origin.counts.waited);
    }
    session.blocked = Some(Box::new(Blocked { spec, command: encoded, keys, ticket }));
}
