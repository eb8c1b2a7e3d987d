//! Just enough HTTP/1.1 for a scraper: one request per connection, one connection at a time.

use std::time::Duration;

use plimsoll_runtime::{clock::Instant, listen::Bound, timer, workers};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Shared, lock};

/// Bytes of a request's head; a scraper's has some hundreds.
const HEAD_LIMIT: usize = 16 << 10;
/// Of one scrape, so that one that hangs does not keep out the next.
const PATIENCE: Duration = Duration::from_secs(2);
/// After a connection that could not be taken.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the process ends. Blocks.
pub(super) fn run(bound: Bound, page: &Shared) {
    let served = workers::block_on(async {
        let Ok(listener) = bound.listen() else { return };
        loop {
            match listener.accept().await {
                // A scraper that goes away early has what it wanted.
                Ok((stream, _)) => {
                    drop(timer::timeout_at(Instant::now() + PATIENCE, answer(stream, page)).await);
                }
                Err(_) => timer::sleep(PAUSE).await,
            }
        }
    });
    // Without a runtime there is no page; the run goes on.
    drop(served);
}

async fn answer(mut stream: TcpStream, page: &Shared) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < HEAD_LIMIT {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let is_page = [&b"GET /metrics "[..], b"GET / "].iter().any(|start| head.starts_with(start));
    let (status, body) = match is_page {
        true => ("200 OK", lock(page).text()),
        false => ("404 Not Found", "see /metrics\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
