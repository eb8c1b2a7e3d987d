//! Outgoing connections, and the stream that clients read and write.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::fd::AsRawFd,
    path::Path,
};

use tokio::net::{TcpSocket, TcpStream, UnixStream};

use crate::{clock::Instant, timer};
pub use crate::{
    metered::{Metered, Traffic},
    stream::Stream,
};

/// How to connect.
#[derive(Clone, Copy, Debug)]
pub struct DialOptions {
    /// The address to send from; its port is chosen by the kernel.
    pub local_ip: Option<IpAddr>,
    /// When to give up, with [`io::ErrorKind::TimedOut`].
    pub deadline: Instant,
}

impl Default for DialOptions {
    /// No local address, no deadline but the kernel's.
    fn default() -> DialOptions {
        DialOptions { local_ip: None, deadline: Instant::FAR_FUTURE }
    }
}

/// Connects without ever blocking the thread. Small writes are sent at once (`TCP_NODELAY`).
///
/// # Errors
/// The kernel's, or [`io::ErrorKind::TimedOut`] after the deadline.
pub async fn dial(addr: SocketAddr, options: &DialOptions) -> io::Result<TcpStream> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_nodelay(true)?;
    if let Some(ip) = options.local_ip {
        choose_port_late(&socket)?;
        socket.bind(SocketAddr::new(ip, 0))?;
    }
    within(options.deadline, socket.connect(addr)).await
}

/// Leaves the choice of the port to connect(), which may then use one port for several targets:
/// otherwise a few ten thousand connections use up all ports of the local address.
fn choose_port_late(socket: &TcpSocket) -> io::Result<()> {
    let on: libc::c_int = 1;
    #[expect(unsafe_code, reason = "no safe wrapper has this option")]
    // SAFETY: the pointer and the size are those of a live integer.
    let outcome = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Connects to a Unix socket.
///
/// # Errors
/// As for [`dial`].
pub async fn dial_unix(path: &Path, deadline: Instant) -> io::Result<UnixStream> {
    within(deadline, UnixStream::connect(path)).await
}

async fn within<T>(
    deadline: Instant,
    connecting: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    timer::timeout_at(deadline, connecting)
        .await
        .unwrap_or_else(|| Err(io::Error::new(io::ErrorKind::TimedOut, "i/o timeout")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::listen::{self, ListenOptions};

    #[tokio::test]
    async fn connects_from_the_given_address() {
        let listener =
            listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
        let local_ip = Some("127.0.0.2".parse().unwrap());
        let options = DialOptions { local_ip, ..DialOptions::default() };
        let stream = dial(listener.local_addr().unwrap(), &options).await.unwrap();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(Some(peer.ip()), local_ip);
        assert!(stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn a_closed_port_refuses() {
        let listener =
            listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
        let addr = listener.local_addr().unwrap();
        drop(listener);
        let error = dial(addr, &DialOptions::default()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn a_deadline_ends_the_attempt() {
        // A listener whose queue is full drops further attempts without an answer.
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let addr = socket.local_addr().unwrap().as_socket().unwrap();
        let mut held = Vec::new();
        for _ in 0..20 {
            let deadline = Instant::now() + Duration::from_millis(20);
            match dial(addr, &DialOptions { local_ip: None, deadline }).await {
                Ok(stream) => held.push(stream),
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
                    return;
                }
            }
        }
        panic!("20 connections fit into a queue of length 0");
    }

    #[tokio::test]
    async fn unix_sockets_connect() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let mut client: Stream = dial_unix(&path, Instant::FAR_FUTURE).await.unwrap().into();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(b"ping").await.unwrap();
        let mut buffer = [0; 4];
        server.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"ping");
    }
}
