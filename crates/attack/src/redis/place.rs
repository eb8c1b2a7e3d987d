//! What the VUs of one worker thread share: client, randomness, collected hits.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    sync::Arc,
    time::Duration,
};

use plimsoll_clients::redis::{self, Client, RedisConfig, Scope};
use plimsoll_engine::worker::Worker;
use plimsoll_runtime::timer;

use super::{Config, dice::Dice};
use crate::hits::{Collector, FLUSH_EVERY, Hits};

/// Longer than any run: instead of no timeout.
const NO_TIMEOUT: Duration = Duration::from_secs(100 * 365 * 86_400);

/// One worker thread's part of the attack.
pub(super) struct Place {
    pub(super) config: Arc<Config>,
    pub(super) worker: Rc<Worker>,
    pub(super) redis: Rc<redis::Worker>,
    /// Of all VUs of the thread, unless they hold their connections.
    pub(super) client: Rc<Client>,
    pub(super) names: Vec<Rc<str>>,
    pub(super) dice: RefCell<Dice>,
    /// The server, as the hits name it.
    pub(super) url: String,
    pub(super) hits: RefCell<Hits>,
    /// The tags of all samples, once a hit was sent.
    pub(super) scope: RefCell<Scope>,
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
        let client_config = client_config(config, worker);
        let redis = redis::Worker::new(client_config, Rc::clone(&worker.recorder));
        // Each thread has numbers of its own, decided by the one seed.
        let seed = config.seed.wrapping_add(worker.index as u64);
        Place {
            worker: Rc::clone(worker),
            client: Rc::new(Client::new(Rc::clone(&redis), worker.index as u64)),
            redis,
            names: config.commands.names(),
            dice: RefCell::new(Dice::new(seed, config.cluster)),
            url: config.targets.first().map(ToString::to_string).unwrap_or_default(),
            hits: RefCell::new(collector.open()),
            scope: RefCell::default(),
            config: Arc::clone(config),
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

/// With the thread's share of the connections.
fn client_config(config: &Config, worker: &Worker) -> RedisConfig {
    let timeout = config.timeout.unwrap_or(NO_TIMEOUT);
    let share = |most| most / worker.count + usize::from(worker.index < most % worker.count);
    let defaults = RedisConfig::of(Arc::clone(&config.network), config.targets.clone());
    RedisConfig {
        cluster: config.cluster,
        timeout,
        connect_timeout: timeout,
        connections: config.connections_max.map_or(usize::MAX, share),
        metrics: Some(config.metrics),
        ..defaults
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
