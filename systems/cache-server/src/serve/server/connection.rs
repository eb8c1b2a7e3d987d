//! AUTH, HELLO, RESET, QUIT, and what else is about the connection itself.

use plimsoll_wire::resp::{Command, Protocol};

use super::{Handlers, ServerCall};
use crate::{
    commands::{Error, Flags, Group, KeyRule, Outcome, Spec, is},
    serve::{
        acl::{Context, DEFAULT, Reason},
        clients::{flag, session::Replies},
        telemetry::denial,
    },
};

const OPEN: Flags =
    Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE).and(Flags::FAST).and(Flags::NO_AUTH);
/// Of those that end whatever the connection is in the middle of.
const LEAVING: Flags = OPEN.and(Flags::LISTENING).and(Flags::IMMEDIATE);
const NONE: KeyRule = KeyRule::None;
const GROUP: Group = Group::Connection;

#[rustfmt::skip]
pub(crate) const TABLE: &[Spec] = &[
    Spec::server("auth", -2, OPEN, NONE, GROUP, "Says who the client is.").hiding(|_, index| index > 0),
    Spec::server("hello", -1, OPEN, NONE, GROUP, "Chooses the protocol, perhaps says who the client is.").since("6.0.0").hiding(follows_auth),
    Spec::server("quit", -1, LEAVING, NONE, GROUP, "Closes the connection."),
    Spec::server("reset", 1, LEAVING, NONE, GROUP, "Puts the connection back to how it began.").since("6.2.0"),
];

pub(super) const HANDLERS: Handlers =
    &[("auth", auth), ("hello", hello), ("quit", quit), ("reset", reset)];

const WRONG_PASSWORD: Error =
    Error::text("WRONGPASS invalid username-password pair or user is disabled.");

fn auth(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let (name, password) = match call.arguments.len() {
        2 => {
            let user = call.node.users.find(DEFAULT);
            if user.is_some_and(|user| user.needs_no_password()) {
                return Err(Error::text(
                    "ERR AUTH <password> called without any password configured for the default \
                     user. Are you sure your configuration is correct?",
                ));
            }
            (DEFAULT.as_bytes(), call.argument(1)?)
        }
        3 => (call.argument(1)?, call.argument(2)?),
        _ => return Err(Error::Syntax),
    };
    authenticate(call, name, password)?;
    call.out.ok();
    Ok(())
}

fn authenticate(call: &mut ServerCall<'_, '_, '_>, name: &[u8], password: &[u8]) -> Outcome {
    let Some(user) = call.node.users.authenticate(name, password) else {
        let context =
            if call.session.transaction.is_open() { Context::Multi } else { Context::TopLevel };
        denial::record(call.node, call.session, Reason::Auth, context, name, call.now);
        return Err(WRONG_PASSWORD);
    };
    call.session.become_user(call.node, user);
    Ok(())
}

/// Whether an argument of HELLO is a name or a password: of its options, the two behind `AUTH`.
fn follows_auth(command: Command<'_>, index: usize) -> bool {
    (1..=2).any(|back| {
        let word = index.checked_sub(back).filter(|at| *at >= 2);
        word.and_then(|at| command.get(at)).is_some_and(|word| is(word, "auth"))
    })
}

fn hello(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let mut protocol = call.session.protocol;
    if call.arguments.len() > 1 {
        let version = call
            .integer(1)
            .map_err(|_| Error::text("ERR Protocol version is not an integer or out of range"))?;
        protocol = match version {
            2 => Protocol::Resp2,
            3 => Protocol::Resp3,
            _ => return Err(Error::text("NOPROTO unsupported protocol version")),
        };
    }
    let (mut at, mut who, mut name) = (2, None, None);
    while let Some(word) = call.arguments.get(at) {
        if is(word, "auth") && call.arguments.len() > at + 2 {
            who = Some((call.argument(at + 1)?, call.argument(at + 2)?));
            at += 3;
        } else if is(word, "setname") && call.arguments.len() > at + 1 {
            name = Some(call.argument(at + 1)?);
            at += 2;
        } else {
            let word = String::from_utf8_lossy(word);
            return Err(Error::Text(format!("ERR Syntax error in HELLO option '{word}'").into()));
        }
    }
    if let Some((user, password)) = who {
        authenticate(call, user, password)?;
    }
    if !call.session.is_authenticated {
        return Err(Error::text(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the \
             HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and \
             select the RESP protocol version at the same time",
        ));
    }
    if let Some(name) = name {
        let name = super::client::checked_name(name, "Client names")?;
        call.session.client.set_labels(|labels| labels.name = name.into());
    }
    call.session.set_protocol(protocol);
    call.out.set_protocol(protocol);
    let id = i64::try_from(call.session.client.id).unwrap_or(i64::MAX);
    let out = &mut *call.out;
    out.map(7);
    for (field, value) in [("server", "redis"), ("version", super::info::REDIS_VERSION)] {
        out.bulk(field.as_bytes());
        out.bulk(value.as_bytes());
    }
    out.bulk(b"proto");
    out.integer(if protocol == Protocol::Resp3 { 3 } else { 2 });
    out.bulk(b"id");
    out.integer(id);
    for (field, value) in [("mode", "standalone"), ("role", "master")] {
        out.bulk(field.as_bytes());
        out.bulk(value.as_bytes());
    }
    out.bulk(b"modules");
    out.array(0);
    Ok(())
}

fn quit(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    call.session.is_closing = true;
    call.out.ok();
    Ok(())
}

fn reset(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let session = &mut *call.session;
    session.transaction.reset();
    session.unsubscribe_all(call.node);
    session.stop_tracking(call.node);
    session.stop_monitoring(call.node);
    session.set_protocol(Protocol::Resp2);
    call.out.set_protocol(Protocol::Resp2);
    session.replies = Replies::On;
    for flag in [flag::NO_EVICT, flag::NO_TOUCH] {
        session.client.set(flag, false);
    }
    session.client.set_labels(|labels| labels.name = "".into());
    let default = call.node.users.find(DEFAULT).unwrap_or_default();
    let is_open = default.is_open();
    session.become_user(call.node, default);
    session.is_authenticated = is_open;
    session.settle();
    call.out.simple("RESET");
    Ok(())
}
