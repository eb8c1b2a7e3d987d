//! HTTP/1.1 for those who watch: a few clients that ask for small answers. None of them can keep a place that
//! it does nothing with.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, request};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::spawn_local,
};

use crate::timer::{self, Sleep};

/// After a connection that could not be taken: most likely no descriptor is left.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// What one connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of a request's head, in bytes.
    pub head_bytes: usize,
    /// For a request's head to come, and between two requests of a connection.
    pub head_time: Duration,
    /// For an answer to be taken, from when the client first left some of it.
    pub answer_time: Duration,
}

/// Takes connections as long as it is polled, within a `LocalSet`, and serves each in a task of its own. While
/// there are `places` of them, one more is closed at once.
pub async fn take<F, Fut>(listener: &TcpListener, places: usize, serve: F)
where
    F: Fn(TcpStream, SocketAddr) -> Fut,
    Fut: Future<Output = ()> + 'static,
{
    let places = Arc::new(Semaphore::new(places));
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
                // Answers are small, and clients wait for them.
                stream.set_nodelay(true).ok();
                let served = serve(stream, peer);
                drop(spawn_local(async move {
                    // Given back when the task ends, however that is.
                    let _place = place;
                    served.await;
                }));
            }
            Err(_) => timer::sleep(ACCEPT_RETRY).await,
        }
    }
}

/// Answers the requests of one connection, whose bodies nobody reads, until it ends.
pub async fn answer<S, F, Fut>(stream: S, limits: &Limits, answer: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(request::Parts) -> Fut,
    Fut: Future<Output = Response<Bytes>>,
{
    let service = service_fn(|request: Request<Incoming>| {
        let (head, _) = request.into_parts();
        let answered = answer(head);
        async move { Ok::<_, Infallible>(answered.await.map(Full::new)) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(Impatient::new(stream, limits.answer_time)), service)
        .await;
    // A client that goes away in the middle has what it wanted.
    drop(served);
}

/// A stream that fails when its peer does not take what it is sent.
struct Impatient<S> {
    stream: S,
    limit: Duration,
    /// Since something had to wait; gone when all is sent. So one byte now and then does not help.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<S> Impatient<S> {
    fn new(stream: S, limit: Duration) -> Impatient<S> {
        Impatient { stream, limit, alarm: None }
    }

    /// What was tried is not done, unless it is too late for it.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let limit = self.limit;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(timer::sleep(limit)));
        alarm.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.wait(context),
            written => written,
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(context, slices) {
            Poll::Pending => self.wait(context),
            written => written,
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Pending => self.wait(context),
            flushed => {
                self.alarm = None;
                flushed
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_shutdown(context) {
            Poll::Pending => self.wait(context),
            shut => shut,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{Ipv4Addr, TcpStream as Client},
        thread,
    };

    use tokio::sync::oneshot;

    use super::*;
    use crate::workers;

    /// More than the sockets of both ends hold.
    const LARGE: usize = 32 << 20;
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Serves with one place while `client` is at work: `/large`, and anything else as a small answer.
    fn check(head_time: Duration, answer_time: Duration, client: fn(SocketAddr)) {
        let limits = Limits { head_bytes: 16 << 10, head_time, answer_time };
        let served = workers::block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            let addr = listener.local_addr().unwrap();
            let (ended, end) = oneshot::channel::<()>();
            let client = thread::spawn(move || {
                // Dropped by a panic as well.
                let _ended = ended;
                client(addr);
            });
            tokio::select! {
                () = take(&listener, 1, |stream, _| async move {
                    answer(stream, &limits, async |head| {
                        let bytes = if head.uri.path() == "/large" { LARGE } else { 5 };
                        Response::new(vec![b'x'; bytes].into())
                    })
                    .await;
                }) => {}
                // Nothing is ever sent.
                _ = end => {}
            }
            client
        });
        served.unwrap().join().unwrap();
    }

    fn connect(addr: SocketAddr) -> Client {
        let stream = Client::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Bytes of the body; `None` when there is no answer.
    fn ask(stream: &mut Client, path: &str) -> Option<usize> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        Some(answer.len() - head - 4)
    }

    /// Somebody gets the only place in the end.
    fn ask_until_answered(addr: SocketAddr) {
        assert!((0..100_000).any(|_| ask(&mut connect(addr), "/") == Some(5)));
    }

    #[test]
    fn answers_are_whole() {
        check(PATIENCE, PATIENCE, |addr| {
            assert_eq!(ask(&mut connect(addr), "/large"), Some(LARGE));
            ask_until_answered(addr);
        });
    }

    #[test]
    fn who_does_not_read_gives_way() {
        check(PATIENCE, Duration::from_millis(20), |addr| {
            let mut deaf = connect(addr);
            deaf.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            ask_until_answered(addr);
        });
    }

    /// It takes something all the time, and never all.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a client may wait as it likes")]
    fn who_reads_too_slowly_gives_way() {
        check(PATIENCE, Duration::from_millis(20), |addr| {
            let mut slow = connect(addr);
            slow.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            let (mut some, mut taken) = (vec![0; 64 << 10], 0);
            while let Ok(count @ 1..) = slow.read(&mut some) {
                taken += count;
                thread::sleep(Duration::from_millis(5));
            }
            assert!(taken < LARGE, "{taken}");
        });
    }

    #[test]
    fn who_does_not_ask_gives_way() {
        check(Duration::from_millis(20), PATIENCE, |addr| {
            let _silent = connect(addr);
            ask_until_answered(addr);
        });
        // Nor does who has asked once keep it.
        check(Duration::from_millis(20), PATIENCE, |addr| {
            let mut silent = connect(addr);
            silent.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
            silent.read_exact(&mut [0; 5]).unwrap();
            ask_until_answered(addr);
        });
    }
}
