//! A raw server that breaks the rules of HTTP, for tests of clients and for demonstrations.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
    thread::JoinHandle,
    time::Duration,
};

use plimsoll_runtime::{
    clock::Instant,
    listen::{self, ListenOptions},
    timer, workers,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    task::spawn_local,
};

/// Bytes after which an endless header or body ends all the same.
pub const ENDLESS_BYTES_MAX: usize = 1 << 30;
/// Time after which a silent or endless response ends all the same.
pub const TIME_MAX: Duration = Duration::from_secs(300);
/// Length of the one header of [`Fault::EnormousHeader`].
pub const ENORMOUS_HEADER_BYTES: usize = 4 << 20;
/// Longest request that is read before the answer.
const REQUEST_BYTES_MAX: usize = 1 << 20;
/// What endless responses are made of.
const FILLING: [u8; 16 << 10] = [b'x'; 16 << 10];

macro_rules! faults {
    ($($(#[$meta:meta])* $variant:ident = $name:literal,)*) => {
        /// How the rules are broken. Each has a name, which is also its path.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[$meta])* $variant,)*
        }

        impl Fault {
            pub const ALL: &[Fault] = &[$(Fault::$variant,)*];

            pub fn name(self) -> &'static str {
                match self {
                    $(Fault::$variant => $name,)*
                }
            }
        }
    };
}

faults! {
    /// Closes the connection before anything is read.
    CloseAtOnce = "close-at-once",
    /// Closes it after the request.
    CloseEarly = "close-early",
    /// Resets it after the request.
    Reset = "reset",
    /// Half a status line and headers, then closes.
    HalfHead = "half-head",
    /// Half of the promised body, then closes.
    HalfBody = "half-body",
    /// Half of the promised body, then resets.
    HalfBodyReset = "half-body-reset",
    /// A chunked body without its end, then closes.
    HalfChunked = "half-chunked",
    /// A chunk whose size is not a number.
    BadChunk = "bad-chunk",
    /// Bytes that are no HTTP at all.
    Garbage = "garbage",
    /// `Content-Encoding: gzip` before a body that is not.
    BadGzip = "bad-gzip",
    /// Two lengths that differ.
    TwoLengths = "two-lengths",
    /// A body longer than promised.
    LongBody = "long-body",
    /// No answer.
    Silent = "silent",
    /// Part of the body, then nothing.
    StalledBody = "stalled-body",
    /// One header of [`ENORMOUS_HEADER_BYTES`].
    EnormousHeader = "enormous-header",
    /// Headers without end.
    EndlessHeaders = "endless-headers",
    /// A body of some exabytes.
    EnormousLength = "enormous-length",
    /// A body without length and without end.
    EndlessBody = "endless-body",
    /// Chunks without end.
    EndlessChunks = "endless-chunks",
    /// An answer, and unasked another.
    Unasked = "unasked",
    /// A good answer, then the connection is closed though it was promised to stay open.
    CloseAfter = "close-after",
}

impl FromStr for Fault {
    type Err = ();

    fn from_str(name: &str) -> Result<Fault, ()> {
        Fault::ALL.iter().copied().find(|fault| fault.name() == name).ok_or(())
    }
}

