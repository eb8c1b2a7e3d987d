//! A receiver of HTTP requests in the test's own process, which keeps what it is sent.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// `204 No Content`
    Taken,
    /// A status line.
    Status(&'static str),
    /// No answer, and the connection stays.
    Silence,
}

/// A request with its body; the target with its query.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub target: String,
    pub body: String,
    pub was_taken: bool,
}

/// Takes requests until the test ends.
pub struct Sink {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Sink {
    /// `reply` gets the number of the request, from 0, and the request.
    pub fn start(reply: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static) -> Sink {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind to a free port");
        let port = listener.local_addr().expect("its address").port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::new((Arc::clone(&received), AtomicUsize::new(0), reply));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // Ends with its connection, whoever ends that.
                std::thread::spawn(move || {
                    let (kept, count, reply) = &*shared;
                    serve(stream, kept, count, reply)
                });
            }
        });
        Sink { port, received }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lines of the bodies that were taken by `path`.
    pub fn lines(&self, path: &str) -> Vec<String> {
        let received = self.received();
        let taken = received.iter().filter(|request| request.was_taken);
        let bodies = taken.filter(|request| request.target.starts_with(path));
        bodies.flat_map(|request| request.body.lines().map(str::to_owned)).collect()
    }
}

fn serve(
    stream: TcpStream,
    kept: &Mutex<Vec<Received>>,
    count: &AtomicUsize,
    reply: &impl Fn(usize, &Received) -> Reply,
) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut request = read(&mut reader)?;
        let answer = reply(count.fetch_add(1, SeqCst), &request);
        request.was_taken = matches!(answer, Reply::Taken);
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let status = match answer {
            Reply::Taken => "204 No Content",
            Reply::Status(status) => status,
            // Until the other side hangs up.
            Reply::Silence => return reader.read(&mut [0]).ok().map(|_| ()),
        };
        let length = if status.starts_with("204") { "" } else { "Content-Length: 0\r\n" };
        write!(writer, "HTTP/1.1 {status}\r\n{length}\r\n").ok()?;
    }
}

/// One request with a `Content-Length` and a body of text.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = || {
        let mut text = String::new();
        reader.read_line(&mut text).ok().filter(|length| *length > 0)?;
        Some(text.trim_end().to_owned())
    };
    let target = line()?.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let header = line()?;
        let Some((name, value)) = header.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received { target, body: String::from_utf8_lossy(&body).into_owned(), was_taken: false })
}
