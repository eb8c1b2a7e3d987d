//! CLIENT: connections as commands see them, their own and others'.

mod kill;
mod tracking;

use std::sync::atomic::Ordering;

use super::{Handlers, ServerCall};
use crate::{
    commands::{self, Error, Flags, Group, KeyRule, Outcome, Spec, is},
    serve::clients::{Client, describe, flag, mailbox::Order, session::Replies},
    store::Millis,
};

/// Longest name of a client, in bytes.
const NAME_MAX: usize = 1 << 10;

const EASY: Flags = Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE);
const ADMIN: Flags = EASY.and(Flags::ADMIN);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Connection;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("client", -2, Flags::NONE, NONE, GROUP, "A container for commands about connections.").since("2.4.0").containing(CLIENT),
];

#[rustfmt::skip]
const CLIENT: &[Spec] = &[
    Spec::server("client|caching", 3, EASY, NONE, GROUP, "Says whether the keys of the next command are tracked.").since("6.0.0"),
    Spec::server("client|getname", 2, EASY, NONE, GROUP, "Gives the connection's name.").since("2.6.9"),
    Spec::server("client|getredir", 2, EASY, NONE, GROUP, "Gives who gets the invalidations of the connection.").since("6.0.0"),
    Spec::server("client|help", 2, EASY, NONE, GROUP, "Lists the subcommands.").since("5.0.0"),
    Spec::server("client|id", 2, EASY, NONE, GROUP, "Gives the connection's number.").since("5.0.0"),
    Spec::server("client|info", 2, EASY, NONE, GROUP, "Tells of the connection.").since("6.2.0"),
    Spec::server("client|kill", -3, ADMIN, NONE, GROUP, "Closes connections.").since("2.4.0").complexity("O(N)"),
    Spec::server("client|list", -2, ADMIN, NONE, GROUP, "Tells of all connections.").since("2.4.0").complexity("O(N)"),
    Spec::server("client|no-evict", 3, ADMIN, NONE, GROUP, "Accepted: connections are not closed for the sake of memory.").since("7.0.0"),
    Spec::server("client|no-touch", 3, EASY, NONE, GROUP, "Accepted: reads count for the eviction all the same.").since("7.2.0"),
    Spec::server("client|pause", -3, ADMIN, NONE, GROUP, "Serves nobody for a while, or nobody who writes.").since("3.0.0"),
    Spec::server("client|reply", 3, EASY, NONE, GROUP, "Chooses whether there are replies.").since("3.2.0"),
    Spec::server("client|setinfo", 4, EASY, NONE, GROUP, "Names the client's library or its version.").since("7.2.0"),
    Spec::server("client|setname", 3, EASY, NONE, GROUP, "Names the connection.").since("2.6.9"),
    Spec::server("client|tracking", -3, EASY, NONE, GROUP, "Tells the client when keys that it has read change.").since("6.0.0"),
    Spec::server("client|trackinginfo", 2, EASY, NONE, GROUP, "Gives how the connection tracks.").since("6.2.0"),
    Spec::server("client|unblock", -3, ADMIN, NONE, GROUP, "Ends the wait of a blocking command.").since("5.0.0"),
    Spec::server("client|unpause", 2, ADMIN, NONE, GROUP, "Ends a pause.").since("6.2.0"),
];

pub(super) const HANDLERS: Handlers = &[
    ("client|caching", tracking::caching),
    ("client|getname", getname),
    ("client|getredir", tracking::getredir),
    ("client|id", id),
    ("client|info", info),
    ("client|kill", kill::kill),
    ("client|list", list),
    ("client|no-evict", no_evict),
    ("client|no-touch", no_touch),
    ("client|pause", pause),
    ("client|reply", reply),
    ("client|setinfo", setinfo),
    ("client|setname", setname),
    ("client|tracking", tracking::tracking),
    ("client|trackinginfo", tracking::trackinginfo),
    ("client|unblock", unblock),
    ("client|unpause", unpause),
];

/// A name without blanks and control characters; `what` begins the error.
pub(super) fn checked_name(name: &[u8], what: &str) -> Result<String, Error> {
    if name.iter().any(|byte| !(b'!'..=b'~').contains(byte)) || name.len() > NAME_MAX {
        return Err(Error::Text(
            format!("ERR {what} cannot contain spaces, newlines or special characters.").into(),
        ));
    }
    Ok(String::from_utf8_lossy(name).into_owned())
}

fn getname(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let name = call.session.client.labels().name;
    if name.is_empty() {
        call.out.null()
    } else {
        call.out.bulk(name.as_bytes())
    }
    Ok(())
}

fn setname(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let name = checked_name(call.argument(2)?, "Client names")?;
    call.session.client.set_labels(|labels| labels.name = name.into());
    call.out.ok();
    Ok(())
}