/// A server at work on a thread of its own. Dropping it ends it and its connections.
#[derive(Debug)]
pub struct Misbehaving {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

/// Serves on a free loopback port. Without `always` the path of each request names the fault, such
/// as `/half-body`; other paths get a good answer.
///
/// # Errors
/// When there is no free port or no thread.
pub fn start(always: Option<Fault>) -> io::Result<Misbehaving> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let socket = listen::bind(any, ListenOptions::default())?;
    let addr = socket.local_addr()?;
    let socket = std::sync::Mutex::new(Some(socket));
    let (stop, stopped) = watch::channel(false);
    let threads = workers::spawn(1, "misbehave", move |_| {
        let socket = socket.lock().ok().and_then(|mut socket| socket.take());
        let mut stopped = stopped.clone();
        async move {
            let Some(socket) = socket else { return Ok(()) };
            let listener = socket.listen()?;
            let accept = async {
                while let Ok((tcp, _)) = listener.accept().await {
                    drop(spawn_local(async move {
                        let deadline = Instant::now() + TIME_MAX;
                        // What fails here is what was wanted.
                        drop(timer::timeout_at(deadline, connection(tcp, always)).await);
                    }));
                }
            };
            tokio::select! {
                () = accept => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
            Ok(())
        }
    })?;
    Ok(Misbehaving { addr, stop, threads })
}

impl Misbehaving {
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Misbehaving {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

/// Answers requests until one of them gets a fault.
async fn connection(mut tcp: TcpStream, always: Option<Fault>) -> io::Result<()> {
    if always == Some(Fault::CloseAtOnce) {
        return Ok(());
    }
    let mut buffer = Vec::new();
    while let Some(path) = request(&mut tcp, &mut buffer).await? {
        match always.or_else(|| path.trim_start_matches('/').parse().ok()) {
            Some(fault) => return misbehave(&mut tcp, fault).await,
            None => tcp.write_all(GOOD).await?,
        }
    }
    Ok(())
}

/// Reads one head and returns its path; `None` at the end. Bodies are not looked for: they show up
/// as further requests, which does no harm here.
async fn request(tcp: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<String>> {
    loop {
        if let Some(end) = memchr::memmem::find(buffer, b"\r\n\r\n") {
            let rest = buffer.split_off(end + 4);
            let head = std::mem::replace(buffer, rest);
            let head = String::from_utf8_lossy(&head);
            return Ok(Some(head.split(' ').nth(1).unwrap_or_default().to_owned()));
        }
        if buffer.len() > REQUEST_BYTES_MAX || tcp.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ngood\n";

async fn misbehave(tcp: &mut TcpStream, fault: Fault) -> io::Result<()> {
    if let Some(bytes) = fixed(fault) {
        tcp.write_all(bytes).await?;
    }
    match fault {
        Fault::Reset | Fault::HalfBodyReset => tcp.set_zero_linger()?,
        Fault::Silent | Fault::StalledBody => timer::sleep(TIME_MAX).await,
        Fault::EnormousHeader => {
            fill(tcp, ENORMOUS_HEADER_BYTES).await?;
            tcp.write_all(b"\r\nContent-Length: 0\r\n\r\n").await?;
        }
        Fault::EndlessHeaders => {
            for number in 0..ENDLESS_BYTES_MAX / 32 {
                tcp.write_all(format!("X-{number}: {number}\r\n").as_bytes()).await?;
            }
        }
        Fault::EnormousLength | Fault::EndlessBody => fill(tcp, ENDLESS_BYTES_MAX).await?,
        Fault::EndlessChunks => {
            for _ in 0..ENDLESS_BYTES_MAX / FILLING.len() {
                tcp.write_all(b"4000\r\n").await?;
                tcp.write_all(&FILLING).await?;
                tcp.write_all(b"\r\n").await?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// What is sent first, for most faults all.
fn fixed(fault: Fault) -> Option<&'static [u8]> {
    let text = match fault {
        Fault::CloseAtOnce | Fault::CloseEarly | Fault::Reset | Fault::Silent => return None,
        Fault::HalfHead => "HTTP/1.1 200 OK\r\nContent-Ty",
        Fault::HalfBody | Fault::HalfBodyReset | Fault::StalledBody => {
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
        }
        Fault::HalfChunked => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        Fault::BadChunk => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n",
        Fault::Garbage => "\u{1}\u{2}\u{3} this is no HTTP\r\n\r\n\u{7f}\u{0}",
        Fault::BadGzip => {
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"
        }
        Fault::TwoLengths => {
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"
        }
        Fault::LongBody => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
        Fault::EnormousHeader => "HTTP/1.1 200 OK\r\nX-Enormous: ",
        Fault::EndlessHeaders => "HTTP/1.1 200 OK\r\n",
        Fault::EnormousLength => "HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n",
        Fault::EndlessBody => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        Fault::EndlessChunks => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        Fault::Unasked => {
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\
             HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nunasked"
        }
        Fault::CloseAfter => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    };
    Some(text.as_bytes())
}

async fn fill(tcp: &mut TcpStream, bytes: usize) -> io::Result<()> {
    for _ in 0..bytes / FILLING.len() {
        tcp.write_all(&FILLING).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use plimsoll_runtime::dial::{DialOptions, dial};

    use super::*;

    /// What the server sends before it closes, at most `limit` bytes.
    async fn sent(always: Option<Fault>, path: &str, limit: u64) -> Vec<u8> {
        let server = start(always).unwrap();
        let mut tcp = dial(server.local_addr(), &DialOptions::default()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        // Both ends of the exchange may fail, by design.
        tcp.write_all(request.as_bytes()).await.ok();
        let mut bytes = Vec::new();
        (&mut tcp).take(limit).read_to_end(&mut bytes).await.ok();
        bytes
    }

    #[tokio::test]
    async fn every_fault_is_reached_by_its_path() {
        for &fault in Fault::ALL {
            if fault == Fault::Silent {
                continue;
            }
            let expected = fixed(fault).unwrap_or_default();
            // Closing before the request cannot follow from its path.
            let always = (fault == Fault::CloseAtOnce).then_some(fault);
            let path = format!("/{}", fault.name());
            let bytes = sent(always, &path, expected.len() as u64).await;
            assert_eq!(bytes, expected, "{path}");
        }
    }

    #[tokio::test]
    async fn large_ones_are_large() {
        for (fault, bytes) in [
            (Fault::EnormousHeader, ENORMOUS_HEADER_BYTES as u64),
            (Fault::EndlessHeaders, 1 << 20),
            (Fault::EndlessBody, 1 << 20),
            (Fault::EndlessChunks, 1 << 20),
        ] {
            assert_eq!(sent(Some(fault), "/", bytes).await.len() as u64, bytes, "{fault:?}");
        }
    }

    #[tokio::test]
    async fn other_paths_are_answered_well() {
        let server = start(None).unwrap();
        let mut tcp = dial(server.local_addr(), &DialOptions::default()).await.unwrap();
        for _ in 0..2 {
            tcp.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            let mut answer = vec![0; GOOD.len()];
            tcp.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, GOOD);
        }
    }
}
