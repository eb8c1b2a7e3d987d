//! Redis targets: the engine's runner and virtual user that send commands made from templates.
//!
//! An iteration sends one pipeline and waits for all its replies. Each command is a hit of its own,
//! with the pipeline's times: a user of that connection waits so long for it.

mod commands;
mod dice;
mod place;
mod placeholder;
mod template;
mod vu;
mod zipf;

use std::{rc::Rc, sync::Arc, time::Duration};

use plimsoll_clients::{
    http::HttpConfig,
    redis::{RedisMetrics, Target},
};
use plimsoll_engine::{
    runner::{RunError, Runner, VuId},
    worker::Worker,
};

use crate::{hits::Collector, per_thread};
pub use commands::{COMMANDS_LIMIT, Commands, CommandsError};
use place::Place;
pub use template::TemplateError;
pub use vu::RedisVu;

/// Most commands of one pipeline.
pub const PIPELINE_LIMIT: usize = 10_000;

/// All that the hits of an attack on Redis have in common.
pub struct Config {
    /// Names, filters, local addresses and TLS.
    pub network: Arc<HttpConfig>,
    /// The server; of a cluster, nodes to ask for its layout.
    pub targets: Vec<Target>,
    pub cluster: bool,
    pub commands: Commands,
    /// Commands that are sent together: from 1 to [`PIPELINE_LIMIT`].
    pub pipeline: usize,
    /// For one pipeline, connection and redirects included; `None`: no limit.
    pub timeout: Option<Duration>,
    /// Each VU keeps a connection of its own.
    pub hold: bool,
    /// With [`Config::hold`]: each connection is opened, by a PING that is not a hit, before the attack
    /// begins.
    pub opens_first: bool,
    /// Connections of all threads together to one server; a pipeline waits for a free one.
    pub connections_max: Option<usize>,
    /// Of the keys, payloads and choice of commands.
    pub seed: u64,
    pub metrics: RedisMetrics,
}

/// Sends Redis commands.
pub struct RedisRunner {
    config: Arc<Config>,
    collector: Arc<Collector>,
}

impl RedisRunner {
    pub fn new(config: Config, collector: Arc<Collector>) -> RedisRunner {
        RedisRunner { config: Arc::new(config), collector }
    }
}

impl Runner for RedisRunner {
    type Vu = RedisVu;

    async fn init_vu(&self, id: VuId, worker: &Rc<Worker>) -> Result<RedisVu, RunError> {
        let place = per_thread::place(|| Place::new(&self.config, &self.collector, worker));
        let vu = RedisVu::new(place, id);
        vu.open().await;
        Ok(vu)
    }

    fn worker_finished(&self, _: &Rc<Worker>) {
        if let Some(place) = per_thread::leave::<Place>() {
            self.collector.take_in(place.take_hits(&self.collector));
        }
    }
}
