//! What a user was refused, counted and kept for ACL LOG.

use std::sync::atomic::Ordering;

use super::statistics::Events;
use crate::{
    serve::{
        acl::{Context, Denial, Reason},
        clients::{describe, session::Session},
        locked,
        node::Node,
    },
    store::Millis,
};

pub(in crate::serve) fn record(
    node: &Node,
    session: &Session,
    reason: Reason,
    context: Context,
    object: &[u8],
    now: Millis,
) {
    let events = &node.events;
    Events::count(match reason {
        Reason::Command => &events.denied_command,
        Reason::Key => &events.denied_key,
        Reason::Channel => &events.denied_channel,
        Reason::Auth => &events.denied_auth,
    });
    let length = usize::try_from(node.parameters.number("acllog-max-len")).unwrap_or(0);
    let user = match reason {
        // Who it was that failed to become somebody.
        Reason::Auth => String::from_utf8_lossy(object).into_owned(),
        _ => session.user.name.clone(),
    };
    let object = if reason == Reason::Auth { b"AUTH".as_slice() } else { object };
    let denial = Denial {
        id: 0,
        count: 1,
        reason,
        context,
        object: object.to_vec(),
        user,
        client: describe::line(node, &session.client, now),
        created: now,
        updated: now,
    };
    locked(&node.users.denials).add(denial, length);
    session.client.last_active.store(now.0, Ordering::Relaxed);
}
