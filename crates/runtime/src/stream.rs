//! One connection, whatever carries it.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
};

use crate::{metered::Metered, tls::TlsStream};

/// A TCP, TLS or Unix connection. Reads and writes go to the kernel without further indirection,
/// and a read that filled less than its buffer is not followed by one that finds nothing.
#[derive(Debug)]
pub enum Stream {
    Tcp(Metered<TcpStream>),
    /// Boxed: the state of a TLS session is large, and one allocation per connection is not; and it may
    /// run over another.
    Tls(Box<TlsStream>),
    Unix(Metered<UnixStream>),
}

impl Stream {
    /// The TLS session, where there is one.
    pub fn tls(&self) -> Option<&TlsStream> {
        match self {
            Stream::Tls(stream) => Some(stream),
            Stream::Tcp(_) | Stream::Unix(_) => None,
        }
    }

    /// The other end; `None` for a Unix socket or when the connection is gone.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.tcp()?.peer_addr().ok()
    }

    /// Our end; `None` as for [`Stream::peer_addr`].
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.tcp()?.local_addr().ok()
    }

    /// Whether the other side closed this idle connection or sent something unasked: then it must
    /// not be used again. Makes no system call unless the kernel announced something. Call it when
    /// no read is pending.
    pub fn is_stale(&mut self) -> bool {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let mut context = Context::from_waker(Waker::noop());
        Pin::new(self).poll_read(&mut context, &mut buffer).is_ready()
    }

    fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Stream::Tcp(stream) => Some(stream.get_ref()),
            Stream::Tls(stream) => stream.below().tcp(),
            Stream::Unix(_) => None,
        }
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Stream {
        Stream::Tcp(stream.into())
    }
}

impl From<Metered<TcpStream>> for Stream {
    fn from(stream: Metered<TcpStream>) -> Stream {
        Stream::Tcp(stream)
    }
}

impl From<TlsStream> for Stream {
    fn from(stream: TlsStream) -> Stream {
        Stream::Tls(Box::new(stream))
    }
}

impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Stream {
        Stream::Unix(stream.into())
    }
}

/// Calls the method of the stream that is inside.
macro_rules! inner {
    ($self:ident.$method:ident($($argument:expr),*)) => {
        match $self.get_mut() {
            Stream::Tcp(stream) => Pin::new(stream).$method($($argument),*),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).$method($($argument),*),
            Stream::Unix(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        inner!(self.poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        inner!(self.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        inner!(self.poll_write_vectored(context, slices))
    }

    /// True for every variant.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        inner!(self.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        inner!(self.poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::{
        dial::{DialOptions, dial},
        listen::{self, ListenOptions},
    };

    async fn pair() -> (Stream, TcpStream) {
        let listener =
            listen::tcp("127.0.0.1:0".parse().unwrap(), ListenOptions::default()).unwrap();
        let addr = listener.local_addr().unwrap();
        let client = dial(addr, &DialOptions::default()).await.unwrap();
        (client.into(), listener.accept().await.unwrap().0)
    }

    async fn check_stale(server: impl AsyncFnOnce(TcpStream) -> Option<TcpStream>, expected: bool) {
        let (mut client, peer) = pair().await;
        let kept = server(peer).await;
        // The kernel's announcement reaches the runtime when this task waits.
        crate::timer::sleep(std::time::Duration::from_millis(5)).await;
        assert_eq!(client.is_stale(), expected);
        drop(kept);
    }

    #[tokio::test]
    async fn an_idle_connection_is_stale_after_close_or_data() {
        check_stale(async |peer| Some(peer), false).await;
        check_stale(async |_| None, true).await;
        let data = async |mut peer: TcpStream| {
            peer.write_all(b"x").await.unwrap();
            Some(peer)
        };
        check_stale(data, true).await;
    }

    #[tokio::test]
    async fn addresses_are_those_of_the_ends() {
        let (client, server) = pair().await;
        assert_eq!(client.peer_addr(), server.local_addr().ok());
        assert_eq!(client.local_addr(), server.peer_addr().ok());
        assert!(client.tls().is_none());
    }
}
