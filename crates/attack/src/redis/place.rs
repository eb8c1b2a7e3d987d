//! What the VUs of one worker thread share: client, randomness, collected hits.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use plimsoll_clients::redis::{self, Client, RedisConfig, Scope};
use plimsoll_engine::worker::Worker;

use super::{Config, dice::Dice};
use crate::{
    hits::{Collector, Hits},
    per_thread,
};

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
    /// A connection that was to be opened had no answer.
    pub(super) is_silent: Cell<bool>,
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
            is_silent: Cell::default(),
            config: Arc::clone(config),
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

/// With the thread's share of the connections.
fn client_config(config: &Config, worker: &Worker) -> RedisConfig {
    let timeout = config.timeout.unwrap_or(NO_TIMEOUT);
    let share = |most| per_thread::share(most, worker);
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
