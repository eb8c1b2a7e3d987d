//! Read-through: how many requests an origin gets when everybody misses one key at once, and what a dead
//! origin costs.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::bench::{Bench, Server, float};

const CLIENTS: usize = 10_000;
/// How long the origin takes: so that all have asked before the first is answered.
const ORIGIN_TIME: Duration = Duration::from_millis(1_500);
const BODY: &str = "from the origin";
/// A reply that does not come by then ends the measurement.
const PATIENCE: Duration = Duration::from_secs(30);
/// Times that everybody asks for a key of a dead origin.
const DEAD_ROUNDS: usize = 3;

pub(super) fn run(bench: &Bench<'_>) -> Result<()> {
    let origin = Origin::start()?;
    let rule = format!("user:*=http://127.0.0.1:{}/users/{{1}}", origin.port);
    let server = bench.ours(&["--maxclients", "12000", "--origin", &rule])?;
    let mut clients = connect(&server)?;
    let answered = ask(&mut clients, |_| "user:1".to_owned())?;
    let requests = origin.requests.load(Ordering::Relaxed);
    println!("  {CLIENTS} concurrent misses on one key: {requests} requests to the origin");
    ensure!(answered.values == CLIENTS, "{} of {CLIENTS} clients got the value", answered.values);
    ensure!(requests == 1, "one request was asked for");
    drop((clients, server));

    // A port that nobody listens on any more.
    let dead = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let rule = format!("user:*=http://127.0.0.1:{dead}/users/{{1}}");
    let server = bench.ours(&["--maxclients", "12000", "--origin", &rule])?;
    let mut clients = connect(&server)?;
    let mut resident = vec![server.settled()?.0];
    for round in 0..DEAD_ROUNDS {
        let answered = ask(&mut clients, |client| format!("user:{}", client + round * CLIENTS))?;
        println!(
            "  dead origin, {CLIENTS} keys: {} errors, {} nils, {} values in {:.2} s",
            answered.errors,
            answered.nils,
            answered.values,
            answered.time.as_secs_f64()
        );
        resident.push(server.settled()?.0);
    }
    let megabytes: Vec<String> =
        resident.iter().map(|bytes| format!("{:.1}", float(*bytes) / 1e6)).collect();
    println!("  resident MB before and after each round: {}", megabytes.join(", "));
    Ok(())
}

/// Answers every request after a while, with a thread for each connection.
struct Origin {
    port: u16,
    requests: Arc<AtomicU64>,
}

impl Origin {
    /// It ends with this process.
    fn start() -> Result<Origin> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let requests = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                thread::spawn(move || serve(&stream, &counter));
            }
        });
        Ok(Origin { port, requests })
    }
}

#[expect(clippy::disallowed_methods, reason = "an origin that takes its time")]
fn serve(stream: &TcpStream, requests: &AtomicU64) {
    let mut input = BufReader::new(stream);
    let mut line = String::new();
    // Requests without bodies, so an empty line ends each.
    while input.read_line(&mut line).is_ok_and(|count| count > 0) {
        if line.trim().is_empty() {
            requests.fetch_add(1, Ordering::Relaxed);
            thread::sleep(ORIGIN_TIME);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", BODY.len());
            let mut output = stream;
            if output.write_all([head.as_bytes(), BODY.as_bytes()].concat().as_slice()).is_err() {
                return;
            }
        }
        line.clear();
    }
}

fn connect(server: &Server) -> Result<Vec<TcpStream>> {
    (0..CLIENTS)
        .map(|client| {
            let stream = TcpStream::connect(("127.0.0.1", server.port()))
                .with_context(|| format!("connection {client}"))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        })
        .collect()
}

/// What everybody got.
#[derive(Default)]
struct Answered {
    values: usize,
    nils: usize,
    errors: usize,
    time: Duration,
}

/// All ask before anybody's reply is read.
#[expect(clippy::disallowed_methods, reason = "xtask measures without the runtime crate")]
fn ask(clients: &mut [TcpStream], key: impl Fn(usize) -> String) -> Result<Answered> {
    let began = Instant::now();
    for (index, client) in clients.iter_mut().enumerate() {
        client.write_all(format!("GET {}\r\n", key(index)).as_bytes())?;
    }
    let mut answered = Answered::default();
    for client in clients {
        let mut input = [0; 1 << 10];
        let count = client.read(&mut input)?;
        match input.get(..count).unwrap_or_default() {
            [b'$', b'-', ..] | [b'_', ..] => answered.nils += 1,
            [b'$', ..] => answered.values += 1,
            [b'-', ..] => answered.errors += 1,
            other => anyhow::bail!("reply {:?}", String::from_utf8_lossy(other)),
        }
    }
    answered.time = began.elapsed();
    Ok(answered)
}
