//! One VU's HTTP client.

use std::{
    cell::{Cell, RefCell},
    net::IpAddr,
    rc::Rc,
    sync::Arc,
};

use plimsoll_metrics::{Builtin, Timestamp};
use plimsoll_runtime::{clock::Instant, dial::Traffic};

use super::{
    batch,
    exchange::pool::Pool,
    request::{Request, Scope},
    response::Response,
    send,
    worker::Worker,
};

/// A VU's connections. Single-threaded; an `Rc<Client>` lets several exchanges run at a time.
///
/// HTTP/2 connections and batches need a [`tokio::task::LocalSet`] around them.
pub struct Client {
    pub(super) worker: Rc<Worker>,
    pub(super) pool: RefCell<Pool>,
    pub(super) traffic: Arc<Traffic>,
    local_ip: Option<IpAddr>,
    /// How many were taken, where connections take turns with the run's local addresses.
    local_ip_turn: Option<Cell<u64>>,
    pub(super) connections_per_host: Option<usize>,
}

impl Client {
    /// `index` picks the local address where the run has several: a VU's number, from 0.
    pub fn new(worker: Rc<Worker>, index: u64) -> Client {
        let local_ip = worker.config.local_ips.pick(index);
        Client {
            worker,
            pool: RefCell::default(),
            traffic: Arc::default(),
            local_ip,
            local_ip_turn: None,
            connections_per_host: None,
        }
    }

    /// Gives each connection the next of the run's local addresses, from the client's own on. For a
    /// client with many connections, which one address may not have ports for.
    #[must_use]
    pub fn with_local_ips_in_turn(mut self, index: u64) -> Client {
        self.local_ip_turn = Some(Cell::new(index));
        self
    }

    /// What a new connection is to be sent from.
    pub(super) fn local_ip(&self) -> Option<IpAddr> {
        match &self.local_ip_turn {
            Some(turn) => self.worker.config.local_ips.pick(turn.replace(turn.get() + 1)),
            None => self.local_ip,
        }
    }

    /// Has at most so many connections at a time per host; an exchange that needs one more waits.
    #[must_use]
    pub fn with_connections_per_host(mut self, limit: usize) -> Client {
        self.connections_per_host = Some(limit);
        self
    }

    pub fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// Runs one exchange with all its redirects and emits the samples of every hop.
    pub async fn send(&self, request: Request, scope: &Scope) -> Response {
        send::send(self, request, scope).await
    }

    /// Runs many exchanges, at most `batch` at a time and `batchPerHost` of them to one host;
    /// responses in the order of the requests.
    pub async fn batch(&self, requests: Vec<Request>, scope: &Scope) -> Vec<Response> {
        batch::run(self, requests, scope).await
    }

    /// Emits `data_sent` and `data_received` of all connections since the last call: to be called
    /// at the end of each iteration, with the VU's tags, as k6 does.
    pub fn emit_traffic(&self, scope: &Scope) {
        let (sent, received) = self.traffic.take();
        let now = || Timestamp(Instant::now().unix_nanos());
        let mut recorder = self.worker.recorder().borrow_mut();
        for (metric, bytes) in [(Builtin::DataSent, sent), (Builtin::DataReceived, received)] {
            let series = recorder.handle(metric.id(), &scope.tags);
            recorder.record_at(series, bytes as f64, scope.metadata.as_ref(), now);
        }
    }

    /// Closes idle connections, for `noVUConnectionReuse` between iterations.
    pub fn close_idle(&self) {
        self.pool.borrow_mut().clear();
    }
}
