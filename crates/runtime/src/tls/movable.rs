//! A server's session that goes on in another thread's runtime than the one of its handshake.
//!
//! A handshake costs as much as hundreds of small commands, so a server may have a thread for them; the
//! session it gives is parked there and resumed by the thread that serves it.

use std::{
    io, mem,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

type Session = Box<tokio_rustls::server::TlsStream<Socket>>;

/// A session over a socket that the current runtime watches.
#[derive(Debug)]
pub struct MovableStream(Session);

/// A session between two runtimes: nobody watches its socket.
#[derive(Debug)]
pub struct ParkedStream(Session);

/// What a session writes to and reads from.
#[derive(Debug)]
pub(super) enum Socket {
    Watched(TcpStream),
    Unwatched(std::net::TcpStream),
    /// It could not be moved.
    Lost,
}

impl MovableStream {
    pub(super) fn new(session: tokio_rustls::server::TlsStream<Socket>) -> MovableStream {
        MovableStream(Box::new(session))
    }

    /// Takes the session out of its runtime. What it has received and not given yet stays in it.
    ///
    /// # Errors
    /// When the runtime cannot let go of the socket.
    pub fn park(mut self) -> io::Result<ParkedStream> {
        let socket = self.0.get_mut().0;
        *socket = match mem::replace(socket, Socket::Lost) {
            Socket::Watched(tcp) => Socket::Unwatched(tcp.into_std()?),
            other => other,
        };
        Ok(ParkedStream(self.0))
    }
}

impl ParkedStream {
    /// Goes on in the current runtime.
    ///
    /// # Errors
    /// Outside a runtime, or when it cannot watch the socket.
    pub fn resume(mut self) -> io::Result<MovableStream> {
        let socket = self.0.get_mut().0;
        *socket = match mem::replace(socket, Socket::Lost) {
            Socket::Unwatched(tcp) => Socket::Watched(TcpStream::from_std(tcp)?),
            other => other,
        };
        Ok(MovableStream(self.0))
    }
}

impl Socket {
    fn watched(self: Pin<&mut Self>) -> io::Result<Pin<&mut TcpStream>> {
        match self.get_mut() {
            Socket::Watched(tcp) => Ok(Pin::new(tcp)),
            Socket::Unwatched(_) | Socket::Lost => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.watched()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.watched()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.watched()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watched()?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watched()?.poll_shutdown(context)
    }
}

impl AsyncRead for MovableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for MovableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }
}
