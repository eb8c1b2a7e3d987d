//! The port of those who run the server: `/metrics` for Prometheus, `/health` and `/ready` for who starts and
//! balances it. On a thread of its own, so that it answers while the others are busy, and costs them nothing.

mod families;
mod page;
pub(crate) mod process;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header, request};
use plimsoll_runtime::{
    http_server::{self, Limits},
    listen::Bound,
    workers,
};
use tokio::{net::TcpStream, sync::watch};

pub(crate) use page::Page;

use super::{lifecycle::Phase, locked, node::Node};

/// Connections at one time; one more is closed at once.
const CONNECTIONS_MAX: usize = 32;
/// Of one of them.
const LIMITS: Limits = Limits {
    head_bytes: 16 << 10,
    head_time: Duration::from_secs(30),
    answer_time: Duration::from_secs(30),
};
/// A worker that does its chores less often than that is stuck.
const SILENCE_MILLIS_MAX: u64 = 5_000;

const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// The admin port at work; closed when dropped.
pub(super) struct Admin {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Admin {
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(bound: Bound, node: &Arc<Node>) -> io::Result<Admin> {
        let addr = bound.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let bound = Mutex::new(Some(bound));
        let node = Arc::clone(node);
        let threads = workers::spawn(1, "cache-admin", move |_| {
            let bound = locked(&bound).take();
            let (node, mut stopped) = (Arc::clone(&node), stopped.clone());
            async move {
                let Some(bound) = bound else { return Ok(()) };
                let listener = bound.listen()?;
                let connection = |stream, _| serve(stream, Arc::clone(&node));
                tokio::select! {
                    () = http_server::take(&listener, CONNECTIONS_MAX, connection) => {}
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
                Ok(())
            }
        })?;
        Ok(Admin { addr, stop, threads })
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            // Its failure has shown as refused connections.
            drop(thread.join());
        }
    }
}

async fn serve(stream: TcpStream, node: Arc<Node>) {
    http_server::answer(stream, &LIMITS, async |request| answer(&node, &request)).await;
}

fn answer(node: &Node, request: &request::Parts) -> Response<Bytes> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n".to_owned());
    }
    match request.uri.path() {
        "/metrics" => response(StatusCode::OK, METRICS, families::text(node)),
        "/health" => state(health(node)),
        "/ready" => state(ready(node)),
        _ => response(StatusCode::NOT_FOUND, TEXT, "/metrics /health /ready\n".to_owned()),
    }
}

/// Whether it works: a server that loads or stops does, one with a thread that is stuck does not.
fn health(node: &Node) -> Result<(), String> {
    let heartbeats = node.workers.iter().map(|worker| worker.heartbeat.get());
    match stuck(heartbeats, Node::now().0) {
        Some((thread, silence)) if node.lifecycle.phase() == Phase::Serving => {
            Err(format!("thread {thread} has done nothing for {} seconds", silence / 1_000))
        }
        _ => Ok(()),
    }
}

/// The first thread that is stuck, and for how long, in milliseconds. A heartbeat of 0 is that of a thread
/// that has not begun.
fn stuck(heartbeats: impl Iterator<Item = u64>, now: u64) -> Option<(usize, u64)> {
    heartbeats
        .map(|heartbeat| if heartbeat == 0 { 0 } else { now.saturating_sub(heartbeat) })
        .enumerate()
        .find(|(_, silence)| *silence > SILENCE_MILLIS_MAX)
}

/// Whether clients should come.
fn ready(node: &Node) -> Result<(), String> {
    match node.lifecycle.phase() {
        Phase::Serving => health(node),
        phase => Err(phase.name().to_owned()),
    }
}

fn state(state: Result<(), String>) -> Response<Bytes> {
    match state {
        Ok(()) => response(StatusCode::OK, TEXT, "ok\n".to_owned()),
        Err(why) => response(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n")),
    }
}

fn response(status: StatusCode, kind: &'static str, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
