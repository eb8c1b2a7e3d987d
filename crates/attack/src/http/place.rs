//! What the VUs of one worker thread share: client, prepared targets, collected hits.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use plimsoll_clients::http::{self, Client, Scope};
use plimsoll_engine::worker::Worker;

use super::{Config, Targets, prepared::PreparedList};
use crate::{
    hits::{Collector, Hits},
    per_thread,
    targets::Stream,
};

/// One worker thread's part of the attack.
pub(super) struct Place {
    pub(super) config: Arc<Config>,
    pub(super) worker: Rc<Worker>,
    pub(super) http: Rc<http::Worker>,
    /// Of all VUs of the thread, unless they hold their connections.
    pub(super) client: Rc<Client>,
    pub(super) source: Source,
    /// The name of the attack.
    pub(super) attack: Arc<str>,
    pub(super) hits: RefCell<Hits>,
    /// The tags of all samples, once a hit was sent.
    pub(super) scope: RefCell<Scope>,
    /// A connection that was to be opened had no answer.
    pub(super) is_silent: Cell<bool>,
}

pub(super) enum Source {
    List(PreparedList),
    Stream(Stream),
}

impl Place {
    pub(super) fn new(config: &Arc<Config>, collector: &Collector, worker: &Rc<Worker>) -> Place {
        let http = http::Worker::new(Arc::clone(&config.client), Rc::clone(&worker.recorder));
        let source = match &config.targets {
            Targets::List(targets) => Source::List(PreparedList::new(Arc::clone(targets))),
            Targets::Stream(stream) => Source::Stream(stream.clone()),
        };
        Place {
            config: Arc::clone(config),
            worker: Rc::clone(worker),
            client: Rc::new(client(config, &http, worker)),
            http,
            source,
            attack: Arc::clone(collector.attack()),
            hits: RefCell::new(collector.open()),
            scope: RefCell::default(),
            is_silent: Cell::default(),
        }
    }

    /// The hits since the place was made; further ones are not collected.
    pub(super) fn take_hits(&self, collector: &Collector) -> Hits {
        self.hits.replace(collector.open())
    }
}

impl per_thread::Place for Place {
    fn settle(&self) {
        self.hits.borrow_mut().flush();
        if !self.config.hold {
            self.client.emit_traffic(&self.scope.borrow());
        }
    }
}

/// The thread's client, with its share of the connections.
fn client(config: &Config, http: &Rc<http::Worker>, worker: &Worker) -> Client {
    let index = worker.index as u64;
    let client = Client::new(Rc::clone(http), index).with_local_ips_in_turn(index);
    match config.connections_max {
        Some(most) => client.with_connections_per_host(per_thread::share(most, worker)),
        None => client,
    }
}
