//! HTTP targets: the engine's runner and virtual user that send them.
//!
//! A VU is a worker in vegeta's words: it sends one hit at a time. The VUs of one thread share a
//! client, so that its connections are used by whoever needs one; with [`Config::hold`] each VU has
//! its own, and its connection with it.

mod place;
mod prepared;
mod vu;

use std::{rc::Rc, sync::Arc, time::Duration};

use plimsoll_clients::http::HttpConfig;
use plimsoll_engine::{
    runner::{RunError, RunErrorKind, Runner, VuId},
    worker::Worker,
};

use crate::{
    hits::Collector,
    per_thread,
    targets::{Stream, Target},
};
use place::Place;
pub use vu::HttpVu;

/// Where targets come from.
#[derive(Clone)]
pub enum Targets {
    /// Sent in turn, over and over.
    List(Arc<[Target]>),
    /// Each is sent once; the attack ends with the stream.
    Stream(Stream),
}

/// What a redirect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// Followed, up to so many for one hit; one more is an error.
    Follow(u32),
    /// Not followed, and a success (`-redirects=-1`).
    Succeed,
}

/// All that the hits of an attack have in common.
pub struct Config {
    pub client: Arc<HttpConfig>,
    pub targets: Targets,
    pub redirects: Redirects,
    /// For one hit with its redirects; `None`: no limit.
    pub timeout: Option<Duration>,
    /// How many bytes of each response's body the results keep; `None`: neither body nor headers.
    pub keep_body: Option<usize>,
    /// Bodies are sent in chunks.
    pub chunked: bool,
    /// Each VU keeps a connection of its own.
    pub hold: bool,
    /// With [`Config::hold`]: each connection is opened, by a request that is not a hit, before the
    /// attack begins.
    pub opens_first: bool,
    /// Connections of all threads together to one host; a hit waits for a free one.
    pub connections_max: Option<usize>,
}

/// Sends HTTP targets.
pub struct HttpRunner {
    config: Arc<Config>,
    collector: Arc<Collector>,
}

impl HttpRunner {
    pub fn new(config: Config, collector: Arc<Collector>) -> HttpRunner {
        HttpRunner { config: Arc::new(config), collector }
    }
}

impl Runner for HttpRunner {
    type Vu = HttpVu;

    async fn init_vu(&self, id: VuId, worker: &Rc<Worker>) -> Result<HttpVu, RunError> {
        let place = per_thread::place(|| Place::new(&self.config, &self.collector, worker));
        let vu = HttpVu::new(place, id);
        vu.open().await;
        Ok(vu)
    }

    fn worker_finished(&self, _: &Rc<Worker>) {
        if let Some(place) = per_thread::leave::<Place>() {
            self.collector.take_in(place.take_hits(&self.collector));
        }
    }
}

/// The stream of targets ended before its text did.
fn of_stream(error: &crate::targets::TargetError) -> RunError {
    RunError { kind: RunErrorKind::Config, message: error.to_string(), hint: error.hint.clone() }
}
