//! A server that does as its script says, byte by byte.

use std::{cell::RefCell, rc::Rc, time::Duration};

use plimsoll_runtime::{
    listen::{self, ListenOptions},
    timer,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// Each written and flushed on its own, with a pause between that lets the client read it.
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) then: Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    KeepOpen,
    Close,
    /// With a TCP reset.
    Reset,
}

/// A whole reply on a connection that stays open.
pub(crate) fn reply(bytes: impl AsRef<[u8]>) -> Reply {
    Reply { pieces: vec![bytes.as_ref().to_vec()], then: Then::KeepOpen }
}

/// As [`reply`], then the server closes.
pub(crate) fn last(bytes: impl AsRef<[u8]>) -> Reply {
    Reply { then: Then::Close, ..reply(bytes) }
}

/// `200 OK` with a body.
pub(crate) fn ok(body: &str) -> Reply {
    reply(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// 0.. in the order of connections.
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    pub(crate) peer: std::net::SocketAddr,
}

impl Seen {
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

pub(crate) struct Server {
    pub(crate) port: u16,
    seen: Rc<RefCell<Vec<Seen>>>,
}

impl Server {
    /// `script`: request to reply; `None` never answers.
    pub(crate) fn start(script: impl Fn(&Seen) -> Option<Reply> + 'static) -> Server {
        let address = "127.0.0.1:0".parse().unwrap();
        let listener = listen::tcp(address, ListenOptions::default()).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Rc<RefCell<Vec<Seen>>> = Rc::default();
        let (script, log) = (Rc::new(script), seen.clone());
        tokio::task::spawn_local(async move {
            for connection in 0.. {
                let (stream, peer) = listener.accept().await.unwrap();
                let serving = serve(stream, connection, peer, script.clone(), log.clone());
                tokio::task::spawn_local(async move { serving.await.ok() });
            }
        });
        Server { port, seen }
    }

    /// Answers every request alike.
    pub(crate) fn always(answer: Reply) -> Server {
        Server::start(move |_| Some(answer.clone()))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Requests since the last call.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.take()
    }

    /// Heads of the requests since the last call, with this server's port as `PORT`.
    pub(crate) fn heads(&self) -> Vec<String> {
        let port = format!(":{}", self.port);
        self.seen().iter().map(|seen| seen.head.replace(&port, ":PORT")).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    peer: std::net::SocketAddr,
    script: Rc<impl Fn(&Seen) -> Option<Reply>>,
    log: Rc<RefCell<Vec<Seen>>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = Vec::new();
    loop {
        let Some(seen) = read_request(&mut stream, &mut input, connection, peer).await? else {
            return Ok(());
        };
        log.borrow_mut().push(seen.clone());
        let Some(reply) = script(&seen) else {
            // Holds the connection until the client goes.
            stream.read_to_end(&mut input).await?;
            return Ok(());
        };
        for (at, piece) in reply.pieces.iter().enumerate() {
            if at > 0 {
                timer::sleep(Duration::from_micros(200)).await;
            }
            stream.write_all(piece).await?;
        }
        match reply.then {
            Then::KeepOpen => {}
            Then::Close => return stream.shutdown().await,
            Then::Reset => {
                stream.set_zero_linger()?;
                return Ok(());
            }
        }
    }
}

async fn read_request(
    stream: &mut TcpStream,
    input: &mut Vec<u8>,
    connection: usize,
    peer: std::net::SocketAddr,
) -> std::io::Result<Option<Seen>> {
    let end = loop {
        if let Some(at) = input.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&input[..end]).into_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    while input.len() < end + 4 + length {
        if stream.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
    let body = input[end + 4..end + 4 + length].to_vec();
    input.drain(..end + 4 + length);
    Ok(Some(Seen { connection, head, body, peer }))
}
