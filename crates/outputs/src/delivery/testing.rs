//! A receiver in the test's own process, which answers as it is told.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::net::TcpSocket;

/// What the receiver was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    /// `POST /write?db=k6`
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// A status line with a body.
    Status(&'static str, &'static str),
    /// The connection stays open without an answer.
    Hang,
    /// The connection ends without an answer.
    Close,
}

pub(crate) const OK: Reply = Reply::Status("204 No Content", "");

/// Takes requests on threads that live as long as the test.
pub(crate) struct Receiver {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// `reply` gets the number of the request, from 0, and the request.
    pub(crate) fn start(
        reply: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static,
    ) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (kept, reply) = (Arc::clone(&received), Arc::new(reply));
        let count = Arc::new(AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (kept, reply) = (Arc::clone(&kept), Arc::clone(&reply));
                let (stream, count) = (stream.unwrap(), Arc::clone(&count));
                // It ends when the other side hangs up, with an error or without.
                std::thread::spawn(move || serve(stream, &kept, &count, &*reply));
            }
        });
        Receiver { address, received }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// An address where nobody listens, as long as the socket is there, which nobody else gets.
pub(crate) fn nobody() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn serve(
    stream: TcpStream,
    kept: &Mutex<Vec<Received>>,
    count: &AtomicUsize,
    reply: &dyn Fn(usize, &Received) -> Reply,
) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let request = read(&mut reader)?;
        let answer = reply(count.fetch_add(1, SeqCst), &request);
        kept.lock().unwrap().push(request);
        match answer {
            Reply::Status(status, body) => {
                let length = body.len();
                write!(writer, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}")
                    .ok()?;
            }
            Reply::Close => return None,
            Reply::Hang => drop(reader.read(&mut [0])),
        }
    }
}

/// One request with a `Content-Length`, as our own client sends it.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut request = Received {
        line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        ..Received::default()
    };
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}
