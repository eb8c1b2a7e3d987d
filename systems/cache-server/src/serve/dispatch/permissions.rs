//! What a connection may do: as who it is, and by what it is in the middle of.

use plimsoll_wire::resp::Command;

use super::Dispatch;
use crate::{
    commands::{self, Error, Flags, Spec},
    serve::{
        acl::{Access, Context, Reason},
        clients::{flag, session::Session},
        node::Node,
        server,
        telemetry::denial,
    },
    store::Millis,
};

impl Dispatch<'_, '_> {
    /// # Errors
    /// When the command must neither run nor be queued now.
    pub(super) fn check(&self, spec: &'static Spec, command: Command<'_>) -> Result<(), Error> {
        let session = &*self.session;
        if !session.is_authenticated && !spec.has(Flags::NO_AUTH) {
            return Err(Error::text("NOAUTH Authentication required."));
        }
        let is_open = session.transaction.is_open();
        // Who has not said who it is may say it.
        if !session.user.may_do_all() && !spec.has(Flags::NO_AUTH) {
            let context = if is_open { Context::Multi } else { Context::TopLevel };
            look_up(self.node, session, spec, command, context, self.batch.now)
                .map_err(|reason| refusal(session, spec, reason))?;
        }
        if session.is_only_listening() && !spec.has(Flags::LISTENING) {
            return Err(Error::Text(
                format!(
                    "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT \
                     / RESET are allowed in this context",
                    spec.name
                )
                .into(),
            ));
        }
        // In Redis's words, to which a monitor is a kind of replica.
        let on_data = Flags::READONLY.and(Flags::WRITE);
        if session.client.has(flag::MONITOR) && spec.flags.intersects(on_data) {
            return Err(Error::text("ERR Replica can't interact with the keyspace"));
        }
        if is_open && spec.has(Flags::NO_MULTI) {
            return Err(Error::text("ERR Command not allowed inside a transaction"));
        }
        Ok(())
    }
}

/// At EXEC, of a command that was queued: its user may be allowed less since then.
///
/// # Errors
/// When it is.
pub(super) fn check_queued(
    node: &Node,
    session: &Session,
    spec: &'static Spec,
    command: Command<'_>,
    now: Millis,
) -> Result<(), Error> {
    if session.user.may_do_all() || spec.has(Flags::NO_AUTH) {
        return Ok(());
    }
    look_up(node, session, spec, command, Context::Multi, now).map_err(|reason| {
        let reason = match reason {
            Reason::Key => "no permission to touch the specified keys",
            Reason::Channel => {
                "no permission to access one of the channels used as arguments to the command"
            }
            Reason::Command | Reason::Auth => "no permission to execute the command or subcommand",
        };
        let text = format!(
            "NOPERM ACLs rules changed between the moment the transaction was accumulated and the \
             EXEC call. This command is no longer allowed for the following reason: {reason}"
        );
        Error::Text(text.into())
    })
}

/// Whether the user may run the command on what it names. What it may not is kept for ACL LOG.
fn look_up(
    node: &Node,
    session: &Session,
    spec: &'static Spec,
    command: Command<'_>,
    context: Context,
    now: Millis,
) -> Result<(), Reason> {
    let user = &session.user;
    let refuse = |reason, object: &[u8]| {
        denial::record(node, session, reason, context, object, now);
        Err(reason)
    };
    let parent = spec.name.split_once('|').and_then(|(name, _)| commands::find(name.as_bytes()));
    if !user.may_run(spec, parent) {
        return refuse(Reason::Command, spec.name.as_bytes());
    }
    let access = Access::of(spec);
    for place in spec.keys.places(command) {
        let key = command.get(place).unwrap_or_default();
        if !user.may_use_key(key, access) {
            return refuse(Reason::Key, key);
        }
    }
    for (channel, is_pattern) in server::channels_of(spec, command) {
        if !user.may_use_channel(channel, is_pattern) {
            return refuse(Reason::Channel, channel);
        }
    }
    Ok(())
}

fn refusal(session: &Session, spec: &Spec, reason: Reason) -> Error {
    match reason {
        Reason::Key => Error::text("NOPERM No permissions to access a key"),
        Reason::Channel => Error::text("NOPERM No permissions to access a channel"),
        Reason::Command | Reason::Auth => Error::Text(
            format!(
                "NOPERM User {} has no permissions to run the '{}' command",
                session.user.name, spec.name
            )
            .into(),
        ),
    }
}
