//! Asynchronous read-through: a thousand tasks want the same page, and its origin is asked once.
//!
//! `cargo run --release -p plimsoll-cache --example fetch_once`

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::{io, time::Duration};

use plimsoll_cache::{Cache, Fetched};
use tokio::task::JoinSet;

/// What the application would ask over the network.
async fn origin(path: String) -> io::Result<Fetched<String>> {
    #[expect(clippy::disallowed_methods, reason = "what programs that are not Plimsoll use")]
    tokio::time::sleep(Duration::from_millis(50)).await;
    match path.as_str() {
        "/missing" => Err(io::Error::from(io::ErrorKind::NotFound)),
        _ => Ok(Fetched::with_ttl(format!("the page {path}"), Duration::from_secs(10))),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let pages: Cache<String> = Cache::new(64 << 20);
    for path in ["/", "/missing"] {
        let mut tasks = JoinSet::new();
        for _ in 0..1_000 {
            let pages = pages.clone();
            tasks.spawn(async move { pages.get_or_fetch(path, || origin(path.to_owned())).await });
        }
        let answers = tasks.join_all().await;
        let good = answers.iter().flatten().count();
        println!("{path}: {good} pages, {} errors", answers.len() - good);
    }
    let statistics = pages.statistics();
    println!(
        "{} fetches, of which {} failed; {} tasks waited for one of them",
        statistics.fetches, statistics.fetches_failed, statistics.fetches_joined
    );
}
