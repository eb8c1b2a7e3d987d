//! Whole exchanges of the HTTP client with a server that answers anything: framing, cookies, digest
//! challenges, compressed bodies, connections kept or not.

use std::{
    cell::RefCell,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener},
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bolero::{check, produce};
use plimsoll_clients::http::{Auth, Client, CookieJar, HttpConfig, Request, Scope, Url, Worker};
use plimsoll_metrics::{Recorder, Registry};
use plimsoll_runtime::{
    log::Log,
    tls::{TlsConfig, TlsConnector},
    workers,
};

use crate::near::Corpus;

const SEEDS: &[&str] = &[
    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Digest realm=\"a\\\"b\", \
     nonce=\"n\", qop=\"auth,auth-int\", algorithm=SHA-256, opaque=\"o\"\r\n\r\n",
    "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nwww-authenticate: digest nonce=n,realm=,qop=x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=b; Path=/\r\nSet-Cookie: c=\"d\"\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, br\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nConnection: close\r\n\r\n\x01\x05\x00",
    "HTTP/1.1 302 Found\r\nLocation: /next?a=%zz\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
];

const WORDS: &[&str] = &[
    "\r\n",
    "\r\n\r\n",
    "\0",
    ":",
    "=",
    "\"",
    ",",
    "\\",
    "algorithm=MD5-sess",
    "qop=auth-int",
    "nonce=\"\"",
    "Content-Encoding: zstd\r\n",
    "Content-Encoding: gzip\r\n",
    "Content-Length: 18446744073709551615\r\n",
    "Transfer-Encoding: chunked\r\n",
    "\u{e9}",
    "Set-Cookie: =\r\n",
    "ffffffff\r\n",
    "HTTP/1.0 ",
];

/// Each exchange takes a port for as long as the kernel remembers closed connections.
const EXCHANGES: usize = 1_000;
/// How long an exchange may take: nothing but a fault makes it wait.
const EXCHANGE_MAX: Duration = Duration::from_secs(5);
const SERVER_WAIT: Duration = Duration::from_millis(100);

type Answer = Arc<Mutex<Option<Vec<u8>>>>;

/// Answers every connection with what `answer` holds, and ends when it holds nothing.
fn serve(listener: &TcpListener, answer: &Answer) -> io::Result<()> {
    let mut request = [0; 4096];
    loop {
        let (mut stream, _) = listener.accept()?;
        let Some(bytes) = answer.lock().unwrap_or_else(PoisonError::into_inner).clone() else {
            return Ok(());
        };
        stream.set_read_timeout(Some(SERVER_WAIT))?;
        // The client may be gone at any moment, which is its right.
        let sent = stream.read(&mut request).and_then(|_| stream.write_all(&bytes));
        if sent.and_then(|()| stream.shutdown(Shutdown::Write)).is_ok() {
            while stream.read(&mut request).is_ok_and(|length| length > 0) {}
        }
    }
}

fn exchange(config: &Arc<HttpConfig>, address: SocketAddr, digest: bool) {
    let url = format!("http://user:secret@{address}/x");
    workers::block_on(async {
        let recorder = Rc::new(RefCell::new(Recorder::new(Registry::new(100), false, 0)));
        let client = Client::new(Worker::new(Arc::clone(config), recorder), 0);
        let mut request = Request::new("GET", Url::parse(&url).expect("a valid URL"));
        request.auth = if digest { Auth::Digest } else { Auth::None };
        request.jar = Some(Rc::new(CookieJar::new()));
        request.timeout = EXCHANGE_MAX;
        // A changed `Location` could name any host.
        request.redirects = Some(0);
        let response = client.send(request, &Scope::default()).await;
        assert!(response.timings.duration() < EXCHANGE_MAX, "{}", response.error_message());
        assert_eq!(response.status == 0, response.proto.as_str().is_empty());
        response.cookies();
        assert!(response.status != 0 || response.error.is_some(), "neither response nor error");
    })
    .expect("a runtime");
}

#[test]
fn exchanges() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let answer = Answer::default();
    let server = std::thread::spawn({
        let answer = Arc::clone(&answer);
        move || serve(&listener, &answer)
    });
    let tls = TlsConnector::new(&TlsConfig::default()).expect("a TLS set-up");
    let config = Arc::new(HttpConfig::new("plimsoll/fuzz", tls, Log::memory()));
    // Nothing in it changes.
    let config = AssertUnwindSafe(config);
    let inputs = (Corpus::of_texts(SEEDS, WORDS).bytes(), produce::<bool>());
    check!().with_iterations(EXCHANGES).with_generator(inputs).for_each(|(bytes, digest)| {
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes.0.clone());
        exchange(&config, address, *digest);
    });
    *answer.lock().unwrap_or_else(PoisonError::into_inner) = None;
    // Wakes the server, so that it sees that there is nothing more to answer.
    drop(std::net::TcpStream::connect(address));
    server.join().expect("no panic").expect("a listener");
}
