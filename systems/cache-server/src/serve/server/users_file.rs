//! ACL LOAD and ACL SAVE: the users in a file of their own.

use std::path::Path;

use super::{
    ServerCall,
    files::{self, File},
};
use crate::{
    commands::{Error, Outcome},
    serve::{clients::mailbox::Order, node::Node, settings},
};

/// The file of users.
///
/// # Errors
/// When there is none.
fn aclfile(call: &ServerCall<'_, '_, '_>) -> Result<String, Error> {
    let path = call.node.parameters.text("aclfile");
    if path.is_empty() {
        let text = "ERR This instance has no ACL file. Users can be made by ACL SETUSER, and stored by \
                    CONFIG REWRITE where there is a configuration file.";
        return Err(Error::text(text));
    }
    Ok(path)
}

pub(super) fn load(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let path = aclfile(call)?;
    let password = call.node.parameters.text("requirepass");
    let lines = settings::user_lines(Path::new(&path));
    let loaded = lines.and_then(|lines| call.node.users.load(&lines, &password));
    loaded
        .map_err(|error| Error::Text(format!("ERR {error}. All users are as they were").into()))?;
    for client in call.node.clients.list() {
        let is_gone = call.node.users.find(&client.labels().user).is_none();
        // The one that asks is told first; its user is looked at with its next command.
        if is_gone && client.id != call.session.client.id {
            client.mailbox.order(Order::Close);
        }
    }
    call.node.journal.info("users loaded", &[("file", &path), ("by", &call.who())]);
    call.out.ok();
    Ok(())
}

pub(super) fn save(call: &mut ServerCall<'_, '_, '_>) -> Outcome {
    let path = aclfile(call)?;
    let file = File {
        path: path.into(),
        done: "users saved",
        failed: "users not saved",
        refusal: "ERR There was an error trying to save the ACLs",
    };
    let text = |node: &Node| node.users.lines().iter().map(|line| format!("{line}\n")).collect();
    files::write(call, file, move |node| Ok(text(node)))
}
