//! Telling the supervisor that started the process how far it is: systemd's protocol for services of type
//! `notify`.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
};

/// Where it wants to be told.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// How far a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It serves.
    Ready,
    /// It has begun to end.
    Stopping,
}

/// Tells the supervisor; without one nothing happens.
///
/// # Errors
/// When there is one that cannot be told.
pub fn tell(state: State) -> io::Result<()> {
    match std::env::var_os(VARIABLE) {
        Some(socket) => tell_to(&socket, state),
        None => Ok(()),
    }
}

fn tell_to(socket: &OsString, state: State) -> io::Result<()> {
    // `@` stands for the zero byte that names without a file begin with.
    let addr = match socket.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(OsStr::from_bytes(path))?,
    };
    let message: &[u8] = match state {
        State::Ready => b"READY=1",
        State::Stopping => b"STOPPING=1",
    };
    UnixDatagram::unbound()?.send_to_addr(message, &addr)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(supervisor: &UnixDatagram, name: &OsStr) {
        for (state, expected) in
            [(State::Ready, b"READY=1".as_slice()), (State::Stopping, b"STOPPING=1")]
        {
            tell_to(&name.to_owned(), state).unwrap();
            let mut message = [0; 64];
            let length = supervisor.recv(&mut message).unwrap();
            assert_eq!(&message[..length], expected);
        }
    }

    #[test]
    fn a_supervisor_is_told_by_path_or_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        check(&UnixDatagram::bind(&path).unwrap(), path.as_os_str());
        let name = format!("plimsoll-test-{}", std::process::id());
        let addr = SocketAddr::from_abstract_name(&name).unwrap();
        check(&UnixDatagram::bind_addr(&addr).unwrap(), OsStr::new(&format!("@{name}")));
    }

    #[test]
    fn one_that_is_not_there_is_an_error() {
        assert!(tell_to(&OsString::from("/nonexistent/notify"), State::Ready).is_err());
    }
}
