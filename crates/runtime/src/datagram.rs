//! Datagrams of the tool's own, to one receiver.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::net::UdpSocket;

use crate::{
    clock::Instant,
    dns::{DnsConfig, Resolver},
    timer,
};

/// How long a name's look-up, or room in the socket's buffer, is waited for.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends datagrams to `host:port`. Lives inside a runtime of [`crate::workers`].
pub struct Datagrams {
    host: String,
    port: u16,
    resolver: Resolver,
    socket: Option<UdpSocket>,
}

impl Datagrams {
    /// `host` is a name or an address, without brackets; it is looked up with the first datagram.
    pub fn new(host: &str, port: u16) -> Datagrams {
        let resolver = Resolver::new(DnsConfig::default());
        Datagrams { host: host.to_owned(), port, resolver, socket: None }
    }

    /// Hands one datagram to the kernel; nobody says whether it arrives. The kernel may refuse it
    /// because an earlier one found nobody: that is no error of this one, which is sent again.
    ///
    /// # Errors
    /// When the name has no address, or the kernel takes none.
    pub async fn send(&mut self, datagram: &[u8]) -> io::Result<()> {
        let deadline = Instant::now() + TIMEOUT;
        let late = || io::Error::new(io::ErrorKind::TimedOut, "not sent in time");
        timer::timeout_at(deadline, self.attempt(datagram)).await.unwrap_or_else(|| Err(late()))
    }

    async fn attempt(&mut self, datagram: &[u8]) -> io::Result<()> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => self.connect().await?,
        };
        let mut sent = socket.send(datagram).await;
        if sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            sent = socket.send(datagram).await;
        }
        sent?;
        self.socket = Some(socket);
        Ok(())
    }

    async fn connect(&self) -> io::Result<UdpSocket> {
        let ip = match self.host.parse() {
            Ok(ip) => ip,
            Err(_) => self.resolver.lookup(&self.host).await.map_err(io::Error::other)?,
        };
        let any: IpAddr = match ip {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
        socket.connect(SocketAddr::new(ip, self.port)).await?;
        Ok(socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers;

    #[test]
    fn datagrams_arrive_one_by_one_and_nobody_there_is_no_error() {
        workers::block_on(async {
            let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let port = receiver.local_addr().unwrap().port();
            let mut datagrams = Datagrams::new("127.0.0.1", port);
            let mut buffer = [0; 16];
            for text in ["one", "two"] {
                datagrams.send(text.as_bytes()).await.unwrap();
                let length = receiver.recv(&mut buffer).await.unwrap();
                assert_eq!(&buffer[..length], text.as_bytes());
            }
            drop(receiver);
            for _ in 0..3 {
                datagrams.send(b"lost").await.unwrap();
            }
        })
        .unwrap();
    }

    #[test]
    fn a_name_that_is_none_is_an_error() {
        let sent = workers::block_on(async { Datagrams::new("name.invalid", 1).send(b"").await });
        assert!(sent.unwrap().is_err());
    }
}
