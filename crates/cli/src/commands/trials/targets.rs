//! From the flags to what is loaded: HTTP targets or Redis. Scripts are in [`super::scripts`].

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use plimsoll_attack::{
    hits::Collector,
    http::{Config, HttpRunner},
    redis::{self, RedisRunner},
};
use plimsoll_engine::{
    config::{Executor, RunConfig, Scenario},
    pace::Spacing,
};
use plimsoll_metrics::{Builtin, MetricId, Registry, registry::SERIES_LIMIT};
use plimsoll_runtime::{log::Log, random::Random};

use super::bench::Bench;
use crate::{
    args::{Arrivals, Dimension, Sent},
    commands::attack::parts,
    exit::{Exit, Failure},
};

/// In flight at most, when no flag says; each sender takes some kilobytes.
pub(super) const SENDERS: u64 = 10_000;

/// About what an answer has beside its body.
pub(in crate::commands) const HTTP_HEAD_BYTES: f64 = 120.0;
const REDIS_HEAD_BYTES: f64 = 6.0;

/// What was sent has this long to be answered after a trial, or its timeout if that is less.
pub(in crate::commands) const DRAIN_MAX: Duration = Duration::from_secs(15);

/// Whose connections are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Connections {
    /// Of whichever sender needs one.
    Shared,
    /// Each sender has one of its own.
    Own,
    /// Likewise, and all are open before a trial begins.
    Open,
}

/// HTTP targets, of the URL or of `--targets`.
pub(in crate::commands) fn http_over(
    connections: Connections,
    sent: &Sent,
    senders: Option<u64>,
    log: &Log,
) -> Result<Bench<HttpRunner>, Failure> {
    let attack = &sent.attack;
    if attack.targets.lazy {
        let message = "--lazy sends each target once, and here they are sent over and over";
        return Err(Failure::new(Exit::BadConfiguration, message));
    }
    let mut config = parts::http(attack, log)?;
    config.hold = connections != Connections::Shared;
    config.opens_first = connections == Connections::Open;
    Ok(http_of(config, sent, senders))
}

/// What `config` sends, as the flags say.
pub(in crate::commands) fn http_of(
    config: Config,
    sent: &Sent,
    senders: Option<u64>,
) -> Bench<HttpRunner> {
    let collector = Arc::new(Collector::new("", None));
    let timeout = config.timeout;
    Bench {
        runner: Arc::new(HttpRunner::new(config, Arc::clone(&collector))),
        registry: Registry::new(SERIES_LIMIT),
        base: base(sent),
        scenarios: vec![(scenario(timeout), 1.0)],
        spacing: spacing(sent),
        senders: senders.unwrap_or(SENDERS),
        batch: 1,
        failed: Builtin::HttpReqFailed.id(),
        collector: Some(collector),
        noun: "requests",
        head_bytes: HTTP_HEAD_BYTES,
        subject: parts::describe(&sent.attack),
        scripted: None,
        dimension: Dimension::Rate,
        held: None,
    }
}

/// Commands to a Redis server.
pub(in crate::commands) fn redis_over(
    connections: Connections,
    sent: &Sent,
    senders: Option<u64>,
    log: &Log,
) -> Result<Bench<RedisRunner>, Failure> {
    let mut commands = Commands::read(sent, log)?;
    commands.config.hold = connections != Connections::Shared;
    commands.config.opens_first = connections == Connections::Open;
    Ok(redis_of(commands, sent, senders))
}

/// How commands are sent to Redis.
pub(in crate::commands) struct Commands {
    pub(in crate::commands) config: redis::Config,
    registry: Registry,
    batch: u32,
    failed: Option<MetricId>,
}

impl Commands {
    /// As the flags say.
    pub(in crate::commands) fn read(sent: &Sent, log: &Log) -> Result<Commands, Failure> {
        let registry = Registry::new(SERIES_LIMIT);
        let (config, batch, failed) = parts::redis(&sent.attack, &registry, log)?;
        Ok(Commands { config, registry, batch, failed })
    }
}

/// What sends `commands`.
pub(in crate::commands) fn redis_of(
    commands: Commands,
    sent: &Sent,
    senders: Option<u64>,
) -> Bench<RedisRunner> {
    let Commands { config, registry, batch, failed } = commands;
    let collector = Arc::new(Collector::new("", None));
    let timeout = config.timeout;
    Bench {
        runner: Arc::new(RedisRunner::new(config, Arc::clone(&collector))),
        registry,
        base: base(sent),
        scenarios: vec![(scenario(timeout), 1.0)],
        spacing: spacing(sent),
        senders: senders.unwrap_or(SENDERS),
        batch,
        failed: failed.unwrap_or(Builtin::HttpReqFailed.id()),
        collector: Some(collector),
        noun: "commands",
        head_bytes: REDIS_HEAD_BYTES,
        subject: parts::describe(&sent.attack),
        scripted: None,
        dimension: Dimension::Rate,
        held: None,
    }
}

fn scenario(timeout: Option<Duration>) -> Scenario {
    Scenario {
        name: "capacity".to_owned(),
        executor: Executor::ConstantVus { vus: 1, duration: Duration::ZERO },
        start_time: Duration::ZERO,
        graceful_stop: timeout.unwrap_or(DRAIN_MAX).min(DRAIN_MAX),
        exec: "default".to_owned(),
        env: BTreeMap::new(),
        tags: BTreeMap::new(),
    }
}

pub(super) fn base(sent: &Sent) -> RunConfig {
    let cores = plimsoll_runtime::workers::cores();
    let threads = match sent.attack.pace.threads {
        0 => cores,
        threads => threads.min(cores.saturating_mul(4)),
    };
    // Each thread needs a connection of its own at least.
    let most = sent.attack.http.max_connections.unwrap_or(usize::MAX).max(1);
    RunConfig { workers: threads.min(most), ..RunConfig::default() }
}

pub(super) fn spacing(sent: &Sent) -> Spacing {
    match sent.attack.pace.arrivals {
        Arrivals::Even => Spacing::Even,
        Arrivals::Poisson => Spacing::Poisson { seed: Random::from_entropy().next_u64() },
    }
}
