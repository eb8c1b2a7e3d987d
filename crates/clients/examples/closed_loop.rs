//! The bare HTTP client without a script: a fixed number of connections on one thread, each asking
//! again as soon as it is answered.
//!
//! `closed_loop URL CONNECTIONS SECONDS`; prints `requests N` (answered) and `errors N` (not
//! answered, or not to the end).

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line of its own")]

use std::{
    cell::{Cell, RefCell},
    error::Error,
    process::ExitCode,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use plimsoll_clients::http::{Client, HttpConfig, Request, Scope, Url, Worker};
use plimsoll_metrics::{Recorder, Registry, TagSet};
use plimsoll_runtime::{
    clock::Instant,
    log::{Log, LogConfig},
    timer,
    tls::{TlsConfig, TlsConnector},
    workers,
};

const USAGE: &str = "usage: closed_loop URL CONNECTIONS SECONDS";
const CONNECTIONS_LIMIT: u64 = 10_000;
/// One URL, so a few series of each metric.
const SERIES_LIMIT: usize = 1_000;

struct Load {
    url: Url,
    connections: u64,
    duration: Duration,
}

#[derive(Default)]
struct Counts {
    requests: Cell<u64>,
    errors: Cell<u64>,
}

fn main() -> ExitCode {
    match load().and_then(|load| run(&load)) {
        Ok(counts) => {
            println!("requests {}", counts.requests.get());
            println!("errors {}", counts.errors.get());
            if counts.requests.get() > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn load() -> Result<Load, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, connections, seconds] = &arguments[..] else { return Err(USAGE.into()) };
    let url = Url::parse(url).map_err(|error| error.message)?;
    let connections: u64 = connections.parse()?;
    if !(1..=CONNECTIONS_LIMIT).contains(&connections) {
        return Err(format!("CONNECTIONS must be within 1 and {CONNECTIONS_LIMIT}").into());
    }
    Ok(Load { url, connections, duration: Duration::try_from_secs_f64(seconds.parse()?)? })
}

fn run(load: &Load) -> Result<Rc<Counts>, Box<dyn Error>> {
    let tls = TlsConnector::new(&TlsConfig::default())?;
    let log = Log::new(LogConfig::default())?;
    let config = HttpConfig::new(concat!("plimsoll/", env!("CARGO_PKG_VERSION")), tls, log);
    let counts = Rc::new(Counts::default());
    let all = Rc::clone(&counts);
    workers::block_on(async move {
        let recorder = Recorder::new(Registry::new(SERIES_LIMIT), false, 0);
        let worker = Worker::new(Arc::new(config), Rc::new(RefCell::new(recorder)));
        let deadline = Instant::now() + load.duration;
        let loops: Vec<_> = (0..load.connections)
            .map(|index| {
                let client = Client::new(Rc::clone(&worker), index);
                let ask = ask(client, load.url.clone(), Rc::clone(&counts));
                // An exchange that the deadline cuts counts as neither.
                tokio::task::spawn_local(timer::timeout_at(deadline, ask))
            })
            .collect();
        for each in loops {
            each.await?;
        }
        Ok::<(), tokio::task::JoinError>(())
    })??;
    Ok(all)
}

/// Asks until it is dropped.
async fn ask(client: Client, url: Url, counts: Rc<Counts>) {
    let tags = TagSet::from_pairs([("group", ""), ("scenario", "default")]);
    let scope = Scope { tags, metadata: None };
    loop {
        let mut request = Request::new("GET", url.clone());
        request.discard_body = true;
        let response = client.send(request, &scope).await;
        let count = if response.error.is_none() { &counts.requests } else { &counts.errors };
        count.set(count.get() + 1);
    }
}
