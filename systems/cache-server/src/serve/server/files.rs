//! Files that commands write. The disk keeps nobody waiting but the client that asks.

use std::{io, path::PathBuf, sync::Arc};

use super::{Errand, ServerCall};
use crate::{
    commands::{Error, Outcome},
    serve::{node::Node, settings},
};

/// What to write, and what is said of it.
pub(super) struct File {
    pub(super) path: PathBuf,
    /// For the log, when it is written.
    pub(super) done: &'static str,
    /// For the log, when it is not.
    pub(super) failed: &'static str,
    /// For the client; the reason follows.
    pub(super) refusal: &'static str,
}

/// Replaces a file by a text that is made where and when it is written, and answers when that is done: until then
/// the command runs again. Within EXEC nothing comes between two commands, so all wait.
pub(super) fn write(
    call: &mut ServerCall<'_, '_, '_>,
    file: File,
    text: impl FnOnce(&Node) -> io::Result<String> + Send + 'static,
) -> Outcome {
    let refusal = file.refusal;
    let write = writing(call, file, text);
    if call.is_queued {
        let outcome = call.node.files.write_here(write);
        return reply(call, refusal, outcome);
    }
    let errand = call.session.errand.take().map(|errand| *errand);
    let begun = match errand {
        Some(Errand::Write(written)) => Ok(Some(written)),
        _ => call.node.files.start(write),
    };
    let written = match begun {
        Ok(Some(written)) => written,
        Ok(None) => {
            call.session.errand = Some(Box::new(Errand::Turn));
            return Ok(());
        }
        Err(error) => return reply(call, refusal, Err(error)),
    };
    match written.outcome() {
        Some(outcome) => reply(call, refusal, outcome),
        None => {
            call.session.errand = Some(Box::new(Errand::Write(written)));
            Ok(())
        }
    }
}

/// Writes it, and tells the log.
fn writing(
    call: &ServerCall<'_, '_, '_>,
    file: File,
    text: impl FnOnce(&Node) -> io::Result<String> + Send + 'static,
) -> impl FnOnce() -> io::Result<()> + Send + 'static {
    let (node, by) = (Arc::clone(call.node), call.who());
    move || {
        let File { path, done, failed, .. } = file;
        let outcome = text(&node).and_then(|text| settings::replace(&path, &text));
        let path = path.display().to_string();
        match &outcome {
            Ok(()) => node.journal.info(done, &[("file", &path), ("by", &by)]),
            Err(error) => {
                node.journal.error(failed, &[("file", &path), ("error", &error.to_string())]);
            }
        }
        outcome
    }
}

fn reply(call: &mut ServerCall<'_, '_, '_>, refusal: &str, outcome: io::Result<()>) -> Outcome {
    outcome.map_err(|error| Error::Text(format!("{refusal}: {error}").into()))?;
    call.out.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        net::{Ipv4Addr, SocketAddr},
        sync::mpsc,
    };

    use crate::serve::{
        Config, start,
        testing::{check, connect},
    };

    #[test]
    fn files_are_written_when_it_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let (path, users) = (folder.path().join("cache.conf"), folder.path().join("users.acl"));
        fs::write(&users, "").unwrap();
        fs::write(&path, format!("aclfile {}\n", users.display())).unwrap();
        let mut config = Config::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        config.file = Some(path.clone());
        let server = start(&config).unwrap();
        let mut clients = [connect(&server), connect(&server), connect(&server)];
        let [first, others @ ..] = &mut clients;
        check(first, "CONFIG SET timeout 100\r\nACL SETUSER ann on\r\n", "+OK\r\n+OK\r\n");
        // What comes behind such a command runs behind it; and all of them have their turn.
        for other in others {
            let commands = "CONFIG REWRITE\r\nACL SAVE\r\nCONFIG REWRITE\r\nPING\r\n";
            std::io::Write::write_all(other, commands.as_bytes()).unwrap();
        }
        check(first, "ACL SAVE\r\nCONFIG REWRITE\r\n", "+OK\r\n+OK\r\n");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\ntimeout 100\n"), "{text}");
        let text = fs::read_to_string(&users).unwrap();
        assert!(text.contains("user ann on "), "{text}");
        for other in &mut clients[1..] {
            check(other, "", "+OK\r\n+OK\r\n+OK\r\n+PONG\r\n");
        }
        // Nothing may come between the commands of a transaction, also of one that gives up its locks.
        let [first, ..] = &mut clients;
        check(first, "SET a 1\r\n", "+OK\r\n");
        let queued = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n";
        check(first, "MULTI\r\nCONFIG REWRITE\r\nGET a\r\nEXEC\r\n", queued);
        let queued = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n+PONG\r\n";
        check(
            first,
            "MULTI\r\nCONFIG SET timeout 200\r\nCONFIG REWRITE\r\nEXEC\r\nPING\r\n",
            queued,
        );
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("\ntimeout 200\n"), "{text}");
        // There is no such folder any more.
        drop(folder);
        let refused = "-ERR There was an error trying to save the ACLs: ";
        check(first, "ACL SAVE\r\n", refused);
    }

    /// It was allowed when it came, and has one reply.
    #[test]
    fn who_waits_for_a_file_may_lose_the_right_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.conf");
        fs::write(&path, "").unwrap();
        let mut config = Config::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        config.file = Some(path);
        let server = start(&config).unwrap();
        let (mut client, mut other) = (connect(&server), connect(&server));
        check(&mut other, "ACL SETUSER ann on >pw +@all\r\n", "+OK\r\n");
        let (go, wait) = mpsc::sync_channel::<()>(1);
        let busy = server.node().files.start(move || {
            wait.recv().ok();
            Ok(())
        });
        assert!(busy.unwrap().is_some());
        // What is answered here came with what waits.
        check(&mut client, "AUTH ann pw\r\nPING\r\nCONFIG REWRITE\r\n", "+OK\r\n+PONG\r\n");
        check(&mut other, "ACL SETUSER ann -config\r\n", "+OK\r\n");
        drop(go);
        let denied = "-NOPERM User ann has no permissions to run the 'config|rewrite' command\r\n";
        check(&mut client, "CONFIG REWRITE\r\n", &format!("+OK\r\n{denied}"));
    }
}
