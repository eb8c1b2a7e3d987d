//! What an attack is made of, for verbs that run several.

use plimsoll_attack::{http, redis as commands};
use plimsoll_engine::pace::Rate;
use plimsoll_metrics::{MetricId, Registry};
use plimsoll_runtime::log::Log;

use super::{client, pace, redis, targets};
use crate::{args::AttackArgs, exit::Failure};

/// What is attacked, in a few words.
pub(crate) fn describe(args: &AttackArgs) -> String {
    targets::describe(args)
}

/// How targets are sent over HTTP; reads them.
pub(crate) fn http(args: &AttackArgs, log: &Log) -> Result<http::Config, Failure> {
    redis::refuse_flags_of_redis(&args.redis)?;
    client::config(args, log)
}

/// Whether the target is a Redis server.
pub(crate) fn is_redis(args: &AttackArgs) -> bool {
    redis::is_target(args)
}

/// How commands are sent to Redis, how many of them together, and the metric of those that failed.
pub(crate) fn redis(
    args: &AttackArgs,
    registry: &Registry,
    log: &Log,
) -> Result<(commands::Config, u32, Option<MetricId>), Failure> {
    redis::refuse_flags_of_http(&args.targets)?;
    let config = redis::config(args, registry, log)?;
    Ok((config, redis::pipeline(args)?, redis::failures(registry)))
}

/// A constant rate as `-rate` has it; otherwise what was expected, and in which column.
pub(crate) fn constant_rate(text: &str) -> Result<Rate, String> {
    match pace::parse(text) {
        Ok(pace::Asked::Open(plimsoll_engine::pace::Pace::Constant(rate))) => Ok(rate),
        Ok(_) => Err("expected a rate above 0, such as 100/s".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
