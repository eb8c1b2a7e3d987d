//! One VU's HTTP client.

use std::rc::Rc;

use super::{
    request::{Request, Scope},
    response::Response,
    worker::Worker,
};

/// A VU's connections. Single-threaded; an `Rc<Client>` lets several exchanges run at a time.
pub struct Client {
    worker: Rc<Worker>,
}

impl Client {
    pub fn new(worker: Rc<Worker>) -> Client {
        Client { worker }
    }

    pub fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// Runs one exchange with all its redirects and emits the samples of every hop.
    pub async fn send(&self, request: Request, scope: &Scope) -> Response {
        todo!("{request:?}{scope:?}")
    }

    /// Runs many exchanges, at most `batch` at a time and `batchPerHost` of them to one host;
    /// responses in the order of the requests.
    pub async fn batch(&self, requests: Vec<Request>, scope: &Scope) -> Vec<Response> {
        todo!("{requests:?}{scope:?}")
    }

    /// Emits `data_sent` and `data_received` of all connections since the last call: to be called
    /// at the end of each iteration, with the VU's tags, as k6 does.
    pub fn emit_traffic(&self, scope: &Scope) {
        todo!("{scope:?}")
    }

    /// Closes idle connections, for `noVUConnectionReuse` between iterations.
    pub fn close_idle(&self) {
        todo!()
    }
}
