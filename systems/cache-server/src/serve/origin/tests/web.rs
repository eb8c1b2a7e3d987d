//! An origin that does what a test wants.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::PATIENCE;

/// What the origin does with a request.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A status and a body.
    Answer(u16, String),
    /// What that makes of the request's head.
    By(fn(&str) -> String),
    /// These very bytes, then the end.
    Raw(&'static [u8]),
    /// Nothing, ever.
    Hang,
}

/// An origin on a port of its own. Its threads end with the process.
pub(super) struct Web {
    pub(super) addr: SocketAddr,
    act: Arc<Mutex<Act>>,
    /// The requests' first lines.
    seen: Arc<Mutex<Vec<String>>>,
    pub(super) connections: Arc<AtomicUsize>,
    /// Held while no answer may be given.
    pub(super) gate: Arc<Mutex<()>>,
}

impl Web {
    pub(super) fn start(act: Act) -> Web {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let web = Web {
            addr: listener.local_addr().unwrap(),
            act: Arc::new(Mutex::new(act)),
            seen: Arc::default(),
            connections: Arc::default(),
            gate: Arc::default(),
        };
        let (act, seen) = (Arc::clone(&web.act), Arc::clone(&web.seen));
        let (connections, gate) = (Arc::clone(&web.connections), Arc::clone(&web.gate));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                let (act, seen, gate) = (Arc::clone(&act), Arc::clone(&seen), Arc::clone(&gate));
                std::thread::spawn(move || serve(stream.unwrap(), &act, &seen, &gate));
            }
        });
        web
    }

    pub(super) fn does(&self, act: Act) {
        *self.act.lock().unwrap() = act;
    }

    pub(super) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

fn serve(mut stream: TcpStream, act: &Mutex<Act>, seen: &Mutex<Vec<String>>, gate: &Mutex<()>) {
    let mut head = Vec::new();
    loop {
        let mut some = [0; 1024];
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read(&mut some) {
                Ok(count) if count > 0 => head.extend_from_slice(&some[..count]),
                _ => return,
            }
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        seen.lock().unwrap().push(text.lines().next().unwrap().to_owned());
        head.clear();
        drop(gate.lock().unwrap());
        let act = act.lock().unwrap().clone();
        let sent = match act {
            Act::Answer(status, body) => stream.write_all(
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                    .as_bytes(),
            ),
            Act::By(reply) => stream.write_all(reply(&text).as_bytes()),
            Act::Raw(bytes) => {
                let sent = stream.write_all(bytes);
                stream.shutdown(Shutdown::Write).ok();
                sent
            }
            Act::Hang => {
                std::thread::sleep(PATIENCE);
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

pub(super) fn answer(status: u16, body: &str) -> Act {
    Act::Answer(status, body.to_owned())
}
