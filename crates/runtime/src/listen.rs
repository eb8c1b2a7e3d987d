//! Listening sockets for the reference systems and for tests.

use std::{io, net::SocketAddr, time::Duration};

use nix::{
    fcntl::{FcntlArg, fcntl},
    sys::resource::{Resource, getrlimit},
    unistd::close,
};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};

/// Unless told; the kernel cuts it to `net.core.somaxconn`. Large, because load tests open thousands of
/// connections in one moment.
const BACKLOG: i32 = 4096;

/// Files that room is made for beforehand, at most: 8 MB of the kernel's memory. Where the limit of open files is
/// none in effect, a number that was only meant to be large would take gigabytes.
const EXPECTED_MAX: u64 = 1 << 20;

/// How to listen.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListenOptions {
    /// Several sockets may listen on one address, and the kernel spreads connections over them:
    /// one per worker thread.
    pub reuse_port: bool,
    /// Connections that may wait to be accepted, of each socket; the kernel lets one more wait. As many as
    /// it allows, 4096 at most, unless given.
    pub backlog: Option<u16>,
}

/// Listens on `addr`; port 0 takes a free one. An address in `TIME_WAIT` may be taken again.
///
/// # Errors
/// The kernel's: address in use, not permitted. Also outside a tokio runtime.
pub fn tcp(addr: SocketAddr, options: ListenOptions) -> io::Result<TcpListener> {
    bind(addr, options)?.listen()
}

/// As [`tcp`], but outside a runtime: for a socket that is listened to on another thread.
///
/// # Errors
/// The kernel's.
pub fn bind(addr: SocketAddr, options: ListenOptions) -> io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(options.reuse_port)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(options.backlog.map_or(BACKLOG, i32::from))?;
    Ok(Bound(socket.into()))
}

/// After that long without a word from the peer, the kernel looks whether it is still there, and ends the
/// connection if it is not; 0 for never.
///
/// # Errors
/// The kernel's.
pub fn keep_alive(stream: &TcpStream, silence: Duration) -> io::Result<()> {
    if silence.is_zero() {
        return Ok(());
    }
    SockRef::from(stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(silence))
}

/// A listening socket that no runtime watches yet. Connections wait in its queue.
#[derive(Debug)]
pub struct Bound(std::net::TcpListener);

impl Bound {
    /// # Errors
    /// None in practice.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Makes room for so many connections in the process's table of open files, as far as its limit goes, and
    /// for a million at most. When the table is full the kernel doubles it, and in a process of several threads
    /// whoever opens the file that is one too many waits for all cores to notice: 10 to 30 ms, at 64 files and
    /// each doubling.
    ///
    /// # Errors
    /// The kernel's: no memory for it. The table grows by itself then.
    pub fn expect(&self, connections: usize) -> io::Result<()> {
        let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
        let last = limit.saturating_sub(1).min(connections as u64).min(EXPECTED_MAX);
        // As another name for this socket, the lowest that is free from there on. Others may have it already.
        let from = FcntlArg::F_DUPFD_CLOEXEC(i32::try_from(last).unwrap_or(i32::MAX));
        Ok(close(fcntl(&self.0, from)?)?)
    }

    /// # Errors
    /// Outside a tokio runtime, or when it cannot watch the socket.
    pub fn listen(self) -> io::Result<TcpListener> {
        TcpListener::from_std(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_shared_only_when_asked() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let alone = tcp(any, ListenOptions::default()).unwrap();
        assert!(tcp(alone.local_addr().unwrap(), ListenOptions::default()).is_err());
        let shared = ListenOptions { reuse_port: true, ..ListenOptions::default() };
        let first = tcp(any, shared).unwrap();
        assert!(tcp(first.local_addr().unwrap(), shared).is_ok());
    }

    /// Entries of the process's table of open files.
    fn table() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
        size.trim().parse().unwrap()
    }

    #[test]
    fn there_is_room_for_connections_that_are_expected() {
        let bound = bind(SocketAddr::from(([127, 0, 0, 1], 0)), ListenOptions::default()).unwrap();
        let limit = usize::try_from(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0).unwrap();
        let wanted = (2 * table()).min(limit - 1);
        bound.expect(wanted).unwrap();
        assert!(table() > wanted);
        // However many are claimed: as many as there may be, within reason.
        bound.expect(limit).unwrap();
        assert!(bound.local_addr().is_ok());
    }
}