fn setinfo(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let field = call.argument(2)?;
    let (is_name, is_version) = (is(field, "lib-name"), is(field, "lib-ver"));
    if !is_name && !is_version {
        let field = call.text(2)?;
        return Err(Error::Text(format!("ERR Unrecognized option '{field}'").into()));
    }
    let what = if is_name { "lib-name" } else { "lib-ver" };
    let value = checked_name(call.argument(3)?, what)?;
    call.session.client.set_labels(|labels| {
        let place = if is_name { &mut labels.lib_name } else { &mut labels.lib_version };
        *place = value.into();
    });
    call.out.ok();
    Ok(())
}

fn id(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.out.integer(i64::try_from(call.session.client.id).unwrap_or(i64::MAX));
    Ok(())
}

/// A connection that looks at itself finds the command that it does so by, as in Redis.
fn note_own_command(call: &ServerCall<'_, '_, '_>) {
    if let Some(number) = commands::number_of(call.spec.name) {
        call.session.client.last_command.store(number, Ordering::Relaxed);
    }
}

fn info(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    note_own_command(call);
    let mut line = describe::line(call.node, &call.session.client, call.now);
    line.push('\n');
    call.out.verbatim(*b"txt", line.as_bytes());
    Ok(())
}

fn list(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    note_own_command(call);
    let mut clients = call.node.clients.list();
    match (call.arguments.get(2), call.arguments.len()) {
        (None, _) => {}
        (Some(word), 4) if is(word, "type") => {
            let wanted = kill::kind(call.argument(3)?)?;
            clients.retain(|client| wanted.is_met_by(client));
        }
        (Some(word), 4..) if is(word, "id") => {
            let mut ids = Vec::new();
            for at in 3..call.arguments.len() {
                let id = call.integer(at).ok().and_then(|id| u64::try_from(id).ok());
                ids.push(id.filter(|id| *id > 0).ok_or(Error::text("ERR Invalid client ID"))?);
            }
            clients.retain(|client| ids.contains(&client.id));
        }
        _ => return Err(Error::Syntax),
    }
    let lines = clients.iter().map(|client| describe::line(call.node, client, call.now) + "\n");
    let text: String = lines.collect();
    call.out.verbatim(*b"txt", text.as_bytes());
    Ok(())
}

fn on_or_off(call: &ServerCall<'_, '_, '_>) -> Result<bool, Error> {
    match call.argument(2)? {
        word if is(word, "on") => Ok(true),
        word if is(word, "off") => Ok(false),
        _ => Err(Error::Syntax),
    }
}

fn no_evict(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let on = on_or_off(call)?;
    call.session.client.set(flag::NO_EVICT, on);
    call.out.ok();
    Ok(())
}

fn no_touch(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let on = on_or_off(call)?;
    call.session.client.set(flag::NO_TOUCH, on);
    call.out.ok();
    Ok(())
}

fn reply(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    match call.argument(2)? {
        word if is(word, "on") => {
            call.session.replies = Replies::On;
            call.out.ok();
        }
        word if is(word, "off") => call.session.replies = Replies::Off,
        word if is(word, "skip") => {
            if call.session.replies != Replies::Off {
                call.session.replies = Replies::SkipNext;
            }
        }
        _ => return Err(Error::Syntax),
    }
    Ok(())
}

fn pause(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let writes_only = match (call.arguments.get(3), call.arguments.len()) {
        (None, _) => false,
        (Some(word), 4) if is(word, "all") => false,
        (Some(word), 4) if is(word, "write") => true,
        _ => return Err(Error::text("ERR CLIENT PAUSE mode must be WRITE or ALL")),
    };
    let millis = call
        .integer(2)
        .map_err(|_| Error::text("ERR timeout is not an integer or out of range"))?;
    let millis = u64::try_from(millis).map_err(|_| Error::TimeoutNegative)?;
    let until = Millis(call.now.0.saturating_add(millis));
    call.node.pause.start(until, writes_only, call.now);
    call.out.ok();
    Ok(())
}

fn unpause(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.node.pause.end();
    call.out.ok();
    Ok(())
}

fn unblock(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let with_error = match (call.arguments.get(3), call.arguments.len()) {
        (None, _) => false,
        (Some(word), 4) if is(word, "timeout") => false,
        (Some(word), 4) if is(word, "error") => true,
        _ => {
            return Err(Error::text("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
        }
    };
    let id = call.integer(2)?;
    let client = u64::try_from(id).ok().and_then(|id| call.node.clients.find(id));
    let blocked = client.filter(|client: &std::sync::Arc<Client>| client.has(flag::BLOCKED));
    if let Some(client) = &blocked {
        client.mailbox.order(Order::Unblock { with_error });
    }
    call.out.flag(blocked.is_some());
    Ok(())
}
