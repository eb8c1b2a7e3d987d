//! What the VUs of one worker thread share: client, prepared targets, collected hits.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    sync::Arc,
};

use plimsoll_clients::http::{self, Client, Scope};
use plimsoll_engine::worker::Worker;
use plimsoll_runtime::timer;

use super::{Config, Targets, prepared::PreparedList};
use crate::{
    hits::{Collector, FLUSH_EVERY, Hits},
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
}

pub(super) enum Source {
    List(PreparedList),
    Stream(Stream),
}

thread_local! {
    /// Worker threads belong to one run.
    static PLACE: RefCell<Option<Rc<Place>>> = const { RefCell::new(None) };
}

/// The thread's place, made by `make` when there is none yet. Inside a `LocalSet`.
pub(super) fn of_thread(make: impl FnOnce() -> Place) -> Rc<Place> {
    if let Some(place) = PLACE.with_borrow(Clone::clone) {
        return place;
    }
    let place = Rc::new(make());
    PLACE.set(Some(Rc::clone(&place)));
    // It ends with the place.
    drop(tokio::task::spawn_local(keep_flushing(Rc::downgrade(&place))));
    place
}

/// The thread sends no more.
pub(super) fn leave_thread() -> Option<Rc<Place>> {
    PLACE.take()
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
        }
    }

    /// The hits since the place was made; further ones are not collected. VUs may still hold it.
    pub(super) fn into_hits(self: Rc<Place>, collector: &Collector) -> Hits {
        self.settle();
        self.hits.replace(collector.open())
    }

    /// What need not be done with every hit.
    fn settle(&self) {
        self.hits.borrow_mut().flush();
        if !self.config.hold {
            self.client.emit_traffic(&self.scope.borrow());
        }
    }
}

/// The thread's client, with its share of the connections.
fn client(config: &Config, http: &Rc<http::Worker>, worker: &Worker) -> Client {
    let client = Client::new(Rc::clone(http), worker.index as u64);
    match config.connections_max {
        Some(most) => {
            let share = most / worker.count + usize::from(worker.index < most % worker.count);
            client.with_connections_per_host(share)
        }
        None => client,
    }
}

/// So that hits reach their reader in time also when few are sent.
async fn keep_flushing(place: Weak<Place>) {
    loop {
        timer::sleep(FLUSH_EVERY).await;
        match place.upgrade() {
            Some(place) => place.settle(),
            None => return,
        }
    }
}
