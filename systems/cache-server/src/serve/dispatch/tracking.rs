//! Reads of clients that keep copies: their keys are remembered, for the clients to be told of changes.

use std::sync::{Arc, atomic::Ordering};

use plimsoll_wire::resp::Command;

use crate::{
    commands::{Flags, Places, Spec},
    serve::{
        clients::{Client, session::Session},
        node::Node,
        notify::tracking::Post,
    },
    store::Millis,
};

/// Before a read of the keys at those places, so that no change after it goes untold.
pub(super) fn remember(
    node: &Node,
    session: &Session,
    spec: &Spec,
    (command, places): (Command<'_>, Places),
    now: Millis,
) {
    let Some(mode) = &session.tracking else { return };
    if spec.has(Flags::READONLY) && mode.remembers() {
        track(node, &session.client, command, places, now);
    }
}

/// A read that had to wait is about to run again. What it waited for was told as a change, by which its keys
/// were forgotten. They are remembered once more, even where the client had opted out: better one
/// message too many.
pub(in crate::serve) fn track_again(
    node: &Node,
    session: &Session,
    spec: &Spec,
    command: Command<'_>,
    now: Millis,
) {
    let is_told = session.tracking.as_ref().is_some_and(|mode| !mode.is_broadcast);
    if is_told && spec.has(Flags::READONLY) {
        track(node, &session.client, command, spec.keys.places(command), now);
    }
}

/// `client` is about to read the command's keys.
fn track(node: &Node, client: &Arc<Client>, command: Command<'_>, keys: Places, now: Millis) {
    let keys_max = node.parameters.hot.tracking_keys_max.load(Ordering::Relaxed);
    let keys_max = usize::try_from(keys_max).unwrap_or(usize::MAX);
    let limits = node.parameters.limits();
    let post = Post { clients: &node.clients, limits: &limits, now };
    for place in keys {
        let key = command.get(place).unwrap_or_default();
        node.tracking.remember(key, client, keys_max, post);
    }
}
