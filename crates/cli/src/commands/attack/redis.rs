//! `plimsoll attack redis://...`: from the flags to the Redis runner's settings.

use std::sync::Arc;

use plimsoll_attack::redis::{Commands, Config, PIPELINE_LIMIT};
use plimsoll_clients::redis::{RedisMetrics, Target};
use plimsoll_metrics::{MetricId, Registry};
use plimsoll_runtime::{log::Log, random::Random};

use super::{client, load::timeout};
use crate::{
    args::{AttackArgs, RedisFlags, TargetFlags},
    exit::{Exit, Failure},
};

/// How URLs of Redis servers begin.
const SCHEMES: [&str; 5] = ["redis://", "rediss://", "unix://", "redis+unix://", "redis-socket://"];

/// Whether the target is a Redis server.
pub(super) fn is_target(args: &AttackArgs) -> bool {
    let is_redis = |url: &String| SCHEMES.iter().any(|scheme| url.starts_with(scheme));
    args.url.as_ref().is_some_and(is_redis)
}

/// What only Redis has is no flag of another target: an attack that does less than was asked misleads.
pub(super) fn refuse_flags_of_redis(flags: &RedisFlags) -> Result<(), Failure> {
    let given = [
        ("--command", !flags.commands.is_empty()),
        ("--pipeline", flags.pipeline != 1),
        ("--cluster", flags.cluster),
    ];
    refuse(&given, "is for Redis: the target must be a redis:// URL")
}

/// The other way round.
pub(super) fn refuse_flags_of_http(flags: &TargetFlags) -> Result<(), Failure> {
    let given = [
        ("-method", flags.method.is_some()),
        ("-header", !flags.headers.is_empty()),
        ("-body", flags.body.is_some()),
        ("-data", flags.data.is_some()),
    ];
    refuse(&given, "is for HTTP: the target is a Redis server, to which --command is sent")
}

fn refuse(flags: &[(&str, bool)], why: &str) -> Result<(), Failure> {
    match flags.iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => Err(Failure::new(Exit::BadConfiguration, format!("{flag} {why}"))),
        None => Ok(()),
    }
}

/// What is attacked, without its password.
pub(super) fn describe(url: &str) -> String {
    let servers = url.split(',').map(|url| match Target::parse(url) {
        Ok(target) => target.address.to_string(),
        Err(_) => url.to_owned(),
    });
    let servers: Vec<String> = servers.collect();
    format!("redis {}", servers.join(", "))
}

/// The metric of failed commands, which takes the place of failed requests in conditions.
pub(super) fn failures(registry: &Registry) -> Option<MetricId> {
    registry.find("redis_req_failed").map(|metric| metric.id)
}

/// How many commands are sent together: 1 where the target is none of Redis.
pub(super) fn pipeline(args: &AttackArgs) -> Result<u32, Failure> {
    let pipeline = u32::try_from(args.redis.pipeline).ok();
    pipeline.filter(|size| (1..=PIPELINE_LIMIT).contains(&(*size as usize))).ok_or_else(|| {
        let message = format!("--pipeline must be from 1 to {PIPELINE_LIMIT}");
        Failure::new(Exit::BadConfiguration, message)
    })
}

/// What the commands of the attack have in common. Registers their metrics.
pub(super) fn config(args: &AttackArgs, registry: &Registry, log: &Log) -> Result<Config, Failure> {
    let flags = &args.redis;
    let bad = |message: String| Failure::new(Exit::BadConfiguration, message);
    let url = args.url.as_deref().unwrap_or_default();
    let targets = url.split(',').map(|url| {
        Target::parse(url).map_err(|error| {
            bad(format!("{error}"))
                .with_hint("write redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]")
        })
    });
    let targets = targets.collect::<Result<Vec<_>, _>>()?;
    let commands = Commands::parse(&flags.commands, flags.ratio.as_deref()).map_err(|error| {
        bad(error.to_string()).with_hint("for example: --command 'GET key:{uniform:1000}'")
    })?;
    let metrics = RedisMetrics::register(registry).map_err(|error| bad(error.to_string()))?;
    Ok(Config {
        network: Arc::new(client::http(&args.http, log)?),
        targets,
        cluster: flags.cluster,
        commands,
        pipeline: pipeline(args)? as usize,
        timeout: timeout(&args.http)?,
        connections_max: args.http.max_connections,
        hold: args.pace.hold_connections.is_some(),
        opens_first: false,
        seed: args.pace.seed.unwrap_or_else(|| Random::from_entropy().next_u64()),
        metrics,
    })
}
